/* SPDX-License-Identifier: MIT */
/* Promise: what a pattern names is found, now and later, with inotify and without, and each directory's troubles are said once. */

#include "room.h"
#include "tail/sys.h"

#include <sys/inotify.h>

static const struct tail_options polling = {.no_inotify = true, .poll_ns = 20 * NS_PER_MS};
static const struct tail_options hearing = {.poll_ns = 60 * NS_PER_S};
static const struct tail_options both[] = {
    {.no_inotify = true, .poll_ns = 20 * NS_PER_MS},
    {.poll_ns = 100 * NS_PER_MS},
};

static void found_now_and_later(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct reader r;
        room_enter(state);
        append("a.log", "a\n");
        append("b.txt", "no\n");
        reader_open(&r, &both[i]);
        reader_add(&r, "*.log");
        reader_expect(&r, 150, "a\n");
        append("c.log", "c\n");
        append("d.txt", "no\n");
        reader_expect(&r, 400, "c\n");
        append("c.log", "more\n");
        reader_expect(&r, 400, "more\n");
        reader_close(&r);
        room_leave(state);
    }
    room_enter(state);
}

static void inotify_alone_tells_of_new_files_and_bytes(void **state)
{
    (void)state;
    struct reader r;
    reader_open(&r, &hearing);
    reader_add(&r, "*.log");
    reader_expect(&r, 50, "");
    append("a.log", "a\n");
    reader_expect(&r, 100, "a\n");
    append("a.log", "b\n");
    reader_expect(&r, 100, "b\n");
    assert_false(tail_counts(r.tail).polling);
    reader_close(&r);
}

static void directory_that_comes_later_is_found(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct reader r;
        room_enter(state);
        reader_open(&r, &both[i]);
        reader_add(&r, "later/sub/*.log");
        reader_add(&r, "plain/x.log");
        reader_expect(&r, 100, "");
        assert_int_equal(mkdir(at("later"), 0755), 0);
        assert_int_equal(mkdir(at("later/sub"), 0755), 0);
        assert_int_equal(mkdir(at("plain"), 0755), 0);
        append("later/sub/a.log", "a\n");
        reader_expect(&r, 600, "a\n");
        append("plain/x.log", "x\n");
        reader_expect(&r, 600, "x\n");
        reader_close(&r);
        room_leave(state);
    }
    room_enter(state);
}

static void directory_replaced_by_another_is_found(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct reader r;
        room_enter(state);
        assert_int_equal(mkdir(at("d"), 0755), 0);
        append("d/a.log", "a\n");
        reader_open(&r, &both[i]);
        reader_add(&r, "d/*.log");
        reader_expect(&r, 100, "a\n");
        move("d", "old");
        assert_int_equal(mkdir(at("d"), 0755), 0);
        append("d/b.log", "b\n");
        reader_expect(&r, 600, "b\n");
        append("d/c.log", "c\n");
        reader_expect(&r, 600, "c\n");
        reader_close(&r);
        room_leave(state);
    }
    room_enter(state);
}

static void wildcards_in_directories_find_new_ones(void **state)
{
    (void)state;
    struct reader r;
    reader_open(&r, &both[1]);
    reader_add(&r, "*/app-*/x.log");
    assert_int_equal(mkdir(at("h"), 0755), 0);
    assert_int_equal(mkdir(at("h/app-1"), 0755), 0);
    append("h/app-1/x.log", "one\n");
    reader_expect(&r, 600, "one\n");
    assert_int_equal(mkdir(at("h/app-2"), 0755), 0);
    append("h/app-2/x.log", "two\n");
    reader_expect(&r, 600, "two\n");
    reader_close(&r);
}

static void directory_given_is_read_but_not_below(void **state)
{
    (void)state;
    struct reader r;
    assert_int_equal(mkdir(at("d"), 0755), 0);
    assert_int_equal(mkdir(at("d/below"), 0755), 0);
    append("d/a", "a\n");
    append("d/.hidden", "no\n");
    append("d/below/b", "no\n");
    reader_open(&r, &hearing);
    reader_add(&r, "d");
    reader_expect(&r, 50, "a\n");
    append("d/c", "c\n");
    reader_expect(&r, 100, "c\n");
    assert_int_equal(tail_counts(r.tail).files, 2);
    reader_close(&r);
}

