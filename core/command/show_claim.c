/* SPDX-License-Identifier: MIT */

#include "command/show_claim.h"

#include "base/hash.h"
#include "record/record.h"
#include "tail/beside.h"
#include "tail/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECE_BYTES = 256 << 10 };

const char *claim_state_name(enum claim_state state)
{
    static const char *const names[] = {"verified", "changed", "gone"};
    return names[state];
}

void claim_place_free(struct claim_place *place)
{
    buffer_free(&place->around);
}

/* ---- reading a range ---------------------------------------------------- */

/* Appends the bytes [from, to) of a file, as far as they are there. */
static int read_file_range(const char *path, uint64_t from, uint64_t to, struct buffer *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return -errno;
    ssize_t got = 1;
    while (got > 0 && from < to) {
        got = pread(fd, buffer_room(out, to - from), to - from, (off_t)from);
        if (got > 0) {
            out->len += (size_t)got;
            from += (uint64_t)got;
        }
    }
    close(fd);
    return got < 0 ? -EIO : 0;
}

/* The same of an archive, which is unpacked up to there. */
static int read_archive_range(struct source *source, uint64_t from, uint64_t to,
                              struct buffer *out)
{
    char *piece = malloc(PIECE_BYTES);
    ssize_t got = piece ? 1 : 0;
    for (uint64_t at = 0; got > 0 && at < to; at += (uint64_t)got) {
        got = source_read(source, piece, PIECE_BYTES);
        if (got <= 0)
            break;
        uint64_t end = at + (uint64_t)got, low = from > at ? from : at,
                 high = to < end ? to : end;
        if (low < high)
            buffer_append(out, piece + (low - at), high - low);
        source_consume(source, piece, (size_t)got, (size_t)got);
    }
    free(piece);
    return piece ? 0 : -ENOMEM;
}

static int read_range(const char *path, uint64_t from, uint64_t to, struct buffer *out)
{
    struct source *source;
    int r = source_open(path, &source, NULL); // refuses what is no regular file
    if (r < 0)
        return r;
    r = source_kind(source) == SOURCE_ARCHIVE ? read_archive_range(source, from, to, out)
                                              : read_file_range(path, from, to, out);
    source_close(source);
    return r;
}

static bool is_record(const struct claim *claim, const char *at)
{
    return hash_bytes((struct bytes){at, claim->length}) == claim->hash;
}

/* Does the record stand at that place? *ret_there says whether there are so many bytes at all. */
static bool stands_at(const struct claim *claim, const char *path, uint64_t offset,
                      struct claim_place *ret, bool *ret_there)
{
    uint64_t from = offset > CLAIM_CONTEXT_BYTES ? offset - CLAIM_CONTEXT_BYTES : 0;
    size_t record = (size_t)(offset - from);
    struct buffer around = {0};
    int r = read_range(path, from, offset + claim->length + CLAIM_CONTEXT_BYTES, &around);
    bool there = r == 0 && around.len >= record + claim->length;
    if (!there || !is_record(claim, around.at + record)) {
        *ret_there |= there;
        buffer_free(&around);
        return false;
    }
    ret->state = CLAIM_VERIFIED;
    snprintf(ret->path, sizeof(ret->path), "%s", path);
    ret->offset = offset;
    ret->around = around;
    ret->record = record;
    return true;
}

/* ---- searching by hash -------------------------------------------------- */

/* A file that is gone through line by line. */
struct search {
    const struct claim *claim;
    char *text; /* [capacity] */
    size_t capacity, len;
    uint64_t offset;  /* of text */
    bool within;      /* text begins within a line that is too long to hold a record */
    uint64_t *budget; /* bytes that may still be read */
};

/* A record ends with its line, but for one that was cut. */
static bool may_end(const struct search *s, size_t end)
{
    return end == s->len || s->text[end] == '\n' || s->text[end] == '\r' ||
           s->claim->length >= RECORD_BYTES_MAX;
}

