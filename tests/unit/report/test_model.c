/* SPDX-License-Identifier: MIT */
/*
 * Promise: revisions in any order become findings as they stood last, those of the span and no others; what is urgent, escalated, first, near and
 * known before is right; a bound cuts and says so; and nobody is named.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "made.h"

static struct report *report;

static int set_up(void **state)
{
    (void)state;
    report = made_report();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    made_free(report);
    return 0;
}

static void the_last_revision_stands_whatever_came_last(void **state)
{
    (void)state;
    made_take(report, (struct made){.minute = 5, .ends = 9, .revision = 2, .observed = 30});
    made_take(report, (struct made){.minute = 5, .revision = 1, .observed = 20});
    made_take(report, (struct made){.minute = 5, .observed = 10});
    made_take(report, (struct made){.minute = 5, .observed = 10}); // a line that is there twice
    report_settle(report);
    assert_int_equal(report->finding_count, 1);
    const struct report_finding *f = &report->findings[0];
    assert_true(f->resolved);
    assert_true(f->ends_ns == made_minute(9));
    assert_string_equal(f->summary, "errors at 30");
    assert_int_equal(f->point_count, 3);
    assert_true(f->points[0].observed == 10 && f->points[2].observed == 30);
    assert_true(f->first_window_ns == made_minute(6));
    assert_true(report->counts.paged_ns == 4 * 60 * NS_PER_S);
}

static void the_span_holds_what_was_open_in_it(void **state)
{
    (void)state;
    report->since_ns = made_minute(20);
    report->until_ns = made_minute(40);
    made_take(report, (struct made){.id = "before", .minute = 5, .ends = 10});
    made_take(report, (struct made){.id = "into", .minute = 6, .ends = 25});
    made_take(report, (struct made){.id = "over", .minute = 7});
    made_take(report, (struct made){.id = "within", .minute = 30, .ends = 31});
    made_take(report, (struct made){.id = "after", .minute = 41});
    made_take(report, (struct made){.id = "gap", .minute = 8, .kind = "gap"});
    report_settle(report);
    assert_int_equal(report->finding_count, 3);
    assert_string_equal(report->findings[0].id, "into");
    assert_string_equal(report->findings[1].id, "over");
    assert_string_equal(report->findings[2].id, "within");
    assert_int_equal(report->counts.open, 1);
    assert_true(report->counts.paged_ns == 20 * 60 * NS_PER_S); // never more than the span
}

static void what_did_not_end_is_not_open_for_ever(void **state)
{
    (void)state;
    report->since_ns = made_minute(50);
    made_take(report, (struct made){.id = "open", .minute = 5});
    report_settle(report);
    assert_int_equal(report->finding_count, 0);
    assert_true(report->until_ns == report->since_ns);
}

static void a_duration_counts_back_from_the_newest(void **state)
{
    (void)state;
    report->since_ns = NO_TIME;
    report->ago_ns = 10 * 60 * NS_PER_S;
    made_take(report, (struct made){.id = "new", .minute = 30, .ends = 31});
    made_take(report, (struct made){.id = "old", .minute = 5, .ends = 6});
    report_settle(report);
    assert_true(report->until_ns == made_minute(31));
    assert_true(report->since_ns == made_minute(21));
    assert_int_equal(report->finding_count, 1);
}

static void only_the_streams_that_were_asked_for(void **state)
{
    (void)state;
    report->streams[report->stream_count++] = "pay*";
    made_take(report, (struct made){.id = "a", .stream = "payment/eu", .minute = 5});
    made_take(report, (struct made){.id = "b", .stream = "web", .minute = 5});
    report_settle(report);
    assert_int_equal(report->finding_count, 1);
    assert_string_equal(report->findings[0].stream, "payment/eu");
}

static void an_escalation_goes_on_for_a_milder_one(void **state)
{
    (void)state;
    made_take(
        report,
        (struct made){.id = "1", .fingerprint = "f", .route = "log", .minute = 5, .ends = 8});
    made_take(report, (struct made){.id = "2",
                                    .fingerprint = "f",
                                    .route = "page",
                                    .minute = 5,
                                    .more = ",\"window\":0"});
    made_take(report,
              (struct made){.id = "3", .fingerprint = "g", .route = "page", .minute = 5});
    report_settle(report);
    size_t escalated = 0;
    for (size_t i = 0; i < report->moment_count; i++)
        if (report->moments[i].kind == MOMENT_ESCALATED) {
            assert_string_equal(report->moments[i].finding->id, "2");
            escalated++;
        }
    assert_int_equal(escalated, 1);
    assert_int_equal(report->counts.troubles, 2);
}

static void
at_one_instant_a_deployment_is_before_what_fires_and_that_before_what_ends(void **state)
{
    (void)state;
    made_take(report, (struct made){.id = "1", .minute = 5, .ends = 9});
    made_take(report, (struct made){.id = "2", .minute = 9, .ends = 10});
    report_add_deploy(report, &(struct report_deploy){"web", "v2", "", made_minute(9)});
    report_settle(report);
    static const enum report_moment_kind want[] = {MOMENT_FIRING, MOMENT_DEPLOY, MOMENT_FIRING,
                                                   MOMENT_RESOLVED, MOMENT_RESOLVED};
    assert_int_equal(report->moment_count, 5);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(report->moments[i].kind, want[i]);
}

static void what_calls_somebody_is_first_and_records_say_where_it_began(void **state)
{
    (void)state;
    static const char began[] = ",\"began\":{\"stream\":\"db\",\"service\":\"database\","
                                "\"starts_at\":\"2026-03-01T10:05:01.000Z\","
                                "\"shared_traces\":3,\"followed\":[\"web\"]}";
    made_take(report, (struct made){.id = "quiet", .route = "log", .minute = 2});
    made_take(report,
              (struct made){.id = "called", .stream = "a", .route = "ticket", .minute = 5});
    made_take(report,
              (struct made){
                  .id = "also", .stream = "b", .route = "page", .minute = 5, .more = began});
    report_settle(report);
    assert_string_equal(report->first->id, "called");
    assert_non_null(report->began);
    assert_string_equal(report->began->stream, "db");
    assert_int_equal(report->began->shared, 3);
    struct buffer text = {0};
    report_summary(report, &text);
    buffer_char(&text, '\0');
    assert_non_null(
        strstr(text.at, "It began at 2026-03-01 10:05:01Z in stream db (service database)"));
    assert_non_null(strstr(text.at, "1 page, 1 ticket and 1 finding for the log only"));
    buffer_free(&text);
}

static void a_deployment_is_there_once_though_many_name_it(void **state)
{
    static const char named[] = ",\"deploy\":{\"version\":\"v2\",\"service\":\"web\",\"seconds_"
                                "before\":60,\"url\":null}";
    (void)state;
    report->since_ns = made_minute(10);
    report_add_deploy(
        report, &(struct report_deploy){"web", "v2", "https://ci.example/2", made_minute(9)});
    report_add_deploy(report, &(struct report_deploy){"web", "v1", "", made_minute(1)});
    made_take(report, (struct made){.id = "1", .minute = 10, .more = named});
    made_take(report, (struct made){.id = "2", .minute = 11, .more = named});
    report_settle(report);
    assert_int_equal(report->deploy_count, 1); // v1 is before the span, and nobody names it
    assert_string_equal(report->deploys[0].version, "v2");
    assert_true(report->deploys[0].time_ns == made_minute(9));
}

static void what_people_said_goes_by_id_and_by_fingerprint(void **state)
{
    (void)state;
    made_take(report, (struct made){.id = "1", .fingerprint = "f", .minute = 5});
    made_take(report, (struct made){.id = "2", .fingerprint = "g", .minute = 6});
    report_add_remark(report,
                      &(struct report_remark){REPORT_FALSE, "", "f", "backup", made_minute(8)});
    report_add_remark(report, &(struct report_remark){REPORT_POSTMORTEM, "2", "",
                                                      "https://pm.example/", made_minute(9)});
    report_settle(report);
    assert_string_equal(report->findings[0].false_reason, "backup");
    assert_null(report->findings[1].false_reason);
    assert_string_equal(report->findings[1].postmortem, "https://pm.example/");
    assert_int_equal(report->counts.falses, 1);
}

static void nobody_is_named(void **state)
{
    (void)state;
    made_take(report,
              (struct made){.minute = 5,
                            .more = ",\"annotations\":{\"silenced_by\":\"ann\",\"runbook_url\":"
                                    "\"https://r.example/\"},"
                                    "\"labels\":{\"silenced\":\"repairs\",\"owner\":\"ann\"}"});
    report_settle(report);
    const struct report_finding *f = &report->findings[0];
    assert_int_equal(f->annotation_count, 1);
    assert_string_equal(f->annotations[0].name, "runbook_url");
    assert_int_equal(f->label_count, 1);
    assert_string_equal(f->hushed, "silenced");
    assert_int_equal(report->counts.hushed, 1);
}

static void what_is_no_finding_is_counted_and_harms_nothing(void **state)
{
    struct bytes rest;
    static const char *const odd[] = {"{}", "[]", "{\"id\":1}",
                                      "{\"id\":\"x\",\"starts_at\":\"noon\"}", "nonsense"};
    (void)state;
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
        report_take(report, json_read(bytes_of(odd[i]), &rest));
    assert_int_equal(report->senseless, 5);
    // members of another type than they should be
    report_take(
        report,
        json_read(
            bytes_of(
                "{\"id\":\"x\",\"starts_at\":\"2026-03-01T10:05:00Z\",\"evidence\":[1,{}],"
                "\"reasons\":7,\"labels\":[],\"window\":\"w\",\"began\":[],\"summary\":{}}"),
            &rest));
    report_settle(report);
    assert_int_equal(report->finding_count, 1);
    assert_string_equal(report->findings[0].summary, "");
}

static void a_nul_in_a_text_hides_nothing(void **state)
{
    (void)state;
    made_take(report, (struct made){.minute = 5, .more = ",\"detector\":\"a\\u0000b\""});
    report_settle(report);
    assert_string_equal(report->findings[0].detector, "a\\x00b");
}

static void too_many_are_cut_and_counted_and_old_ones_make_room(void **state)
{
    char id[32];
    (void)state;
    report->since_ns = NO_TIME;
    report->ago_ns = 5 * 60 * NS_PER_S;
    for (int i = 0; i < REPORT_FINDINGS_MAX; i++) { // over long ago
        snprintf(id, sizeof(id), "old-%d", i);
        made_take(report, (struct made){.id = id, .minute = 1, .ends = 2});
    }
    for (int i = 0; i < REPORT_FINDINGS_MAX + 7; i++) {
        snprintf(id, sizeof(id), "new-%d", i);
        made_take(report, (struct made){.id = id, .minute = 30, .ends = 31});
    }
    report_settle(report);
    assert_int_equal(report->finding_count, REPORT_FINDINGS_MAX);
    assert_int_equal(report->left_out, 7);
    assert_int_equal(strncmp(report->findings[0].id, "new", 3), 0);
}

static void those_that_end_before_the_span_make_room_again_and_again(void **state)
{
    char id[32];
    (void)state;
    report->since_ns = made_minute(20);
    for (int i = 0; i < 3 * REPORT_FINDINGS_MAX; i++) { // each is open when it comes first
        snprintf(id, sizeof(id), "old-%d", i);
        made_take(report, (struct made){.id = id, .minute = 1});
        made_take(report, (struct made){.id = id, .minute = 1, .revision = 1, .ends = 3});
    }
    made_take(report, (struct made){.id = "new", .minute = 30, .ends = 31});
    report_settle(report);
    assert_int_equal(report->left_out, 0);
    assert_int_equal(report->finding_count, 1);
}

static void a_silence_is_a_chart_of_its_own(void **state)
{
    (void)state;
    made_take(report, (struct made){.id = "1", .minute = 5, .ends = 6, .observed = 90});
    made_take(
        report,
        (struct made){.id = "2", .minute = 7, .ends = 9, .observed = 600, .kind = "silence"});
    made_take(report, (struct made){.id = "3", .minute = 8, .ends = 9, .observed = 70});
    report_settle(report);
    assert_int_equal(report->chart_count, 2);
    assert_int_equal(report->charts[0].point_count, 2);
    assert_true(report->charts[0].points[0].observed == 90);
    assert_string_equal(report->charts[1].unit, "seconds without a record");
}

static void charts_are_bounded_and_pages_have_them_first(void **state)
{
    char id[32];
    (void)state;
    for (int i = 0; i < 20; i++) {
        snprintf(id, sizeof(id), "s%02d", i);
        made_take(report, (struct made){.id = id,
                                        .stream = id,
                                        .minute = 5 + i,
                                        .ends = 40,
                                        .observed = 9,
                                        .route = i == 15 ? "page" : "log"});
    }
    report_settle(report);
    assert_int_equal(report->chart_count, REPORT_CHARTS_MAX);
    assert_int_equal(report->chart_more, 20 - REPORT_CHARTS_MAX);
    assert_string_equal(report->charts[0].stream, "s15");
}

static void a_budget_says_what_the_span_cost(void **state)
{
    static const char slo[] =
        "{\"slo\":\"availability\",\"stream\":\"web\",\"objective\":99,\"period_s\":2592000,"
        "\"until\":\"2026-03-01T10:40:00.000Z\","
        "\"bad\":30,\"total\":1000,\"budget_left\":0.25,\"left_s\":6480,\"budget_records\":40,"
        "\"rates\":[{\"window\":\"5m\",\"bad\":1},{\"window\":\"1h\",\"bad\":20},{\"window\":"
        "\"6h\",\"bad\":25}]}";
    struct bytes rest;
    (void)state;
    made_take(
        report,
        (struct made){
            .id = "1", .minute = 5, .ends = 15, .kind = "burn", .more = ",\"series\":\"x\""});
    struct json_value value = json_read(bytes_of(slo), &rest);
    report_add_budget(report, value);
    report_settle(report);
    assert_int_equal(report->budget_count, 1);
    assert_string_equal(report->budgets[0].window, "1h"); // 40 minutes fit into it
    assert_true(report->budgets[0].window_bad == 20);
    assert_true(report->budgets[0].burning_ns == 0); // another series
}

static void overlapping_stays_count_once(void **state)
{
    struct report_stay stays[] = {{10, 20}, {0, 5}, {15, 30}, {30, 30}, {12, 13}};
    (void)state;
    assert_true(report_union(stays, 5) == 25);
    assert_true(report_union(stays, 0) == 0);
}

static void a_trouble_of_this_very_span_is_not_seen_before_it(void **state)
{
    static const char within[] = ",\"seen_before\":{\"id\":\"1\",\"starts_at\":\"2026-03-01T10:"
                                 "05:00.000Z\",\"count\":1}";
    static const char earlier[] = ",\"seen_before\":{\"id\":\"0\",\"starts_at\":\"2026-02-"
                                  "01T10:05:00.000Z\",\"count\":3}";
    (void)state;
    made_take(report, (struct made){.id = "1", .minute = 5, .more = earlier});
    made_take(report, (struct made){.id = "2", .minute = 6, .more = within});
    made_take(report, (struct made){.id = "3", .minute = 7});
    report_settle(report);
    assert_true(report_recurs(report, &report->findings[0]));
    assert_false(report_recurs(report, &report->findings[1]));
    assert_false(report_recurs(report, &report->findings[2]));
}

static void what_did_not_end_is_open_as_long_as_anything_is_known(void **state)
{
    (void)state;
    report->until_ns = made_minute(59);
    made_take(report, (struct made){.id = "1", .minute = 5});
    made_take(report, (struct made){.id = "2", .route = "log", .minute = 20, .ends = 25});
    report_settle(report);
    assert_true(report->counts.paged_ns == 20 * 60 * NS_PER_S);
    assert_int_equal(report->counts.open, 1);
}

static void a_silence_and_a_budget_of_another_stream_are_left_out(void **state)
{
    static const char slo[] = "{\"slo\":\"%s\",\"stream\":\"%s\",\"objective\":99,"
                              "\"period_s\":2592000,\"budget_left\":0.5}";
    static const char *const names[] = {"web", "db"};
    (void)state;
    report->streams[report->stream_count++] = "w*";
    made_take(report, (struct made){.minute = 5});
    for (int i = 0; i < 2; i++) {
        char text[256];
        struct bytes rest;
        snprintf(text, sizeof(text), slo, names[i], names[i]);
        report_add_budget(report, json_read(bytes_of(text), &rest));
        report_add_silence(report, &(struct report_silence){names[i], "", "", "",
                                                            made_minute(0), made_minute(5)});
    }
    report_add_silence(report, &(struct report_silence){"", "", "", "all of them",
                                                        made_minute(1), made_minute(5)});
    report_settle(report);
    assert_int_equal(report->budget_count, 1);
    assert_string_equal(report->budgets[0].name, "web");
    assert_int_equal(report->silence_count, 2);
    assert_string_equal(report->silences[0].stream, "web");
    assert_string_equal(report->silences[1].reason, "all of them");
}

/* The real one that came after it must not read as another backup job. */
static void that_one_was_false_is_not_said_of_the_others(void **state)
{
    (void)state;
    made_take(report, (struct made){.id = "1", .fingerprint = "f", .minute = 5, .ends = 6});
    made_take(report, (struct made){.id = "2", .fingerprint = "f", .minute = 20});
    report_add_remark(
        report, &(struct report_remark){REPORT_FALSE, "1", "f", "backup", made_minute(25)});
    report_add_remark(report, &(struct report_remark){REPORT_POSTMORTEM, "0", "f",
                                                      "https://old.example/", made_minute(2)});
    report_add_remark(report, &(struct report_remark){REPORT_POSTMORTEM, "9", "f",
                                                      "https://pm.example/", made_minute(9)});
    report_settle(report);
    assert_string_equal(report->findings[0].false_reason, "backup");
    assert_null(report->findings[1].false_reason);
    assert_int_equal(report->counts.falses, 1);
    assert_string_equal(report->findings[0].postmortem, "https://pm.example/");
    assert_null(report->findings[1].postmortem); // it began later
}

