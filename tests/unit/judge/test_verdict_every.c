/* SPDX-License-Identifier: MIT */
/*
 * Promise: with policy `every` each score is a finding of its own, at once and over, as the detector gave it and in its order; nothing of a
 * verdict holds it back.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "verdict_rig.h"

static void verdict_hands_every_score_on_when_told_so(void **state)
{
    (void)state;
    static const struct stage_record records[] = {{WARNINGS, 40, "web.log", "hm"},
                                                  {ERRORS, 10, "app.log", "it broke"}};
    stream.policy.every = true;
    struct opinion opinions[] = {stage_opinion(ERRORS, 1, 1, 0), stage_opinion(RATIO, 2, 3, 9)};
    opinions[0].score.flags = ODDLINE_SCORE_WARMING; // neither warm, nor odd, nor over a floor
    opinions[0].score.score = 1.25;
    opinions[0].surprise = 17; // of a calibration that nobody asked
    opinions[1].plugin = &stage_burst;
    for (uint64_t nth = 0; nth < 100; nth++) {
        stage_close(&closed, nth, records, 2);
        verdict_window(verdict, &closed.head, nth, opinions, 2);
    }
    assert_int_equal(notes.count, 200); // no storm cap
    for (uint64_t nth = 0; nth < 100; nth++) {
        const struct told *a = told(2 * nth), *b = told(2 * nth + 1);
        assert_string_equal(a->detector, "ewma");
        assert_string_equal(b->detector, "burst");
        assert_int_equal(a->finding.status, FINDING_RESOLVED);
        assert_int_equal(a->finding.route, ROUTE_LOG);
        assert_int_equal(a->finding.kind, FINDING_SPIKE);
        assert_int_equal(b->finding.kind, FINDING_DROP);
        assert_true(a->finding.score == 1.25 && a->finding.raw == 1.25);
        assert_true(b->finding.score == 9 && b->finding.raw == 9);
        assert_true(a->finding.observed == 1 && a->finding.expected == 1);
        assert_true(a->finding.threshold == 0);
        assert_int_equal(a->finding.starts_ns, stage_start(nth));
        assert_int_equal(a->finding.ends_ns, stage_start(nth + 1));
        assert_int_equal(a->finding.detected_ns,
                         closed.head.closed_ns + stage_start(nth) - stage_start(99));
        assert_int_equal(a->finding.evidence_count, 1);
        assert_string_equal(a->texts[0], "it broke");
        assert_int_equal(b->finding.evidence_count, 0); // of its own series, of this window
    }
}

static void verdict_hands_on_every_score_of_a_run_of_windows(void **state)
{
    (void)state;
    struct opinion o = stage_opinion(ERRORS, 0, 0, 0);
    stream.policy.every = true;
    stage_close(&closed, 5, NULL, 0);
    closed.head.repeat = 30;
    for (uint64_t nth = 5; nth < 35; nth++)
        verdict_window(verdict, &closed.head, nth, &o, 1);
    assert_int_equal(notes.count, 30);
    for (uint64_t i = 0; i < 30; i++)
        assert_int_equal(told(i)->finding.starts_ns, stage_start(5 + i));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(verdict_hands_every_score_on_when_told_so, rig_set_up,
                                        rig_tear_down),
        cmocka_unit_test_setup_teardown(verdict_hands_on_every_score_of_a_run_of_windows,
                                        rig_set_up, rig_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
