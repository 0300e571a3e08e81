/* SPDX-License-Identifier: MIT */
/*
 * courier.h - carries findings from the outbox to the sinks, one thread per sink.
 *
 *      outbox ──read──▶ [thread] ──publish──▶ sink
 *         ▲                │
 *         └────confirm─────┘      a sink in trouble waits 100 ms to 30 s, and nobody waits for it
 *
 * A sink's trouble is logged once, and once that it works again. A fork stops the sink and leaves its findings in the
 * outbox, for somebody to decide.
 */
#ifndef DELIVER_COURIER_H
#define DELIVER_COURIER_H

#include "base/error.h"
#include "deliver/journal.h"
#include "deliver/sink.h"

enum { COURIER_SINKS_MAX = 8 };

struct courier;
struct courier_sink {
    const char *name; /* in the logs and in the outbox's file: a plain word, always the same */
    struct sink *sink;
};

/*
 * Owns: the sinks, from the call on when it succeeds; the outbox stays the caller's and must outlive the courier. Call it
 * before the first journal_put(), so that what the sinks have not confirmed is kept.
 */
int courier_start(struct journal *journal, const struct courier_sink *sinks, size_t count,
                  struct courier **ret, struct error *reterr);

/*
 * Deliver what the sinks in health will take until the monotonic instant, then end the threads and close the sinks. One
 * that hangs in its last call past that is left behind, and said; false then: ask again, or leave the outbox open.
 */
bool courier_stop(struct courier *courier, int64_t until_monotonic_ns);

struct courier_stats {
    const char *name;
    uint64_t committed; /* findings that are durable here: the highest n */
    uint64_t confirmed; /* of these, the sink has */
    uint64_t published, errors;
    bool troubled, stopped; /* stopped: for ever, by a fork */
};
size_t courier_count(const struct courier *courier);
struct courier_stats courier_stats(struct courier *courier, size_t sink);

#endif /* DELIVER_COURIER_H */
