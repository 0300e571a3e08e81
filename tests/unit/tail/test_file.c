/* SPDX-License-Identifier: MIT */
/* Promise: a growing file's bytes come once and in order, a truncation is noticed and what it cost is counted. */

#include "room.h"
#include "tail/sys.h"

static struct source *open_file(const char *name)
{
    struct source *source = NULL;
    struct error error;
    assert_int_equal(source_open(at(name), &source, &error), 0);
    assert_int_equal(source_kind(source), SOURCE_FILE);
    return source;
}

static void file_shows_what_was_not_consumed_again(void **state)
{
    (void)state;
    char buf[64];
    append("a", "one\ntwo\nthr");
    struct source *s = open_file("a");
    assert_int_equal(source_read(s, buf, sizeof(buf)), 11);
    source_consume(s, buf, 11, 4);
    assert_int_equal(source_read(s, buf, sizeof(buf)), 7);
    source_consume(s, buf, 7, 4);
    assert_int_equal(source_read(s, buf, sizeof(buf)), 3);
    source_consume(s, buf, 3, 0);
    assert_int_equal(source_read(s, buf, sizeof(buf)), 0);
    append("a", "ee\n");
    assert_int_equal(source_read(s, buf, sizeof(buf)), 6);
    assert_memory_equal(buf, "three\n", 6);
    source_consume(s, buf, 6, 6);
    assert_int_equal(source_read(s, buf, sizeof(buf)), 0);
    assert_int_equal(source_offset(s), 14);
    assert_int_equal(source_size(s), 14);
    source_close(s);
}

static void read_and_consume(struct source *s, const char *text)
{
    char buf[256];
    size_t len = strlen(text);
    assert_int_equal(source_read(s, buf, sizeof(buf)), (ssize_t)len);
    assert_memory_equal(buf, text, len);
    source_consume(s, buf, len, len);
}

static void file_truncated_says_estale_once_and_begins_again(void **state)
{
    (void)state;
    char buf[64];
    const char *why = NULL;
    append("a", "one\ntwo\n");
    struct source *s = open_file("a");
    read_and_consume(s, "one\ntwo\n");
    overwrite("a", "new\n");
    assert_int_equal(source_read(s, buf, sizeof(buf)), -ESTALE);
    assert_int_equal(source_offset(s), 0);
    assert_int_equal(source_gap(s, &why), 0);
    assert_null(why);
    read_and_consume(s, "new\n");
    assert_int_equal(source_read(s, buf, sizeof(buf)), 0);
    source_close(s);
}

static void file_truncated_and_grown_past_the_offset_is_noticed(void **state)
{
    (void)state;
    char buf[64];
    append("a", "one\ntwo\n");
    struct source *s = open_file("a");
    read_and_consume(s, "one\ntwo\n");
    assert_int_equal(source_read(s, buf, sizeof(buf)), 0);
    overwrite("a", "ten\nnew\nlines\nin it\n");
    assert_int_equal(source_read(s, buf, sizeof(buf)), -ESTALE);
    read_and_consume(s, "ten\nnew\nlines\nin it\n");
    source_close(s);
}

static void file_truncated_to_the_same_size_is_noticed(void **state)
{
    (void)state;
    char buf[64];
    append("a", "one\ntwo\n");
    struct source *s = open_file("a");
    read_and_consume(s, "one\ntwo\n");
    overwrite("a", "ONE\nTWO\n");
    assert_int_equal(source_read(s, buf, sizeof(buf)), -ESTALE);
    read_and_consume(s, "ONE\nTWO\n");
    source_close(s);
}

static void file_truncated_before_it_was_read_counts_the_loss(void **state)
{
    (void)state;
    char buf[8];
    const char *why = NULL;
    append("a", "one\ntwo\nthree\nfour\n");
    struct source *s = open_file("a");
    assert_int_equal(source_read(s, buf, 8), 8);
    source_consume(s, buf, 8, 8);
    overwrite("a", "");
    assert_int_equal(source_read(s, buf, sizeof(buf)), -ESTALE);
    assert_int_equal(source_gap(s, &why), 11);
    assert_non_null(why);
    assert_int_equal(source_gap(s, &why), 0);
    source_close(s);
}

static void file_with_a_growing_partial_line_is_not_a_truncation(void **state)
{
    (void)state;
    char buf[64], one[2] = "x";
    append("a", "line\n");
    struct source *s = open_file("a");
    read_and_consume(s, "line\n");
    for (int i = 1; i < 40; i++) {
        append("a", one);
        assert_int_equal(source_read(s, buf, sizeof(buf)), i);
        source_consume(s, buf, (size_t)i, 0);
        assert_int_equal(source_read(s, buf, sizeof(buf)), 0);
    }
    source_close(s);
}

static void file_carries_nul_and_any_byte(void **state)
{
    (void)state;
    char buf[300], all[256];
    for (int i = 0; i < 256; i++)
        all[i] = (char)i;
    int fd = open(at("a"), O_WRONLY | O_CREAT, 0644);
    assert_int_equal(write(fd, all, 256), 256);
    close(fd);
    struct source *s = open_file("a");
    assert_int_equal(source_read(s, buf, sizeof(buf)), 256);
    assert_memory_equal(buf, all, 256);
    source_close(s);
}

static void only_regular_files_are_opened(void **state)
{
    (void)state;
    struct source *s = NULL;
    struct error error;
    assert_int_equal(mkfifo(at("fifo"), 0644), 0);
    assert_int_equal(mkdir(at("dir"), 0755), 0);
    assert_int_equal(source_open(at("fifo"), &s, &error), -ENOTSUP);
    assert_non_null(strstr(error.text, "no regular file"));
    assert_int_equal(source_open(at("dir"), &s, &error), -ENOTSUP);
    assert_int_equal(source_open("/dev/null", &s, &error), -ENOTSUP);
    assert_int_equal(source_open(at("none"), &s, &error), -ENOENT);
    assert_null(s);
}

static ssize_t broken_preadv(int fd, const struct iovec *parts, int count, off_t offset)
{
    (void)fd, (void)parts, (void)count, (void)offset;
    errno = EIO;
    return -1;
}

static void file_that_cannot_be_read_keeps_its_offset(void **state)
{
    (void)state;
    char buf[64];
    append("a", "one\n");
    struct source *s = open_file("a");
    tail_sys.preadv = broken_preadv;
    assert_int_equal(source_read(s, buf, sizeof(buf)), -EIO);
    tail_sys.preadv = preadv;
    read_and_consume(s, "one\n");
    source_close(s);
}

#define T(name) cmocka_unit_test_setup_teardown(name, room_enter, room_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(file_shows_what_was_not_consumed_again),
        T(file_truncated_says_estale_once_and_begins_again),
        T(file_truncated_and_grown_past_the_offset_is_noticed),
        T(file_truncated_to_the_same_size_is_noticed),
        T(file_truncated_before_it_was_read_counts_the_loss),
        T(file_with_a_growing_partial_line_is_not_a_truncation),
        T(file_carries_nul_and_any_byte),
        T(only_regular_files_are_opened),
        T(file_that_cannot_be_read_keeps_its_offset),
    };
    return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
