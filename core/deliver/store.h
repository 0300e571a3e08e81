/* SPDX-License-Identifier: MIT */
/*
 * store.h - the directory of the journal: who owns it, its epoch, its segments in order.
 *
 *      DIR/lock              held by the one daemon that writes here
 *      DIR/epoch             see epoch.h
 *      DIR/<first seq>.seg   oldest first
 *      DIR/compact.new       a segment that is being compacted
 *      DIR/….damaged         set aside: the header was no good, or it is of another epoch
 *      DIR/spare             see spare.h
 *      DIR/confirmed         see confirm.h
 *
 * One thread changes it. Others may look at `segments` under the journal's lock, and whoever changes that array holds it
 * for this and not for the waiting on the disk.
 */
#ifndef DELIVER_STORE_H
#define DELIVER_STORE_H

#include "deliver/epoch.h"
#include "deliver/segment.h"
#include "deliver/spare.h"

#define STORE_COMPACT "compact.new"

struct store {
    int dir, lock, last_fd; /* last_fd: of the last segment, for writing; -1 */
    bool writable;
    struct epoch epoch;
    struct segment *segments; /* owned */
    size_t count, capacity;
    uint64_t next_id;
    struct spare spare;
    uint64_t damaged, torn; /* places in the middle and whole files; cut tails */
    /* numbers that files set aside gave away; 0: none */
    uint64_t aside_first_n, aside_last_n, aside_last_seq;
    struct buffer scratch;
};

enum store_mode { STORE_READ, STORE_WRITE, STORE_WRITE_NEW_EPOCH };

/*
 * Open or make the directory. The writer takes the lock (-EBUSY when another holds it), cuts a torn tail and says so; a
 * reader changes nothing. With a new epoch all that was kept is deleted. -EBADMSG when it is not this host's: then
 * nothing was changed.
 */
int store_open(const char *path, enum store_mode mode, struct store *ret, struct error *reterr);
void store_close(struct store *store);

static inline struct segment *store_last(const struct store *store)
{
    return store->count ? &store->segments[store->count - 1] : NULL;
}
/* The n behind the findings that segment i holds or should hold. */
uint64_t store_end_n(const struct store *store, size_t i);

/* A descriptor to read segment i by; the caller closes it. -ESTALE: it is another file now. */
int store_read_fd(const struct store *store, size_t i);

/* ---- for the writer ----------------------------------------------------- */

/* Room for one more segment in the array, so that store_push() cannot fail. Lock. */
int store_reserve(struct store *store);
/* A new last segment with room for `need` bytes, durable with its name; it is not in the array yet. 0, -ENOSPC, -EIO. */
int store_create(struct store *store, uint64_t need, struct segment *segment, int *ret_fd);
/* Lock. The one that was last gives its unused room back. */
void store_push(struct store *store, const struct segment *segment, int fd);
/* Take segment i away, its file too. Lock; a sync of the directory is the caller's. 0 or -errno: it stays. */
int store_drop(struct store *store, size_t i);

/* For a reader: see what the writer did since. */
void store_refresh(struct store *store);

#endif /* DELIVER_STORE_H */
