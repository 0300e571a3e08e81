/* SPDX-License-Identifier: MIT */
/*
 * reply.h - the way back from a worker to the core.
 *
 *      worker ──reply_push──▶ [ message | message | ... ] ──reply_next──▶ core
 *                              memfd, written by the worker, believed nothing
 *
 * Two words of each side's progress, and a byte ring. The core copies a message out before it looks at it, and checks each
 * number the worker could have written; what does not add up is -EBADMSG, and the worker's end. Each side rings the other's
 * doorbell (an eventfd) only when that one said it sleeps; a lie about that costs the liar.
 */
#ifndef HOST_REPLY_H
#define HOST_REPLY_H

#include "base/bytes.h"
#include "base/error.h"

#include <stdint.h>

enum reply_kind {
    REPLY_LABEL = 1, /* of plugin i: packed label */
    REPLY_REFUSED,   /* plugin i does not load: sentence */
    REPLY_READY,     /* all plugins were loaded or refused; the worker waits for its seats */
    REPLY_OPENED,    /* position, seat, 0 or 1, sentence */
    REPLY_SCORES, /* position, nth, then for each seat of the stream its scores or a sentence */
    REPLY_FAILED, /* position, seat, sentence: a call outside score() */
    REPLY_STATE,  /* position, seat, offset, total, bytes: a part of what save() gave */
    REPLY_SAVED,  /* position: all states of this position were sent */
};

enum {
    REPLY_RING_BYTES = 1 << 20,
    REPLY_COSTS = 1024, /* instances whose cost is kept */
    REPLY_MESSAGE_MAX =
        512 * 1024, /* a longer one is a lie; room for 1,280 scores of one window */
};

/* What an instance has cost since its worker started; a worker may lie here, and it is only shown. */
struct reply_cost {
    uint64_t observe_ns, records, score_ns, windows;
};

struct reply; /* one side's view */

/* Core: make the shared memory. Owns: the caller, until reply_close(). */
int reply_create(struct reply **ret, struct error *reterr);
/* Worker: map what came as a descriptor. `wake` is read to sleep, `bell` written to ring the core. */
int reply_attach(int fd, int wake, int bell, struct reply **ret, struct error *reterr);
void reply_close(struct reply *reply); /* accepts NULL */
int reply_fd(const struct reply *reply);
/* The two doorbells of the core's side: the worker reads `wake`, the core reads `bell`. */
int reply_wake_fd(const struct reply *reply);
int reply_bell_fd(const struct reply *reply);

/* ---- worker ------------------------------------------------------------- */

/* Waits for room. A message longer than REPLY_MESSAGE_MAX is a mistake of ours. */
void reply_push(struct reply *reply, enum reply_kind kind, struct bytes payload);
/* Everything before this position of the ring is done with. */
void reply_progress(struct reply *reply, uint64_t position);
/* Sleep until the core rings, unless ready(arg) already; spurious returns are allowed. */
void reply_sleep(struct reply *reply, int (*ready)(const void *), const void *arg);
/* The cost of the worker's `index`-th seat, to add to; NULL beyond REPLY_COSTS. */
struct reply_cost *reply_cost_slot(struct reply *reply, uint32_t index);
/* Where the number of a denied system call goes. */
uint32_t *reply_denied_slot(struct reply *reply);

/* ---- core --------------------------------------------------------------- */

/*
 * Copy the next message to `into` (cleared first).
 *   Returns  1 and *ret_kind; 0 when there is none; -EBADMSG when what lies there cannot be
 */
int reply_next(struct reply *reply, enum reply_kind *ret_kind, struct buffer *into);
/* Is there one? Does not look at what it says. */
int reply_pending(const struct reply *reply);
/* What the worker says it has done; for the deadline, and nothing else. */
uint64_t reply_position(const struct reply *reply);
struct reply_cost reply_cost(const struct reply *reply, uint32_t index);
/* Ring the worker if it says it sleeps. */
void reply_nudge(struct reply *reply);
/* Wait for a message, for `pidfd` to become readable (-1 = none), or the time to be over. */
void reply_wait(struct reply *reply, int pidfd, int timeout_ms);
/* The system call that ended the worker, or -1. */
int reply_denied(const struct reply *reply);

#endif /* HOST_REPLY_H */
