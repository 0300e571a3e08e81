/* SPDX-License-Identifier: MIT */
/*
 * Promise: an SLO says each burn once, to the right route, with its numbers and bad records; it is over when it was calm for a while, never for
 * want of records; mute windows, silences and rules hold for it too; and packed anywhere it says what it would have said.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "slo_rig.h"

/* ---- saying ------------------------------------------------------------------------- */

static void calm_service_says_nothing(void **state)
{
    (void)state;
    run(20000, 0, 100);
    assert_int_equal(notes.count, 0);
}

/* See test_burn: 100 of 6000 in the hour, burn 16.7, after one minute of outage. */
static void outage_is_one_page_with_its_numbers(void **state)
{
    (void)state;
    run(14400, 0, 100);
    run(3, 100, 100);
    assert_int_equal(notes.count, 1);
    const struct finding *f = &last()->finding;
    assert_int_equal(f->kind, FINDING_BURN);
    assert_int_equal(f->route, ROUTE_PAGE);
    assert_int_equal(f->status, FINDING_FIRING);
    assert_int_equal(f->starts_ns, stage_start(14400));
    assert_int_equal(f->detected_ns, stage_start(14401) + 500 * NS_PER_MS);
    assert_int_equal(f->window_start_ns, stage_start(14401 - 60));
    assert_int_equal(f->window_end_ns, stage_start(14401));
    assert_true(fabs(f->observed - 100.0 / 6) < 1e-6);
    assert_true(fabs(f->threshold - 14.4) < 1e-6);
    assert_true(isnan(f->score));
    assert_int_equal(f->explain.basis, BASIS_NONE);
    assert_string_equal(last()->detector, "burn");
    assert_string_equal(last()->summary,
                        "SLO availability burns its budget 16.7 times too fast: "
                        "1.67 % bad in 1h, 20 % in 5m, where 0.1 % may be");
    assert_int_equal(told_says(last(), "1h: 100 of 6000 bad (1.67 %), burn rate 16.7"), 1);
    assert_int_equal(told_says(last(), "5m: 100 of 500 bad (20 %), burn rate 200"), 1);
    assert_int_equal(told_says(last(), "2 % of the budget in 1h"), 1);
    // ten days of 100 a minute are a third of 4,320,000, of which 4320 may be bad
    assert_int_equal(told_says(last(), "budget left: 97.7 %, 42m or 4220 bad records of 4320"),
                     1);
    assert_int_equal(f->evidence_count, 1);
    assert_string_equal(last()->texts[0], "GET / 500");
}

/* 2 of 100 a minute: 87 of 6000 are there after 43 minutes and a stray one, and the last five are the short window. It began before that. */
static void trouble_began_with_its_first_bad_record(void **state)
{
    (void)state;
    run(14390, 0, 100);
    run(1, 1, 100);
    run(9, 0, 100);
    run(43, 2, 100);
    assert_int_equal(notes.count, 1);
    assert_int_equal(last()->finding.starts_ns, stage_start(14438));
    assert_true(said_sign_ns >= stage_start(14400) && said_sign_ns < stage_start(14401));
    pack_and_go_on();
    run(100, 0, 100);
    assert_true(said_sign_ns >= stage_start(14400) && said_sign_ns < stage_start(14401));
}

/* Its own labels stand before those of the stream, and win. */
static void labels_of_the_slo_come_first(void **state)
{
    (void)state;
    run(14400, 0, 100);
    run(1, 100, 100);
    assert_string_equal(last()->label, "team=shop");
    assert_int_equal(last()->finding.labels.count, 3);
}

/* Ten minutes of outage, then good: the five minutes are clean after five, the rule of 30 minutes is met for the last time after 29. Ten more: 39. */
static void page_is_over_after_ten_calm_minutes(void **state)
{
    (void)state;
    run(14400, 0, 100);
    run(10, 100, 100);
    run(38, 0, 100);
    assert_int_equal(notes.count, 1);
    run(1, 0, 100);
    assert_int_equal(notes.count, 3); // and what the page covered until then is a ticket
    assert_int_equal(notes.told[1].finding.status, FINDING_RESOLVED);
    assert_int_equal(notes.told[1].finding.revision, 1);
    assert_string_equal(notes.told[1].finding.id, notes.told[0].finding.id);
    assert_int_equal(notes.told[1].finding.fingerprint, notes.told[0].finding.fingerprint);
    assert_int_equal(notes.told[2].finding.route, ROUTE_TICKET);
    assert_true(notes.told[2].finding.fingerprint != notes.told[0].finding.fingerprint);
}

