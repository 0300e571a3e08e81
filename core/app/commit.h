/* SPDX-License-Identifier: MIT */
/*
 * commit.h - what the lane did and what the judge found of it become one block of the journal.
 *
 *      lane thread                                   judge thread
 *      commit_tick ─▶ [slip: manifest, state]  ...   findings ─put─▶ journal
 *              └────── RING_MARK ═════ring═════▶ commit_at_mark: the slip of that number ─▶ block, fdatasync ─▶ snapshot
 *
 * A slip is handed over aside, not through the ring: it may be larger than the ring. At most COMMIT_SLIPS are on their way; then the
 * lane waits, as it does for a full ring.
 *
 * Invariants: one slip per mark, in the same order; a block is written before any mark behind it is looked at.
 */
#ifndef APP_COMMIT_H
#define APP_COMMIT_H

#include "base/bytes.h"
#include "base/clock.h"
#include "judge/finding.h"
#include "lane/manifest.h"
#include "ring/closed.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

enum { COMMIT_SLIPS = 8 };

/* The most that a step waits for its block. A closed window has its findings in one at the next tick. */
#define COMMIT_NS (200 * NS_PER_MS)
/* Snapshots: no sooner, no later, and no more than these shares of the time and of the disk's. */
#define SNAPSHOT_LEAST_NS NS_PER_S
#define SNAPSHOT_MOST_NS  (30 * NS_PER_S)
enum { SNAPSHOT_SHARE = 100, SNAPSHOT_SHARE_SOON = 10, SNAPSHOT_BYTES_PER_S = 256 << 10 };

/*
 * Bytes since the state directory was made; see docs/journal.md. `moved` is what the tail saw offsets move, `scored` what the judge got
 * and what held no record, `gap` what offsets passed without a score: moved = scored + gap. `lost` bytes were never within an
 * offset: truncated or deleted before they were read.
 */
struct conservation {
    uint64_t moved, scored, gap, lost;
    uint64_t gaps; /* how many */
};

struct slip {
    uint64_t number;
    uint32_t flags;                     /* enum mark_flag */
    bool replayed;                      /* its block is in the journal already */
    uint64_t next_n;                    /* replayed: the n behind its findings */
    struct buffer manifest, lane, tail; /* the last two only with MARK_SNAPSHOT */
    uint64_t serials;                   /* given by the tail */
    struct conservation
        bytes; /* as of the mark; `scored` is only what held no record, the judge knows the rest */
};

struct commit {
    pthread_mutex_t mutex;
    pthread_cond_t taken;
    struct slip slips[COMMIT_SLIPS]; /* [first, first + count) are on their way */
    size_t first, count;
    uint64_t number; /* of the last mark */

    /* the lane's */
    struct manifest manifest;
    struct buffer scratch;
    struct conservation before; /* of earlier runs */
    int64_t begun_ns;           /* when the oldest step was noted, NO_TIME: none; monotonic */
    int64_t marked_ns;          /* when the last mark went into the ring; monotonic */
    int64_t snapshot_ns;        /* when the last was asked for */
    bool soon;                  /* a file ended: a snapshot is due sooner */
    bool moved;                 /* something was committed since the last snapshot */

    /* the judge's */
    bool redoing;       /* what it finds is in the journal */
    uint64_t redo_n;    /* the last n of that */
    uint64_t redo_from; /* and the one before the first, until the next snapshot; 0: no more */
    uint64_t strange;   /* findings of the replay that are not those of the journal */
    bool gave_up;       /* the end came while there was no room */
    uint64_t scored_before; /* what its count of bytes lacks of all, modulo 2^64 */
    bool broken;            /* the bytes did not add up, and it was said */
    uint64_t snapshot_seq;  /* block of the last snapshot, 0: none */
    bool too_big;           /* the last one has positions only, and it was said */
    bool unkept;            /* the last one could not be written, and it was said */

    /* shown in the status */
    _Atomic int64_t snapshot_cost_ns;
    _Atomic uint64_t snapshot_bytes, snapshots, snapshot_failures, stalls;
    atomic_bool stalled, snapshot_on_its_way;
    struct conservation durable; /* guarded by mutex: as of the last block */
};

struct daemon;

void commit_init(struct commit *commit);
void commit_free(struct commit *commit);

/* ---- lane thread -------------------------------------------------------- */

/* Something was noted, a window was closed, time has passed: is a mark due? */
void commit_tick(struct daemon *daemon, int64_t now_ns);
/* Mark now. Waits for room. */
void commit_mark(struct daemon *daemon, uint32_t flags);
/* The mark behind a block that was done once more. */
void commit_mark_replayed(struct daemon *daemon, uint32_t flags, uint64_t next_n);
/* The replay is over: bytes count from `durable` on. */
void commit_go_on(struct daemon *daemon, const struct conservation *durable);
/* As of the last block; any thread. */
struct conservation commit_durable(struct commit *commit);

/* ---- judge thread ------------------------------------------------------- */

/* Take a finding into the block that is being made; gives it n and id. */
void commit_finding(struct daemon *daemon, struct finding *finding);
/* Is this revision in a block behind the snapshot that this run began with? */
bool commit_told(struct daemon *daemon, const struct finding *finding);
/* Ends the process when the disk cannot be trusted any more. */
void commit_at_mark(struct daemon *daemon, const struct mark *mark);

#endif /* APP_COMMIT_H */
