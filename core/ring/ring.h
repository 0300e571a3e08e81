/* SPDX-License-Identifier: MIT */
/*
 * ring.h - the one place where records wait.
 *
 *      lane (producer)                                  readers (judge, later: workers)
 *      reserve, fill, commit  ──▶ [frame][frame][frame] ──▶  peek, look, release
 *
 *      one memfd:  | control page(s) | data | same data again |
 *
 * Frames of any length up to half the data lie one behind the other. The data is mapped twice, back to back, so a frame
 * is always one run of memory and nothing ever wraps. Positions are byte counts that only grow.
 *
 * One producer; up to RING_READERS readers, each with its own cursor; no locks. A full ring refuses, it never
 * overwrites: the producer then leaves the bytes where they are safe already, in the file. Who has nothing to do sleeps
 * on a futex and is woken only if it sleeps.
 *
 * Invariants, for every observer: each cursor <= head <= lowest cursor + size; bytes in [cursor, head) are immutable.
 */
#ifndef RING_RING_H
#define RING_RING_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

struct ring;

enum { RING_READERS = 64 }; /* the judge, and a worker each */

enum ring_kind {
    RING_BATCH = 1,    /* records of one source: struct batch */
    RING_WINDOW = 2,   /* a closed window: struct closed */
    RING_STREAM = 3,   /* a stream begins: struct stream_notice */
    RING_GAP = 4,      /* bytes that could not be scored: struct gap */
    RING_END = 5,      /* nothing follows; empty */
    RING_MARK = 6,     /* what was done since the last one: struct mark */
    RING_SILENCES = 7, /* what nobody wants to hear of from now on: struct silences_notice */
    RING_REMARKS = 8,  /* what people said of deployments and findings: struct remarks_notice */
    RING_DEPLOY = 9,   /* a log told of a deployment: struct deploy_notice */
    RING_GLANCE = 10,  /* a window that is not over yet: struct closed */
};

/* What lies before the payload of every frame. */
struct ring_frame {
    uint32_t size; /* of the whole frame with this header, a multiple of 8 */
    uint32_t kind; /* enum ring_kind */
};

/*
 * A ring of at least `bytes` of data (rounded up to a power of two of whole pages) for `readers` readers.
 *   Returns  0; -EINVAL for a size of zero or too many readers; -errno from the mapping
 *   Owns     the caller, until ring_destroy()
 */
int ring_create(size_t bytes, int readers, struct ring **ret, struct error *reterr);
/*
 * The same ring in another process, from the descriptor of ring_fd() opened for reading: it can look and not touch. Only
 * ring_at() and ring_head() work there.
 */
int ring_attach(int fd, struct ring **ret, struct error *reterr);
/* The shared memory, sealed: whoever gets the descriptor later can map it for reading only. The ring's own. */
int ring_fd(const struct ring *ring);
/* Accepts NULL. No thread may be inside. */
void ring_destroy(struct ring *ring);

/* The longest payload a frame can have. */
size_t ring_payload_max(const struct ring *ring);

/* ---- producer ----------------------------------------------------------- */

/* Room for a payload of `bytes`, 8-aligned, or NULL when the ring is full. Reserving again gives the same room. */
void *ring_reserve(struct ring *ring, size_t bytes);
/*
 * Publish the first `bytes` (at most what was reserved) of the reservation as one frame. Readers that sleep are woken, but for batches
 * only when an eighth of the ring is full of them: to wake somebody for each costs more than what he has to do. So who commits
 * batches calls ring_wake() before he turns to anything that may take long.
 */
void ring_commit(struct ring *ring, enum ring_kind kind, size_t bytes);
/* Whoever sleeps looks at what was committed. Cost: nothing when they have. */
void ring_wake(struct ring *ring);
/*
 * Sleep until a payload of `bytes` fits, at most for `timeout_ms` (-1 = for ever): 1 it fits, 0 not yet. A wait with a time-out may
 * return 0 early: a signal, or a wake that was not for us. Who needs the whole time asks again.
 */
int ring_wait_room(struct ring *ring, size_t bytes, int timeout_ms);

/* ---- readers ------------------------------------------------------------ */

/* The oldest frame that `reader` has not released, lent until then; NULL when there is none. */
const struct ring_frame *ring_peek(const struct ring *ring, int reader);
static inline const void *ring_payload(const struct ring_frame *frame)
{
    return frame + 1;
}
void ring_release(struct ring *ring, int reader);
/* Sleep until there is a frame, at most for `timeout_ms` (-1 = for ever): 1 there is, 0 not yet; early as above. */
int ring_wait_frame(struct ring *ring, int reader, int timeout_ms);

/*
 * A cursor that is moved by hand, for a reader in another process. A reader that does not hold lets the ring go on without it.
 * ring_hold() must begin at a position that somebody still holds.
 */
void ring_hold(struct ring *ring, int reader, uint64_t position);
void ring_let_go(struct ring *ring, int reader);
/* The frame at a position that is held, NULL when the position is the head. */
const struct ring_frame *ring_at(const struct ring *ring, uint64_t position);
uint64_t ring_cursor(const struct ring *ring, int reader);

/* ---- anybody ------------------------------------------------------------ */

/* Bytes ever committed, and bytes that every reader has released: what lies between is in flight. */
uint64_t ring_head(const struct ring *ring);
uint64_t ring_tail(const struct ring *ring);

#endif /* RING_RING_H */
