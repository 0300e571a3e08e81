/* SPDX-License-Identifier: MIT */
/* Promise: a content of a file has one serial for ever; tail_changes() tells of what changed and of nothing else, tail_all() of all. */

#include "room.h"

static const struct tail_options options = {
    .no_inotify = true, .poll_ns = 20 * NS_PER_MS, .rotate_wait_ns = NS_PER_MS};

struct seen {
    size_t count;
    struct bookmark last, marks[64];
    char path[PATH_MAX];
};

static void see(void *context, const struct bookmark *mark)
{
    struct seen *seen = context;
    seen->last = *mark;
    snprintf(seen->path, sizeof(seen->path), "%s", mark->path);
    seen->marks[seen->count++ % 64] = *mark;
}

static struct seen changes(struct reader *r)
{
    struct seen seen = {.count = 0};
    tail_changes(r->tail, see, &seen);
    return seen;
}

static void start(struct reader *r, const char *pattern)
{
    reader_open(r, &options);
    reader_add(r, pattern);
    assert_int_equal(tail_begin(r->tail), 0);
}

static void only_what_changed_is_told(void **state)
{
    (void)state;
    struct reader r;
    append("a.log", "one\n");
    append("b.log", "two\n");
    start(&r, "*.log");
    assert_int_equal(changes(&r).count, 2); // they are new
    reader_expect(&r, 60, "one\ntwo\n");
    assert_int_equal(changes(&r).count, 2);
    reader_expect(&r, 60, "");
    assert_int_equal(changes(&r).count, 0);
    append("b.log", "three\n");
    reader_expect(&r, 60, "three\n");
    struct seen seen = changes(&r);
    assert_int_equal(seen.count, 1);
    assert_string_equal(seen.path, at("b.log"));
    assert_int_equal(seen.last.offset, 10);
    assert_int_equal(seen.last.size, 10);
    assert_true(seen.last.boot != 0);
    reader_close(&r);
}

static void note_key_and_name_are_changes(void **state)
{
    (void)state;
    struct reader r;
    append("a.log", "one\n");
    start(&r, "a.*");
    reader_expect(&r, 60, "one\n");
    changes(&r);
    struct source *s = tail_each(r.tail, NULL);
    tail_set_note(s, 5);
    struct seen seen = changes(&r);
    assert_true(seen.count == 1 && seen.last.note == 5);
    tail_set_note(s, 5); // as it was
    assert_int_equal(changes(&r).count, 0);
    move("a.log", "a.old");
    reader_expect(&r, 100, "");
    seen = changes(&r);
    assert_int_equal(seen.count, 1);
    assert_string_equal(seen.path, at("a.old"));
    reader_close(&r);
}

static void bytes_that_nobody_reads_are_a_change_of_size(void **state)
{
    (void)state;
    struct reader r;
    append("a.log", "one\n");
    start(&r, "a.log");
    reader_expect(&r, 60, "one\n");
    changes(&r);
    append("a.log", "two\n");
    nap_ms(30);
    assert_non_null(tail_next(r.tail, 1000)); // lent, and not read
    struct seen seen = changes(&r);
    assert_true(seen.count == 1 && seen.last.offset == 4 && seen.last.size == 8);
    reader_close(&r);
}

static void file_that_was_let_go_of_is_told_once(void **state)
{
    (void)state;
    struct reader r;
    append("a.log", "one\n");
    start(&r, "a.log");
    reader_expect(&r, 60, "one\n");
    changes(&r);
    assert_int_equal(unlink(at("a.log")), 0);
    reader_expect(&r, 100, "");
    assert_int_equal(r.ended, 1);
    struct seen seen = changes(&r);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.last.flags, BOOKMARK_LEFT | BOOKMARK_DELETED);
    assert_true(seen.last.offset == 4 && seen.last.serial == 1);
    assert_int_equal(changes(&r).count, 0);
    seen = (struct seen){.count = 0};
    tail_all(r.tail, see, &seen);
    assert_int_equal(seen.count, 1); // it stays known
    reader_close(&r);
}

static void truncation_begins_a_new_serial_and_tells_of_the_old(void **state)
{
    (void)state;
    struct reader r;
    append("a.log", "one\ntwo\n");
    start(&r, "a.log");
    reader_expect(&r, 60, "one\ntwo\n");
    changes(&r);
    overwrite("a.log", "NEW\n");
    reader_expect(&r, 60, "NEW\n");
    assert_int_equal(tail_serial(tail_each(r.tail, NULL)), 2);
    struct seen seen = changes(&r);
    assert_int_equal(seen.count, 2);
    assert_true(seen.marks[0].serial == 1 && seen.marks[0].offset == 8);
    assert_true(seen.marks[0].flags & BOOKMARK_LEFT);
    assert_true(seen.marks[1].serial == 2 && seen.marks[1].offset == 4);
    reader_close(&r);
}

