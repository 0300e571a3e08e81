/* SPDX-License-Identifier: MIT */
/*
 * Promise: of a long log in the order of time, no record of a time that is asked about lies in what is left out, and what is left out is
 * most of the rest; a log that is in no order, says no times, or is short is read as a whole.
 */

#include "base/check.h"
#include "base/clock.h"
#include "command/gate_seek.h"
#include "ring/ring.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { HOUR_S = 3600, HOURS = 12, BYTES_PER_S = 300 };
#define BEGIN_NS (INT64_C(1718236800) * NS_PER_S) /* 2024-06-13 00:00 */

/* One second of log after another: a stamped line, and a long continuation of it. `stamp` says which second each has. */
static void write_log(const char *path, int hours, int64_t (*stamp)(int second))
{
    static char filler[BYTES_PER_S];
    char text[CLOCK_TEXT_SIZE];
    FILE *out = fopen(path, "w");
    CHECK(out);
    memset(filler, 'x', sizeof(filler) - 1);
    filler[0] = ' ';
    for (int second = 0; second < hours * HOUR_S; second++) {
        int64_t at = stamp(second);
        if (at == NO_TIME)
            fprintf(out, "line of no time\n%s\n", filler);
        else
            fprintf(out, "%s INFO line %d\n%s\n", clock_format(at, text), second, filler);
    }
    CHECK(fclose(out) == 0);
}

static int64_t in_order(int second)
{
    return BEGIN_NS + second * NS_PER_S;
}

/* Threads that finish in another order. */
static int64_t a_little_out_of_order(int second)
{
    return in_order(second) + (second % 7 ? 0 : -60 * NS_PER_S);
}

static int64_t glued_together(int second)
{
    return in_order((second + HOURS / 2 * HOUR_S) % (HOURS * HOUR_S));
}

static int64_t of_no_time(int second)
{
    (void)second;
    return NO_TIME;
}

static struct gate_parts parts_of(const char *path, const struct gate_spans *spans)
{
    struct gate_parts parts;
    struct batch_writer writer = {0};
    struct record_plan *plan;
    struct ring *ring;
    struct source *source;
    struct record_options options = {.format = RECORD_AUTO};
    CHECK(ring_create(4 << 20, 1, &ring, NULL) == 0);
    CHECK(batch_writer_init(&writer, ring, NULL) == 0);
    CHECK(record_plan_create(&options, &plan, NULL) == 0);
    CHECK(source_open(path, &source, NULL) == 0);
    const struct gate_seeking seeking = {source, plan, &writer, 2 << 20};
    gate_seek(&seeking, spans, &parts);
    source_close(source);
    record_plan_free(plan);
    batch_writer_free(&writer);
    ring_destroy(ring);
    return parts;
}

static struct gate_span hours(int from, int until)
{
    return (struct gate_span){in_order(from * HOUR_S), in_order(until * HOUR_S)};
}

/* The byte at which the first line with a second's number begins. */
static uint64_t find_line(const char *path, int second)
{
    char wanted[64], line[BYTES_PER_S + 64];
    uint64_t at = 0;
    FILE *in = fopen(path, "r");
    CHECK(in);
    snprintf(wanted, sizeof(wanted), " line %d\n", second);
    while (fgets(line, sizeof(line), in) && !strstr(line, wanted))
        at = (uint64_t)ftell(in);
    fclose(in);
    return at;
}

/* A record with a stamp, and no piece of one: the lines between are indented. */
static bool is_record(const char *path, uint64_t at)
{
    char text[7] = "";
    FILE *in = fopen(path, "r");
    CHECK(in && fseek(in, (long)at - 1, SEEK_SET) == 0 && fgetc(in) == '\n');
    bool stamped = fgets(text, sizeof(text), in) && strncmp(text, "2024-", 5) == 0;
    fclose(in);
    return stamped;
}

static char path[] = "/tmp/oddline-seek.XXXXXX";

static void only_what_is_asked_about_is_read(void **state)
{
    (void)state;
    int64_t (*const orders[])(int) = {in_order, a_little_out_of_order};
    for (size_t i = 0; i < 2; i++) {
        write_log(path, HOURS, orders[i]);
        struct gate_spans spans = {{hours(11, 14), hours(4, 5)}, 2};
        struct gate_parts parts = parts_of(path, &spans);
        assert_int_equal(parts.count, 2);
        assert_true(parts.at[0].from <= find_line(path, 4 * HOUR_S - 290));
        assert_true(parts.at[0].from > find_line(path, 3 * HOUR_S + HOUR_S / 2));
        assert_true(parts.at[0].until > find_line(path, 5 * HOUR_S + 230));
        assert_true(parts.at[0].until < find_line(path, 5 * HOUR_S + HOUR_S / 2));
        assert_true(parts.at[1].from <= find_line(path, 11 * HOUR_S));
        assert_true(parts.at[1].from > find_line(path, 10 * HOUR_S + HOUR_S / 2));
        assert_int_equal(parts.at[1].until, UINT64_MAX);
        assert_true(is_record(path, parts.at[0].from) && is_record(path, parts.at[1].from));
    }
}

static void what_is_near_is_one_part(void **state)
{
    (void)state;
    write_log(path, HOURS, in_order);
    struct gate_spans spans = {{hours(6, 7), hours(8, 9), hours(0, 1)}, 3};
    struct gate_parts parts = parts_of(path, &spans);
    assert_int_equal(parts.count, 2);
    assert_int_equal(parts.at[0].from, 0);
    assert_true(parts.at[1].until > find_line(path, 9 * HOUR_S));
    assert_true(parts.at[1].until < find_line(path, 10 * HOUR_S));
}

static void what_cannot_be_searched_is_read_as_a_whole(void **state)
{
    (void)state;
    struct gate_spans spans = {{hours(11, 14), hours(4, 5)}, 2};
    write_log(path, HOURS, glued_together);
    assert_int_equal(parts_of(path, &spans).count, 0);
    write_log(path, HOURS, of_no_time);
    assert_int_equal(parts_of(path, &spans).count, 0);
    write_log(path, 1, in_order);
    assert_int_equal(parts_of(path, &spans).count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_is_asked_about_is_read),
        cmocka_unit_test(what_is_near_is_one_part),
        cmocka_unit_test(what_cannot_be_searched_is_read_as_a_whole),
    };
    int fd = mkstemp(path);
    CHECK(fd >= 0);
    close(fd);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return failed;
}
