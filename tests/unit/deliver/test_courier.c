/* SPDX-License-Identifier: MIT */
/* The promise: each sink gets everything in order, no sink waits for another, and stopping takes no longer than told. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "deliver/courier.h"
#include "fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* A far end as a test wants it. Its own thread writes, the test reads the atomics. */
struct fake {
    struct sink sink;
    _Atomic uint64_t has;      /* highest n that is there */
    _Atomic int fails;         /* so many times yet */
    _Atomic int code;          /* with this */
    _Atomic uint64_t falls_to; /* with -ENODATA: how far it went back */
    _Atomic long nap_ms;
    _Atomic uint64_t calls, taken, disorder;
};

static struct sandbox sandbox;
static struct journal *journal;

static void nap(long ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

static int fake_publish(struct sink *sink, const struct entry *entries, size_t count,
                        uint64_t *ret_confirmed, struct error *reterr)
{
    struct fake *fake = (struct fake *)sink;
    fake->calls++;
    if (fake->nap_ms)
        nap(fake->nap_ms);
    if (fake->fails > 0) {
        fake->fails--;
        if (fake->code == -ENODATA)
            fake->has = *ret_confirmed = fake->falls_to;
        return error_set(reterr, fake->code, "fake: told to fail");
    }
    for (size_t i = 0; i < count; i++) {
        fake->disorder += entries[i].n != fake->has + 1;
        fake->has = entries[i].n;
        fake->taken++;
    }
    *ret_confirmed = fake->has;
    return 0;
}

static void fake_close(struct sink *sink)
{
    free(sink);
}

static struct fake *fake_new(void)
{
    static const struct sink_ops ops = {
        .name = "fake", .publish = fake_publish, .close = fake_close};
    struct fake *fake = calloc(1, sizeof(*fake));
    fake->sink.ops = &ops;
    return fake;
}

static int setup(void **state)
{
    (void)state;
    sandbox_make(&sandbox);
    return journal_open(sandbox_path(&sandbox, "journal"), NULL, &journal, NULL);
}

static int teardown(void **state)
{
    (void)state;
    journal_close(journal);
    sandbox_remove(&sandbox);
    return 0;
}

static struct courier *start(struct fake *a, struct fake *b)
{
    struct courier *courier = NULL;
    struct courier_sink sinks[2] = {{"a", &a->sink}, {"b", b ? &b->sink : NULL}};
    struct error error = {""};
    if (courier_start(journal, sinks, b ? 2 : 1, &courier, &error) < 0)
        fail_msg("%s", error.text);
    return courier;
}

static bool within(struct courier *courier, size_t sink, uint64_t n, int ms)
{
    for (int i = 0; i <= ms / 5; i++) {
        if (courier_stats(courier, sink).confirmed == n)
            return true;
        nap(5);
    }
    return false;
}

static void stop(struct courier *courier)
{
    assert_true(courier_stop(courier, clock_monotonic_ns() + 5 * NS_PER_S));
}

static void courier_brings_everything_to_everybody_in_order(void **state)
{
    (void)state;
    struct fake *a = fake_new(), *b = fake_new();
    append_findings(journal, 5);
    struct courier *courier = start(a, b);
    append_findings(journal, 300);
    assert_true(within(courier, 0, 305, 5000));
    assert_true(within(courier, 1, 305, 5000));
    assert_int_equal(a->disorder + b->disorder, 0);
    assert_int_equal(a->taken, 305);
    struct courier_stats stats = courier_stats(courier, 1);
    assert_string_equal(stats.name, "b");
    assert_int_equal(stats.committed, 305);
    assert_int_equal(stats.published, 305);
    assert_int_equal(stats.errors, 0);
    assert_int_equal(courier_count(courier), 2);
    stop(courier);
}

static void courier_is_quick_when_a_finding_comes(void **state)
{
    (void)state;
    struct courier *courier = start(fake_new(), NULL);
    nap(50);
    append_findings(journal, 1);
    assert_true(within(courier, 0, 1, 500));
    stop(courier);
}

static void courier_lets_no_sink_wait_for_another(void **state)
{
    (void)state;
    struct fake *broken = fake_new(), *good = fake_new();
    broken->fails = 1 << 30;
    broken->code = -EIO;
    struct courier *courier = start(broken, good);
    append_findings(journal, 20);
    assert_true(within(courier, 1, 20, 2000));
    assert_int_equal(courier_stats(courier, 0).confirmed, 0);
    assert_true(courier_stats(courier, 0).troubled);
    assert_false(courier_stats(courier, 1).troubled);
    stop(courier);
}

static void courier_backs_off_and_comes_back(void **state)
{
    (void)state;
    struct fake *fake = fake_new();
    fake->fails = 3;
    fake->code = -EIO;
    int64_t begin = clock_monotonic_ns();
    struct courier *courier = start(fake, NULL);
    append_findings(journal, 20);
    assert_true(within(courier, 0, 20, 5000));
    // three pauses of at least 50, 100 and 200 ms
    assert_true(clock_monotonic_ns() - begin >= 350 * NS_PER_MS);
    assert_true(fake->calls < 10);
    assert_false(courier_stats(courier, 0).troubled);
    assert_int_equal(courier_stats(courier, 0).errors, 3);
    stop(courier);
}

static void courier_sends_again_what_the_far_end_lost(void **state)
{
    (void)state;
    struct fake *fake = fake_new();
    struct courier *courier = start(fake, NULL);
    append_findings(journal, 10);
    assert_true(within(courier, 0, 10, 2000));
    fake->falls_to = 4;
    fake->code = -ENODATA;
    fake->fails = 1;
    append_findings(journal, 1);
    assert_true(within(courier, 0, 11, 2000));
    assert_int_equal(fake->taken, 10 + 7);
    assert_int_equal(fake->disorder, 0);
    stop(courier);
}

static void courier_does_not_spin_when_the_far_end_keeps_losing(void **state)
{
    (void)state;
    struct fake *fake = fake_new();
    fake->code = -ENODATA;
    fake->fails = 1 << 30;
    struct courier *courier = start(fake, NULL);
    append_findings(journal, 1);
    nap(500);
    assert_true(fake->calls < 12);
    stop(courier);
}

static void courier_stops_for_ever_at_a_fork(void **state)
{
    (void)state;
    struct fake *fake = fake_new();
    fake->code = -ESTALE;
    fake->fails = 1;
    struct courier *courier = start(fake, NULL);
    append_findings(journal, 1);
    nap(300);
    assert_true(courier_stats(courier, 0).stopped);
    assert_int_equal(fake->calls, 1);
    assert_int_equal(journal_confirmed(journal, "a"), 0); // kept, for somebody to decide
    stop(courier);
}

static void courier_stops_when_the_far_end_knows_more_than_we(void **state)
{
    (void)state;
    struct fake *fake = fake_new();
    fake->has = 100; // the state directory was put back from an old copy
    struct courier *courier = start(fake, NULL);
    nap(200);
    assert_true(courier_stats(courier, 0).stopped);
    stop(courier);
}

static void courier_delivers_the_last_ones_before_it_stops(void **state)
{
    (void)state;
    struct fake *fake = fake_new();
    struct courier *courier = start(fake, NULL);
    append_findings(journal, 200);
    stop(courier);
    assert_int_equal(journal_confirmed(journal, "a"), 200);
}

static void courier_stops_in_time_while_a_sink_is_in_trouble(void **state)
{
    (void)state;
    struct fake *fake = fake_new();
    fake->fails = 1 << 30;
    fake->code = -EIO;
    struct courier *courier = start(fake, NULL);
    append_findings(journal, 5);
    nap(600); // it sleeps for a while now
    int64_t begin = clock_monotonic_ns();
    stop(courier);
    assert_true(clock_monotonic_ns() - begin < NS_PER_S);
}

static void courier_leaves_a_sink_that_hangs(void **state)
{
    (void)state;
    struct fake *fake = fake_new();
    fake->nap_ms = 1200;
    struct courier *courier = start(fake, NULL);
    nap(50);
    int64_t begin = clock_monotonic_ns();
    assert_false(courier_stop(courier, begin + 200 * NS_PER_MS));
    assert_true(clock_monotonic_ns() - begin < 600 * NS_PER_MS);
    assert_true(courier_stop(courier, begin + 5 * NS_PER_S)); // and can be asked again
}

static void courier_goes_on_where_it_was(void **state)
{
    (void)state;
    struct fake *fake = fake_new();
    struct courier *courier = start(fake, NULL);
    append_findings(journal, 10);
    assert_true(within(courier, 0, 10, 2000));
    stop(courier);
    journal_close(journal);
    assert_int_equal(journal_open(sandbox_path(&sandbox, "journal"), NULL, &journal, NULL), 0);
    fake = fake_new();
    fake->has = 10;
    courier = start(fake, NULL);
    append_findings(journal, 1);
    assert_true(within(courier, 0, 11, 2000));
    assert_int_equal(fake->taken, 1);
    stop(courier);
}

int main(void)
{
    log_setup(LOG_QUIET, 0);
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(courier_brings_everything_to_everybody_in_order),
        T(courier_is_quick_when_a_finding_comes),
        T(courier_lets_no_sink_wait_for_another),
        T(courier_backs_off_and_comes_back),
        T(courier_sends_again_what_the_far_end_lost),
        T(courier_does_not_spin_when_the_far_end_keeps_losing),
        T(courier_stops_for_ever_at_a_fork),
        T(courier_stops_when_the_far_end_knows_more_than_we),
        T(courier_delivers_the_last_ones_before_it_stops),
        T(courier_stops_in_time_while_a_sink_is_in_trouble),
        T(courier_leaves_a_sink_that_hangs),
        T(courier_goes_on_where_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
