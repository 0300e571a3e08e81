/* SPDX-License-Identifier: MIT */

#include "tail/bookmark.h"

#include "base/check.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* ---- packed ---------------------------------------------------------------- */

enum {
    PACK_VERSION = 2,
    PACK_NUMBERS = 12,
    PACKED_FLAGS = BOOKMARK_ARCHIVE | BOOKMARK_DONE | BOOKMARK_DELETED | BOOKMARK_LEFT,
};

/* Seven bits a byte, the lowest first: most numbers are small. */
static void put_number(struct buffer *out, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        buffer_char(out, (char)(value | 0x80));
    buffer_char(out, (char)value);
}

static unsigned char take_byte(struct unpacker *in)
{
    if (in->bad || in->rest.len == 0) {
        in->bad = true;
        return 0;
    }
    in->rest.len--;
    return (unsigned char)*in->rest.at++;
}

static uint64_t take_number(struct unpacker *in)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        unsigned char c = take_byte(in);
        value |= (uint64_t)(c & 0x7f) << shift;
        if (c < 0x80)
            return value;
    }
    in->bad = true; // no number is so long
    return 0;
}

void bookmark_pack(const struct bookmark *mark, struct buffer *out)
{
    const struct identity *id = &mark->identity;
    const uint64_t numbers[PACK_NUMBERS] = {
        mark->serial,
        mark->origin,
        mark->note,
        mark->offset,
        mark->size,
        id->device,
        id->inode,
        id->generation,
        id->head_len,
        id->marker_len,
        (uint64_t)mark->seen_s,
        mark->flags & PACKED_FLAGS,
    };
    size_t len = strlen(mark->path);
    buffer_char(out, PACK_VERSION);
    for (size_t i = 0; i < PACK_NUMBERS; i++)
        put_number(out, numbers[i]);
    pack_u64(out, mark->boot);
    pack_u64(out, id->head);
    pack_u64(out, id->marker);
    put_number(out, len + 1);
    buffer_append(out, mark->path, len + 1); // with its end: it can be lent as it lies there
}

static const char *take_path(struct unpacker *in)
{
    uint64_t len = take_number(in);
    const char *path = in->rest.at;
    if (in->bad || len < 2 || len > PATH_MAX || len > in->rest.len ||
        memchr(path, '\0', (size_t)len) != path + len - 1) {
        in->bad = true;
        return NULL;
    }
    in->rest.at += len;
    in->rest.len -= (size_t)len;
    return path;
}

int bookmark_unpack(struct unpacker *in, struct bookmark *ret)
{
    uint64_t n[PACK_NUMBERS];
    if (take_byte(in) != PACK_VERSION)
        in->bad = true;
    for (size_t i = 0; i < PACK_NUMBERS; i++)
        n[i] = take_number(in);
    if (in->bad || n[0] == 0 || n[8] > IDENTITY_HEAD_BYTES || n[9] > MARKER_BYTES ||
        n[9] > n[3] || n[11] > PACKED_FLAGS)
        return -EBADMSG;
    struct bookmark mark = {
        .serial = n[0],
        .origin = n[1],
        .note = n[2],
        .offset = n[3],
        .size = n[4],
        .seen_s = (int64_t)n[10],
        .flags = (uint32_t)n[11],
        .boot = unpack_u64(in),
    };
    mark.identity = (struct identity){
        .device = n[5],
        .inode = n[6],
        .generation = n[7],
        .head_len = (uint32_t)n[8],
        .marker_len = (uint32_t)n[9],
    };
    mark.identity.head = unpack_u64(in);
    mark.identity.marker = unpack_u64(in);
    mark.path = take_path(in);
    if (in->bad)
        return -EBADMSG;
    *ret = mark;
    return 0;
}

/* ---- the book ---------------------------------------------------------------- */

void book_init(struct book *book)
{
    *book = (struct book){0};
    TAILQ_INIT(&book->ages);
    TAILQ_INIT(&book->fresh);
}

void book_free(struct book *book)
{
    while (!TAILQ_EMPTY(&book->ages))
        book_remove(book, TAILQ_FIRST(&book->ages));
}

int book_add(struct book *book, const struct bookmark *mark)
{
    struct bookmark *copy = malloc(sizeof(*copy));
    char *path = strdup(mark->path);
    if (!copy || !path) {
        free(copy);
        free(path);
        return -ENOMEM;
    }
    struct bookmark *old = book_find(book, mark->serial);
    if (old)
        book_remove(book, old);
    if (book->count >= BOOK_MAX)
        book_remove(book, TAILQ_FIRST(&book->ages));
    *copy = *mark;
    copy->path = copy->own_path = path;
    copy->fresh = copy->continued = false;
    TAILQ_INSERT_TAIL(&book->ages, copy, age);
    LIST_INSERT_HEAD(&book->inodes[mark->identity.inode % BOOK_BUCKETS], copy, inode_chain);
    LIST_INSERT_HEAD(&book->serials[mark->serial % BOOK_BUCKETS], copy, serial_chain);
    book->count++;
    return 0;
}

static void book_tell(struct book *book, struct bookmark *mark)
{
    if (!mark->fresh)
        TAILQ_INSERT_TAIL(&book->fresh, mark, news);
    mark->fresh = true;
}

void book_leave(struct book *book, const struct bookmark *mark)
{
    for (struct bookmark *old; book->count >= BOOK_LEFT_MAX;) {
        old = TAILQ_FIRST(&book->ages);
        // NOLINTNEXTLINE(clang-analyzer-unix.Malloc): book_remove() takes it out of the list
        if (old->fresh || (old->flags & BOOKMARK_UNMET))
            break; // still needed
        book_remove(book, old);
    }
    if (book_add(book, mark) < 0)
        return;
    book_tell(book, TAILQ_LAST(&book->ages, bookmark_ages));
}

void book_gone(struct book *book, struct bookmark *mark)
{
    mark->flags &= ~(uint32_t)BOOKMARK_UNMET;
    mark->flags |= BOOKMARK_DELETED | BOOKMARK_LEFT;
    book_tell(book, mark);
}

void book_remove(struct book *book, struct bookmark *mark)
{
    CHECK(book->count > 0);
    if (mark->fresh)
        TAILQ_REMOVE(&book->fresh, mark, news);
    TAILQ_REMOVE(&book->ages, mark, age);
    LIST_REMOVE(mark, inode_chain);
    LIST_REMOVE(mark, serial_chain);
    book->count--;
    free(mark->own_path);
    free(mark);
}

struct bookmark *book_next(const struct book *book, uint64_t inode, const struct bookmark *last)
{
    struct bookmark *mark =
        last ? LIST_NEXT(last, inode_chain) : LIST_FIRST(&book->inodes[inode % BOOK_BUCKETS]);
    while (mark && mark->identity.inode != inode)
        mark = LIST_NEXT(mark, inode_chain);
    return mark;
}

struct bookmark *book_find(const struct book *book, uint64_t serial)
{
    struct bookmark *mark = LIST_FIRST(&book->serials[serial % BOOK_BUCKETS]);
    while (mark && mark->serial != serial)
        mark = LIST_NEXT(mark, serial_chain);
    return mark;
}

struct bookmark *book_news(struct book *book)
{
    struct bookmark *mark = TAILQ_FIRST(&book->fresh);
    if (mark) {
        TAILQ_REMOVE(&book->fresh, mark, news);
        mark->fresh = false;
    }
    return mark;
}
