/* SPDX-License-Identifier: MIT */
/*
 * recur.h - what comes by the clock: an hourly job, a nightly backup.
 *
 *      13:09 ▂    14:09 ▂    15:09 ▂        the third comes when the first two said it would; and an hour, a day or a week is how
 *                                           often people have things done, so one is enough to expect the second
 *
 * A trouble is expected when one of the same series came that long before, to the window, and was no smaller than half of it and hardly
 * shorter. It is then kept for the log; where it grows beyond that or goes on for longer it is sent. Periods of less than
 * RECUR_LEAST windows are no evidence: too much would fit them by chance.
 */
#ifndef JUDGE_RECUR_H
#define JUDGE_RECUR_H

#include "base/pack.h"

enum { EPISODES_MAX = 32, RECUR_LEAST = 30 };

/* A trouble of the past, or one that is going on. */
struct episode {
    int64_t start_ns;
    uint32_t series, windows; /* so many windows long */
    double size;              /* how far from what was expected */
};
/* Zero-initialise. */
struct episodes {
    struct episode at[EPISODES_MAX]; /* the newest ones, as a ring */
    uint64_t count;                  /* ever */
};

/* Forget those of a series. */
void episodes_drop(struct episodes *episodes, uint32_t series);
void episodes_note(struct episodes *episodes, const struct episode *over);
/* *ret_period_ns is written when `now` comes as it should. */
bool episodes_expect(const struct episodes *episodes, const struct episode *now,
                     int64_t window_ns, int64_t *ret_period_ns);

void episodes_pack(const struct episodes *episodes, struct buffer *out);
void episodes_unpack(struct unpacker *in, struct episodes *ret);

#endif /* JUDGE_RECUR_H */