/* Two hosts were scanned, and each scan counts its findings from one. */
static void findings_of_two_scans_are_two(void **state)
{
    static const char id[] = "0000000000000000-1";
    (void)state;
    made_take(report, (struct made){.id = id, .fingerprint = "f", .minute = 5, .ends = 6});
    made_take(report, (struct made){.id = id, .fingerprint = "f", .minute = 30, .ends = 31});
    made_take(
        report,
        (struct made){.id = id, .fingerprint = "f", .minute = 30, .ends = 40, .revision = 1});
    report_settle(report);
    assert_int_equal(report->finding_count, 2);
    assert_true(report->findings[0].ends_ns == made_minute(6));
    assert_true(report->findings[1].ends_ns == made_minute(40));
}

static void which_came_first_of_two_that_contradict_does_not_matter(void **state)
{
    (void)state;
    for (int turn = 0; turn < 2; turn++) {
        struct report *r = made_report();
        for (int i = 0; i < 2; i++)
            made_take(r,
                      (struct made){.minute = 5, .ends = 6, .observed = i == turn ? 20 : 30});
        report_settle(r);
        assert_int_equal(r->finding_count, 1);
        assert_string_equal(r->findings[0].summary, "errors at 30");
        made_free(r);
    }
}

static void of_too_many_windows_the_first_stay_whichever_came_first(void **state)
{
    (void)state;
    for (int i = 40; i-- > 0;)
        made_take(report, (struct made){.minute = 0, .revision = i, .observed = 100 + i});
    report_settle(report);
    const struct report_finding *f = &report->findings[0];
    assert_int_equal(f->point_count, REPORT_POINTS_MAX);
    for (int i = 0; i < REPORT_POINTS_MAX; i++)
        assert_true(f->points[i].observed == 100 + i);
}

