/* SPDX-License-Identifier: MIT */
/*
 * gate.h - is what came after a deployment worse than what came before?
 *
 *      cells (counts of a window) ──▶ tallies of a question ──▶ spread, bounds ──▶ state of the question ──▶ verdict
 *
 * A few questions, each a share or a rate: records that are errors; requests slower than the 95th and the 99th percentile before;
 * records (requests, where there are any) per second, which may fall; windows with a warning or an error never seen before. Each
 * has a limit: what it was before, and how much worse is still tolerated. It has *failed* when it is surely beyond the
 * limit, *passed* when it is surely within, and is *open* otherwise. Surely: the two bounds (bound.h) of before and after do not meet; each
 * is wrong with probability alpha / (questions * 2), so all of them together, over all looks, with alpha.
 *
 * What is not surely but likely worse (with ten times alpha) is *suspect*: it does not fail, and when the time is over it does not pass.
 *
 * Three rules keep honest noise from failing a release:
 *  - no window decides alone: what fails must fail without its worst window too (a restart, one burst);
 *  - records count for what they are worth: spread.h;
 *  - what happens by the clock is not the release. On each day of reference (yesterday, a week ago, at the same hours) the same
 *    change is looked at; a question fails only if none of those days shows it. What one of them shows is *held*: it does not fail, and
 *    does not let the gate pass either, since that day may have been a bad one; two or more that all show it are a rhythm, and pass.
 *
 * With a control group its change over the same time is expected of the service too (difference in differences), and days of reference
 * are not asked: what happens by the clock happens to both.
 *
 * Thread   any, no state
 */
#ifndef GATE_GATE_H
#define GATE_GATE_H

#include "gate/bound.h"
#include "gate/spread.h"
#include "window/quantile.h"

#include <stdbool.h>
#include <stdint.h>

/* What one window of a side saw. */
struct gate_cell {
    uint64_t records, requests; /* requests: records with a duration or a status */
    uint64_t bad;               /* records that are errors */
    uint64_t fresh;             /* records that are troubles never seen before */
    struct quantile durations;
};

/* A run of windows of one length. */
struct gate_side {
    struct gate_cell *cells; /* [count] */
    size_t count;
    double seconds; /* of a window */
};

enum gate_question {
    GATE_ERRORS,
    GATE_SLOW_95,
    GATE_SLOW_99,
    GATE_RATE,
    GATE_FRESH,
    GATE_QUESTIONS,
};

enum { GATE_DAYS = 2, GATE_WINDOWS_MAX = 512 };

struct gate_pair {
    struct gate_side before, after;
};

struct gate_case {
    struct gate_pair service;
    struct gate_pair days[GATE_DAYS]; /* of reference, as far as there are any */
    size_t day_count;
    struct gate_pair control;
    bool controlled; /* there is a control group; it counts once it has samples_min records */
    double slow_95, slow_99; /* gate_prepare() */
    double alpha,
        tolerate; /* tolerate: of records that are errors, the share that does not matter */
    uint64_t samples_min; /* records before, and after, below which there is no verdict */
};

enum gate_state {
    GATE_ABSENT, /* not asked: there is nothing to ask about */
    GATE_OPEN,
    GATE_SUSPECT, /* beyond the limit, but only surely enough to doubt it */
    GATE_PASSED,
    GATE_HELD,
    GATE_FAILED,
};

/* An answer, with the numbers it was made of; shares, or per second. */
struct gate_answer {
    enum gate_state state;
    struct tally before, after;
    struct bound before_bound, after_bound;
    double limit;      /* beyond it after fails: made of the kind end of what was before */
    double spread;     /* how many records count as one */
    bool by_clock;     /* every day of reference shows it */
    uint32_t shown_by; /* bit i: day of reference i shows it, or more */
};

enum gate_verdict { GATE_PASS, GATE_FAIL, GATE_UNSURE };

struct gate_result {
    enum gate_verdict verdict;
    bool final;     /* nothing that may come changes it: the gate may end */
    size_t windows; /* of after that were looked at */
    uint64_t records_before, records_after;
    bool controlled; /* the control group was counted on */
    size_t days;     /* days of reference with enough records */
    struct gate_answer answers[GATE_QUESTIONS];
    char reason[256]; /* one sentence */
};

/* What counts as slow, in ms; NaN where nobody says how long things take. Once `before` is there, and again when it changed. */
void gate_prepare(struct gate_case *gate);
/* Look at the first `windows` of after; `last`: no more will come. */
void gate_look(const struct gate_case *gate, size_t windows, bool last,
               struct gate_result *ret);

const char *gate_question_name(enum gate_question question);
const char *gate_state_name(enum gate_state state);
const char *gate_verdict_name(enum gate_verdict verdict);

/* The first windows in one. */
struct gate_total {
    uint64_t records, requests, bad, fresh;
};
struct gate_total gate_sum(const struct gate_side *side, size_t windows);
/* Has it samples_min records before, and in the first windows after? */
bool gate_speaks(const struct gate_case *gate, const struct gate_pair *pair, size_t windows);
void gate_durations(const struct gate_side *side, size_t windows, struct quantile *ret);

#endif /* GATE_GATE_H */
