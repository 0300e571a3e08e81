/* SPDX-License-Identifier: MIT */
/*
 * store.h - the directory of the outbox: who owns it, its epoch, its segments in order.
 *
 *      DIR/lock            held by the one daemon that writes here
 *      DIR/epoch           random, made with the directory
 *      DIR/<first n>.seg   oldest first
 *      DIR/….damaged        set aside: the header was no good
 *      DIR/confirmed       see confirm.h
 */
#ifndef DELIVER_STORE_H
#define DELIVER_STORE_H

#include "deliver/segment.h"

enum {
    STORE_SEGMENTS_MAX = 32, /* far above what the outbox keeps; more on disk are refused */
    STORE_NAME_SIZE = 32,
};

struct store {
    int dir, lock;
    bool writable, epoch_known;
    uint64_t epoch;
    struct segment segments[STORE_SEGMENTS_MAX];
    size_t count;
    uint64_t damaged; /* runs of bytes and whole files that were skipped */
};

enum store_mode { STORE_READ, STORE_WRITE, STORE_WRITE_NEW_EPOCH };

/*
 * Open or make the directory. The writer takes the lock (-EBUSY when another holds it), cuts a torn tail and says so;
 * a reader changes nothing. With a new epoch all that was kept is deleted.
 */
int store_open(const char *path, enum store_mode mode, struct store *ret, struct error *reterr);
void store_close(struct store *store);

/* A new segment at the end, durable with its name. */
int store_add(struct store *store, uint64_t first_n, struct error *reterr);
/* Delete the oldest segment. */
void store_drop_oldest(struct store *store);
/* For a reader: see what the writer did since. */
void store_refresh(struct store *store);

#endif /* DELIVER_STORE_H */
