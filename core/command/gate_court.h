/* SPDX-License-Identifier: MIT */
/*
 * gate_court.h - sorts the records of a service into the windows before and after its deployment, and has them judged.
 *
 *      a week ago       yesterday              deployment ─┐
 *      [....|..]        [....|..]        [...... before ...|. after .] ──▶ gate_look() at each window
 *
 *      before: `baseline` long, COURT_BEFORE windows          after: `wait` long, COURT_AFTER windows
 *
 * A day of reference on which the service was deployed too, is none.
 */
#ifndef COMMAND_GATE_COURT_H
#define COMMAND_GATE_COURT_H

#include "command/gate_files.h"
#include "command/gate_news.h"

enum { COURT_BEFORE = 360, COURT_AFTER = 60, COURT_DEPLOYS = 256 };

struct court_terms {
    int64_t since_ns, baseline_ns, wait_ns;
    int64_t until_ns; /* since + wait, or the next deployment if that is sooner */
    double alpha, tolerate;
    uint64_t samples_min;
    bool controlled;
    const int64_t *deploys; /* [deploy_count] of the service: all that are known */
    size_t deploy_count;
};

/* One side of a pair: records of [from, until) of the service or its control group. */
struct court_side {
    int64_t from_ns, until_ns, window_ns;
    bool control;
    struct gate_side *side;
};

enum { COURT_SIDES = 2 * (1 + GATE_DAYS + 1) };
_Static_assert((int)COURT_SIDES <= (int)GATE_SPANS_MAX, "each side is a span");

struct court {
    struct court_terms terms;
    struct gate_case gate;
    int days[GATE_DAYS]; /* how long ago each day of reference is */
    struct court_side sides[COURT_SIDES];
    size_t side_count;
    struct newsroom news;
    uint64_t records, timeless; /* all that was read; of these, those nobody can place */
    struct gate_result result;
    size_t looked; /* windows of after */
};

int court_open(struct court *court, const struct court_terms *terms, struct error *reterr);
void court_close(struct court *court);
/* The times from which records are wanted. */
void court_spans(const struct court *court, struct gate_spans *ret);
/* A take() of gate_read.h. */
void court_take(void *context, const struct gate_record *record);
/*
 * Look at every window of after that ends at or before `now_ns` and was not looked at yet, until it is decided. `last`: no more
 * records will come. True when it is decided, in court->result.
 */
bool court_look(struct court *court, int64_t now_ns, bool last);
/* When the next window ends, or the time is over. */
int64_t court_next_ns(const struct court *court);
/* How much of after was looked at. */
int64_t court_heard_ns(const struct court *court);

#endif /* COMMAND_GATE_COURT_H */