/* The service falls silent in the outage: nobody knows whether it is over. */
static void silence_is_not_good(void **state)
{
    (void)state;
    run(14400, 0, 100);
    run(10, 100, 100);
    run(300, 0, 0);
    assert_int_equal(notes_count(&notes, FINDING_RESOLVED), 0);
    run(60, 0, 0); // after six hours nothing is left to judge by
    assert_int_equal(notes_count(&notes, FINDING_RESOLVED), 1);
    assert_int_equal(told_says(&notes.told[1], "no record is left to judge by"), 1);
}

/*
 * 43,200 minutes of 10: 432 bad are allowed. 60 minutes of outage in the middle use 600. It pages, and in minute 44 the budget is gone; when
 * 30 days have passed it comes back, six hours of it at once.
 */
static void budget_that_is_gone_is_a_ticket_until_it_is_back(void **state)
{
    (void)state;
    run(43200, 0, 10);
    run(43, 10, 10);
    assert_int_equal(notes.count, 1);
    run(1, 10, 10);
    assert_int_equal(notes.count, 2);
    assert_int_equal(last()->finding.route, ROUTE_TICKET);
    assert_non_null(strstr(last()->summary, "is gone, stop feature releases: 440 bad records"));
    char id[FINDING_ID_SIZE];
    memcpy(id, last()->finding.id, sizeof(id));
    run(16, 10, 10);
    run(29 * 1440, 0, 10);
    for (size_t i = 0; i < notes.count; i++)
        assert_true(notes.told[i].finding.status == FINDING_FIRING ||
                    strcmp(notes.told[i].finding.id, id) != 0);
    run(1440, 0, 10);
    assert_int_equal(last()->finding.status, FINDING_RESOLVED);
    assert_string_equal(last()->finding.id, id);
    assert_non_null(strstr(last()->summary, "the budget is back: 100 % of it is left"));
}

/*
 * 432 bad are allowed. 20 on the first day and 420 on the tenth: gone. When the first ones are a period old, 12 of 432 are left, 2.8 %: not enough to
 * say that it is back. When the others are, it is.
 */
static void budget_is_not_back_with_the_first_record(void **state)
{
    (void)state;
    run(20, 1, 10);
    run(9 * 1440 - 20, 0, 10);
    run(420, 1, 10);
    run(21 * 1440 - 420, 0, 10);
    bool gone = false;
    for (size_t i = 0; i < notes.count; i++)
        gone |= strstr(notes.told[i].summary, "is gone") != NULL;
    assert_true(gone);
    run(6 * 1440, 0, 10);
    for (size_t i = 0; i < notes.count; i++)
        assert_null(strstr(notes.told[i].summary, "is back"));
    run(6 * 1440, 0, 10);
    assert_non_null(strstr(last()->summary, "is back"));
}

static void one_bad_of_one_says_nothing(void **state)
{
    (void)state;
    for (int night = 0; night < 30; night++) {
        run(1439, 0, 0);
        run(1, 1, 1);
    }
    for (size_t i = 0; i < notes.count; i++)
        assert_non_null(strstr(notes.told[i].summary, "is gone")); // all of 30 were bad
}

/* ---- where it goes --------------------------------------------------------------------- */

static void silenced_burn_is_kept_for_the_log_and_said_when_that_ends(void **state)
{
    (void)state;
    silences.count = 1;
    silences.at[0] = (struct silence){.id = 7,
                                      .from_ns = stage_start(0),
                                      .until_ns = stage_start(14410),
                                      .series = "availability",
                                      .reason = "moving",
                                      .author = "ann"};
    run(14400, 0, 100);
    run(10, 100, 100);
    assert_int_equal(notes.count, 1);
    assert_int_equal(last()->finding.route, ROUTE_LOG);
    assert_string_equal(last()->label, "silenced=moving");
    run(1, 100, 100);
    assert_int_equal(notes.count, 3);
    assert_int_equal(notes.told[1].finding.route, ROUTE_PAGE);
    assert_int_equal(notes.told[1].finding.status, FINDING_FIRING);
    assert_int_equal(notes.told[1].finding.starts_ns, notes.told[0].finding.starts_ns);
    assert_int_equal(notes.told[2].finding.status, FINDING_RESOLVED);
    assert_string_equal(notes.told[2].finding.id, notes.told[0].finding.id);
    assert_int_equal(told_says(&notes.told[2], "replaced_by id-2"), 1);
}

