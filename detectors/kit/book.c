/* SPDX-License-Identifier: MIT */

#include "kit/book.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 64 };

void *book_at(const struct book *book, size_t i)
{
    return book->entries + i * book->each;
}

static uint64_t id_of(const struct book *book, size_t i)
{
    uint64_t id;
    memcpy(&id, book_at(book, i), sizeof(id));
    return id;
}

/* Where the entry of that id is said to be, or would be. */
static uint32_t *place_of(const struct book *book, uint64_t id)
{
    size_t mask = 2 * book->room - 1, at = (size_t)id & mask;
    while (book->index[at] && id_of(book, book->index[at] - 1) != id)
        at = (at + 1) & mask;
    return &book->index[at];
}

static void index_all(struct book *book)
{
    memset(book->index, 0, 2 * book->room * sizeof(*book->index));
    for (size_t i = 0; i < book->used; i++)
        *place_of(book, id_of(book, i)) = (uint32_t)i + 1;
}

static bool grow(struct book *book)
{
    size_t room = book->room ? 2 * book->room : FIRST_ROOM;
    uint32_t *index = calloc(2 * room, sizeof(*index));
    unsigned char *entries = index ? realloc(book->entries, room * book->each) : NULL;
    if (!entries) {
        free(index);
        return false;
    }
    free(book->index);
    book->index = index;
    book->entries = entries;
    book->room = room;
    index_all(book);
    return true;
}

bool book_open(struct book *book, size_t each, size_t most)
{
    *book = (struct book){.each = each, .most = most};
    return grow(book);
}

void book_close(struct book *book)
{
    free(book->entries);
    free(book->index);
}

void *book_find(const struct book *book, uint64_t id)
{
    uint32_t at = *place_of(book, id);
    return at ? book_at(book, at - 1) : NULL;
}

void *book_add(struct book *book, uint64_t id)
{
    if (book->used == book->most || (book->used == book->room && !grow(book)))
        return NULL;
    void *entry = book_at(book, book->used);
    memset(entry, 0, book->each);
    *place_of(book, id) = (uint32_t)++book->used;
    memcpy(entry, &id, sizeof(id));
    return entry;
}

void book_remove(struct book *book, void *entry)
{
    const void *last = book_at(book, --book->used);
    if (entry != last)
        memcpy(entry, last, book->each);
    index_all(book);
}

bool book_load(struct book *book, const void *entries, size_t count)
{
    const unsigned char *from = entries;
    book->used = 0;
    index_all(book);
    bool good = count <= book->most;
    for (size_t i = 0; i < count && good; i++) {
        uint64_t id;
        memcpy(&id, from + i * book->each, sizeof(id));
        void *entry = id && !book_find(book, id) ? book_add(book, id) : NULL;
        if (entry)
            memcpy(entry, from + i * book->each, book->each);
        good = entry != NULL;
    }
    if (!good) {
        book->used = 0;
        index_all(book);
    }
    return good;
}