static void serial_stays_over_restart_and_rename_and_new_ones_follow(void **state)
{
    (void)state;
    struct reader r;
    append("a.log", "one\n");
    append("b.log", "b\n");
    start(&r, "*.log");
    reader_drain(&r, 60);
    assert_int_equal(tail_serials(r.tail), 2);
    uint64_t a = tail_serial(tail_each(r.tail, NULL));
    const char *path = source_path(tail_each(r.tail, NULL));
    char moved[PATH_MAX];
    snprintf(moved, sizeof(moved), "%.*sx.log", (int)(strlen(path) - 5), path);
    assert_int_equal(rename(path, moved), 0);
    mark(r.tail);
    reader_close(&r);
    append("c.log", "three\n");
    start(&r, "*.log");
    bool seen[4] = {false};
    for (struct source *s = NULL; (s = tail_each(r.tail, s)) != NULL;) {
        assert_true(tail_serial(s) <= 3 && !seen[tail_serial(s)]);
        seen[tail_serial(s)] = true;
        if (tail_serial(s) == a)
            assert_string_equal(source_path(s), moved);
        assert_int_equal(source_offset(s) > 0, tail_serial(s) < 3);
    }
    assert_true(seen[1] && seen[2] && seen[3]);
    reader_close(&r);
}

static void later_bookmark_of_a_serial_takes_the_place_of_the_one_before(void **state)
{
    (void)state;
    struct reader r;
    struct seen seen;
    append("a.log", "one\ntwo\n");
    start(&r, "a.log");
    reader_expect(&r, 60, "one\ntwo\n");
    mark(r.tail);
    append("a.log", "three\n");
    reader_expect(&r, 60, "three\n");
    seen = changes(&r);
    seen.last.path = seen.path;
    assert_int_equal(tail_know(r.tail, &seen.last), -EBUSY);
    reader_close(&r);
    reader_open(&r, &options); // knows the one before
    assert_int_equal(tail_know(r.tail, &seen.last), 0);
    reader_add(&r, "a.log");
    assert_int_equal(tail_begin(r.tail), 0);
    assert_int_equal(source_offset(tail_each(r.tail, NULL)), 14);
    assert_int_equal(tail_serial(tail_each(r.tail, NULL)), 1);
    seen.last.serial = 0;
    reader_close(&r);
    reader_open(&r, &options);
    assert_int_equal(tail_know(r.tail, &seen.last), -EINVAL);
    reader_close(&r);
}

static void bookmarks_of_files_long_dead_expire_and_their_serials_do_not(void **state)
{
    (void)state;
    struct reader r;
    char path[] = "/nowhere/a.log";
    struct bookmark old = {.path = path, .serial = 41};
    struct seen seen = {.count = 0};
    old.seen_s = clock_wall_ns() / NS_PER_S - (BOOK_DAYS + 1) * 86400;
    reader_open(&r, &options);
    assert_int_equal(tail_know(r.tail, &old), 0);
    tail_all(r.tail, see, &seen);
    assert_int_equal(seen.count, 0);
    append("a.log", "one\n");
    reader_add(&r, "a.log");
    reader_expect(&r, 60, "one\n");
    assert_int_equal(tail_serial(tail_each(r.tail, NULL)), 42);
    reader_close(&r);
}

static void archive_has_a_serial_of_its_own_and_says_what_it_continues(void **state)
{
    (void)state;
    struct reader r;
    append("a.log", "one\ntwo\n");
    start(&r, "a.log*");
    reader_expect(&r, 60, "one\ntwo\n");
    mark(r.tail);
    reader_close(&r);
    append("a.log", "three\n");
    pack_file("a.log", "a.log.1.zst");
    assert_int_equal(unlink(at("a.log")), 0);
    start(&r, "a.log*");
    struct source *s = tail_each(r.tail, NULL);
    assert_int_equal(source_kind(s), SOURCE_ARCHIVE);
    assert_int_equal(tail_serial(s), 2);
    assert_int_equal(tail_origin(s), 1);
    reader_expect(&r, 60, "three\n");
    struct seen seen = {.count = 0};
    tail_all(r.tail, see, &seen);
    assert_true(seen.last.serial == 2 && seen.last.origin == 1 && seen.last.offset == 14);
    assert_int_equal(seen.last.flags, BOOKMARK_ARCHIVE | BOOKMARK_DONE);
    mark(r.tail);
    reader_close(&r);
    start(&r, "a.log*"); // both come back
    reader_expect(&r, 60, "");
    assert_int_equal(tail_serials(r.tail), 2);
    reader_close(&r);
}

#define T(name) cmocka_unit_test_setup_teardown(name, room_enter, room_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(only_what_changed_is_told),
        T(note_key_and_name_are_changes),
        T(bytes_that_nobody_reads_are_a_change_of_size),
        T(file_that_was_let_go_of_is_told_once),
        T(truncation_begins_a_new_serial_and_tells_of_the_old),
        T(serial_stays_over_restart_and_rename_and_new_ones_follow),
        T(later_bookmark_of_a_serial_takes_the_place_of_the_one_before),
        T(bookmarks_of_files_long_dead_expire_and_their_serials_do_not),
        T(archive_has_a_serial_of_its_own_and_says_what_it_continues),
    };
    return cmocka_run_group_tests_name("changes", tests, NULL, NULL);
}
