/* SPDX-License-Identifier: MIT */
/*
 * trial_checks.h - the promises of detector.h, each as something that can be seen to hold.
 *
 * A check runs in a process of its own, once for each stream of the reel: what one of them breaks, the next one does not see.
 */
#ifndef COMMAND_TRIAL_CHECKS_H
#define COMMAND_TRIAL_CHECKS_H

#include "command/trial_cast.h"

enum trial_outcome {
    TRIAL_RUNNING, /* what is found when the process died */
    TRIAL_NO_LOAD,
    TRIAL_FAILED,
    TRIAL_NOTHING, /* does not apply */
    TRIAL_PASSED,
};

/* What the child leaves in shared memory. The parent believes none of it: it may have been written by anybody's code. */
struct trial_report {
    uint32_t outcome;   /* enum trial_outcome */
    uint32_t call;      /* enum trial_call */
    uint32_t denied;    /* 1 + the number of the system call that was not allowed, 0 for none */
    uint64_t digest;    /* of all scores */
    int64_t memory_kib; /* of all instances on one stream; -1 when unknown */
    uint32_t instances; /* so many */
    struct trial_cost cost;
    struct error error;
    char title[512]; /* id, version and summary */
};

struct trial_child {
    struct plugin *plugin;
    const struct reel *reel;
    const struct reel_stream *stream; /* the one to look at now */
    struct trial_report *report;
    int statm[2]; /* /proc/self/statm, twice: each can be read once in there */
};

struct trial_check {
    const char *name; /* what holds when it passes */
    /* 0; TRIAL_NOTHING with the reason in reterr; -errno with a sentence */
    int (*run)(struct trial_child *child, struct error *reterr);
};

extern const struct trial_check trial_checks[];
extern const size_t trial_check_count;

/* How a check opens a cast on the stream at hand. */
struct cast_options trial_options(const struct trial_child *child);
/* In trial_state.c. */
int trial_check_state(struct trial_child *child, struct error *reterr);
int trial_check_spoilt(struct trial_child *child, struct error *reterr);

/* Not a check: shows the reel once, takes the time, and looks at the memory before and after. */
int trial_measure(struct trial_child *child, struct error *reterr);

#endif /* COMMAND_TRIAL_CHECKS_H */
