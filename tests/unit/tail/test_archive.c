/* SPDX-License-Identifier: MIT */
/* Promise: an archive gives its unpacked bytes once and in order, up to where it is damaged, and never more than allowed. */

#include "room.h"
#include "tail/archive.h"
#include "tail/inner.h"

#include <zstd.h>

struct text {
    char *at;
    size_t len;
};

/* Lines that pack about as logs do. */
static struct text some_lines(int count)
{
    struct buffer out = {0};
    for (int i = 0; i < count; i++)
        buffer_printf(&out, "2016-12-19 17:14:%02d INFO request %d took %d ms\n", i % 60, i,
                      (i * 7919) % 997);
    return (struct text){out.at, out.len};
}

static struct text pack(struct text plain, int window_log)
{
    ZSTD_CCtx *c = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
    if (window_log > 0) {
        ZSTD_CCtx_setParameter(c, ZSTD_c_enableLongDistanceMatching, 1);
        ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, window_log);
    }
    struct text out = {malloc(ZSTD_compressBound(plain.len)), 0};
    // streaming: the size is not known beforehand, so the window is as asked
    ZSTD_inBuffer in = {plain.at, plain.len, 0};
    ZSTD_outBuffer to = {out.at, ZSTD_compressBound(plain.len), 0};
    while (in.pos < in.size)
        ZSTD_compressStream2(c, &to, &in, ZSTD_e_continue);
    assert_int_equal(ZSTD_compressStream2(c, &to, &in, ZSTD_e_end), 0);
    out.len = to.pos;
    ZSTD_freeCCtx(c);
    return out;
}

static void save(const char *name, const void *data, size_t len)
{
    int fd = open(at(name), O_WRONLY | O_CREAT | O_APPEND, 0644);
    assert_int_equal(write(fd, data, len), (ssize_t)len);
    close(fd);
}

static struct source *open_archive(const char *name)
{
    struct source *s = NULL;
    struct error error;
    assert_int_equal(source_open(at(name), &s, &error), 0);
    assert_int_equal(source_kind(s), SOURCE_ARCHIVE);
    return s;
}

/* Read to the end as a reader of lines does; returns how it ended. */
static ssize_t drain(struct source *s, size_t size, struct buffer *out)
{
    char *buf = malloc(size);
    ssize_t got;
    while ((got = source_read(s, buf, size)) > 0) {
        const char *end = memrchr(buf, '\n', (size_t)got);
        size_t used = end ? (size_t)(end - buf) + 1 : (size_t)got == size ? size : 0;
        buffer_append(out, buf, used);
        source_consume(s, buf, (size_t)got, used);
    }
    free(buf);
    return got;
}

static void archive_of_several_frames_is_one_stream(void **state)
{
    (void)state;
    static const char skippable[] = {0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 'x', 'y', 'z'};
    struct text plain = some_lines(30000), half = {plain.at, plain.len / 2};
    struct text rest = {plain.at + half.len, plain.len - half.len};
    struct text one = pack(half, 0), two = pack(rest, 0);
    save("a.zst", skippable, sizeof(skippable));
    save("a.zst", one.at, one.len);
    save("a.zst", skippable, sizeof(skippable));
    save("a.zst", two.at, two.len);
    static const size_t sizes[] = {100, 4096, 65536, 1 << 20};
    for (int i = 0; i < 4; i++) {
        struct buffer out = {0};
        struct source *s = open_archive("a.zst");
        assert_int_equal(drain(s, sizes[i], &out), -ENODATA);
        assert_int_equal(out.len, plain.len);
        assert_memory_equal(out.at, plain.at, plain.len);
        assert_int_equal(source_offset(s), plain.len);
        assert_int_equal(source_gap(s, NULL), 0);
        source_close(s);
        buffer_free(&out);
    }
    free(plain.at);
    free(one.at);
    free(two.at);
}

/* The archive `packed` gives the beginning of `plain`, at least `least` bytes, and then says why it ends. */
static void expect_broken(struct text packed, struct text plain, size_t least, const char *why)
{
    struct buffer out = {0};
    const char *reason = NULL;
    (void)unlink(at("b.zst"));
    save("b.zst", packed.at, packed.len);
    struct source *s = open_archive("b.zst");
    assert_int_equal(drain(s, 65536, &out), -EBADMSG);
    assert_true(source_gap(s, &reason) > 0);
    assert_non_null(strstr(reason, why));
    assert_true(out.len >= least && out.len <= plain.len);
    if (out.len > 0)
        assert_memory_equal(out.at, plain.at, out.len);
    source_close(s);
    buffer_free(&out);
}

