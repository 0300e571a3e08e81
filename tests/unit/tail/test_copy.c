/* SPDX-License-Identifier: MIT */
/* Promise: a log that is cut off begins anew; what was unread then is read from the copy if there is one, else it is a gap. */

#include "room.h"

static const struct tail_options options = {
    .no_inotify = true, .poll_ns = 20 * NS_PER_MS, .rotate_wait_ns = 50 * NS_PER_MS};

static void start(struct reader *r, const char *pattern)
{
    reader_open(r, &options);
    reader_add(r, pattern);
    assert_int_equal(tail_begin(r->tail), 0);
}

static void stop(struct reader *r)
{
    mark(r->tail);
    reader_close(r);
}

static void copy_file(const char *from, const char *to)
{
    char buf[4096];
    int in = open(at(from), O_RDONLY), out = open(at(to), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    for (ssize_t n; (n = read(in, buf, sizeof(buf))) > 0;)
        assert_int_equal(write(out, buf, (size_t)n), n);
    close(in);
    close(out);
}

static void unread_rest_comes_from_the_copy_before_what_is_new(void **state)
{
    (void)state;
    struct reader r;
    append("a.log", "one\ntwo\n");
    start(&r, "a.log");
    reader_expect(&r, 60, "one\ntwo\n");
    append("a.log", "three\nfour\n");
    copy_file("a.log", "a.log.1");
    append("a.log", "after the copy\n"); // is in neither
    overwrite("a.log", "new\n");
    reader_expect(&r, 150, "three\nfour\nnew\n");
    assert_int_equal(r.stale, 1);
    assert_int_equal(r.ended, 1); // the copy
    assert_int_equal(tail_counts(r.tail).files, 1);
    stop(&r);
    start(&r, "a.log");
    reader_expect(&r, 60, "");
    stop(&r);
}

static void same_while_nobody_looked(void **state)
{
    (void)state;
    static const char *const news[] = {"new\n", "new, and longer than the old one ever was\n"};
    for (int i = 0; i < 2; i++) {
        struct reader r;
        room_enter(state);
        append("a.log", "one\ntwo\npart");
        start(&r, "a.log");
        reader_expect(&r, 60, "one\ntwo\n");
        stop(&r);
        append("a.log", "ial\n");
        copy_file("a.log", "a.log-20240101");
        overwrite("a.log", news[i]);
        start(&r, "a.log");
        reader_drain(&r, 100);
        buffer_char(&r.lines, '\0');
        assert_int_equal(strncmp(r.lines.at, "partial\n", 8), 0);
        assert_string_equal(r.lines.at + 8, news[i]);
        assert_int_equal(r.gap, 0);
        reader_close(&r);
        room_leave(state);
    }
    room_enter(state);
}

static void read_to_its_end_it_costs_nothing(void **state)
{
    (void)state;
    struct reader r;
    append("a.log", "one\n");
    start(&r, "a.log");
    reader_expect(&r, 60, "one\n");
    for (int i = 0; i < 5; i++) {
        copy_file("a.log", "a.log.1");
        overwrite("a.log", "");
        reader_expect(&r, 60, "");
        append("a.log", "more\n");
        reader_expect(&r, 60, "more\n");
    }
    assert_int_equal(r.stale, 5);
    assert_int_equal(r.gap, 0);
    reader_close(&r);
}

static void without_a_copy_the_gap_has_what_is_known(void **state)
{
    (void)state;
    struct reader r;
    append("a.log", "one\n");
    append("a.log.1", "another log of the same name\n");
    start(&r, "a.log");
    reader_expect(&r, 60, "one\n");
    append("a.log", "unread\n");
    nap_ms(30);
    assert_non_null(tail_next(r.tail, 100)); // its size is seen, and nobody reads
    overwrite("a.log", "");
    reader_expect(&r, 60, "");
    assert_int_equal(r.gap, 7);
    reader_close(&r);
}

static void stale_writer_leaves_a_hole_that_nobody_sees(void **state)
{
    (void)state;
    struct reader r;
    for (int live = 0; live < 2; live++) {
        room_enter(state);
        int fd = open(at("a.log"), O_WRONLY | O_CREAT, 0644); // without O_APPEND
        char line[3000];
        memset(line, 'x', sizeof(line));
        line[2999] = '\n';
        for (int i = 0; i < 30; i++)
            assert_int_equal(write(fd, line, sizeof(line)), sizeof(line));
        start(&r, "a.log");
        while (r.lines.len < 30 * sizeof(line))
            reader_turn(&r, tail_next(r.tail, 1000));
        buffer_clear(&r.lines);
        if (!live)
            stop(&r);
        assert_int_equal(truncate(at("a.log"), 0), 0);
        if (live)
            reader_expect(&r, 60, "");
        assert_int_equal(write(fd, "stale\n", 6), 6);
        close(fd);
        if (!live)
            start(&r, "a.log");
        reader_expect(&r, 100, "stale\n");
        assert_int_equal(r.gap, 30 * sizeof(line)); // the hole, said as such
        append("a.log", "\x01more\n");
        reader_expect(&r, 100, "\x01more\n");
        reader_close(&r);
        room_leave(state);
    }
    room_enter(state);
}

static void nul_bytes_elsewhere_are_content(void **state)
{
    (void)state;
    struct reader r;
    int fd = open(at("a.log"), O_WRONLY | O_CREAT, 0644);
    assert_int_equal(write(fd, "\0\0a\0\n\0\0\n", 8), 8);
    close(fd);
    start(&r, "a.log");
    reader_drain(&r, 60);
    assert_int_equal(r.lines.len, 8);
    assert_memory_equal(r.lines.at, "\0\0a\0\n\0\0\n", 8);
    reader_close(&r);
}

/* B9: whatever is cut off when, each line comes at most once and in order, and what was drained before always. */
static void truncated_a_thousand_times(void **state)
{
    (void)state;
    struct reader r;
    char line[64];
    unsigned seed = 4711;
    int drained = 0, last = -1, came = 0;
    append("a.log", "line 0\n");
    start(&r, "a.log");
    for (int i = 1; i < 1000; i++) {
        snprintf(line, sizeof(line), "line %d%s\n", i, i % 3 ? "" : " and a longer tail");
        int act = (int)(rand_r(&seed) % 3);
        if (act == 0)
            overwrite("a.log", line);
        else
            append("a.log", line);
        for (int turns = (int)(rand_r(&seed) % 3); act == 2 && turns > 0; turns--) {
            struct source *s = tail_next(r.tail, 0);
            if (s)
                reader_turn(&r, s);
        }
        if (i % 50 == 0) {
            reader_drain(&r, 45);
            drained = i;
            buffer_char(&r.lines, '\0');
            for (char *at = r.lines.at; *at; at = strchr(at, '\n') + 1, came++) {
                assert_true(atoi(at + 5) > last);
                last = atoi(at + 5);
            }
            assert_int_equal(last, drained);
            buffer_clear(&r.lines);
        }
    }
    assert_true(came > 20);
    reader_close(&r);
}

#define T(name) cmocka_unit_test_setup_teardown(name, room_enter, room_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(unread_rest_comes_from_the_copy_before_what_is_new),
        T(same_while_nobody_looked),
        T(read_to_its_end_it_costs_nothing),
        T(without_a_copy_the_gap_has_what_is_known),
        T(stale_writer_leaves_a_hole_that_nobody_sees),
        T(nul_bytes_elsewhere_are_content),
        T(truncated_a_thousand_times),
    };
    return cmocka_run_group_tests_name("copy", tests, NULL, NULL);
}
