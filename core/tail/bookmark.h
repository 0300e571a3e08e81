/* SPDX-License-Identifier: MIT */
/*
 * bookmark.h - how far a file was read, so that a restart goes on there.
 *
 *      file:   oddline bookmarks 1
 *              <device inode generation head_len head marker_len marker offset size note seen flags path>
 *              ...
 *              end <hash of all lines above>
 *
 * The book holds the bookmarks of files that are not followed now: those read from disk and not met yet, and those of
 * files that went away. At most BOOK_MAX, none older than BOOK_DAYS; the oldest go first.
 */
#ifndef TAIL_BOOKMARK_H
#define TAIL_BOOKMARK_H

#include "base/bytes.h"
#include "base/error.h"
#include "tail/identity.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

enum {
    BOOK_MAX = 20000,
    BOOK_LEFT_MAX =
        2000, /* of files that went away while running: they are written each time */
    BOOK_DAYS = 30,
    BOOK_BUCKETS = 4096,
};

enum bookmark_flag {
    BOOKMARK_ARCHIVE = 1, /* offset and head are unpacked bytes */
    BOOKMARK_DONE = 2,    /* read to an end that is final */
    BOOKMARK_DELETED = 4, /* its inode belongs to nobody, or to another file */
    BOOKMARK_DISK = 8,    /* from before the restart, not met yet (not saved) */
    BOOKMARK_OLD = 16,    /* as of the last mark, replaced by the next (not saved) */
    BOOKMARK_NEW = 32,    /* not yet marked: not written (not saved) */
};

struct bookmark {
    char *path; /* owned by the book */
    struct identity identity;
    uint64_t offset, size, note; /* size: on disk, when it was marked */
    int64_t seen_s;              /* wall clock */
    uint32_t flags;
    TAILQ_ENTRY(bookmark) age;
    LIST_ENTRY(bookmark) chain;
};

LIST_HEAD(bookmark_chain, bookmark);
TAILQ_HEAD(bookmark_ages, bookmark);

struct book {
    struct bookmark_ages ages; /* the oldest first */
    struct bookmark_chain chains[BOOK_BUCKETS];
    size_t count, unsettled; /* unsettled: OLD or NEW */
};

void book_init(struct book *book);
void book_free(struct book *book);
/* Copies it; forgets the oldest when full. Out of memory: the file will be read again, as if it were new. */
void book_add(struct book *book, const struct bookmark *mark);
/* The same for a file that went away just now: few of those are kept. */
void book_leave(struct book *book, const struct bookmark *mark);
void book_remove(struct book *book, struct bookmark *mark);
/* The next one with this inode: pass NULL to begin. */
struct bookmark *book_next(const struct book *book, uint64_t inode,
                           const struct bookmark *last);
/* A mark was made: what is OLD goes, what is NEW counts. */
void book_settle(struct book *book);

/*
 * Read the file into the book. One that does not exist is empty.
 *   Returns  0; -EBADMSG when it is damaged: moved aside as `path.bad`, the book is left empty; -errno
 */
int book_load(struct book *book, const char *path, struct error *reterr);

/* Write: begin, put each, end. `out` keeps its memory for the next time. */
void book_begin(struct buffer *out);
void book_put(struct buffer *out, const struct bookmark *mark, const char *path);
/* Adds the checksum, and makes it durable under `path`. */
int book_end(struct buffer *out, const char *path, struct error *reterr);

#endif /* TAIL_BOOKMARK_H */
