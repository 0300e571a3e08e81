/* SPDX-License-Identifier: MIT */
/*
 * path.h - the records of one transaction become the way it went through the services.
 *
 *      steps ──add──▶ [ by time ] ──close──▶ hops ──▶ a tree: who called whom, how long each took, where it failed
 *
 * A *hop* is one visit to one service: the records of one span where records name spans, else all of a service (a stream's, or the
 * `service` that records name). It lasts from its first record to its last, longer where a record says how long something took.
 *
 * Its *caller* is the hop with the span that it names as its parent, else the shortest that it lies in. Clocks of hosts differ: a hop whose
 * caller is known hangs below it wherever its times lie, and one that overlaps a longer hop and sticks out of it by less than
 * PATH_SKEW_NS does too; `skew_ns` says by how much it sticks out, and nothing is moved.
 *
 * Its *own* time is what no hop below it covers: that is where the time went, so the slowest hop is the one with the most.
 */
#ifndef TRACE_PATH_H
#define TRACE_PATH_H

#include "base/arena.h"
#include "base/clock.h"

enum {
    PATH_STEPS_MAX =
        2000, /* records that are kept; of a longer transaction the first so many that were read */
    PATH_HOPS_MAX = 256,
    PATH_TEXT_MAX = 2048, /* of a record */
    PATH_BEFORE_MAX = 5,  /* records before the first error on its source */
};
#define PATH_SKEW_NS (INT64_C(1) * NS_PER_S)

/* One record of the transaction; all text is lent for the call of path_add() and copied. */
struct path_step {
    struct bytes service, host, source, span, parent,
        text;                     /* host, span, parent: may be empty */
    struct bytes said;            /* the part of `text` that is for people; may be empty */
    int64_t time_ns;              /* NO_TIME: it has none */
    int64_t took_ns;              /* it ended `time_ns`, and took so long; 0: it does not say */
    uint64_t line, offset, order; /* order: as they were added */
    bool error;
    uint32_t hop; /* after path_close() */
};

#define PATH_NO_HOP UINT32_MAX
struct path_hop {
    struct bytes service, host, span, parent;
    int64_t from_ns, to_ns, own_ns, skew_ns;
    uint32_t caller; /* PATH_NO_HOP: nobody */
    uint32_t depth;
    uint32_t steps, errors;
};

struct path {
    struct arena arena;
    struct path_step *steps; /* [step_count], by time */
    size_t step_count;
    uint64_t cut;          /* records that were not kept */
    struct path_hop *hops; /* [hop_count]: each behind its caller, in the order they began */
    size_t hop_count;
    bool merged;        /* there were more than PATH_HOPS_MAX: spans were put together */
    uint32_t slowest;   /* PATH_NO_HOP: no time is known */
    size_t first_error; /* a step; step_count: nothing failed */
    uint32_t cause; /* the deepest hop with an error, of these the one whose error came first */
    int64_t from_ns, to_ns;
};

/* Zero-initialise, path_add() in any order, path_close() once. */
void path_add(struct path *path, const struct path_step *step);
void path_close(struct path *path);
void path_free(struct path *path);

#endif /* TRACE_PATH_H */