static void rule_of_the_configuration_may_send_it_elsewhere(void **state)
{
    (void)state;
    static const struct finding_pair labels[] = {{"rule", "burns"}, {"team", "rule"}};
    static const struct routing_rule rule = {.name = "burns",
                                             .kinds = 1u << FINDING_BURN,
                                             .route = ROUTE_TICKET,
                                             .labels = {labels, 2}};
    stream.routing = (struct routing){&rule, 1};
    run(14400, 0, 100);
    run(1, 100, 100);
    assert_int_equal(last()->finding.route, ROUTE_TICKET);
    assert_string_equal(last()->label, "team=shop");
    assert_int_equal(last()->finding.labels.count, 3); // team, tier; rule
    static const struct routing_rule later = {.name = "later", .route = ROUTE_LOG};
    stream.routing = (struct routing){&later, 1};
    run(10, 0, 0);
    run(60, 0, 100);
    assert_int_equal(notes.told[1].finding.status, FINDING_RESOLVED);
    assert_int_equal(notes.told[1].finding.route, ROUTE_TICKET); // it never changes
}

/* ---- time ------------------------------------------------------------------------------- */

/* Windows of 10 s: the first bad one, 100 of 3690 in the hour, would do; it is asked at the end of the minute. */
static void rules_are_asked_once_a_unit_of_the_period(void **state)
{
    (void)state;
    struct stage_closed closed;
    for (uint64_t i = 0; i < 6 * 1440; i++) {
        stage_close(&closed, 0, NULL, 0);
        closed.head.start_ns = stage_start(0) + (int64_t)i * 10 * NS_PER_S;
        closed.head.end_ns = closed.head.start_ns + 10 * NS_PER_S;
        bool bad = i >= 6 * 1430;
        closed.head.records = 100;
        closed.head.index = i;
        closed.values[SECOND] = bad ? 100 : 10;
        closed.counts[SECOND] = bad ? 100 : 0;
        slos_window(slos, &closed.head, 0, &sink);
        assert_int_equal(notes.count > 0, i >= 6 * 1431 - 1);
    }
}

/* 5 of the last 60 minutes lie in a gap: what was read of them counts, their time does not. */
static void gap_makes_its_window_unknown(void **state)
{
    (void)state;
    struct buffer text = {0};
    struct json json = {.out = &text};
    run(30, 0, 100);
    slos_gap(slos, stage_start(30) + 5);
    run(1, 0, 50);
    run(29, 0, 100);
    json_begin(&json, '[');
    slos_report(slos, &json);
    json_end(&json, ']');
    buffer_char(&text, '\0');
    assert_non_null(strstr(text.at, "\"watched_s\":3600,\"unknown_s\":60,"));
    assert_non_null(strstr(text.at, "\"total\":5950,"));
    buffer_free(&text);
}

/* ---- going on ------------------------------------------------------------------------------ */

/* A story with everything in it, told by one, and by one who is packed and unpacked now and then. */
static void tell(uint64_t every)
{
    static const struct {
        uint64_t minutes, bad, total;
    } story[] = {{3000, 0, 10}, {7, 10, 10}, {15, 0, 10},   {9, 0, 0},     {90, 0, 10},
                 {500, 1, 20},  {5, 9, 9},   {2000, 0, 10}, {3000, 1, 300}};
    for (size_t i = 0; i < sizeof(story) / sizeof(story[0]); i++)
        for (uint64_t m = 0; m < story[i].minutes; m++) {
            run(1, story[i].bad, story[i].total);
            if (every && minute % every == 0)
                pack_and_go_on();
        }
}

static void packed_anywhere_it_says_the_same(void **state)
{
    (void)state;
    static struct notes whole;
    tell(0);
    whole = notes;
    assert_true(whole.count > 4);
    for (uint64_t every = 1; every < 60; every = every * 3 + 1) {
        end(NULL);
        begin(NULL);
        tell(every);
        assert_int_equal(notes.count, whole.count);
        for (size_t i = 0; i < whole.count; i++) {
            assert_string_equal(notes.told[i].summary, whole.told[i].summary);
            assert_string_equal(notes.told[i].texts[0], whole.told[i].texts[0]);
            assert_string_equal(notes.told[i].reasons[3], whole.told[i].reasons[3]);
            assert_int_equal(notes.told[i].finding.fingerprint,
                             whole.told[i].finding.fingerprint);
            assert_int_equal(notes.told[i].finding.starts_ns, whole.told[i].finding.starts_ns);
            assert_int_equal(notes.told[i].finding.ends_ns, whole.told[i].finding.ends_ns);
            assert_int_equal(notes.told[i].finding.route, whole.told[i].finding.route);
            assert_string_equal(notes.told[i].finding.id, whole.told[i].finding.id);
        }
    }
}

