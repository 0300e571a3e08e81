/* SPDX-License-Identifier: MIT */
/*
 * Promise: a log that is rotated while we look, between any two of our calls, is read in the order in which it was written, each line
 * once; and what only looks like one of its generations does not wait for it.
 *
 * The renames happen inside stat(2): from the nth call on, one every `gap` calls, for each n of several sweeps.
 */

#include "base/hash.h"
#include "room.h"
#include "tail/follow.h"
#include "tail/sys.h"

#include <linux/stat.h>

enum { CALLS = 20, GAPS = 3, ROTATIONS = 3, STEPS = 4 * ROTATIONS };
enum { LINES = 500 /* several turns of the reader */ };

static const struct tail_options options = {
    .no_inotify = true, .poll_ns = NS_PER_MS, .rotate_wait_ns = 2 * NS_PER_S};

/* ---- a writer between our calls ------------------------------------------------ */

static struct {
    struct tail_sys real;
    int calls, first, gap, done; /* stat calls so far; steps begin with this one */
    int generation;
    struct buffer written;
} plot;

static void write_generation(void)
{
    int number = plot.generation++;
    struct buffer text = {0};
    for (int i = 0; i < LINES; i++)
        buffer_printf(&text, "%d %d\n", number, i);
    buffer_append(&plot.written, text.at, text.len);
    buffer_char(&text, '\0');
    append("app.log", text.at);
    buffer_free(&text);
    nap_ms(12); // birth and change have the kernel's tick
}

static void step(int number)
{
    static const char *const moves[][2] = {
        {"app.log.2", "app.log.3"}, {"app.log.1", "app.log.2"}, {"app.log", "app.log.1"}};
    int part = number % 4;
    if (part == 3)
        write_generation();
    else
        (void)rename(at(moves[part][0]),
                     at(moves[part][1])); // the first ones need not be there
}

static int stat_and_rotate(const char *path, struct stat *st)
{
    int now = plot.calls++;
    while (plot.done < STEPS && now >= plot.first + plot.gap * plot.done)
        step(plot.done++);
    return plot.real.stat(path, st);
}

static int statx_without_birth(int dir, const char *path, int flags, unsigned mask,
                               struct statx *st)
{
    int r = plot.real.statx(dir, path, flags, mask, st);
    st->stx_mask &= ~(unsigned)STATX_BTIME;
    return r;
}

/* ---- what is read ---------------------------------------------------------------- */

static void read_what_is_written(struct reader *r)
{
    int64_t until = clock_monotonic_ns() + 5 * NS_PER_S; // a walk that was long delays the next
    while (clock_monotonic_ns() < until &&
           (plot.done < STEPS || r->lines.len < plot.written.len))
        reader_drain(r, 2);
    reader_drain(r, 2); // and nothing more
    bool same = r->lines.len == plot.written.len &&
                memcmp(r->lines.at, plot.written.at, r->lines.len) == 0;
    if (!same)
        print_error("names moved from call %d on, one each %d calls\n", plot.first, plot.gap);
    assert_true(same);
    buffer_clear(&r->lines);
    buffer_clear(&plot.written);
}

/* So that old generations are known under each name, as in a log that is followed for long. */
static void warm_up(struct reader *r)
{
    plot.done = STEPS;
    for (int i = 3; i < STEPS; i++) {
        step(i);
        read_what_is_written(r);
    }
}

static void at_each_call(const char *pattern)
{
    struct reader r;
    plot.generation = 0;
    reader_open(&r, &options);
    reader_add(&r, pattern);
    assert_int_equal(tail_begin(r.tail), 0);
    warm_up(&r);
    tail_sys.stat = stat_and_rotate;
    for (plot.gap = 0; plot.gap < GAPS; plot.gap++)
        for (plot.first = 0; plot.first < CALLS; plot.first++) {
            plot.calls = plot.done = 0;
            read_what_is_written(&r);
        }
    tail_sys.stat = plot.real.stat;
    buffer_free(&plot.written);
    reader_close(&r);
}

static void generations_come_in_order_whenever_names_move(void **state)
{
    (void)state;
    at_each_call("app.log");
}

static void generations_under_names_that_a_pattern_has_come_in_order(void **state)
{
    (void)state;
    at_each_call("app.log*");
}

static void without_times_of_birth_the_last_write_tells_the_order(void **state)
{
    (void)state;
    tail_sys.statx = statx_without_birth;
    at_each_call("app.log*");
    tail_sys.statx = plot.real.statx;
}

