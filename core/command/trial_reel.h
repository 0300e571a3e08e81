/* SPDX-License-Identifier: MIT */
/*
 * trial_reel.h - the frames of some logs, kept in memory to be shown to a detector again and again.
 *
 *      paths ──lane (thread)──▶ ring ──copied──▶ reel: | stream 0: batch window batch … | stream 1: … |
 *
 * What a detector would get from the judge, frame by frame, without the detector being known: every series that may be asked
 * for is counted. Bounded: what does not fit is left out, and said.
 */
#ifndef COMMAND_TRIAL_REEL_H
#define COMMAND_TRIAL_REEL_H

#include "base/arena.h"
#include "base/error.h"
#include "ring/batch.h"
#include "ring/closed.h"
#include "ring/ring.h"

#include <stdbool.h>

enum {
    REEL_BYTES =
        64
        << 20, /* some 500,000 lines: enough to see anything, little enough for any machine */
    REEL_STREAMS = 16,
    REEL_PLAIN = 3,    /* the first series are lines, errors, warnings; */
    REEL_PATTERNS = 2, /* then one for each pattern */
    REEL_SERIES = REEL_PLAIN + REEL_PATTERNS,
};

extern const char *const reel_series[REEL_SERIES]; /* names, in the order of every window */

struct reel_stream {
    const char *name;
    int64_t window_ns;
    size_t first, end; /* its frames lie in [first, end) */
    size_t frames;
};

struct reel {
    char *at; /* [len] of REEL_BYTES mapped */
    size_t len;
    struct reel_stream streams[REEL_STREAMS];
    size_t stream_count;
    bool full; /* there was more */
    struct arena arena;
    uint64_t lines, records, batches, windows;
};

/*
 * Read all of `paths` (files or directories) that fits.
 *   Returns  0; -ENODATA when nothing in them has a time; -errno
 *   Owns     the caller, until reel_free(); also after a failure
 */
int reel_read(struct reel *reel, char *const *paths, size_t count, struct error *reterr);
void reel_free(struct reel *reel);

/* The frame at `at`; the next one is at + its size. */
static inline const struct ring_frame *reel_frame(const struct reel *reel, size_t at)
{
    return (const struct ring_frame *)(const void *)(reel->at + at);
}

/* A frame of empty windows may stand for years; a detector has seen what there is to see after this many. */
enum { REEL_REPEAT_MAX = 1000 };
uint64_t reel_repeat(const struct closed *closed);

#endif /* COMMAND_TRIAL_REEL_H */
