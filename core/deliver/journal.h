/* SPDX-License-Identifier: MIT */
/*
 * journal.h - what was read and what was found, durable; and the outbox: its findings that a sink has not confirmed.
 *
 *      judge ──append──▶ [ segment | segment | segment | segment ] ──read──▶ one courier thread per sink
 *                          reclaimed when all sinks confirmed it      ◀──confirm──
 *
 * Every finding gets the next n (dense, from 1) of this directory's epoch, and is synced before anybody can read it. When
 * what is not confirmed fills the bound, append says -ENOSPC and the caller waits: the log file is the backlog. A finding that
 * was damaged on disk is read as a finding of kind gap with the same n, so that n stays dense for ever.
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
    uint64_t max_bytes; /* 0: JOURNAL_BYTES_DEFAULT; never less than JOURNAL_BYTES_LEAST */
    bool
        new_epoch; /* forget what is kept and begin again with n = 1 and a new epoch (run --new-epoch) */
};
enum {
    JOURNAL_BYTES_DEFAULT = 64 << 20,
    JOURNAL_BYTES_LEAST = 256 << 10,
    JOURNAL_SEGMENTS = 4,   /* the bound is cut in so many files; the oldest goes first */
    JOURNAL_READ_MAX = 128, /* entries per read; together they are about 1 MiB at most */
};

/* -EBUSY when another daemon writes there. The directory is made when it is not there; its parent must be. */
int journal_open(const char *dir, const struct journal_options *options, struct journal **ret,
                struct error *reterr);
/* To look at it while the daemon runs; only journal_read(), journal_next_n(), journal_epoch() work. */
int journal_open_readonly(const char *dir, struct journal **ret, struct error *reterr);
void journal_close(struct journal *journal); /* accepts NULL; every reader and thread has left */

/*
 * Make `count` findings durable, all or none. Fills in epoch, n, id (when it is "") and detected_ns (when it is NO_TIME).
 * A resolved or revised finding comes with the id that it got the first time; n is new each time.
 *
 *   Returns  0; -ENOSPC when sinks lag too far behind or the disk is full: wait and come again; -EMSGSIZE when the findings
 *            are too many for one call; other -errno of the disk. After an error the findings are unchanged.
 *   Thread   any; one fdatasync(2) a call
 */
int journal_append(struct journal *journal, struct finding *findings, size_t count,
                  struct error *reterr);

uint64_t journal_epoch(struct journal *journal);
/* The n that the next finding gets. */
uint64_t journal_next_n(struct journal *journal);
/* The lowest n still kept; equal to journal_next_n() when nothing is. */
uint64_t journal_first_n(struct journal *journal);
/* Damaged places found on disk since the opening. */
uint64_t journal_damaged(struct journal *journal);

/* ---- reading ------------------------------------------------------------ */

struct journal_reader {
    struct entry entries[JOURNAL_READ_MAX]; /* lent until the next read */
    size_t count;
    char *room; /* owned */
    size_t used;
    uint64_t next_n, segment_n, offset; /* where the read before this one ended */
};
int journal_reader_init(struct journal_reader *reader);
void journal_reader_free(struct journal_reader *reader);

/* Entries with n > after_n, ascending and dense, at most `max` (and JOURNAL_READ_MAX); reader->count is 0 at the end. */
void journal_read(struct journal *journal, struct journal_reader *reader, uint64_t after_n,
                 size_t max);

/* ---- confirming --------------------------------------------------------- */

/* From now on what `sink` has not confirmed is kept. Call before the first append. */
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
