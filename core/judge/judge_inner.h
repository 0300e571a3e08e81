/* SPDX-License-Identifier: MIT */
/*
 * judge_inner.h - the judge and what it keeps of each stream: judge.c goes through the frames, judge_state.c carries it over a restart,
 * judge_report.c shows it.
 */
#ifndef JUDGE_JUDGE_INNER_H
#define JUDGE_JUDGE_INNER_H

#include "judge/gaps.h"
#include "judge/judge.h"
#include "judge/panel.h"
#include "judge/verdict.h"

/* What the judge keeps of one stream. */
struct bench {
    struct judge *judge;
    const struct judge_stream *stream;
    struct panel *panel;
    struct verdict *verdict; /* NULL until it is needed */
    struct verdict *shadow;  /* of detectors that are only watched; NULL when there is none */
    struct gaps *gaps;       /* windows that detectors could not score */
    int64_t reached_ns;      /* event time of the newest window */
};

struct judge {
    struct judge_options options;
    struct bench *
        *benches; /* [bench_count], by number of the stream; NULL where there is none */
    size_t bench_count;
    struct crew *crew; /* all detectors of all streams */
    uint64_t position; /* of the frame being judged */
    struct judge_counts counts;
    struct silences *silences; /* owned; verdicts look at it */
};

/* The verdicts of a stream, made when the first is needed. */
struct verdict *judge_verdict(struct bench *bench);
/* Of its detectors on trial; NULL when there are none. */
struct verdict *judge_shadow(struct bench *bench);

#endif /* JUDGE_JUDGE_INNER_H */
