/* SPDX-License-Identifier: MIT */
/*
 * Promise: what was rotated, packed or replaced while nobody looked is read on, from where it was left, in the order in which it was
 * written; and nothing that is read is said to be lost, at this start or at the next.
 */

#include "room.h"
#include "tail/follow.h"

static const struct tail_options options = {
    .no_inotify = true, .poll_ns = 2 * NS_PER_MS, .rotate_wait_ns = 60 * NS_PER_S};

static void open_all(struct reader *r, const char *pattern)
{
    reader_open(r, &options);
    reader_add(r, pattern);
}

static void close_marked(struct reader *r)
{
    mark(r->tail);
    reader_close(r);
}

static void log_read(struct reader *r, const char *pattern, const char *text)
{
    append("app.log", text);
    open_all(r, pattern);
    reader_expect(r, 20, text);
}

static void pack_away(const char *name, const char *archive)
{
    struct timespec now[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_NOW}};
    pack_file(name, archive);
    assert_int_equal(utimensat(AT_FDCWD, at(archive), now, 0), 0); // packed just now
    assert_int_equal(unlink(at(name)), 0);
}

static void packed_rest_comes_before_the_new_log(void **state)
{
    (void)state;
    struct reader r;
    log_read(&r, "app.log*", "a 1\na 2\n");
    close_marked(&r);
    append("app.log", "a 3\na 4\n");
    pack_away("app.log", "app.log.1.zst");
    append("app.log", "b 1\n");
    open_all(&r, "app.log*");
    reader_expect(&r, 20, "a 3\na 4\nb 1\n");
    assert_int_equal(r.gap, 0);
    close_marked(&r);
}

static void packed_rest_is_not_lost_at_the_next_start(void **state)
{
    (void)state;
    struct reader r;
    log_read(&r, "app.log*", "a 1\na 2\n");
    append("app.log", "a 3\na 4\n");
    struct source *s = tail_each(r.tail, NULL);
    struct stat st;
    assert_int_equal(stat(at("app.log"), &st), 0);
    source_saw(s, &st); // its bookmark says that there is more
    close_marked(&r);
    pack_away("app.log", "app.log.1.zst");
    append("app.log", "");
    for (int start = 0; start < 3; start++) {
        open_all(&r, "app.log*");
        reader_expect(&r, 20, start == 0 ? "a 3\na 4\n" : "");
        assert_int_equal(r.gap, 0);
        close_marked(&r);
    }
}

static void archives_never_known_come_in_the_order_of_their_age(void **state)
{
    (void)state;
    struct reader r;
    append("app.log.1", "b 1\n");
    pack_away("app.log.1", "app.log.1.zst");
    append("app.log.2", "a 1\n");
    pack_away("app.log.2", "app.log.2.zst");
    make_old("app.log.2.zst");
    append("app.log", "c 1\n");
    open_all(&r, "app.log*");
    reader_expect(&r, 20, "a 1\nb 1\nc 1\n");
    reader_close(&r);
}

static void generations_under_names_that_are_followed_come_in_order(void **state)
{
    (void)state;
    struct reader r;
    log_read(&r, "app.log*", "a 1\n");
    close_marked(&r);
    append("app.log", "a 2\na 3\n");
    nap_ms(12);
    move("app.log", "app.log.1");
    append("app.log", "b 1\n");
    open_all(&r, "app.log*");
    reader_drain(&r, 20);
    struct source *s = NULL;
    while ((s = tail_each(r.tail, s)) != NULL && strcmp(source_path(s), at("app.log")) != 0)
        ;
    assert_non_null(s);
    assert_string_equal(source_path(tail_predecessor(s)), at("app.log.1"));
    reader_expect(&r, 20, "a 2\na 3\nb 1\n");
    reader_close(&r);
}

/* Written and rotated, and the bookmarks made, before any look had found it. */
static void generation_not_found_when_the_bookmark_was_made_is_read(void **state)
{
    (void)state;
    struct reader r;
    log_read(&r, "app.log", "a 1\n");
    assert_int_equal(unlink(at("app.log")), 0);
    append("app.log", "b 1\n");
    move("app.log", "app.log.1");
    int64_t before_s = clock_wall_ns() / NS_PER_S - 1; // as if another second had begun since
    struct timespec times[2] = {{.tv_sec = before_s}, {.tv_sec = before_s}};
    assert_int_equal(utimensat(AT_FDCWD, at("app.log.1"), times, 0), 0);
    append("app.log", "c 1\n");
    close_marked(&r);
    open_all(&r, "app.log");
    reader_expect(&r, 20, "b 1\nc 1\n");
    reader_close(&r);
}

static void another_number_is_another_log(void **state)
{
    (void)state;
    assert_true(absent_is_rotated("app.log.1", "app.log"));
    assert_true(absent_is_rotated("app.log-20240101", "app.log"));
    assert_true(absent_is_rotated("worker-1.2", "worker-1"));
    assert_false(absent_is_rotated("worker-12", "worker-1"));
    assert_false(absent_is_rotated("app.log", "app.log"));
    assert_false(absent_is_rotated("app.log.old", "app.log"));
    assert_false(absent_is_rotated("other.log.1", "app.log"));
}

#define T(name) cmocka_unit_test_setup_teardown(name, room_enter, room_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(packed_rest_comes_before_the_new_log),
        T(packed_rest_is_not_lost_at_the_next_start),
        T(archives_never_known_come_in_the_order_of_their_age),
        T(generations_under_names_that_are_followed_come_in_order),
        T(generation_not_found_when_the_bookmark_was_made_is_read),
        T(another_number_is_another_log),
    };
    return cmocka_run_group_tests_name("absent", tests, NULL, NULL);
}