static int stat_and_rotate_once(const char *path, struct stat *st)
{
    size_t len = strlen(path);
    if (strcmp(path + len - 2, ".1") == 0)
        while (plot.done < STEPS) // the last rotation, in the midst of the look beside the log
            step(plot.done++);
    return plot.real.stat(path, st);
}

static void a_rename_hides_nothing_from_the_look_beside_a_log(void **state)
{
    (void)state;
    struct reader r;
    plot.generation = plot.done = 0;
    reader_open(&r, &options);
    reader_add(&r, "app.log");
    assert_int_equal(tail_begin(r.tail), 0);
    write_generation();
    reader_drain(&r, 10);
    while (plot.done < STEPS - 4)
        step(plot.done++); // two that nobody sees
    tail_sys.stat = stat_and_rotate_once;
    read_what_is_written(&r);
    tail_sys.stat = plot.real.stat;
    buffer_free(&plot.written);
    reader_close(&r);
}

/* ---- what is none ------------------------------------------------------------------ */

static struct source *named(struct tail *tail, const char *name)
{
    struct source *s = NULL;
    while ((s = tail_each(tail, s)) != NULL && strcmp(source_path(s), at(name)) != 0)
        ;
    assert_non_null(s);
    return s;
}

static void a_log_of_its_own_waits_for_nobody(void **state)
{
    (void)state;
    struct reader r;
    append("worker", "a 1\n");
    reader_open(&r, &options);
    reader_add(&r, "worker*");
    reader_expect(&r, 10, "a 1\n");
    nap_ms(12);
    move("worker", "worker.1");
    append("worker", "a 2\n");
    reader_expect(&r, 10, "a 2\n");
    nap_ms(12);
    append("worker-1", "b 1\n"); // looks like a rotated worker, which is still there
    reader_expect(&r, 10, "b 1\n");
    append("worker", "a 3\n");
    reader_expect(&r, 10, "a 3\n");
    assert_ptr_equal(tail_predecessor(named(r.tail, "worker")), named(r.tail, "worker.1"));
    assert_null(tail_predecessor(named(r.tail, "worker-1")));
    reader_close(&r);
}

static void one_that_is_written_on_is_no_generation(void **state)
{
    (void)state;
    struct reader r;
    reader_open(&r, &options);
    reader_add(&r, "worker*");
    assert_int_equal(tail_begin(r.tail), 0);
    nap_ms(12);
    append("worker-1", "b 1\n");
    reader_expect(&r, 10, "b 1\n");
    int fd = open(at("worker"), O_WRONLY | O_CREAT | O_APPEND, 0644);
    nap_ms(12);
    append("worker-1", "b 2\n");
    assert_int_equal(write(fd, "a 1\n", 4), 4);
    close(fd);
    reader_drain(&r, 10);
    assert_null(tail_predecessor(named(r.tail, "worker")));
    reader_close(&r);
}

static void shorter_names_are_those_it_may_be_rotated_from(void **state)
{
    (void)state;
    assert_int_equal(generation_shorter("app.log.1", 9), 8); // app.log.
    assert_int_equal(generation_shorter("app.log.1", 8), 7);
    assert_int_equal(generation_shorter("app.log.1", 7), 0);
    assert_int_equal(generation_shorter("worker-12", 9), 7); // not worker-1
    assert_int_equal(generation_shorter("1", 1), 0);
    assert_true(generation_is_of("app.log-20240101", hash_bytes(bytes_of("app.log"))));
    assert_false(generation_is_of("worker-12", hash_bytes(bytes_of("worker-1"))));
    assert_false(generation_is_of("app.log", hash_bytes(bytes_of("app.log"))));
}

#define T(name) cmocka_unit_test_setup_teardown(name, room_enter, room_leave)

int main(void)
{
    plot.real = tail_sys;
    const struct CMUnitTest tests[] = {
        T(generations_come_in_order_whenever_names_move),
        T(generations_under_names_that_a_pattern_has_come_in_order),
        T(without_times_of_birth_the_last_write_tells_the_order),
        T(a_rename_hides_nothing_from_the_look_beside_a_log),
        T(a_log_of_its_own_waits_for_nobody),
        T(one_that_is_written_on_is_no_generation),
        T(shorter_names_are_those_it_may_be_rotated_from),
    };
    return cmocka_run_group_tests_name("generation", tests, NULL, NULL);
}