static void numbers_out_of_range_are_none(void **state)
{
    (void)state;
    made_take(
        report,
        (struct made){.minute = 5,
                      .more = ",\"seen_before\":{\"count\":1e300},\"began\":{\"stream\":\"a\","
                              "\"shared_traces\":-4},\"evidence\":[{\"path\":\"p\",\"text\":"
                              "\"t\",\"line\":1e300,\"offset\":-1}]"});
    report_settle(report);
    const struct report_finding *f = &report->findings[0];
    assert_int_equal(f->before.count, 0);
    assert_int_equal(f->began.shared, 0);
    assert_int_equal(f->evidence[0].line, 0);
    assert_int_equal(f->evidence[0].offset, 0);
}

static void the_service_is_that_of_the_stream_else_that_of_the_host(void **state)
{
    static const char *const more[] = {
        ",\"resource\":{\"service.name\":\"shop\"}",
        ",\"resource\":{\"service.name\":\"shop\"},\"labels\":{\"service\":\"payment\"}",
        ",\"labels\":{\"service.name\":\"db\"}", ""};
    static const char *const services[] = {"shop", "payment", "db", ""};
    (void)state;
    for (int i = 0; i < 4; i++)
        made_take(report, (struct made){.id = services[i], .minute = 5 + i, .more = more[i]});
    report_settle(report);
    for (int i = 0; i < 4; i++)
        assert_string_equal(report->findings[i].service, services[i]);
}