static void archive_broken_off_gives_what_came_before(void **state)
{
    (void)state;
    struct text plain = some_lines(30000), packed = pack(plain, 0);
    struct text part = {packed.at, packed.len - 10};
    expect_broken(part, plain, plain.len - (256 << 10), "breaks off");
    part.len = 6;
    expect_broken(part, plain, 0, "breaks off");
    free(plain.at);
    free(packed.at);
}

static void archive_with_a_wrong_checksum_gives_all_and_says_so(void **state)
{
    (void)state;
    struct text plain = some_lines(30000), packed = pack(plain, 0);
    packed.at[packed.len - 1] ^= 1;
    expect_broken(packed, plain, plain.len, "checksum");
    free(plain.at);
    free(packed.at);
}

static void archive_with_damage_at_any_place_never_gives_other_bytes_unsaid(void **state)
{
    (void)state;
    struct text plain = some_lines(2000), packed = pack(plain, 0);
    for (size_t i = 4; i < packed.len; i += 37) {
        struct buffer out = {0};
        packed.at[i] ^= 0x10;
        (void)unlink(at("c.zst"));
        save("c.zst", packed.at, packed.len);
        struct source *s = open_archive("c.zst");
        ssize_t r = drain(s, 4096, &out);
        assert_true(r == -EBADMSG ||
                    (out.len == plain.len && !memcmp(out.at, plain.at, out.len)));
        source_close(s);
        buffer_free(&out);
        packed.at[i] ^= 0x10;
    }
    free(plain.at);
    free(packed.at);
}

static void archive_with_something_else_behind_says_so(void **state)
{
    (void)state;
    struct text plain = some_lines(100), packed = pack(plain, 0);
    packed.at = realloc(packed.at, packed.len + 8);
    memset(packed.at + packed.len, 'x', 8);
    packed.len += 8;
    expect_broken(packed, plain, plain.len, "no zstd");
    free(plain.at);
    free(packed.at);
}

static void archive_bomb_is_bounded_and_named(void **state)
{
    (void)state;
    struct text plain = {calloc(64, 1 << 20), 64 << 20}, packed = pack(plain, 0);
    struct archive_limits before = archive_limits;
    archive_limits =
        (struct archive_limits){.floor = 1 << 20, .ratio = 100, .most = UINT64_MAX};
    save("b.zst", packed.at, packed.len);
    struct source *s = open_archive("b.zst");
    struct buffer out = {0};
    const char *reason = NULL;
    assert_int_equal(drain(s, 65536, &out), -EBADMSG);
    assert_true(out.len <= (1 << 20) + 100 * packed.len + (256 << 10));
    assert_true(source_gap(s, &reason) > 0);
    assert_non_null(strstr(reason, "bomb"));
    archive_limits = before;
    source_close(s);
    buffer_free(&out);
    free(plain.at);
    free(packed.at);
}

static void archive_with_a_huge_window_is_refused_by_name(void **state)
{
    (void)state;
    struct text plain = some_lines(1000), packed = pack(plain, 27);
    expect_broken(packed, plain, 0, "window");
    free(packed.at);
    packed = pack(plain, 23);
    (void)unlink(at("a.zst"));
    save("a.zst", packed.at, packed.len);
    struct source *s = open_archive("a.zst");
    struct buffer out = {0};
    assert_int_equal(drain(s, 65536, &out), -ENODATA);
    source_close(s);
    buffer_free(&out);
    free(plain.at);
    free(packed.at);
}

static void archive_goes_on_at_an_offset_if_the_content_is_the_same(void **state)
{
    (void)state;
    struct text plain = some_lines(3000), packed = pack(plain, 0);
    struct marker marker = {.len = 0};
    save("a.zst", packed.at, packed.len);
    marker_push(&marker, plain.at, 50000);
    struct identity id = {.marker = marker_hash(&marker), .marker_len = marker.len};
    for (int wrong = 0; wrong < 2; wrong++) {
        struct source *s = open_archive("a.zst");
        struct buffer out = {0};
        id.marker += (uint64_t)wrong;
        archive_resume(s, 50000, &id);
        ssize_t r = drain(s, 4096, &out);
        if (wrong) {
            assert_int_equal(r, -ESTALE);
            r = drain(s, 4096, &out);
        }
        assert_int_equal(r, -ENODATA);
        assert_int_equal(out.len, plain.len - (wrong ? 0 : 50000));
        assert_memory_equal(out.at, plain.at + plain.len - out.len, out.len);
        source_close(s);
        buffer_free(&out);
    }
    free(plain.at);
    free(packed.at);
}

static void archive_broken_off_at_each_percent_gives_a_beginning(void **state)
{
    (void)state;
    struct text plain = some_lines(5000), packed = pack(plain, 0);
    for (size_t percent = 0; percent < 100; percent++) {
        struct text part = {packed.at, packed.len * percent / 100};
        if (part.len > 4)
            expect_broken(part, plain, 0, "breaks off");
    }
    free(plain.at);
    free(packed.at);
}

