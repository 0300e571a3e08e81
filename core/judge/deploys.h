/* SPDX-License-Identifier: MIT */
/*
 * deploys.h - which version of which service went out when, in the order of time.
 *
 *      ... v1.2.2 ─────────────── v1.2.3 ──6 h──▶ a trouble that begins here names v1.2.3
 *
 * Bounded: of more than DEPLOYS_MAX the service with the most gives its oldest, of several such the one whose oldest is older. So a pattern
 * that takes each record for a version drives out its own, and no last one of a service while another has two. What went is counted.
 *
 * The deployments themselves stay where they are, in slots; what is kept in order is small, since with such a pattern one comes and
 * one goes with each record.
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

struct deploy_place {
    int64_t time_ns;
    uint64_t service; /* hash */
    uint32_t slot;
};

/* Zero-initialise. */
struct deploys {
    struct deploy *slots;       /* [room], owned */
    struct deploy_place *order; /* [room], owned: [count] oldest first, then the free slots */
    size_t count, room;
    uint64_t evicted; /* went for want of room */
};
void deploys_free(struct deploys *deploys);
void deploys_clear(struct deploys *deploys); /* keeps its memory */

/* The `i`th, the oldest first. Lent until the next change. */
static inline const struct deploy *deploys_at(const struct deploys *deploys, size_t i)
{
    return &deploys->slots[deploys->order[i].slot];
}
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
