/* SPDX-License-Identifier: MIT */
/* Promise: what was read under a serial can be read again, wherever the file is now; and never another file's bytes in its place. */

#include "room.h"

static const struct tail_options options = {
    .no_inotify = true, .poll_ns = 20 * NS_PER_MS, .rotate_wait_ns = 60 * NS_PER_S};

/* "one\ntwo\nthree\n" of serial 1 was read up to `three`, and the reader was started again; `between` happened meanwhile. */
static void restarted(struct reader *r, const char *pattern, void (*between)(void))
{
    append("a.log", "one\ntwo\nthree\n");
    reader_open(r, &options);
    reader_add(r, pattern);
    reader_expect(r, 60, "one\ntwo\nthree\n");
    mark(r->tail);
    reader_close(r);
    if (between)
        between();
    reader_open(r, &options);
    reader_add(r, pattern);
    assert_int_equal(tail_begin(r->tail), 0);
}

static void expect_again(struct reader *r, const char *text)
{
    char buf[64];
    struct source *s = NULL;
    struct error error = {0};
    assert_int_equal(tail_reread(r->tail, 1, 4, &s, &error), 0);
    assert_int_equal(tail_serial(s), 1);
    assert_int_equal(source_offset(s), 4);
    size_t len = strlen(text);
    assert_int_equal(source_read(s, buf, 4), 4);
    source_consume(s, buf, 4, 4);
    assert_int_equal(source_read(s, buf + 4, sizeof(buf) - 4), (ssize_t)len - 4);
    assert_memory_equal(buf, text, len);
    source_close(s);
}

static void refused(struct reader *r, uint64_t serial, uint64_t offset, int expected)
{
    struct source *s = NULL;
    struct error error = {0};
    assert_int_equal(tail_reread(r->tail, serial, offset, &s, &error), expected);
    assert_null(s);
    assert_true(strlen(error.text) > 10);
    assert_int_equal(tail_reread(r->tail, serial, offset, &s, NULL), expected);
}

static void file_is_read_again_and_the_followed_one_does_not_notice(void **state)
{
    (void)state;
    struct reader r;
    restarted(&r, "a.log", NULL);
    expect_again(&r, "two\nthree\n");
    append("a.log", "four\n");
    reader_expect(&r, 100, "four\n");
    refused(&r, 1, 20, -EINVAL);
    refused(&r, 2, 0, -ENOENT);
    refused(&r, 0, 0, -ENOENT);
    reader_close(&r);
}

static void rename_it(void)
{
    move("a.log", "a.log.1");
    append("a.log", "another\n");
}

static void renamed_file_is_read_again(void **state)
{
    (void)state;
    struct reader r;
    restarted(&r, "a.log", rename_it);
    expect_again(&r, "two\nthree\n");
    reader_drain(&r, 60);
    expect_again(&r, "two\nthree\n");
    reader_close(&r);
}

static void deleted_file_is_read_again_while_it_is_open_here(void **state)
{
    (void)state;
    struct reader r;
    restarted(&r, "a.log", NULL);
    assert_int_equal(unlink(at("a.log")), 0);
    expect_again(&r, "two\nthree\n");
    reader_close(&r);
}

static void pack_it(void)
{
    append("a.log", "and more\n");
    pack_file("a.log", "a.log.1.zst");
    assert_int_equal(unlink(at("a.log")), 0);
}

static void only_the_archive_is_left(void **state)
{
    (void)state;
    static const char *const patterns[] = {"a.log", "a.log*"}; // not followed, followed
    for (int i = 0; i < 2; i++) {
        struct reader r;
        room_enter(state);
        restarted(&r, patterns[i], pack_it);
        expect_again(&r, "two\nthree\nand more\n");
        reader_expect(&r, 60, i == 0 ? "" : "and more\n");
        reader_close(&r);
        room_leave(state);
    }
    room_enter(state);
}

static void copy_it(void)
{
    assert_int_equal(link(at("a.log"), at("kept")), 0); // keeps the inode
    append("a.log.1", "one\ntwo\nthree\nand more\n");
    overwrite("a.log", "another, and longer than it was\n");
}

static void copy_is_left_after_copytruncate(void **state)
{
    (void)state;
    struct reader r;
    restarted(&r, "a.log", copy_it);
    expect_again(&r, "two\nthree\nand more\n");
    reader_close(&r);
}

static void delete_it(void)
{
    append("b.txt", "takes the inode");
    assert_int_equal(unlink(at("a.log")), 0);
}

static void overwrite_it(void)
{
    overwrite("a.log", "ONE\ntwo\nTHREE\nfour\n");
}

static void gone_and_other_content_are_told_apart(void **state)
{
    (void)state;
    struct reader r;
    restarted(&r, "a.log", delete_it);
    refused(&r, 1, 4, -ENOENT);
    reader_close(&r);
    room_leave(state);
    room_enter(state);
    restarted(&r, "a.log", overwrite_it);
    refused(&r, 1, 4, -ESTALE);
    reader_expect(&r, 60, "ONE\ntwo\nTHREE\nfour\n");
    refused(&r, 1, 4, -ESTALE);
    assert_int_equal(tail_serial(tail_each(r.tail, NULL)), 2);
    reader_close(&r);
}

static void archive_is_read_again_from_any_offset(void **state)
{
    (void)state;
    struct reader r;
    struct buffer text = {0};
    for (int i = 0; i < 5000; i++)
        buffer_printf(&text, "line %d of the archive\n", i * i);
    buffer_char(&text, '\0');
    append("plain", text.at);
    pack_file("plain", "a.zst");
    reader_open(&r, &options);
    reader_add(&r, "a.zst");
    reader_expect(&r, 100, text.at);
    mark(r.tail);
    reader_close(&r);
    reader_open(&r, &options);
    reader_add(&r, "a.zst");
    assert_int_equal(tail_begin(r.tail), 0);
    for (uint64_t offset = 0; offset < text.len - 1; offset += 9973) {
        char buf[300];
        struct source *s = NULL;
        struct error error;
        assert_int_equal(tail_reread(r.tail, 1, offset, &s, &error), 0);
        ssize_t got = source_read(s, buf, sizeof(buf));
        assert_true(got > 0);
        assert_memory_equal(buf, text.at + offset, (size_t)got);
        source_close(s);
    }
    reader_close(&r);
    buffer_free(&text);
}

#define T(name) cmocka_unit_test_setup_teardown(name, room_enter, room_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(file_is_read_again_and_the_followed_one_does_not_notice),
        T(renamed_file_is_read_again),
        T(deleted_file_is_read_again_while_it_is_open_here),
        T(only_the_archive_is_left),
        T(copy_is_left_after_copytruncate),
        T(gone_and_other_content_are_told_apart),
        T(archive_is_read_again_from_any_offset),
    };
    return cmocka_run_group_tests_name("reread", tests, NULL, NULL);
}
