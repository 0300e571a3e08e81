/* SPDX-License-Identifier: MIT */
/*
 * sink.h - where findings go.
 *
 *      outbox ──entries in order of n──▶ publish ──▶ confirmed up to n
 *
 * A sink takes entries that are durable already, in order, and says how far it got. It may block up to its own bounded
 * time: it runs on the deliver thread, never on the tailer's.
 */
#ifndef DELIVER_SINK_H
#define DELIVER_SINK_H

#include "base/error.h"
#include "judge/finding.h"

#include <stdbool.h>

/* One finding, encoded. Lent for the call. */
struct entry {
    uint64_t epoch, n;
    uint64_t fingerprint;
    enum finding_route route;
    enum finding_status status;
    int64_t ts_ns; /* detected_at */
    double score;
    struct bytes id, stream, detector;
    struct bytes data; /* the finding as one JSON object, no newline */
};

/* How far it is, for those whom a sink tells of it. */
struct sink_place {
    uint64_t committed,
        confirmed; /* findings that are durable here; and that the far end has */
};

struct sink;
struct sink_ops {
    const char *name;
    /*
     * Publish entries[0..count), n ascending and dense. Nothing may be sent when count is 0: then it only asks where the
     * far end stands. *ret_confirmed is the highest n that is safe there (set also when an error follows it, and when
     * older entries were there already; left alone when the sink does not know). 0, or -errno with a sentence; the caller
     * backs off and comes back with everything behind the confirmed one.
     *   -ENODATA  the far end lost something, *ret_confirmed went back: come at once with all that is kept behind it
     *   -ESTALE   the far end remembers another epoch (FORK): stop
     */
    int (*publish)(struct sink *sink, const struct entry *entries, size_t count,
                   uint64_t *ret_confirmed, struct error *reterr);
    /*
     * May be NULL. What is due besides publishing: called after each publish and about once a second when there is nothing to
     * publish. Bounded as publish() is, and its failure is nobody's; `last`: there will be no other call, and it hurries.
     */
    void (*tend)(struct sink *sink, struct sink_place place, bool last);
    /* May be NULL. For how long the sink does not want to be called; 0: it may be. */
    int64_t (*rest)(struct sink *sink);
    void (*close)(struct sink *sink);
};
struct sink {
    const struct sink_ops *ops;
};

#endif /* DELIVER_SINK_H */
