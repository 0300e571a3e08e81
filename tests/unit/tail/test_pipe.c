/* SPDX-License-Identifier: MIT */
/* Promise: a pipe's bytes come once and in order, what was left comes again, and nothing blocks for long. */

#include "room.h"

static void pipe_keeps_what_the_reader_left(void **state)
{
    (void)state;
    int fds[2];
    char buf[64];
    struct source *s = NULL;
    struct error error;
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(source_open_pipe(fds[0], "stdin", &s, &error), 0);
    assert_int_equal(source_read(s, buf, sizeof(buf)), 0);
    assert_int_equal(write(fds[1], "one\ntw", 6), 6);
    assert_int_equal(source_read(s, buf, sizeof(buf)), 6);
    source_consume(s, buf, 6, 4);
    memset(buf, 'x', sizeof(buf));
    assert_int_equal(write(fds[1], "o\n", 2), 2);
    assert_int_equal(source_read(s, buf, sizeof(buf)), 4);
    assert_memory_equal(buf, "two\n", 4);
    source_consume(s, buf, 4, 0);
    close(fds[1]);
    assert_int_equal(source_read(s, buf, 2), 2); // a smaller buffer than last time
    source_consume(s, buf, 2, 2);
    assert_int_equal(source_read(s, buf, sizeof(buf)), 2);
    assert_memory_equal(buf, "o\n", 2);
    source_consume(s, buf, 2, 0);
    assert_int_equal(source_read(s, buf, sizeof(buf)), -ENODATA);
    assert_int_equal(source_offset(s), 6);
    assert_int_equal(source_size(s), 0);
    source_close(s);
    assert_int_equal(fcntl(fds[0], F_GETFD) >= 0, 1);
    close(fds[0]);
}

static void pipe_waits_a_bounded_time(void **state)
{
    (void)state;
    int fds[2];
    char buf[64];
    struct source *s = NULL;
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(source_open_pipe(fds[0], "stdin", &s, NULL), 0);
    int64_t begin = clock_monotonic_ns();
    assert_int_equal(source_read(s, buf, sizeof(buf)), 0);
    assert_true(clock_monotonic_ns() - begin < 500 * NS_PER_MS);
    source_close(s);
    close(fds[0]);
    close(fds[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pipe_keeps_what_the_reader_left),
        cmocka_unit_test(pipe_waits_a_bounded_time),
    };
    return cmocka_run_group_tests_name("pipe", tests, NULL, NULL);
}
