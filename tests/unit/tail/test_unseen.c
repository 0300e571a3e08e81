/* SPDX-License-Identifier: MIT */
/*
 * Promise: what was written to a log and rotated away before its name was ever looked at is read, first, in order and once; what
 * was there before the tail began, and what belongs to another log, is not.
 */

#include "room.h"
#include "tail/sys.h"

#include <errno.h>
#include <linux/stat.h>

static const struct tail_options options = {
    .no_inotify = true, .poll_ns = 2 * NS_PER_MS, .rotate_wait_ns = 60 * NS_PER_S};

static void begin(struct reader *r)
{
    reader_open(r, &options);
    reader_add(r, "app.log");
    assert_int_equal(tail_begin(r->tail), 0);
    nap_ms(12); // a file's birth has the kernel's tick
}

static void generation(const char *text, const char *name)
{
    append("app.log", text);
    nap_ms(12);
    move("app.log", name);
}

static void generations_that_nobody_saw_come_first(void **state)
{
    (void)state;
    struct reader r;
    begin(&r);
    generation("a 1\na 2\n", "app.log.2");
    generation("b 1\n", "app.log.1");
    append("app.log", "c 1\n");
    reader_expect(&r, 20, "a 1\na 2\nb 1\nc 1\n");
    append("app.log", "c 2\n");
    reader_expect(&r, 20, "c 2\n");
    reader_close(&r);
}

static void the_log_may_come_much_later(void **state)
{
    (void)state;
    struct reader r;
    begin(&r);
    generation("a 1\n", "app.log-20240101");
    reader_expect(&r, 20, "");
    append("app.log", "b 1\n");
    reader_expect(&r, 20, "a 1\nb 1\n");
    reader_close(&r);
}

static void what_was_there_before_is_not_read(void **state)
{
    (void)state;
    struct reader r;
    generation("older\n", "app.log.2");
    nap_ms(12);
    begin(&r);
    generation("a 1\n", "app.log.1");
    append("app.log", "b 1\n");
    reader_expect(&r, 20, "a 1\nb 1\n");
    reader_close(&r);
}

static void other_logs_are_left_alone(void **state)
{
    (void)state;
    struct reader r;
    reader_open(&r, &options);
    reader_add(&r, "worker-1");
    assert_int_equal(tail_begin(r.tail), 0);
    nap_ms(12);
    append("worker-12", "another log\n");
    append("worker-1.txt", "another log\n");
    append("worker-1", "a 1\n");
    reader_expect(&r, 20, "a 1\n");
    reader_close(&r);
}

static void what_was_read_is_not_read_again(void **state)
{
    (void)state;
    struct reader r;
    struct tail_options brief = options;
    brief.rotate_wait_ns = 10 * NS_PER_MS;
    reader_open(&r, &brief);
    reader_add(&r, "app.log");
    assert_int_equal(tail_begin(r.tail), 0);
    nap_ms(12);
    append("app.log", "a 1\n");
    reader_expect(&r, 20, "a 1\n");
    move("app.log", "app.log.1");
    reader_expect(&r, 60, "");
    assert_int_equal(r.ended, 1); // it was let go of: nobody leads from it to the next one
    append("app.log", "b 1\n");
    reader_expect(&r, 20, "b 1\n");
    reader_close(&r);
}

static void a_name_that_a_pattern_has_too_is_read_once(void **state)
{
    (void)state;
    struct reader r;
    reader_open(&r, &options);
    reader_add(&r, "app.log*");
    assert_int_equal(tail_begin(r.tail), 0);
    nap_ms(12);
    generation("a 1\n", "app.log.1");
    append("app.log", "b 1\n");
    reader_expect(&r, 20, "a 1\nb 1\n");
    reader_close(&r);
}

static int statx_without_birth(int dir, const char *path, int flags, unsigned mask,
                               struct statx *st)
{
    int r = statx(dir, path, flags, mask, st);
    st->stx_mask &= ~(unsigned)STATX_BTIME;
    return r;
}

static void without_times_of_birth_nothing_is_guessed(void **state)
{
    (void)state;
    struct reader r;
    struct tail_sys real = tail_sys;
    tail_sys.statx = statx_without_birth;
    begin(&r);
    generation("a 1\n", "app.log.1");
    append("app.log", "b 1\n");
    reader_expect(&r, 20, "b 1\n");
    tail_sys = real;
    reader_close(&r);
}

#define T(name) cmocka_unit_test_setup_teardown(name, room_enter, room_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(generations_that_nobody_saw_come_first),
        T(the_log_may_come_much_later),
        T(what_was_there_before_is_not_read),
        T(other_logs_are_left_alone),
        T(what_was_read_is_not_read_again),
        T(a_name_that_a_pattern_has_too_is_read_once),
        T(without_times_of_birth_nothing_is_guessed),
    };
    return cmocka_run_group_tests_name("unseen", tests, NULL, NULL);
}
