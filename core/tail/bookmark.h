/* SPDX-License-Identifier: MIT */
/*
 * bookmark.h - how far a file was read, so that a restart goes on there; and the book of those not followed now.
 *
 *      packed:  version | serial origin note offset size seen flags device inode generation head_len marker_len
 *               | boot head marker | path NUL                           (numbers are as long as they need: about 60 bytes)
 *
 * The book holds the bookmarks of files that are not followed: those of an earlier run that were not met yet, and those of
 * files that went away. At most BOOK_MAX, none older than BOOK_DAYS; the oldest go first. Who keeps bookmarks over a restart
 * is the caller's affair: it packs what tail_changes() and tail_all() show, and gives it back with tail_know().
 */
#ifndef TAIL_BOOKMARK_H
#define TAIL_BOOKMARK_H

#include "base/pack.h"
#include "tail/identity.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

enum {
    BOOK_MAX = 20000,
    BOOK_LEFT_MAX = 2000, /* of files that went away while running: each snapshot has them */
    BOOK_DAYS = 30,
    BOOK_BUCKETS = 4096,
};

enum bookmark_flag {
    BOOKMARK_ARCHIVE = 1, /* offset and head are unpacked bytes */
    BOOKMARK_DONE = 2,    /* an archive, read to its end */
    BOOKMARK_DELETED =
        4,               /* its inode belongs to nobody, to another file, or to a new content */
    BOOKMARK_LEFT = 8,   /* let go of: nothing will be read under its serial in this run */
    BOOKMARK_UNMET = 16, /* of an earlier run, and not looked for yet (not packed) */
};

struct bookmark {
    const char *path; /* lent; in the book its own copy */
    struct identity identity;
    uint64_t serial;       /* of this content of this file, for ever */
    uint64_t origin;       /* serial of the one it continues (an archive, a copy); 0 = none */
    uint64_t offset, size; /* size: on disk, when it was marked */
    uint64_t note;         /* the caller's */
    uint64_t boot;         /* hash of the machine's boot id when it was marked; 0 = unknown */
    int64_t seen_s;        /* wall clock */
    uint32_t flags;
    /* ---- the book's own ---- */
    char *own_path;
    bool fresh;
    bool continued; /* an archive goes on where this ends: nobody need look for it */
    TAILQ_ENTRY(bookmark) age, news;
    LIST_ENTRY(bookmark) inode_chain, serial_chain;
};

void bookmark_pack(const struct bookmark *mark, struct buffer *out);
/* The path is lent from the input. -EBADMSG, and *ret as it was, when it is no bookmark. */
int bookmark_unpack(struct unpacker *in, struct bookmark *ret);

LIST_HEAD(bookmark_chain, bookmark);
TAILQ_HEAD(bookmark_ages, bookmark);

struct book {
    struct bookmark_ages ages;  /* the oldest first */
    struct bookmark_ages fresh; /* left, and nobody has asked since */
    struct bookmark_chain inodes[BOOK_BUCKETS], serials[BOOK_BUCKETS];
    size_t count;
};

void book_init(struct book *book);
void book_free(struct book *book);
/* Copies it, in the place of one with its serial; forgets the oldest when full. -ENOMEM: that file will look new. */
int book_add(struct book *book, const struct bookmark *mark);
/* The same for a file that went away just now: few of those are kept, and it is fresh. */
void book_leave(struct book *book, const struct bookmark *mark);
void book_remove(struct book *book, struct bookmark *mark);
/* What it is of is not there any more: it stays, for whoever reads that again. */
void book_gone(struct book *book, struct bookmark *mark);
/* The next one with this inode: pass NULL to begin. */
struct bookmark *book_next(const struct book *book, uint64_t inode,
                           const struct bookmark *last);
struct bookmark *book_find(const struct book *book, uint64_t serial);
/* One that is fresh, and not any more after that; NULL = no more. */
struct bookmark *book_news(struct book *book);

#endif /* TAIL_BOOKMARK_H */
