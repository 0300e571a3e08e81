/* SPDX-License-Identifier: MIT */
/*
 * weave_inner.h - weave.c makes pieces of windows, weave_state.c carries on what waits.
 */
#ifndef JUDGE_WEAVE_INNER_H
#define JUDGE_WEAVE_INNER_H

#include "judge/weave.h"

/* Windows that wait. */
struct waiting {
    struct ledger_window counted; /* the first of `repeat` */
    uint64_t repeat;
    struct proof *proofs; /* [proof_count], owned */
    size_t proof_count;
};

struct strand {
    char *stream;        /* owned */
    struct waiting *row; /* [room], a ring of `count` from `first` on */
    size_t first, count, room;
    bool begun; /* it has brought a window, and will bring more */
    bool
        known; /* a window of it was in a piece: what it does not cover from then on is unknown */
    bool gone;      /* nobody reads it any more */
    int64_t gap_ns; /* of the newest gap; NO_TIME: none */
};

struct weave {
    const char *name;
    bool patient, over;
    bool hurried;           /* said already */
    struct strand *strands; /* [count], by name */
    size_t count;
    int64_t made_ns; /* the end of the newest piece; NO_TIME: none */
    int64_t lead_ns; /* how far anybody is; NO_TIME: nobody has begun */
    uint32_t marks;  /* WEAVE_MARKS at most */
    size_t proofs_waiting;
    struct proof shown[WEAVE_PROOFS]; /* with the newest piece */
    size_t shown_count;
};

static inline struct waiting *strand_at(const struct strand *strand, size_t i)
{
    return &strand->row[(strand->first + i) % strand->room];
}
/* Room for one more behind the others. */
struct waiting *strand_push(struct strand *strand);

#endif /* JUDGE_WEAVE_INNER_H */
