/* SPDX-License-Identifier: MIT */
/*
 * room.h - what the tests of this room share: a directory of their own, files to write, and a reader of lines.
 */
#ifndef TESTS_TAIL_ROOM_H
#define TESTS_TAIL_ROOM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/log.h"
#include "tail/bookmark.h"
#include "tail/tail.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zstd.h>

static char room_dir[PATH_MAX / 2];
static struct buffer room_book; /* the bookmarks as of the last mark(), packed */

static inline int room_remove_one(const char *path, const struct stat *st, int type,
                                  struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static inline int room_leave(void **state)
{
    (void)state;
    buffer_free(&room_book);
    int r = *room_dir ? nftw(room_dir, room_remove_one, 16, FTW_DEPTH | FTW_PHYS) : 0;
    *room_dir = '\0';
    return r;
}

/* Leaves the room before, too: a test may take several, one after another. */
static inline int room_enter(void **state)
{
    const char *base = getenv("TMPDIR");
    room_leave(state);
    snprintf(room_dir, sizeof(room_dir), "%s/oddline-tail-XXXXXX", base ? base : "/tmp");
    log_setup(LOG_QUIET, 0);
    return mkdtemp(room_dir) ? 0 : -1;
}

/* The path of a file in the room, valid until the fourth call after this one. */
static inline const char *at(const char *name)
{
    static char paths[4][PATH_MAX];
    static unsigned turn;
    char *path = paths[turn++ % 4];
    snprintf(path, PATH_MAX, "%s/%s", room_dir, name);
    return path;
}

static inline void put(const char *name, const char *text, int flags)
{
    int fd = open(at(name), O_WRONLY | O_CREAT | flags, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static inline void append(const char *name, const char *text)
{
    put(name, text, O_APPEND);
}

/* Truncates what is there: the inode stays. */
static inline void overwrite(const char *name, const char *text)
{
    put(name, text, O_TRUNC);
}

static inline void move(const char *from, const char *to)
{
    assert_int_equal(rename(at(from), at(to)), 0);
}

static inline void nap_ms(int ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * NS_PER_MS};
    nanosleep(&t, NULL);
}

/* ---- a reader of whole lines ------------------------------------------------ */

struct reader {
    struct tail *tail;
    struct buffer lines;
    uint64_t gap;
    unsigned stale, ended, damaged;
    char buf[4096];
};

static inline void reader_open(struct reader *r, const struct tail_options *options)
{
    struct error error;
    *r = (struct reader){0};
    assert_int_equal(tail_create(options, &r->tail, &error), 0);
    struct unpacker in = {.rest = buffer_bytes(&room_book)};
    for (struct bookmark mark; in.rest.len > 0;) {
        assert_int_equal(bookmark_unpack(&in, &mark), 0);
        assert_int_equal(tail_know(r->tail, &mark), 0);
    }
}

static inline void room_keep(void *context, const struct bookmark *mark)
{
    bookmark_pack(mark, context);
}

/* What the next reader_open() will know. */
static inline void mark(struct tail *tail)
{
    buffer_clear(&room_book);
    tail_all(tail, room_keep, &room_book);
}

static inline void reader_close(struct reader *r)
{
    tail_free(r->tail);
    buffer_free(&r->lines);
}

static inline void reader_add_from(struct reader *r, const char *name, enum tail_start start)
{
    struct error error;
    struct tail_wish wish = {.group = 7, .start = start};
    assert_int_equal(tail_add(r->tail, at(name), wish, &error), 0);
}

static inline void reader_add(struct reader *r, const char *name)
{
    reader_add_from(r, name, TAIL_BEGIN);
}

static inline void reader_turn(struct reader *r, struct source *source)
{
    ssize_t got = source_read(source, r->buf, sizeof(r->buf));
    r->gap += source_gap(source, NULL);
    if (got > 0) {
        const char *end = memrchr(r->buf, '\n', (size_t)got);
        size_t used = end ? (size_t)(end - r->buf) + 1 : 0;
        buffer_append(&r->lines, r->buf, used);
        source_consume(source, r->buf, (size_t)got, used);
    }
    r->stale += got == -ESTALE;
    r->damaged += got == -EBADMSG;
    r->ended += got == -ENODATA;
    if (got == -ENODATA || got == -EBADMSG)
        tail_done(r->tail, source);
}

/* Read until nothing has come for `quiet_ms`. */
static inline void reader_drain(struct reader *r, int quiet_ms)
{
    for (int64_t last = clock_monotonic_ns();;) {
        size_t before = r->lines.len;
        struct source *source = tail_next(r->tail, 20);
        if (source)
            reader_turn(r, source);
        if (r->lines.len != before)
            last = clock_monotonic_ns();
        if (clock_monotonic_ns() - last > quiet_ms * NS_PER_MS)
            return;
    }
}

/* The lines since the last call are `text`. */
static inline void reader_expect(struct reader *r, int quiet_ms, const char *text)
{
    reader_drain(r, quiet_ms);
    buffer_char(&r->lines, '\0');
    assert_string_equal(r->lines.at, text);
    buffer_clear(&r->lines);
}

/* ---- archives ---------------------------------------------------------------- */

/* Long ago, so that an archive is no longer waited for. */
static inline void make_old(const char *name)
{
    struct timespec long_ago[2] = {{1000000000, 0}, {1000000000, 0}};
    assert_int_equal(utimensat(AT_FDCWD, at(name), long_ago, 0), 0);
}

static inline void pack_file(const char *from, const char *to)
{
    enum { MOST = 1 << 20 };
    char *in = malloc(MOST), *out = malloc(2 * MOST);
    int fd = open(at(from), O_RDONLY);
    ssize_t n = read(fd, in, MOST);
    close(fd);
    size_t len = ZSTD_compress(out, 2 * MOST, in, (size_t)n, 3);
    fd = open(at(to), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    assert_int_equal(write(fd, out, len), (ssize_t)len);
    close(fd);
    make_old(to);
    free(in);
    free(out);
}

#endif /* TESTS_TAIL_ROOM_H */
