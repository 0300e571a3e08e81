/* SPDX-License-Identifier: MIT */
/*
 * bookfile.c - the bookmarks on disk: text with a version and a checksum, replaced as a whole.
 *
 * Temp file, fdatasync, rename, fsync of the directory: after a power cut either the old or the new one is there.
 */

#include "tail/bookmark.h"

#include "base/clock.h"
#include "base/hash.h"
#include "tail/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char first_line[] = "oddline bookmarks 1\n";

enum {
    FIELDS = 12,
    SAVED_FLAGS = BOOKMARK_ARCHIVE | BOOKMARK_DONE | BOOKMARK_DELETED,
    BOOK_BYTES_MAX = 256 << 20, /* BOOK_MAX marks with the longest escaped paths */
};

/* ---- writing -------------------------------------------------------------- */

void book_begin(struct buffer *out)
{
    buffer_clear(out);
    buffer_text(out, first_line);
}

void book_put(struct buffer *out, const struct bookmark *mark, const char *path)
{
    const struct identity *id = &mark->identity;
    buffer_printf(out, "%" PRIx64 " %" PRIx64 " %" PRIx64 " %" PRIx32 " %" PRIx64, id->device,
                  id->inode, id->generation, id->head_len, id->head);
    buffer_printf(out, " %" PRIx32 " %" PRIx64 " %" PRIx64 " %" PRIx64 " %" PRIx64,
                  id->marker_len, id->marker, mark->offset, mark->size, mark->note);
    buffer_printf(out, " %" PRIx64 " %" PRIx32 " ", (uint64_t)mark->seen_s,
                  mark->flags & SAVED_FLAGS);
    for (const unsigned char *c = (const unsigned char *)path; *c; c++) {
        if (*c <= ' ' || *c == '%' || *c >= 0x7f)
            buffer_printf(out, "%%%02x", *c);
        else
            buffer_char(out, (char)*c);
    }
    buffer_char(out, '\n');
}

static int write_fully(int fd, struct bytes data)
{
    while (data.len > 0) {
        ssize_t n = tail_sys.write(fd, data.at, data.len);
        if (n < 0 && errno != EINTR)
            return -errno;
        if (n > 0) {
            data.at += n;
            data.len -= (size_t)n;
        }
    }
    return 0;
}

static int write_temp(const char *temp, struct bytes data)
{
    int fd = tail_sys.open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -errno;
    int r = write_fully(fd, data);
    TAIL_POINT("bookmark-written");
    if (r == 0 && tail_sys.fdatasync(fd) < 0)
        r = -errno;
    TAIL_POINT("bookmark-synced");
    if (close(fd) < 0 && r == 0)
        r = -errno;
    return r;
}

