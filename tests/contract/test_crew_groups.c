/* SPDX-License-Identifier: MIT */
/*
 * Promise: from the window on with which another group takes a slot, no instance remembers the one before: whether it runs here or in a
 * worker, whether that crashes at this very window, is away in quarantine or skips it because it is too slow.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crew_rig.h"

enum { WINDOWS = 240, RENEWED = 100 };

static struct rig_tape here, tape;

/* The villain says how many records it has seen: there is one before each window. Returns how many windows it scored since. */
static int assert_forgot(const struct rig_tape *told, int renewed, int windows)
{
    int scored = 0;
    for (int w = renewed; w < windows; w++) {
        const struct rig_take *take = &told->takes[w][RIG_VILLAIN];
        if (take->scored && take->score.upper > w - renewed)
            fail_msg("window %d: it remembers %.0f records", w, take->score.upper);
        scored += take->scored;
    }
    return scored;
}

/* The others of the stream are in the slot too, those of the other stream are not. */
static void instances_begin_anew_wherever_they_run(void **state)
{
    (void)state;
    struct rig_script script = {
        .isolation = ISOLATION_NONE, .windows = WINDOWS, .renewed = RENEWED};
    rig_run(&script, &here);
    assert_int_equal(assert_forgot(&here, RENEWED, WINDOWS), WINDOWS - RENEWED);
    assert_true(here.takes[RENEWED - 1][RIG_VILLAIN].score.upper == RENEWED);
    assert_true(here.takes[RENEWED][0].score.samples <= 1);
    assert_true(here.takes[RENEWED][2].score.samples > RENEWED - 2);
    script.isolation = ISOLATION_WORKERS;
    rig_run(&script, &tape);
    assert_int_equal(tape.complaint_count, 0);
    for (uint32_t seat = 0; seat < RIG_SEATS; seat++)
        rig_assert_same(&here, &tape, seat, WINDOWS);
}

static void a_worker_that_dies_of_the_first_window_forgets_too(void **state)
{
    (void)state;
    struct rig_script script = {
        .deed = "abort", .at = "100", .windows = WINDOWS, .renewed = RENEWED};
    rig_run(&script, &tape);
    assert_int_equal(tape.counts.gaps, 1);
    assert_false(tape.takes[RENEWED][RIG_VILLAIN].scored);
    assert_int_equal(assert_forgot(&tape, RENEWED, WINDOWS), WINDOWS - RENEWED - 1);
}

enum { BACK_AT = 100, AWAY = 50 };

/* At this window it is back, however long that takes. */
static void await_return(void *context, struct crew *crew, int window)
{
    int64_t until = clock_monotonic_ns() + 20 * NS_PER_S;
    (void)context;
    while (window == BACK_AT && crew_report(crew, RIG_VILLAIN).quarantined) {
        crew_poll(crew);
        usleep(1000);
        assert_true(clock_monotonic_ns() < until);
    }
}

/* Too many deaths in the first windows, of which it keeps a state; the judge passes the window that would tell it alone. */
static void a_worker_that_was_away_comes_back_without_its_memory(void **state)
{
    (void)state;
    for (int renewed = 0; renewed < 2; renewed++) {
        struct rig_script script = {.deed = "abort",
                                    .at = "0",
                                    .every = "8",
                                    .windows = BACK_AT + 3,
                                    .renewed = renewed ? AWAY : 0,
                                    .each = await_return};
        rig_run(&script, &tape);
        assert_false(tape.takes[AWAY][RIG_VILLAIN].scored);
        assert_true(tape.takes[BACK_AT][RIG_VILLAIN].scored);
        bool remembers = tape.takes[BACK_AT][RIG_VILLAIN].score.upper > 1;
        assert_true(remembers == !renewed);
    }
}

/* When it skips depends on the clock, so the window that tells it lies at many places. */
static void a_worker_that_skips_what_waits_forgets_too(void **state)
{
    (void)state;
    enum { FEW = 60 };
    uint64_t gaps = 0;
    for (int renewed = 10; renewed < 30; renewed++) {
        struct rig_script script = {.ms = "20",
                                    .windows = FEW,
                                    .ring_bytes = 4096,
                                    .deadline_ns = 50 * NS_PER_MS,
                                    .renewed = renewed};
        rig_run(&script, &tape);
        assert_forgot(&tape, renewed, FEW);
        gaps += tape.counts.gaps;
    }
    assert_true(gaps > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(instances_begin_anew_wherever_they_run),
        cmocka_unit_test(a_worker_that_dies_of_the_first_window_forgets_too),
        cmocka_unit_test(a_worker_that_was_away_comes_back_without_its_memory),
        cmocka_unit_test(a_worker_that_skips_what_waits_forgets_too),
    };
    return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