static void fifo_and_directory_are_refused(void **state)
{
    (void)state;
    struct reader r;
    assert_int_equal(mkfifo(at("a.log"), 0644), 0);
    assert_int_equal(mkdir(at("b.log"), 0755), 0);
    assert_int_equal(symlink("/dev/zero", at("c.log")), 0);
    append("d.log", "d\n");
    reader_open(&r, &polling);
    reader_add(&r, "*.log");
    reader_expect(&r, 300, "d\n");
    assert_int_equal(tail_counts(r.tail).files, 1);
    assert_int_equal(tail_counts(r.tail).refused, 2); // the directory is merely no file
    reader_close(&r);
}

static void more_files_than_allowed_are_left(void **state)
{
    (void)state;
    struct reader r;
    char name[32];
    struct tail_options few = {.files_max = 50, .no_inotify = true, .poll_ns = 20 * NS_PER_MS};
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof(name), "%d.log", i);
        append(name, "x\n");
    }
    reader_open(&r, &few);
    reader_add(&r, "*.log");
    reader_drain(&r, 200);
    assert_int_equal(r.lines.len, 50 * 2);
    assert_int_equal(tail_counts(r.tail).files, 50);
    reader_close(&r);
}

static int no_watches(int fd, const char *path, uint32_t mask)
{
    (void)fd, (void)path, (void)mask;
    errno = ENOSPC;
    return -1;
}

static int no_instances(int flags)
{
    (void)flags;
    errno = EMFILE;
    return -1;
}

static void without_inotify_polling_does_the_work(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct reader r;
        struct tail_options defaults = {0};
        room_enter(state);
        if (i == 0)
            tail_sys.inotify_add_watch = no_watches;
        else
            tail_sys.inotify_init = no_instances;
        append("a.log", "a\n");
        reader_open(&r, &defaults);
        reader_add(&r, "*.log");
        reader_expect(&r, 50, "a\n");
        append("b.log", "b\n");
        reader_expect(&r, 600, "b\n");
        assert_true(tail_counts(r.tail).polling);
        reader_close(&r);
        tail_sys.inotify_add_watch = inotify_add_watch;
        tail_sys.inotify_init = inotify_init1;
        room_leave(state);
    }
    room_enter(state);
}

static int stat_held_up_once(const char *path, struct stat *st)
{
    if (strstr(path, "slow.log")) {
        tail_sys.stat = stat;
        nap_ms(300);
    }
    return stat(path, st);
}

static void one_slow_walk_delays_no_later_one(void **state)
{
    (void)state;
    struct reader r;
    reader_open(&r, &polling);
    reader_add(&r, "*.log");
    reader_expect(&r, 50, "");
    tail_sys.stat = stat_held_up_once;
    append("slow.log", "slow\n");
    reader_expect(&r, 400, "slow\n");
    assert_ptr_equal(tail_sys.stat, stat);
    append("next.log", "next\n");
    reader_expect(&r, 1000, "next\n"); // not after twenty times as long as the slow one
    reader_close(&r);
}

#define T(name) cmocka_unit_test_setup_teardown(name, room_enter, room_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(one_slow_walk_delays_no_later_one),
        T(found_now_and_later),
        T(inotify_alone_tells_of_new_files_and_bytes),
        T(directory_that_comes_later_is_found),
        T(directory_replaced_by_another_is_found),
        T(wildcards_in_directories_find_new_ones),
        T(directory_given_is_read_but_not_below),
        T(fifo_and_directory_are_refused),
        T(more_files_than_allowed_are_left),
        T(without_inotify_polling_does_the_work),
    };
    return cmocka_run_group_tests_name("discover", tests, NULL, NULL);
}
