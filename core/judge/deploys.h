/* SPDX-License-Identifier: MIT */
/*
 * deploys.h - which version of which service went out when, in the order of time.
 *
 *      ... v1.2.2 ─────────────── v1.2.3 ──6 h──▶ a trouble that begins here names v1.2.3
 *
 * Bounded: of more than DEPLOYS_MAX the oldest goes that is not the last of its service; of more services than that, the oldest.
 */
#ifndef JUDGE_DEPLOYS_H
#define JUDGE_DEPLOYS_H

#include "base/pack.h"
#include "ring/closed.h"

enum { DEPLOYS_MAX = 1024, DEPLOY_URL_SIZE = 512 };

struct deploy {
    int64_t time_ns;
    char service[DEPLOY_NAME_SIZE], version[DEPLOY_NAME_SIZE], url[DEPLOY_URL_SIZE];
};

/* Zero-initialise. */
struct deploys {
    struct deploy *at; /* [count], oldest first; owned */
    size_t count, room;
};
void deploys_free(struct deploys *deploys);
void deploys_clear(struct deploys *deploys); /* keeps its memory */

/* One of the same time as another comes behind it. */
void deploys_add(struct deploys *deploys, const struct deploy *deploy);
/* Drop what is older than the `most` newest or than `since_ns`, but for the last of each service. */
void deploys_trim(struct deploys *deploys, size_t most, int64_t since_ns);
/* The newest of the service in [from, until); NULL: none. Lent until the next change. */
const struct deploy *deploys_last(const struct deploys *deploys, const char *service,
                                  int64_t from_ns, int64_t until_ns);

void deploy_pack(const struct deploy *deploy, struct buffer *out);
void deploy_unpack(struct unpacker *in, struct deploy *ret);
void deploys_pack(const struct deploys *deploys, struct buffer *out);
/* What makes no sense sets in->bad; *ret, which was empty, may then hold a part. */
void deploys_unpack(struct unpacker *in, struct deploys *ret);

#endif /* JUDGE_DEPLOYS_H */
