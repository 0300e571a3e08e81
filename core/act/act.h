/* SPDX-License-Identifier: MIT */
/*
 * act.h - acts on findings: a consumer of the streams that runs commands, posts JSON and feeds Alertmanager.
 *
 *      Redis ──group.h──▶ desk.h, one an action ──job.h──▶ a command, a POST
 *        ▲──decide.h──────────┘       └──▶ trail.h
 *
 * One thread. Redis away: it connects again with back-off, and what runs is watched meanwhile. What was promised to be done
 * is in Redis, never only here, so it may be killed anywhere.
 */
#ifndef ACT_ACT_H
#define ACT_ACT_H

#include "act/action.h"
#include "base/error.h"
#include "deliver/redis.h"

#include <signal.h>

struct act_options {
    struct redis_options redis;
    const char *consumer_group, *consumer;
    const char *audit;            /* file, or NULL: stderr */
    int64_t since_ns;             /* how far back a group that is new begins */
    int64_t claim_after_ns;       /* what a peer leaves untouched for so long is taken over */
    const struct action *actions; /* [action_count] */
    size_t action_count;
    bool once;    /* until nothing is left but what waits for the hour */
    bool dry_run; /* of all actions; in groups of their own, so that nothing is used up */
    const volatile sig_atomic_t *stop; /* set when it has to end */
};

enum { ACT_ACTIONS_MAX = 32, ACT_STOP_S = 5 };

/* Returns 0 when it was stopped or is done, -errno with a sentence. */
int act_run(const struct act_options *options, struct error *reterr);

#endif /* ACT_ACT_H */
