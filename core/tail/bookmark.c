/* SPDX-License-Identifier: MIT */

#include "tail/bookmark.h"

#include "base/check.h"

#include <stdlib.h>
#include <string.h>

enum { UNSETTLED = BOOKMARK_OLD | BOOKMARK_NEW };

void book_init(struct book *book)
{
    *book = (struct book){0};
    TAILQ_INIT(&book->ages);
}

void book_free(struct book *book)
{
    while (!TAILQ_EMPTY(&book->ages))
        book_remove(book, TAILQ_FIRST(&book->ages));
}

static struct bookmark_chain *book_chain(struct book *book, uint64_t inode)
{
    return &book->chains[inode % BOOK_BUCKETS];
}

void book_add(struct book *book, const struct bookmark *mark)
{
    struct bookmark *copy = malloc(sizeof(*copy));
    char *path = strdup(mark->path);
    if (!copy || !path) {
        free(copy);
        free(path);
        return;
    }
    if (book->count >= BOOK_MAX)
        book_remove(book, TAILQ_FIRST(&book->ages));
    *copy = *mark;
    copy->path = path;
    TAILQ_INSERT_TAIL(&book->ages, copy, age);
    LIST_INSERT_HEAD(book_chain(book, mark->identity.inode), copy, chain);
    book->count++;
    book->unsettled += (mark->flags & UNSETTLED) != 0;
}

void book_leave(struct book *book, const struct bookmark *mark)
{
    for (struct bookmark *old; book->count >= BOOK_LEFT_MAX;) {
        old = TAILQ_FIRST(&book->ages);
        if (old->flags & (BOOKMARK_DISK | BOOKMARK_OLD))
            break; // still needed
        book_remove(book, old);
    }
    book_add(book, mark);
}

void book_remove(struct book *book, struct bookmark *mark)
{
    CHECK(book->count > 0);
    TAILQ_REMOVE(&book->ages, mark, age);
    LIST_REMOVE(mark, chain);
    book->count--;
    book->unsettled -= (mark->flags & UNSETTLED) != 0;
    free(mark->path);
    free(mark);
}

struct bookmark *book_next(const struct book *book, uint64_t inode, const struct bookmark *last)
{
    struct bookmark *mark =
        last ? LIST_NEXT(last, chain) : LIST_FIRST(&book->chains[inode % BOOK_BUCKETS]);
    while (mark && mark->identity.inode != inode)
        mark = LIST_NEXT(mark, chain);
    return mark;
}

void book_settle(struct book *book)
{
    struct bookmark *mark = book->unsettled > 0 ? TAILQ_FIRST(&book->ages) : NULL;
    while (mark) {
        struct bookmark *next = TAILQ_NEXT(mark, age);
        book->unsettled -= (mark->flags & BOOKMARK_NEW) != 0;
        mark->flags &= ~(uint32_t)BOOKMARK_NEW;
        if (mark->flags & BOOKMARK_OLD)
            book_remove(book, mark);
        mark = next;
    }
}
