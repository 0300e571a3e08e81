/* SPDX-License-Identifier: MIT */
/*
 * group.h - the consumer group of one action: what Redis gives it, takes back and lets it keep.
 *
 *      page, ticket, log ──group_read, group_claim──▶ take(entry) ──▶ … ──▶ group_ack
 *
 * Each action has a group of its own, CONSUMER_GROUP:NAME, so that one that waits or fails holds up no other, and each
 * stream is read at its own pace. Docs/stream.md has the steps of a consumer.
 */
#ifndef ACT_GROUP_H
#define ACT_GROUP_H

#include "act/letter.h"
#include "act/server.h"

#include <stdbool.h>

enum { GROUP_STREAMS = 3, GROUP_NAME = 320 };

struct group {
    struct server *server;
    char name[GROUP_NAME];
    const char *consumer;
    int count; /* streams that it reads */
    int route[GROUP_STREAMS];
    char keys[GROUP_STREAMS][SERVER_KEY];
    bool behind; /* what was ours before the start is still being read */
    char cursor[GROUP_STREAMS][LETTER_ID];  /* how far that got */
    char claimed[GROUP_STREAMS][LETTER_ID]; /* how far the look at others' entries got */
};

/* What is done with each entry: `reply` is lent. An error ends the round. */
struct group_taker {
    int (*take)(void *context, const redisReply *reply, int stream, struct error *reterr);
    void *context;
};

/* `since_ns`: where a group that is new begins, on the wall clock. Ours of before is read again from its beginning. */
int group_make(struct group *group, int64_t since_ns, struct error *reterr);

enum group_what { GROUP_OURS, GROUP_NEW };
/* At most `count` entries of each stream; waits `block_ms` for new ones, 0: not at all. Returns how many came, or -errno. */
struct group_round {
    enum group_what what;
    int count, block_ms;
};
int group_read(struct group *group, const struct group_round *round,
               const struct group_taker *taker, struct error *reterr);
/* At most `count` entries of stream `stream` that nobody touched for `idle_ns`. Returns how many came, or -errno. */
int group_claim(struct group *group, int stream, int64_t idle_ns,
                const struct group_taker *taker, struct error *reterr);
/* We still have it: it is not idle. */
int group_keep(struct group *group, const struct letter *letter, struct error *reterr);
int group_ack(struct group *group, const struct letter *letter, struct error *reterr);
/* It was for a trial only. */
int group_destroy(struct group *group, struct error *reterr);
/* 1 when no other consumer has been seen in the group, 0, or -errno. */
int group_alone(struct group *group, int stream, struct error *reterr);

enum { GROUP_CLAIM_COUNT = 4 };

#endif /* ACT_GROUP_H */
