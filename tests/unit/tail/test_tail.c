/* SPDX-License-Identifier: MIT */
/* Promise: turns are fair, a wake wakes, descriptors are bounded, and what the caller hangs on a source stays there. */

#include "room.h"

#include <dirent.h>
#include <pthread.h>
#include <sys/resource.h>

static void loud_file_starves_none(void **state)
{
    (void)state;
    struct reader r;
    struct tail_options o = {0};
    int fd = open(at("a.log"), O_WRONLY | O_CREAT, 0644);
    for (int i = 0; i < 20000; i++)
        assert_int_equal(write(fd, "a loud file\n", 12), 12);
    close(fd);
    append("b.log", "quiet\n");
    reader_open(&r, &o);
    reader_add(&r, "*.log");
    for (int i = 0; i < 4; i++)
        reader_turn(&r, tail_next(r.tail, 1000));
    buffer_char(&r.lines, '\0');
    assert_non_null(strstr(r.lines.at, "quiet\n"));
    reader_close(&r);
}

static void source_not_read_comes_again(void **state)
{
    (void)state;
    struct reader r;
    struct tail_options o = {0};
    append("a.log", "one\n");
    reader_open(&r, &o);
    reader_add(&r, "a.log");
    struct source *s = tail_next(r.tail, 1000);
    assert_non_null(s);
    assert_ptr_equal(tail_next(r.tail, 1000), s); // the ring was full
    reader_turn(&r, s);
    assert_ptr_equal(tail_next(r.tail, 1000), s);
    reader_turn(&r, s); // nothing there
    assert_null(tail_next(r.tail, 30));
    reader_close(&r);
}

static void caller_things_stay_with_the_source(void **state)
{
    (void)state;
    struct reader r;
    struct tail_options o = {0};
    int mine;
    append("a.log", "one\n");
    append("b.log", "two\n");
    reader_open(&r, &o);
    reader_add(&r, "a.log");
    reader_add(&r, "b.log");
    assert_null(tail_each(r.tail, NULL)); // not before it begins
    assert_int_equal(tail_begin(r.tail), 0);
    struct source *a = tail_each(r.tail, NULL), *b = tail_each(r.tail, a);
    assert_non_null(b);
    assert_null(tail_each(r.tail, b));
    tail_set_user(a, &mine);
    assert_int_equal(tail_group(a), 7);
    assert_ptr_equal(tail_user(a), &mine);
    assert_null(tail_user(b));
    assert_string_equal(source_path(a), at("a.log"));
    reader_close(&r);
}

static void *wake_later(void *tail)
{
    nap_ms(50);
    tail_wake(tail);
    return NULL;
}

static void wake_ends_the_sleep(void **state)
{
    (void)state;
    struct reader r;
    struct tail_options o = {0};
    pthread_t waker;
    reader_open(&r, &o);
    int64_t begin = clock_monotonic_ns();
    assert_int_equal(pthread_create(&waker, NULL, wake_later, r.tail), 0);
    assert_null(tail_next(r.tail, 20000));
    assert_true(clock_monotonic_ns() - begin < 5 * NS_PER_S);
    assert_int_equal(pthread_join(waker, NULL), 0);
    reader_close(&r);
}

static size_t open_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    size_t n = 0;
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

static void more_files_than_descriptors_are_all_read(void **state)
{
    (void)state;
    enum { FILES = 500 };
    struct reader r;
    struct tail_options o = {.poll_ns = 50 * NS_PER_MS, .rotate_wait_ns = 50 * NS_PER_MS};
    struct rlimit before, few;
    char name[32], to[32];
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = before;
    few.rlim_cur = 64;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    for (int i = 0; i < FILES; i++) {
        snprintf(name, sizeof(name), "%d.log", i);
        append(name, "12345\n");
    }
    reader_open(&r, &o);
    reader_add(&r, "*.log");
    for (int round = 1; round <= 2; round++) {
        reader_drain(&r, 200);
        assert_int_equal(r.lines.len, FILES * 6 * round);
        assert_true(open_descriptors() < 50);
        for (int i = 0; i < FILES && round == 1; i++) {
            snprintf(name, sizeof(name), "%d.log", i);
            append(name, "67890\n");
        }
    }
    // rotation of files that are parked, with bytes nobody has read
    for (int i = 0; i < FILES; i++) {
        snprintf(name, sizeof(name), "%d.log", i);
        snprintf(to, sizeof(to), "%d.old", i);
        append(name, "abcde\n");
        move(name, to);
    }
    reader_drain(&r, 300);
    assert_int_equal(r.lines.len, FILES * 6 * 3);
    assert_int_equal(r.gap, 0);
    assert_int_equal(tail_counts(r.tail).files, 0);
    reader_close(&r);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

static void deleted_files_give_their_descriptors_back(void **state)
{
    (void)state;
    struct reader r;
    struct tail_options o = {.poll_ns = 20 * NS_PER_MS, .rotate_wait_ns = 50 * NS_PER_MS};
    char name[32];
    reader_open(&r, &o);
    reader_add(&r, "*.log");
    size_t base = open_descriptors();
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "%d.log", i);
        append(name, "x\n");
    }
    reader_drain(&r, 100);
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "%d.log", i);
        assert_int_equal(unlink(at(name)), 0);
    }
    reader_drain(&r, 300);
    assert_int_equal(open_descriptors(), base);
    assert_int_equal(r.ended, 100);
    reader_close(&r);
}

#define T(name) cmocka_unit_test_setup_teardown(name, room_enter, room_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(loud_file_starves_none),
        T(source_not_read_comes_again),
        T(caller_things_stay_with_the_source),
        T(wake_ends_the_sleep),
        T(more_files_than_descriptors_are_all_read),
        T(deleted_files_give_their_descriptors_back),
    };
    return cmocka_run_group_tests_name("tail", tests, NULL, NULL);
}
