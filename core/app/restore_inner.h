/* SPDX-License-Identifier: MIT */
/*
 * restore_inner.h - what is known of the run before, for restore.c, which loads it, and restore_replay.c, which does its steps again.
 */
#ifndef APP_RESTORE_INNER_H
#define APP_RESTORE_INNER_H

#include "app/daemon.h"
#include "app/restore.h"

/* A source of the run before. */
struct back {
    uint32_t number;
    struct feed *feed;     /* NULL: none open */
    struct source *source; /* opened to be read once more; NULL when not */
    uint64_t offset, size; /* as of the last block */
    uint64_t path;         /* its hash */
    bool followed;         /* the tail looks for it by its name, and says what became of it */
    bool left;             /* it was let go of */
    bool gone;             /* what was read of it cannot be read any more */
    uint64_t gone_at;      /* from this offset on */
};

struct restore {
    struct daemon *daemon;
    struct snapshot *snapshot; /* NULL: none that is any good */
    bool warm;                 /* its state is this build's */
    uint64_t seq;              /* the block that it was cut at */
    uint64_t next_n;
    struct conservation bytes; /* as of the last block */
    uint64_t serials;          /* of sources, that were given */
    struct back *backs;        /* [count], by number */
    size_t count, max;
    bool *restored; /* [DAEMON_STREAMS_MAX]: the slot's stream is as it was */
    uint64_t blocks, steps;
};

struct back *restore_find(const struct restore *restore, uint32_t number);
/* Found or made; pointers to others move. */
struct back *restore_get(struct restore *restore, uint32_t number);
/* The slot of that stream, NULL when there is none any more. */
struct slot *restore_slot(struct daemon *daemon, uint64_t key);
/* Is its stream as it was? */
bool restore_has(const struct restore *restore, const struct slot *slot);
/* Streams and sources as they were at the snapshot. */
void restore_bring(struct restore *restore);

#endif /* APP_RESTORE_INNER_H */
