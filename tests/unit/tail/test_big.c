/* SPDX-License-Identifier: MIT */
/* Promise: sizes change nothing: offsets beyond 4 GiB are right, an endless line costs no memory, a loud file starves none. */

#include "room.h"

#include <sys/resource.h>

static const struct tail_options options = {.no_inotify = true, .poll_ns = 20 * NS_PER_MS};

static void put_at(const char *name, off_t offset, const char *text)
{
    int fd = open(at(name), O_WRONLY | O_CREAT, 0644);
    assert_int_equal(pwrite(fd, text, strlen(text), offset), (ssize_t)strlen(text));
    close(fd);
}

static void lines_across_two_and_four_gib_are_read_and_gone_on_with(void **state)
{
    (void)state;
    static const off_t borders[] = {(off_t)2 << 30, (off_t)4 << 30};
    for (int i = 0; i < 2; i++) {
        struct reader r;
        room_enter(state);
        put_at("a.log", borders[i] - 8, "\n");
        reader_open(&r, &options);
        reader_add_from(&r, "a.log", TAIL_END);
        assert_int_equal(tail_begin(r.tail), 0);
        append("a.log", "one\ntwo\nthr"); // the border is in the second line
        reader_expect(&r, 100, "one\ntwo\n");
        assert_true(source_offset(tail_each(r.tail, NULL)) == (uint64_t)borders[i] + 1);
        mark(r.tail);
        reader_close(&r);
        append("a.log", "ee\n");
        reader_open(&r, &options);
        reader_add(&r, "a.log");
        reader_expect(&r, 100, "three\n");
        struct source *again = NULL;
        struct error error;
        char buf[4];
        assert_int_equal(tail_reread(r.tail, 1, (uint64_t)borders[i] - 3, &again, &error), 0);
        assert_int_equal(source_read(again, buf, 4), 4);
        assert_memory_equal(buf, "two\n", 4);
        source_close(again);
        reader_close(&r);
        room_leave(state);
    }
    room_enter(state);
}

static void line_of_one_gib_costs_no_memory_and_the_next_one_comes(void **state)
{
    (void)state;
    enum { SIZE = 1 << 20 };
    struct reader r;
    struct rusage before, after;
    static char buf[SIZE];
    put_at("a.log", (off_t)1 << 30, "\nnext\n");
    reader_open(&r, &options);
    reader_add(&r, "a.log");
    getrusage(RUSAGE_SELF, &before);
    uint64_t bytes = 0;
    for (;;) { // what is longer than the buffer is consumed as it comes
        struct source *s = tail_next(r.tail, 100);
        if (!s)
            break;
        ssize_t got = source_read(s, buf, SIZE);
        if (got <= 0)
            continue;
        source_consume(s, buf, (size_t)got, (size_t)got);
        bytes += (uint64_t)got;
    }
    getrusage(RUSAGE_SELF, &after);
    assert_true(bytes == ((uint64_t)1 << 30) + 6);
    assert_true(after.ru_maxrss - before.ru_maxrss < 8 << 10); // KiB
    append("a.log", "more\n");
    reader_expect(&r, 100, "more\n");
    reader_close(&r);
}

static void one_loud_file_starves_none_of_fifty(void **state)
{
    (void)state;
    enum { SMALL = 50, TURNS = 2 * (SMALL + 1) };
    struct reader r;
    char name[32], line[32];
    put_at("loud.log", (off_t)200 << 20, "\n");
    for (int i = 0; i < SMALL; i++) {
        snprintf(name, sizeof(name), "%d.log", i);
        append(name, "quiet\n");
    }
    reader_open(&r, &options);
    reader_add(&r, "*.log");
    for (int round = 0; round < 20; round++) {
        size_t quiet = 0;
        for (int turn = 0; turn < TURNS; turn++) {
            struct source *s = tail_next(r.tail, 1000);
            assert_non_null(s);
            ssize_t got = source_read(s, r.buf, sizeof(r.buf));
            if (got > 0)
                source_consume(s, r.buf, (size_t)got, (size_t)got);
            quiet += got > 0 && strstr(source_path(s), "loud") == NULL;
        }
        assert_int_equal(quiet, SMALL);
        for (int i = 0; i < SMALL; i++) {
            snprintf(name, sizeof(name), "%d.log", i);
            snprintf(line, sizeof(line), "round %d\n", round);
            append(name, line);
        }
        nap_ms(25); // so that a sweep is due
    }
    reader_close(&r);
}

static void every_read_size_makes_the_same_bytes(void **state)
{
    (void)state;
    char text[301], out[301], buf[301];
    for (size_t i = 0; i < 300; i++)
        text[i] = (char)(i % 7 == 5 ? '\r' : i % 7 == 6 ? '\n' : 'a' + (int)(i % 26));
    text[300] = '\0';
    append("a.log", text);
    for (size_t size = 1; size <= 300; size++) {
        struct source *s = NULL;
        struct error error;
        size_t len = 0;
        assert_int_equal(source_open(at("a.log"), &s, &error), 0);
        for (ssize_t got; (got = source_read(s, buf, size)) > 0;) {
            size_t used = (size_t)got > size / 2 + 1 ? size / 2 + 1 : (size_t)got;
            memcpy(out + len, buf, used);
            len += used;
            source_consume(s, buf, (size_t)got, used);
        }
        assert_int_equal(len, 300);
        assert_memory_equal(out, text, 300);
        source_close(s);
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, room_enter, room_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(lines_across_two_and_four_gib_are_read_and_gone_on_with),
        T(line_of_one_gib_costs_no_memory_and_the_next_one_comes),
        T(one_loud_file_starves_none_of_fifty),
        T(every_read_size_makes_the_same_bytes),
    };
    return cmocka_run_group_tests_name("big", tests, NULL, NULL);
}
