/* SPDX-License-Identifier: MIT */
/*
 * inner.h - what a source is made of, for this room only.
 *
 *      source.c ──ops──▶ file.c | archive.c | pipe.c          tail.c: park, unpark, adopt a new name
 *
 * Files and archives may be parked: the descriptor is closed, all else stays, so that 10,000 idle files need no 10,000
 * descriptors. Unparking opens the path again and insists on the same identity.
 */
#ifndef TAIL_INNER_H
#define TAIL_INNER_H

#include "tail/identity.h"
#include "tail/source.h"

struct source_ops {
    enum source_kind kind;
    ssize_t (*read)(struct source *source, void *buf, size_t size);
    void (*consume)(struct source *source, const char *buf, size_t got, size_t used);
    void (*release)(struct source *source); /* memory of its own; NULL = none */
};

/* What the reader left of a source that cannot go back: keep.h. */
struct keep {
    char *at;
    size_t len, capacity;
    bool lent; /* fresh bytes lie with the reader only */
};

struct source {
    const struct source_ops *ops;
    char *path;
    int fd;           /* -1 while parked; a pipe's is the caller's */
    uint64_t offset;  /* consumed */
    uint64_t cut;     /* the size it was seen to shrink from */
    uint64_t seen;    /* size when last looked at, or as far as it was read */
    int64_t mtime_ns; /* when last looked at */
    size_t shown;     /* bytes the last read showed and nobody consumed */
    bool moved;       /* consumed something since the last read */
    bool idle;        /* the last read found nothing */
    bool final;       /* nothing will be written any more: the end is the end */
    bool ended;       /* -ENODATA or -EBADMSG was said */
    struct identity identity;
    struct marker marker;
    struct keep keep;
    struct unpack *unpack; /* an archive at work */
    uint64_t gap;
    const char *gap_reason;
    uint64_t note; /* the caller's, kept in the bookmark */
    uint32_t group;
    void *user, *owner; /* the caller's; tail's */
};

/* What the source has lost, and why; a reason outlives the source (a literal). */
void source_lose(struct source *source, uint64_t bytes, const char *reason);
/* After a read of `got` bytes: does it show anything that the read before did not, or was something consumed since? */
bool source_shows(struct source *source, size_t got, size_t size);

/* The head's fingerprint grows with what was consumed, until it is IDENTITY_HEAD_BYTES long. */
void source_grow_head(struct source *source);
/* Begin (a file, nothing read yet) at `offset`; -ENODATA when it is shorter. */
int source_seek(struct source *source, uint64_t offset);

void source_park(struct source *source);
/* Open `path`, which must be the very same file: -ESTALE when it is another, -errno. */
int source_unpark(struct source *source, const char *path);
/* The file has a new name. */
int source_rename(struct source *source, const char *path);

/* Size and mtime from a stat that somebody made anyway. */
void source_saw(struct source *source, const struct stat *st);

extern const struct source_ops file_ops, archive_ops, pipe_ops;

#endif /* TAIL_INNER_H */
