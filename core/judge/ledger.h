/* SPDX-License-Identifier: MIT */
/*
 * ledger.h - how many records were bad, of how many, in event time: what a service level objective is counted by.
 *
 *      period = 43,200 units (30 days: of a minute)
 *
 *      360 buckets of 1 unit    ▏▏▏▏▏▏▏▏▏▏▏▏    the last 6 h, for the windows of 5 m to 6 h
 *      144 buckets of 30 units  ▍▍▍▍▍▍▍▍▍▍▍▍    the last 3 d, for those of 1 d and 3 d
 *      120 buckets of 360 units ████████████    the last 30 d, for the budget
 *
 * All sizes are shares of the period, so that the rules mean the same for 7 days as for 30; in the names above it is one of 30. A
 * window of the stream counts in the bucket in which it ends, in all three rows; so a sum is right to one bucket at its far end, which
 * is 1 unit, 1/48 and 1/120 of it at most, and never finer than a window. Rows are 20 KiB, for ever.
 *
 * Time in which nothing came is unknown: neither good nor bad. It is what known_ns lacks. Time before the first window is neither: it
 * was not watched.
 */
#ifndef JUDGE_LEDGER_H
#define JUDGE_LEDGER_H

#include "base/pack.h"

#include <stdint.h>

enum {
    LEDGER_UNITS = 43200, /* in a period */
    LEDGER_ROWS = 3,
    LEDGER_BUCKETS = 360 + 144 + 120,
};

struct tally {
    uint64_t bad, total;
    int64_t known_ns;
    int64_t first_ns; /* when the first bad record was written; there is one if bad > 0 */
};

struct ledger {
    int64_t unit_ns;
    int64_t begun_ns, until_ns; /* of the first and the newest window; NO_TIME: none yet */
    struct tally buckets[LEDGER_BUCKETS];
};

/* Empty, for a period of that length. */
void ledger_begin(struct ledger *ledger, int64_t period_ns);

/* A closed window. One that is older than all that is kept counts nowhere; a younger one where it belongs. */
struct ledger_window {
    int64_t start_ns, end_ns;
    uint64_t bad, total;
    int64_t bad_ns; /* when the first bad record was written, if there is one */
    bool known;     /* somebody wrote in it, and none of it lies in a gap */
};
void ledger_add(struct ledger *ledger, const struct ledger_window *window);

/* The last `units` (a whole number of buckets, at most LEDGER_UNITS), up to the newest window. */
struct ledger_sum {
    uint64_t bad, total;
    int64_t span_ns;    /* of it that was watched at all */
    int64_t unknown_ns; /* of that */
};
struct ledger_sum ledger_sum(const struct ledger *ledger, uint32_t units);

/* Bad records of the coarsest row, the oldest bucket first: what comes back when it is over. */
enum { LEDGER_COARSE = 120 };
void ledger_ages(const struct ledger *ledger, uint64_t ret[LEDGER_COARSE]);
/* Start of the oldest bucket of the last `units` that holds a bad record; NO_TIME when none does. */
int64_t ledger_bad_since(const struct ledger *ledger, uint32_t units);
/*
 * When the trouble in the last `units` began: its first bad record. Where it is taken to begin, the bad records since are most above `share`
 * of all since, which is a cumulative sum (Page, Continuous inspection schemes, 1954) read from its end. NO_TIME: nothing is above it.
 */
int64_t ledger_onset(const struct ledger *ledger, uint32_t units, double share);

/* For another run of the program, into one that was begun for the same period; what cannot be sets in->bad. */
void ledger_pack(const struct ledger *ledger, struct buffer *out);
void ledger_unpack(struct ledger *ledger, struct unpacker *in);

#endif /* JUDGE_LEDGER_H */