/* Look at each line that the text begins; true when *ret_at is the record. What is left unlooked-at moves to the front. */
static bool search_text(struct search *s, bool last, size_t *ret_at)
{
    size_t at = 0, length = s->claim->length;
    while (at < s->len) {
        size_t end = at + length;
        bool whole = last ? end <= s->len : end < s->len;
        if (!s->within && !whole && !last)
            break; // more is needed
        if (!s->within && whole && may_end(s, end) && is_record(s->claim, s->text + at)) {
            *ret_at = at;
            return true;
        }
        const char *newline = memchr(s->text + at, '\n', s->len - at);
        s->within = !newline;
        at = newline ? (size_t)(newline - s->text) + 1 : s->len;
    }
    memmove(s->text, s->text + at, s->len - at);
    s->offset += at;
    s->len -= at;
    return false;
}

static bool search_source(struct search *s, struct source *source, uint64_t *ret_offset)
{
    bool found = false, last = false;
    size_t at = 0;
    while (!found && !last && *s->budget) {
        char *room = s->text + s->len;
        ssize_t got = source_read(source, room, s->capacity - s->len);
        last = got <= 0;
        if (!last) {
            source_consume(source, room, (size_t)got, (size_t)got);
            s->len += (size_t)got;
            *s->budget -= *s->budget < (uint64_t)got ? *s->budget : (uint64_t)got;
        }
        found = search_text(s, last, &at);
    }
    *ret_offset = s->offset + at;
    return found;
}

static bool search_file(const struct claim *claim, const char *path, uint64_t *budget,
                        uint64_t *ret_offset)
{
    struct source *source;
    struct search s = {
        .claim = claim, .capacity = CLAIM_LENGTH_MAX + PIECE_BYTES, .budget = budget};
    if (source_open(path, &source, NULL) < 0)
        return false;
    s.text = malloc(s.capacity);
    bool found = s.text && search_source(&s, source, ret_offset);
    free(s.text);
    source_close(source);
    return found;
}

/* ---- neighbours --------------------------------------------------------- */

struct neighbours {
    const char *of;
    char *paths[CLAIM_NEIGHBOURS_MAX + 1]; /* itself first */
    size_t count;
};

static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool add_neighbour(void *context, const char *path, uint64_t inode)
{
    struct neighbours *n = context;
    const char *base = base_of(n->of);
    (void)inode;
    if (strncmp(base_of(path), base, strcspn(base, ".")) != 0 ||
        strcmp(base_of(path), base) == 0)
        return false;
    char *copy = strdup(path);
    if (copy)
        n->paths[n->count++] = copy;
    return n->count > CLAIM_NEIGHBOURS_MAX;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void find_neighbours(const char *path, struct neighbours *ret)
{
    *ret = (struct neighbours){.of = path};
    ret->paths[0] = strdup(path);
    ret->count = ret->paths[0] != NULL;
    beside_each(path, add_neighbour, ret);
    if (ret->count > 1) // a directory has no order
        qsort(ret->paths + 1, ret->count - 1, sizeof(ret->paths[0]), by_text);
}

/* First where it should be in each, then anywhere in each. */
static bool ask_neighbours(const struct claim *claim, struct claim_place *ret, bool *ret_there)
{
    struct neighbours all;
    uint64_t budget = CLAIM_SEARCH_BYTES, offset;
    bool found = false, elsewhere = false;
    find_neighbours(claim->path, &all);
    for (size_t i = 1; i < all.count && !found; i++)
        found = stands_at(claim, all.paths[i], claim->offset, ret, &elsewhere);
    for (size_t i = 0; i < all.count && !found; i++)
        found = search_file(claim, all.paths[i], &budget, &offset) &&
                stands_at(claim, all.paths[i], offset, ret, ret_there);
    ret->exhausted = !found && budget == 0;
    for (size_t i = 0; i < all.count; i++)
        free(all.paths[i]);
    return found;
}

void claim_check(const struct claim *claim, struct claim_place *ret)
{
    bool there = false;
    *ret = (struct claim_place){.state = CLAIM_GONE};
    if (claim->length == 0 || claim->length > CLAIM_LENGTH_MAX ||
        claim->offset > (uint64_t)INT64_MAX / 2 ||
        stands_at(claim, claim->path, claim->offset, ret, &there) ||
        ask_neighbours(claim, ret, &there))
        return;
    ret->state = there ? CLAIM_CHANGED : CLAIM_GONE;
}
