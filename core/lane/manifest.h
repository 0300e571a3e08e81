/* SPDX-License-Identifier: MIT */
/*
 * manifest.h - what the lane did, in order, so that it can be done again.
 *
 *      lane ──note──▶ [ step step step ... ] ──block of the journal──▶ step by step through the same lane
 *
 * What is not here follows from what is: the same bytes shown in the same order give the same records, windows and frames.
 *
 * Format   each step: its kind, a byte; then the fields of that kind (manifest.c has the table) as variable-length numbers; times
 *          as differences to the time before them in the same manifest.
 */
#ifndef LANE_MANIFEST_H
#define LANE_MANIFEST_H

#include "base/bytes.h"

#include <stdint.h>

enum step_kind {
    STEP_OPEN = 1, /* source, key of its stream, offset, line, time: modified, text: path */
    STEP_READ,     /* source, offset, bytes shown, time of arrival */
    STEP_IDLE,     /* source: nothing more for now */
    STEP_FLUSH,    /* source, offset, bytes shown, time: what waits has waited long enough */
    STEP_FINISH,   /* source, offset, bytes shown, time: nothing will follow it */
    STEP_ANEW, /* source, bytes: its number from now on; it was cut to nothing and begins again at 0 */
    STEP_CLOSE,    /* source */
    STEP_QUIET,    /* key of the stream, time: no record before it will come */
    STEP_GAP,      /* source, offset, bytes, text: the reason */
    STEP_MARK,     /* text: where a file stands now, a packed bookmark */
    STEP_COUNTS,   /* text: the counters as of now, packed by whoever keeps them */
    STEP_SILENCES, /* text: what nobody wants to hear of from now on, packed */
    STEP_REMARKS,  /* text: what people said of deployments and findings, packed */
    STEP_KINDS,
};

struct step {
    enum step_kind kind;
    uint32_t source;
    uint64_t key; /* of a stream: a hash of its name */
    uint64_t offset, bytes, line;
    int64_t time_ns;
    struct bytes text;
};

/* Being written. Zero-initialise; `out` is the caller's to take away. */
struct manifest {
    struct buffer out;
    int64_t time_ns;
    uint64_t steps;
};
void manifest_note(struct manifest *manifest, const struct step *step);
void manifest_clear(struct manifest *manifest);

/* Being read. */
struct manifest_walk {
    struct bytes rest;
    int64_t time_ns;
};
struct manifest_walk manifest_walk(struct bytes manifest);
/* 1 and the next step (its text lent from the manifest), 0 at the end, -EBADMSG where it makes no sense. */
int manifest_next(struct manifest_walk *walk, struct step *ret);

#endif /* LANE_MANIFEST_H */
