/* SPDX-License-Identifier: MIT */
/*
 * journal_inner.h - what journal.c, journal_read.c, journal_write.c and tidy.c share.
 *
 *      journal.c       opening, counting, confirming
 *      journal_write.c putting, committing
 *      journal_read.c  reading findings, replaying blocks
 *      tidy.c          what is kept, compacted, deleted
 *
 * The mutex guards what is marked so. The writer's thread changes `store` under it and so may look without it.
 */
#ifndef DELIVER_JOURNAL_INNER_H
#define DELIVER_JOURNAL_INNER_H

#include "deliver/confirm.h"
#include "deliver/journal.h"
#include "deliver/store.h"

#include <pthread.h>

struct journal {
    uint64_t max_bytes, keep_bytes;
    int64_t keep_ns;
    atomic_bool dead; /* a sync failed: nothing is written any more */
    _Atomic uint64_t keep_seq;

    pthread_mutex_t mutex; /* guards these; never held while waiting for the disk to write */
    pthread_cond_t grown;
    struct store store;
    uint64_t next_n, seq; /* of the findings and blocks that are durable */
    struct confirm confirm;
    bool unsaved, saving; /* of confirm */
    int64_t saved_ns;
    struct journal_counts counts;

    /* the writer's own */
    struct buffer block,
        data;         /* the block being built, but for what was spilled; one finding */
    uint64_t spilled; /* its first bytes, which stand behind the last block already */
    size_t pending;
    struct journal_reader mover; /* of the compaction; room is NULL until the first one */
};

void journal_lock(struct journal *journal);
void journal_unlock(struct journal *journal);

/* What the finding becomes with this n. */
void journal_number(const struct journal *journal, struct finding *f, uint64_t n,
                    int64_t now_ns);
/* As it stands in a frame; its data is lent from the buffer. */
struct entry journal_entry(const struct finding *f, const struct buffer *data);

/* ---- tidy.c ------------------------------------------------------------- */

/* Bytes of findings that some sink has not confirmed; `ret_lowest` is the n that all have. Lock, or the writer. */
uint64_t tidy_unconfirmed(const struct journal *journal, uint64_t *ret_lowest);
/*
 * Delete or compact one segment that is needed no more. The bytes that this freed, 0 when there is nothing to do or no
 * room to do it, -EIO. The writer, without the lock.
 */
int64_t tidy_one(struct journal *journal);

#endif /* DELIVER_JOURNAL_INNER_H */
