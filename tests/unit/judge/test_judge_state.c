/* SPDX-License-Identifier: MIT */
/* Promise: a judge that goes on from packed bytes says, byte for byte, what the one before would have said. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "story.h"

static void judge_says_the_same_when_it_is_handed_over_at_every_window(void **state)
{
    (void)state;
    struct buffer whole = tell_whole(0);
    struct judge_counts counts = judge_counts(judge);
    static const char *const all[] = {"firing",
                                      "resolved",
                                      "replaced_by",
                                      "\"page\"",
                                      "\"ticket\"",
                                      "\"log\"",
                                      "shadow",
                                      "\"silence\"",
                                      "\"gap\"",
                                      "\"suppressed\":1",
                                      "ewma",
                                      "faker-all",
                                      "\"silenced\":\"known\"",
                                      "capped",
                                      "\"deploy\":{\"version\":\"v1\",\"service\":\"checkout\"",
                                      ",\"service\":\"billing\",\"seconds_before\":",
                                      "\"seen_before\":{\"id\":\"id-",
                                      "\"marked_false\":\"backup\""};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        assert_says(&whole, all[i]);
    assert_true(findings > 60 && counts.suppressed > 3);
    struct buffer parts = tell_whole(1);
    assert_same_text(&whole, &parts);
    struct judge_counts again = judge_counts(judge);
    assert_memory_equal(&counts, &again, sizeof(counts));
    buffer_free(&whole);
    buffer_free(&parts);
}

static void judge_packs_the_same_bytes_when_it_has_unpacked_them(void **state)
{
    (void)state;
    make_judge();
    start_judge();
    tell(0, 171, 0);
    put_mark(MARK_SNAPSHOT);
    struct buffer first = packed;
    packed = (struct buffer){0};
    make_judge();
    assert_int_equal(judge_unpack(judge, buffer_bytes(&first)), 0);
    start_judge();
    put_mark(MARK_SNAPSHOT);
    assert_int_equal(first.len, packed.len);
    assert_memory_equal(first.at, packed.at, packed.len);
    buffer_free(&first);
}

/* ---- what is not the same any more -------------------------------------- */

static void
judge_offers_a_stream_that_was_configured_anew_only_what_detectors_know(void **state)
{
    (void)state;
    make_judge();
    start_judge();
    tell(0, 300, 0);
    put_mark(MARK_SNAPSHOT);
    uint64_t windows = judge_counts(judge).windows;
    streams[0].hash++;
    make_judge();
    assert_int_equal(judge_unpack(judge, buffer_bytes(&packed)), 0);
    start_judge();
    assert_int_equal(judge_counts(judge).windows, windows);
    buffer_clear(&told);
    more = 5000; // ewma knows what is usual
    put_window(2, 300);
    more = 0;
    assert_says(&told, "warnings at 50");
    assert_says(&told, "ewma: warnings at");
}

static void judge_begins_cold_with_other_detectors(void **state)
{
    (void)state;
    make_judge();
    start_judge();
    tell(0, 100, 0);
    put_mark(MARK_SNAPSHOT);
    streams[0].use_count = 4; // nobody on trial, and the hash does not tell
    make_judge();
    assert_int_equal(judge_unpack(judge, buffer_bytes(&packed)), 0);
    start_judge();
    tell(100, 120, 0);
}

static void judge_ends_a_gap_that_began_in_the_run_before(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        streams[i].uses = &failing;
        streams[i].use_count = 1;
        streams[i].hash += 10;
    }
    make_judge();
    start_judge();
    tell(8, 15, 0);
    buffer_char(&told, '\0');
    assert_int_equal(findings, 5); // the plugin and its gap of each stream, and a file's gap
    assert_non_null(strstr(told.at, "faker cannot score the windows from 2016-12-19T16:44:00"));
    hand_over();
    buffer_clear(&told);
    put_window(2, 15);
    buffer_char(&told, '\0');
    assert_int_equal(findings, 6);
    assert_non_null(strstr(told.at, "\"id\":\"id-2\""));
    assert_non_null(strstr(told.at, "faker could not score 5 windows from "
                                    "2016-12-19T16:44:00.000Z to 2016-12-19T16:49:00.000Z: "
                                    "faker: checkout: score() failed: it failed"));
    put_window(2, 16);
    assert_int_equal(findings, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY_TEST(judge_says_the_same_when_it_is_handed_over_at_every_window),
        STORY_TEST(judge_packs_the_same_bytes_when_it_has_unpacked_them),
        STORY_TEST(judge_offers_a_stream_that_was_configured_anew_only_what_detectors_know),
        STORY_TEST(judge_begins_cold_with_other_detectors),
        STORY_TEST(judge_ends_a_gap_that_began_in_the_run_before),
    };
    return cmocka_run_group_tests(tests, load_all, unload_all);
}
