/* SPDX-License-Identifier: MIT */
/*
 * journal.h - what was read and what was found, durable; and the outbox: its findings that a sink has not confirmed.
 *
 *      judge ──put, put──▶ [block]
 *            ──commit────▶ [ segment | segment | segment | spare ] ──read──▶ one courier thread per sink
 *                            │ compacted, deleted                  ◀──confirm──
 *      start ◀──replay───────┘
 *
 * A commit is one block: a manifest and the findings that came of it. It is synced before anybody can read it. Every
 * finding gets the next n (dense, from 1) of this directory's epoch, every block the next seq. What the sinks have not
 * confirmed is bounded; at the bound, and when the disk is full, commit says -ENOSPC and the caller waits: the log file is
 * the backlog. A finding that was damaged on disk is read as a finding of kind gap with the same n, so that n stays dense
 * for ever.
 *
 *   Threads  put, pending and commit: one, the writer's; everything else: any
 */
#ifndef DELIVER_JOURNAL_H
#define DELIVER_JOURNAL_H

#include "base/error.h"
#include "deliver/sink.h"
#include "judge/finding.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct journal;
struct journal_options {
    uint64_t max_bytes; /* of unconfirmed findings; 0: JOURNAL_BYTES_DEFAULT */
    uint64_t
        keep_bytes;  /* of confirmed ones, kept for sending again; 0: a quarter of max_bytes */
    int64_t keep_ns; /* and for how long; 0: JOURNAL_KEEP_S */
    bool new_epoch;  /* forget what is kept and begin again with n = 1 (run --new-epoch) */
};
enum {
    JOURNAL_BYTES_DEFAULT = 64 << 20,
    JOURNAL_BYTES_LEAST = 256 << 10,
    JOURNAL_KEEP_S = 24 * 3600,
    JOURNAL_READ_MAX = 128,        /* entries per read; together they are about 1 MiB at most */
    JOURNAL_PENDING_MAX = 8 << 20, /* bytes put and neither spilled nor committed */
};

/*
 * -EBUSY when another daemon writes there; -EBADMSG when what is there is another host's, another epoch's or another
 * version's: then nothing was changed. The directory is made when it is not there; its parent must be.
 */
int journal_open(const char *dir, const struct journal_options *options, struct journal **ret,
                 struct error *reterr);
/* To look at it while the daemon runs; only journal_read(), journal_next_n(), journal_epoch() work. */
int journal_open_readonly(const char *dir, struct journal **ret, struct error *reterr);
void journal_close(
    struct journal *journal); /* accepts NULL; every reader and thread has left */

uint64_t journal_epoch(struct journal *journal);
/* The n behind the last durable finding. */
uint64_t journal_next_n(struct journal *journal);
/* The lowest n still kept; equal to journal_next_n() when nothing is. */
uint64_t journal_first_n(struct journal *journal);

/* ---- writing ------------------------------------------------------------ */

/*
 * One more finding of the block that is being built; no reader sees it yet. Fills in epoch, n, id (when it is "") and
 * detected_ns (when it is NO_TIME). A resolved or revised finding comes with the id that it got the first time; n is new
 * each time.
 *
 *   Returns  0; -EMSGSIZE when it is too long, whatever is cut; -ENOBUFS at JOURNAL_PENDING_MAX: spill or commit first.
 *            After an error the finding and the block are unchanged.
 */
int journal_put(struct journal *journal, struct finding *finding, struct error *reterr);
/* Findings put and not committed. */
size_t journal_pending(const struct journal *journal);

/*
 * A flood of findings in one block: write what is in memory behind the last block, where the commit will end it. Until then no
 * reader sees it, and after a crash it was never there. Errors as those of journal_commit().
 */
int journal_spill(struct journal *journal, struct error *reterr);

/*
 * Make the block of the pending findings and `manifest` durable, all or nothing, and wake readers. With an empty manifest
 * and nothing pending there is nothing to do.
 *
 *   Returns  0; -ENOSPC when sinks lag too far behind or there is no room on the disk: nothing changed, what is pending
 *            stays, come again; -EMSGSIZE likewise; -EIO: what the disk holds is unknown, the caller ends the
 *            process. From then on every call says -EIO and no file is written any more, by journal_close() neither.
 *   Cost     one pwrite(2) and one fdatasync(2); at most one segment is compacted or deleted
 */
int journal_commit(struct journal *journal, struct bytes manifest, struct error *reterr);
/* Of the last durable block; 0: there was none. */
uint64_t journal_seq(struct journal *journal);
/* Manifests of blocks above seq are still needed, those below are not. Until the first call: all. */
void journal_keep(struct journal *journal, uint64_t seq);

struct journal_counts {
    uint64_t blocks, bytes_written, syncs, sync_ns_total,
        sync_ns_max;                  /* of this run's commits */
    uint64_t segments, bytes_on_disk; /* now */
    uint64_t torn, damaged; /* found at the opening: cut tails, damaged places in the middle */
};
struct journal_counts journal_counts(struct journal *journal);

/* ---- replaying ---------------------------------------------------------- */

struct journal_block {
    uint64_t seq;
    struct bytes manifest;   /* lent for the visit */
    uint64_t first_n, count; /* its findings; first_n is the next n when there are none */
    bool hole; /* blocks up to this seq are missing, with whatever findings they had */
};
/* Return 0 to go on; anything else ends the replay and is its result. */
typedef int journal_visit(void *context, const struct journal_block *block);
/*
 * Every block with after_seq < seq <= journal_seq() that is kept, in order. One whose findings are damaged and whose
 * manifest is good is no hole. -ESTALE when after_seq is above journal_seq(): the journal has lost its end since.
 */
int journal_replay(struct journal *journal, uint64_t after_seq, journal_visit *visit,
                   void *context);

/* ---- reading ------------------------------------------------------------ */

struct journal_reader {
    struct entry entries[JOURNAL_READ_MAX]; /* lent until the next read */
    size_t count;
    char *room; /* owned */
    size_t used;
    uint64_t next_n, segment_id, offset; /* where the read before this one ended */
};
int journal_reader_init(struct journal_reader *reader);
void journal_reader_free(struct journal_reader *reader);

/* Entries with n > after_n, ascending and dense, at most `max` (and JOURNAL_READ_MAX); reader->count is 0 at the end. */
void journal_read(struct journal *journal, struct journal_reader *reader, uint64_t after_n,
                  size_t max);

/* The finding n, lent until the reader's next use. 0, or -ENOENT: not kept. Ascending calls are O(1) each. */
int journal_recall(struct journal *journal, uint64_t n, struct journal_reader *reader,
                   struct entry *ret);

/* ---- confirming --------------------------------------------------------- */

/*
 * From now on what `sink` has not confirmed is kept. Call before the first put. A sink that was never seen before gets all
 * that is kept, from journal_first_n() on.
 */
int journal_follow(struct journal *journal, const char *sink, struct error *reterr);
/* Where `sink` stands: what it confirmed last, also before a restart; 0 when never. */
uint64_t journal_confirmed(struct journal *journal, const char *sink);
/* `sink` has everything up to n. May go back: the far end lost something. Written to disk lazily. */
void journal_confirm(struct journal *journal, const char *sink, uint64_t n);

/* Sleep until there is something behind n, *stop is set and woken for, or the instant has passed. */
void journal_wait(struct journal *journal, uint64_t after_n, int64_t until_monotonic_ns,
                  const atomic_bool *stop);
void journal_wake(struct journal *journal);

#endif /* DELIVER_JOURNAL_H */
