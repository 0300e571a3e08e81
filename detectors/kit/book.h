/* SPDX-License-Identifier: MIT */
/*
 * book.h - entries of one size, looked up by number: what a detector knows of each template, each user, each path.
 *
 *      index   id ──▶ [ 3 | - | 1 | 2 | - ... ]       open addressing, twice as large as the book
 *      book            [ entry 0 | entry 1 | ... ]    doubles up to `most`
 *
 * An entry begins with its id, a uint64_t that is not 0. Adding and removing moves entries: keep no pointer over it.
 */
#ifndef KIT_BOOK_H
#define KIT_BOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct book {
    size_t each, most;
    size_t used, room;
    unsigned char *entries; /* [room], owned, in a row: saving them is lending them */
    uint32_t *index;        /* [2 room], owned: 1 + number of the entry */
};

/* False: out of memory. */
bool book_open(struct book *book, size_t each, size_t most);
void book_close(struct book *book);
void *book_at(const struct book *book, size_t i);
void *book_find(const struct book *book, uint64_t id); /* NULL: it is not there */
/* A new entry of zero bytes but for its id, which must not be there. NULL: full, or out of memory. */
void *book_add(struct book *book, uint64_t id);
/* The last entry takes its place. */
void book_remove(struct book *book, void *entry);
/* Entries that were saved, in place of those that are there. False: two are the same, or it went out of memory; then it is empty. */
bool book_load(struct book *book, const void *entries, size_t count);

#endif /* KIT_BOOK_H */