static int sync_dir_of(const char *path)
{
    char dir[PATH_MAX];
    snprintf(dir, sizeof(dir), "%s", path);
    char *slash = strrchr(dir, '/');
    if (slash)
        slash[slash == dir] = '\0';
    int fd = tail_sys.open(slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    int r = tail_sys.fsync(fd) < 0 ? -errno : 0;
    close(fd);
    return r;
}

int book_end(struct buffer *out, const char *path, struct error *reterr)
{
    char temp[PATH_MAX], hash[HASH_TEXT_SIZE];
    buffer_printf(out, "end %s\n", hash_format(hash_bytes(buffer_bytes(out)), hash));
    if (out->failed)
        return error_set(reterr, -ENOMEM, "%s: not saved: out of memory", path);
    int n = snprintf(temp, sizeof(temp), "%s.tmp", path);
    if (n < 0 || n >= PATH_MAX)
        return error_set(reterr, -ENAMETOOLONG, "%.80s: not saved: its name is too long", path);
    int r = write_temp(temp, buffer_bytes(out));
    if (r == 0 && tail_sys.rename(temp, path) < 0)
        r = -errno;
    TAIL_POINT("bookmark-renamed");
    if (r < 0)
        (void)unlink(temp);
    else
        r = sync_dir_of(path);
    if (r < 0)
        return error_set(reterr, r, "%s: not saved: %s", path, strerror(-r));
    return 0;
}

/* ---- reading -------------------------------------------------------------- */

static int read_all(const char *path, struct buffer *text)
{
    int fd = tail_sys.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    ssize_t got = 1;
    while (got > 0 && text->len < BOOK_BYTES_MAX) {
        char *room = buffer_room(text, 64 << 10);
        got = room ? tail_sys.read(fd, room, 64 << 10) : -1;
        if (got > 0)
            text->len += (size_t)got;
    }
    int r = text->failed ? -ENOMEM : got < 0 ? -errno : got > 0 ? -EFBIG : 0;
    close(fd);
    return r;
}

/* The first line, and a last line whose hash holds: then *ret is what lies between. */
static bool whole(struct bytes all, struct bytes *ret)
{
    const size_t first = sizeof(first_line) - 1, last = 4 + 16 + 1;
    char end[32], hash[HASH_TEXT_SIZE];
    if (all.len < first + last || memcmp(all.at, first_line, first) != 0)
        return false;
    struct bytes above = {all.at, all.len - last};
    snprintf(end, sizeof(end), "end %s\n", hash_format(hash_bytes(above), hash));
    if (memcmp(all.at + above.len, end, last) != 0)
        return false;
    *ret = (struct bytes){all.at + first, above.len - first};
    return true;
}

/* Undo the escapes in place. */
static void unescape(char *text)
{
    char *out = text;
    for (const char *in = text; *in; in++) {
        unsigned value;
        if (*in == '%' && sscanf(in + 1, "%2x", &value) == 1) {
            *out++ = (char)value;
            in += 2;
        } else {
            *out++ = *in;
        }
    }
    *out = '\0';
}

static bool parse_line(char *line, struct bookmark *ret)
{
    uint64_t f[FIELDS];
    for (int i = 0; i < FIELDS; i++) {
        char *end;
        f[i] = strtoull(line, &end, 16);
        if (end == line || *end != ' ')
            return false;
        line = end + 1;
    }
    if (!*line || f[3] > IDENTITY_HEAD_BYTES || f[5] > MARKER_BYTES || f[5] > f[7])
        return false;
    unescape(line);
    *ret = (struct bookmark){
        .path = line,
        .identity = {.device = f[0],
                     .inode = f[1],
                     .generation = f[2],
                     .head_len = (uint32_t)f[3],
                     .head = f[4],
                     .marker_len = (uint32_t)f[5],
                     .marker = f[6]},
        .offset = f[7],
        .size = f[8],
        .note = f[9],
        .seen_s = (int64_t)f[10],
        .flags = ((uint32_t)f[11] & SAVED_FLAGS) | BOOKMARK_DISK,
    };
    return true;
}

static bool parse_all(struct book *book, struct bytes lines)
{
    int64_t oldest = clock_wall_ns() / NS_PER_S - BOOK_DAYS * INT64_C(86400);
    char line[PATH_MAX * 3 + FIELDS * 17];
    while (lines.len > 0) {
        const char *end = memchr(lines.at, '\n', lines.len);
        size_t n = end ? (size_t)(end - lines.at) : 0;
        struct bookmark mark;
        if (n == 0 || n >= sizeof(line))
            return false;
        memcpy(line, lines.at, n);
        line[n] = '\0';
        if (!parse_line(line, &mark))
            return false;
        if (mark.seen_s >= oldest)
            book_add(book, &mark);
        lines = (struct bytes){end + 1, lines.len - n - 1};
    }
    return true;
}

static int set_aside(const char *path, struct error *reterr)
{
    char bad[PATH_MAX];
    int n = snprintf(bad, sizeof(bad), "%s.bad", path);
    if (n < 0 || n >= PATH_MAX || tail_sys.rename(path, bad) < 0)
        return error_set(reterr, -EBADMSG, "%s: not used: it is damaged", path);
    return error_set(reterr, -EBADMSG, "%s: not used: it is damaged; kept as %s", path, bad);
}

int book_load(struct book *book, const char *path, struct error *reterr)
{
    struct buffer text = {0};
    struct bytes lines;
    int r = read_all(path, &text);
    if (r == -ENOENT)
        r = 0;
    else if (r < 0)
        error_set(reterr, r, "%s: cannot be read: %s", path, strerror(-r));
    else if (!whole(buffer_bytes(&text), &lines) || !parse_all(book, lines))
        r = set_aside(path, reterr);
    if (r < 0)
        book_free(book);
    buffer_free(&text);
    return r;
}