static void what_came_before_it_is_kept_for_its_revisions(void **state)
{
    (void)state;
    run(14400, 0, 100);
    run(3, 100, 100);
    assert_int_equal(notes.count, 1);
    assert_string_equal(said_deploy, "v0");
    said_deploy[0] = '\0';
    pack_and_go_on();
    run(100, 0, 100);
    assert_int_equal(last()->finding.status, FINDING_RESOLVED);
    assert_string_equal(said_deploy, "v0");
}

static void torn_bytes_are_refused_and_leave_nothing(void **state)
{
    (void)state;
    struct buffer bytes = {0};
    run(3000, 0, 10);
    run(7, 10, 10);
    slos_pack(slos, &bytes);
    for (size_t len = 0; len < bytes.len; len += 1 + len / 50) {
        struct unpacker in = {.rest = {bytes.at, len}};
        slos_forget(slos);
        slos_unpack(slos, stream.name, &in, &heirs);
        assert_true(in.bad);
    }
    for (size_t i = 0; i < bytes.len;
         i += 1 + i / 100) { // or they are wrong, and it goes on living
        char kept = bytes.at[i];
        bytes.at[i] = (char)(kept ^ 0x41);
        struct unpacker in = {.rest = buffer_bytes(&bytes)};
        slos_forget(slos);
        slos_unpack(slos, stream.name, &in, &heirs);
        bytes.at[i] = kept;
    }
    buffer_free(&bytes);
}

static void budget_goes_on_as_long_as_it_means_the_same(void **state)
{
    (void)state;
    struct slos *next;
    run(14400, 0, 100);
    run(2, 100, 100);
    static struct judge_slo again, other;
    static struct judge_stream changed;
    again = terms;
    changed = stream;
    again.series = WARNINGS;
    changed.hash = 99;
    changed.slos = &again;
    assert_int_equal(slos_create(&changed, &next), 0);
    slos_inherit(next, slos, &heirs);
    slos_free(slos);
    slos = next;
    run(10, 0, 100);
    run(60, 0, 100);
    assert_int_equal(notes_count(&notes, FINDING_RESOLVED), 1); // the page that was open before
    notes.count = 0;
    other = again;
    other.hash = 2; // another objective
    changed.slos = &other;
    assert_int_equal(slos_create(&changed, &next), 0);
    slos_inherit(next, slos, &heirs);
    slos_free(slos);
    slos = next;
    run(1, 4, 100);
    struct buffer text = {0};
    struct json json = {.out = &text};
    slos_report(slos, &json);
    buffer_char(&text, '\0');
    assert_non_null(strstr(text.at, "\"bad\":4,\"total\":100,\"watched_s\":60"));
    buffer_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(calm_service_says_nothing, begin, end),
        cmocka_unit_test_setup_teardown(outage_is_one_page_with_its_numbers, begin, end),
        cmocka_unit_test_setup_teardown(trouble_began_with_its_first_bad_record, begin, end),
        cmocka_unit_test_setup_teardown(labels_of_the_slo_come_first, begin, end),
        cmocka_unit_test_setup_teardown(page_is_over_after_ten_calm_minutes, begin, end),
        cmocka_unit_test_setup_teardown(silence_is_not_good, begin, end),
        cmocka_unit_test_setup_teardown(budget_that_is_gone_is_a_ticket_until_it_is_back, begin,
                                        end),
        cmocka_unit_test_setup_teardown(budget_is_not_back_with_the_first_record, begin, end),
        cmocka_unit_test_setup_teardown(one_bad_of_one_says_nothing, begin, end),
        cmocka_unit_test_setup_teardown(
            silenced_burn_is_kept_for_the_log_and_said_when_that_ends, begin, end),
        cmocka_unit_test_setup_teardown(rule_of_the_configuration_may_send_it_elsewhere, begin,
                                        end),
        cmocka_unit_test_setup_teardown(rules_are_asked_once_a_unit_of_the_period, begin, end),
        cmocka_unit_test_setup_teardown(gap_makes_its_window_unknown, begin, end),
        cmocka_unit_test_setup_teardown(packed_anywhere_it_says_the_same, begin, end),
        cmocka_unit_test_setup_teardown(what_came_before_it_is_kept_for_its_revisions, begin,
                                        end),
        cmocka_unit_test_setup_teardown(torn_bytes_are_refused_and_leave_nothing, begin, end),
        cmocka_unit_test_setup_teardown(budget_goes_on_as_long_as_it_means_the_same, begin,
                                        end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
