/* SPDX-License-Identifier: MIT */
/*
 * scan.h - reads logs once, from their first byte to their last, in event time.
 *
 *      inputs ──▶ plan per stream ──▶ [lane thread] ═ring═▶ [judge: this thread] ──▶ deliver callback
 *
 * Used by `scan` and by the tests inside a configuration.
 */
#ifndef APP_SCAN_H
#define APP_SCAN_H

#include "app/inputs.h"
#include "config/plan.h"
#include "judge/judge.h"

#include <stdatomic.h>

struct scan_options {
    const struct config *config;      /* NULL: nobody configured anything */
    const struct config_stream *only; /* every input is this stream's; NULL: matched by path */
    struct config_stream fallback;    /* for inputs that no configured stream claims */
    enum isolation isolation;         /* where detectors run */
    int64_t since_ns, until_ns;       /* NO_TIME = no bound */
    struct bytes remarks;             /* packed: what the judge is told before the first line */
    double raise; /* added to every threshold: what would another have found? */
    void (*deliver)(void *context, struct finding *finding);
    void *context;
    void (*chose)(const char *stream, const char *path, const char *choice,
                  int64_t window_ns); /* may be NULL */
    void (*progress)(uint64_t bytes, uint64_t lines, uint64_t total_bytes,
                     int64_t elapsed_ns); /* may be NULL */
};

struct scan_result {
    uint64_t bytes, lines, records, timeless;
    size_t streams, files,
        failed; /* failed: could not be opened or broke off; each was logged */
    uint64_t suppressed;
    int64_t elapsed_ns;
    int64_t first_ns, last_ns; /* event time that was judged; NO_TIME: none */
};

/* The configured stream that a path, or the name of a scanned stream, belongs to; NULL: none. */
const struct config_stream *scan_claimed(const struct config *config, const char *path);

/* 0; -errno with a sentence when nothing could be read at all. */
int scan(const struct inputs *inputs, const struct scan_options *options,
         struct scan_result *ret, struct error *reterr);

#endif /* APP_SCAN_H */
