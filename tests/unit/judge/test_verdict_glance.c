/* SPDX-License-Identifier: MIT */
/*
 * Promise: what is too much of a window before it is over is said then, once, with the time of that; all else waits for the
 * window: lacks, what is for the log, who wants several windows in a row, and what was said already.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/verdict.h"

#include "stage.h"

enum { WARM = 100 };

static struct notes notes;
static struct judge_stream stream;
static struct verdict *verdict;
static struct stage_closed closed;

static void deliver(void *context, struct finding *finding)
{
    notes_take(context, finding);
}

static int set_up(void **state)
{
    (void)state;
    memset(&notes, 0, sizeof(notes));
    stream = stage_stream();
    struct verdict_options options = {.stream = &stream, .deliver = deliver, .context = &notes};
    return verdict_create(&options, &verdict);
}

static int tear_down(void **state)
{
    (void)state;
    verdict_free(verdict);
    return 0;
}

static void glance(uint64_t nth, struct opinion opinion)
{
    stage_close(&closed, nth, NULL, 0);
    closed.head.flags = ODDLINE_WINDOW_UNFINISHED;
    closed.head.closed_ns = stage_start(nth) + 20 * NS_PER_S;
    verdict_glance(verdict, &closed.head, &opinion, 1);
}

static void window(uint64_t nth, double surprise)
{
    struct opinion opinion = stage_opinion(ERRORS, 100, 1, surprise);
    stage_close(&closed, nth, NULL, 0);
    verdict_window(verdict, &closed.head, nth, &opinion, 1);
}

static struct opinion much(double surprise)
{
    return stage_opinion(ERRORS, 50, 1, surprise);
}

static void glance_fires_what_the_window_then_goes_on_with(void **state)
{
    (void)state;
    glance(WARM, much(5));
    assert_int_equal(notes.count, 1);
    assert_int_equal(notes.told[0].finding.route, ROUTE_TICKET);
    assert_true(notes.told[0].finding.detected_ns == stage_start(WARM) + 20 * NS_PER_S);
    glance(WARM, much(5.2));
    window(WARM, 5.5);
    assert_int_equal(notes.count, 1);
    for (uint64_t n = WARM + 1; n < WARM + 20; n++)
        window(n, 0);
    assert_int_equal(notes.count, 2); // one finding: it fired and resolved
    assert_int_equal(notes.told[1].finding.status, FINDING_RESOLVED);
    assert_string_equal(notes.told[0].finding.id, notes.told[1].finding.id);
}

static void glance_makes_a_ticket_a_page(void **state)
{
    (void)state;
    window(WARM, 5);
    glance(WARM + 1, much(12));
    assert_int_equal(notes.count, 3); // the ticket, the page, the ticket resolved
    assert_int_equal(notes.told[1].finding.route, ROUTE_PAGE);
    assert_int_equal(notes.told[2].finding.status, FINDING_RESOLVED);
}

static void glance_leaves_the_rest_to_the_window(void **state)
{
    (void)state;
    struct opinion lack = stage_opinion(RATIO, 1, 100, 50);
    glance(3, much(50)); // too early
    glance(WARM, lack);
    glance(WARM, much(3.5)); // for the log
    struct opinion learning = much(50);
    learning.score.flags |= ODDLINE_SCORE_WARMING;
    glance(WARM, learning);
    assert_int_equal(notes.count, 0);
}

static void glance_does_not_speak_for_who_wants_several_windows(void **state)
{
    (void)state;
    stream.policy.hold = 2;
    glance(WARM, much(50));
    window(WARM, 50);
    assert_int_equal(notes.count, 0);
    glance(WARM + 1, much(50));
    assert_int_equal(notes.count, 0);
    window(WARM + 1, 50);
    assert_int_equal(notes.count, 1);
}

/* What is held back waits for the window, where it is for the log and counted once. */
static void glance_keeps_below_the_storm_cap(void **state)
{
    (void)state;
    stream.policy.storm_per_hour = 0;
    for (int i = 0; i < 3; i++)
        glance(WARM, much(50));
    assert_int_equal(notes.count, 0);
    window(WARM, 50);
    assert_int_equal(notes.count, 1);
    assert_int_equal(notes.told[0].finding.route, ROUTE_LOG);
    assert_int_equal(verdict_suppressed(verdict), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(glance_fires_what_the_window_then_goes_on_with, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(glance_makes_a_ticket_a_page, set_up, tear_down),
        cmocka_unit_test_setup_teardown(glance_leaves_the_rest_to_the_window, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(glance_does_not_speak_for_who_wants_several_windows,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(glance_keeps_below_the_storm_cap, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
