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

/* Whoever follows a source hears of this; NULL for one that is read alone. */
struct source_watch {
    void (*changed)(struct source *source); /* consumed, or another note */
    /* Its content begins anew, still as it was; returns up to where the old one comes from elsewhere. */
    uint64_t (*cut)(struct source *source);
};

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
    int fd;             /* -1 while parked; a pipe's is the caller's */
    uint64_t offset;    /* consumed */
    uint64_t limit;     /* of a file: reads stop there for now; UINT64_MAX: nowhere */
    uint64_t cut;       /* the size it was seen to shrink from */
    uint64_t seen;      /* size when last looked at, or as far as it was read */
    int64_t mtime_ns;   /* when last looked at */
    size_t shown;       /* bytes the last read showed and nobody consumed */
    bool moved;         /* consumed something since the last read */
    bool idle;          /* the last read found nothing */
    bool final;         /* nothing will be written any more: the end is the end */
    bool ended;         /* -ENODATA or -EBADMSG was said */
    bool hollow;        /* was cut off: NULs at its beginning are a stale writer's hole */
    bool torn;          /* bytes were skipped in the midst of a line: on to the next one */
    bool patient;       /* an archive that breaks off may still be being written */
    int64_t failing_ns; /* since when reads have failed, monotonic; 0 = they do not */
    struct identity identity;
    struct marker marker;
    struct keep keep;
    struct unpack *unpack; /* an archive at work */
    uint64_t gap;
    const char *gap_reason;
    uint64_t note; /* the caller's, kept in the bookmark */
    uint64_t serial, origin;
    const struct source_watch *watch;
    uint32_t group;
    void *user, *owner; /* the caller's; tail's */
};

/* Like source_open(), for a path in which somebody else may have put something: open.h. */
int source_follow(const char *path, struct source **ret, struct error *reterr);

/* What the source has lost, and why; a reason outlives the source (a literal). */
void source_lose(struct source *source, uint64_t bytes, const char *reason);
/* The same, also when it is not known that there were any. */
void source_say(struct source *source, uint64_t bytes, const char *reason);
/* Go on `bytes` further, without showing them: they are lost. */
void source_skip(struct source *source, uint64_t bytes, const char *reason);
/* After a read of `got` bytes: does it show anything that the read before did not, or was something consumed since? */
bool source_shows(struct source *source, size_t got, size_t size);

/* The head's fingerprint grows with what was consumed, until it is IDENTITY_HEAD_BYTES long. */
void source_grow_head(struct source *source);

void source_park(struct source *source);
/* A parked source of the file with this identity; source_unpark() or source_share() opens it. */
int source_twin(const char *path, const struct identity *identity, bool archive,
                struct source **ret);
/* Read through a duplicate of this descriptor: nothing here depends on a position that it has. */
int source_share(struct source *source, int fd);
/* Open `path`, which must be the very same file: -ESTALE when it is another, -errno. */
int source_unpark(struct source *source, const char *path);
/* The file has a new name. */
int source_rename(struct source *source, const char *path);

/* Size and mtime from a stat that somebody made anyway. */
void source_saw(struct source *source, const struct stat *st);

extern const struct source_ops file_ops, archive_ops, pipe_ops;

#endif /* TAIL_INNER_H */