static void archive_with_random_bits_flipped_never_crashes_and_is_bounded(void **state)
{
    (void)state;
    struct text plain = some_lines(500), packed = pack(plain, 0);
    unsigned seed = 36;
    for (int i = 0; i < 1000; i++) {
        struct buffer out = {0};
        size_t bit = (size_t)rand_r(&seed) % (packed.len * 8);
        packed.at[bit / 8] ^= (char)(1 << bit % 8);
        (void)unlink(at("c.zst"));
        save("c.zst", packed.at, packed.len);
        struct source *s = NULL;
        assert_int_equal(source_open(at("c.zst"), &s, NULL), 0);
        if (source_kind(s) ==
            SOURCE_ARCHIVE) { // else its first bytes are no archive's any more
            ssize_t r = drain(s, 65536, &out);
            assert_true(r == -EBADMSG || r == -ENODATA);
            assert_true(out.len < (4 << 20));
        }
        source_close(s);
        buffer_free(&out);
        packed.at[bit / 8] ^= (char)(1 << bit % 8);
    }
    free(plain.at);
    free(packed.at);
}

static const struct tail_options polling = {.no_inotify = true, .poll_ns = 20 * NS_PER_MS};

/* Just now written to, but so that it need not be waited for to be opened. */
static void make_recent(const char *name, int seconds)
{
    struct timespec times[2];
    clock_gettime(CLOCK_REALTIME, &times[0]);
    times[0].tv_sec -= seconds;
    times[1] = times[0];
    assert_int_equal(utimensat(AT_FDCWD, at(name), times, 0), 0);
}

static void archive_that_grows_is_waited_for_and_then_given_up(void **state)
{
    (void)state;
    struct text plain = some_lines(30000), packed = pack(plain, 0);
    for (int whole = 0; whole < 2; whole++) {
        struct reader r;
        room_enter(state);
        save("a.zst", packed.at, packed.len / 2);
        make_recent("a.zst", 5);
        reader_open(&r, &polling);
        reader_add(&r, "*.zst");
        reader_drain(&r, 300);
        assert_true(r.lines.len > 100 << 10);
        assert_true(r.gap == 0 && r.damaged == 0 && r.ended == 0);
        if (whole) {
            save("a.zst", packed.at + packed.len / 2, packed.len - packed.len / 2);
            make_recent("a.zst", 3);
            reader_drain(&r, 300);
            assert_int_equal(r.lines.len, plain.len);
            assert_memory_equal(r.lines.at, plain.at, plain.len);
        } else {
            make_recent("a.zst", 61);
            reader_drain(&r, 300);
            assert_true(r.gap > 0);
        }
        assert_int_equal(r.damaged, !whole);
        assert_int_equal(r.ended, whole);
        reader_close(&r);
        room_leave(state);
    }
    room_enter(state);
    free(plain.at);
    free(packed.at);
}

static void archive_goes_on_in_its_midst_over_any_restart(void **state)
{
    (void)state;
    struct text plain = some_lines(3000), packed = pack(plain, 0);
    struct buffer all = {0};
    save("a.zst", packed.at, packed.len);
    make_old("a.zst");
    for (int runs = 0; all.len < plain.len; runs++) {
        struct reader r;
        assert_true(runs < 2000);
        reader_open(&r, &polling);
        reader_add(&r, "*.zst");
        for (int turn = 0; turn < 3; turn++) {
            struct source *s = tail_next(r.tail, 100);
            if (s)
                reader_turn(&r, s);
        }
        buffer_append(&all, r.lines.at, r.lines.len);
        mark(r.tail);
        reader_close(&r);
    }
    assert_int_equal(all.len, plain.len);
    assert_memory_equal(all.at, plain.at, plain.len);
    buffer_free(&all);
    free(plain.at);
    free(packed.at);
}

#define T(name) cmocka_unit_test_setup_teardown(name, room_enter, room_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(archive_of_several_frames_is_one_stream),
        T(archive_broken_off_gives_what_came_before),
        T(archive_broken_off_at_each_percent_gives_a_beginning),
        T(archive_with_random_bits_flipped_never_crashes_and_is_bounded),
        T(archive_that_grows_is_waited_for_and_then_given_up),
        T(archive_goes_on_in_its_midst_over_any_restart),
        T(archive_with_a_wrong_checksum_gives_all_and_says_so),
        T(archive_with_damage_at_any_place_never_gives_other_bytes_unsaid),
        T(archive_with_something_else_behind_says_so),
        T(archive_bomb_is_bounded_and_named),
        T(archive_with_a_huge_window_is_refused_by_name),
        T(archive_goes_on_at_an_offset_if_the_content_is_the_same),
    };
    return cmocka_run_group_tests_name("archive", tests, NULL, NULL);
}