static void a_span_of_centuries_is_cut(void **state)
{
    (void)state;
    assert_int_equal(clock_parse("1700-01-01T00:00:00Z", &report->since_ns, NULL), 0);
    assert_int_equal(clock_parse("2200-01-01T00:00:00Z", &report->until_ns, NULL), 0);
    made_take(report, (struct made){.minute = 5, .ends = 6});
    report_settle(report);
    assert_true(report->until_ns - report->since_ns == REPORT_SPAN_MAX);
    assert_int_equal(report->finding_count, 0); // that was before
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_last_revision_stands_whatever_came_last),
        TEST(the_span_holds_what_was_open_in_it),
        TEST(what_did_not_end_is_not_open_for_ever),
        TEST(a_duration_counts_back_from_the_newest),
        TEST(only_the_streams_that_were_asked_for),
        TEST(an_escalation_goes_on_for_a_milder_one),
        TEST(at_one_instant_a_deployment_is_before_what_fires_and_that_before_what_ends),
        TEST(what_calls_somebody_is_first_and_records_say_where_it_began),
        TEST(a_deployment_is_there_once_though_many_name_it),
        TEST(what_people_said_goes_by_id_and_by_fingerprint),
        TEST(nobody_is_named),
        TEST(what_is_no_finding_is_counted_and_harms_nothing),
        TEST(a_nul_in_a_text_hides_nothing),
        TEST(too_many_are_cut_and_counted_and_old_ones_make_room),
        TEST(those_that_end_before_the_span_make_room_again_and_again),
        TEST(a_silence_is_a_chart_of_its_own),
        TEST(charts_are_bounded_and_pages_have_them_first),
        TEST(a_budget_says_what_the_span_cost),
        TEST(overlapping_stays_count_once),
        TEST(a_trouble_of_this_very_span_is_not_seen_before_it),
        TEST(what_did_not_end_is_open_as_long_as_anything_is_known),
        TEST(a_silence_and_a_budget_of_another_stream_are_left_out),
        TEST(that_one_was_false_is_not_said_of_the_others),
        TEST(findings_of_two_scans_are_two),
        TEST(which_came_first_of_two_that_contradict_does_not_matter),
        TEST(of_too_many_windows_the_first_stay_whichever_came_first),
        TEST(numbers_out_of_range_are_none),
        TEST(the_service_is_that_of_the_stream_else_that_of_the_host),
        TEST(a_span_of_centuries_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
