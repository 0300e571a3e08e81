/* SPDX-License-Identifier: MIT */
/*
 * Promise: an audit counts each finding once, as it stood last, holds marks against it, and says of a threshold what it would have
 * saved and what of that nobody called false; its sentence names what costs nothing first.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "command/audit.h"

#include "rig.h"

#include <errno.h>
#include <math.h>

#define MINUTE (60 * NS_PER_S)
#define DAY    (1440 * MINUTE)

static struct audit audit;
static int64_t monday; /* 2026-03-02T10:00:00Z, people are at work */

static int set_up(void **state)
{
    audit = (struct audit){.hours = {.days = 0x3e, .from_min = 540, .until_min = 1080},
                           .hours_text = "Mon-Fri 09:00-18:00"};
    clock_parse("2026-03-02T10:00:00Z", &monday, NULL);
    return rig_set_up(state);
}

static int tear_down(void **state)
{
    audit_free(&audit);
    return rig_tear_down(state);
}

/* What a test says of a finding. */
struct made {
    const char *id, *stream, *route, *status,
        *by_score; /* by_score: the route that its score had */
    int fingerprint, revision;
    int64_t starts_ns, open_ns;
    double score, threshold;
};

static const char *date(int64_t at_ns)
{
    static char text[8][CLOCK_TEXT_SIZE];
    static int next;
    return clock_format(at_ns, text[next++ % 8]);
}

static void add(struct made m)
{
    char json[1024];
    struct bytes rest;
    m.stream = m.stream ? m.stream : "web";
    m.route = m.route ? m.route : "page";
    double score = m.score > 0 ? m.score : 9;
    snprintf(json, sizeof(json),
             "{\"id\":\"%s\",\"fingerprint\":\"%016x\",\"status\":\"%s\",\"revision\":%d,"
             "\"starts_at\":\"%s\",\"ends_at\":\"%s\",\"detected_at\":\"%s\",\"stream\":\"%s\","
             "\"series\":\"errors\",\"kind\":\"spike\",\"detector\":\"ewma\",\"route\":\"%s\","
             "\"score\":%g,\"threshold\":%g,\"window\":{\"start\":\"%s\",\"end\":\"%s\"},"
             "\"explain\":{\"route\":\"%s\",\"thresholds\":{\"page\":6}},\"labels\":{}}",
             m.id, m.fingerprint, m.status ? m.status : "resolved", m.revision,
             date(m.starts_ns), date(m.starts_ns + m.open_ns), date(m.starts_ns + MINUTE),
             m.stream, m.route, score, m.threshold > 0 ? m.threshold : 6, date(m.starts_ns),
             date(m.starts_ns + MINUTE), m.by_score ? m.by_score : m.route);
    audit_add(&audit, json_read(bytes_of(json), &rest));
}

#define MARK(kind, rest)                                                                       \
    "{\"v\":1,\"time\":\"2026-03-02T10:00:00Z\",\"kind\":\"" kind "\"," rest "}\n"

static void settle(const char *marks)
{
    struct error error;
    audit_settle(&audit, NO_TIME, 7 * DAY);
    if (marks) {
        rig_write("marks.jsonl", marks);
        assert_int_equal(audit_marks(&audit, "marks.jsonl", &error), 0);
    }
    audit_weigh(&audit);
}

static const char *advice(void)
{
    static char text[1024];
    struct buffer out = {0};
    audit_advise(&audit, &out);
    snprintf(text, sizeof(text), "%.*s", (int)out.len, out.at);
    buffer_free(&out);
    return text;
}

static void assert_advice(const char *part)
{
    if (!strstr(advice(), part))
        fail_msg("'%s' is not in '%s'", part, advice());
}

/* ---- what is counted ------------------------------------------------------------ */

static void finding_counts_once_as_it_stood_last(void **state)
{
    (void)state;
    add((struct made){
        .id = "a", .revision = 1, .starts_ns = monday, .open_ns = 5 * MINUTE, .score = 8});
    add((struct made){.id = "b", .status = "firing", .starts_ns = monday});
    add((struct made){.id = "a", .status = "firing", .starts_ns = monday, .score = 9.5});
    settle(NULL);
    assert_int_equal(audit.count, 2);
    assert_int_equal(audit.findings[ROUTE_PAGE], 2);
    const struct audit_case *a = audit.groups[0].newest; // one fingerprint
    assert_int_equal(audit.groups[0].count, 2);
    a = strcmp(a->id, "a") == 0 ? a : a - 1;
    assert_true(a->resolved);
    assert_true(a->score == 9.5); // it was that odd when it called
    assert_int_equal(a->ends_ns - a->starts_ns, 5 * MINUTE);
}

static void what_is_older_or_no_finding_is_left_out(void **state)
{
    (void)state;
    struct bytes rest;
    add((struct made){.id = "old", .starts_ns = monday - 8 * DAY});
    add((struct made){.id = "new", .starts_ns = monday});
    audit_add(&audit, json_read(bytes_of("{\"id\":\"x\"}"), &rest));
    audit_add(&audit, json_read(bytes_of("17"), &rest));
    settle(NULL);
    assert_int_equal(audit.count, 1);
    assert_int_equal(audit.skipped, 2);
}

static void fingerprints_are_ordered_by_pages_and_know_their_rhythm(void **state)
{
    (void)state;
    static char ids[8][4];
    for (int i = 0; i < 5; i++) {
        snprintf(ids[i], sizeof(ids[i]), "%d", i);
        add((struct made){.id = ids[i],
                          .fingerprint = i < 3 ? 7 : 8,
                          .route = i == 4 ? "ticket" : "page",
                          .starts_ns = monday + i * 60 * MINUTE,
                          .open_ns = 10 * MINUTE});
    }
    add((struct made){.id = "z", .fingerprint = 9, .route = "log", .starts_ns = monday});
    settle(NULL);
    assert_int_equal(audit.group_count, 2);
    assert_int_equal(audit.groups[0].pages, 3);
    assert_int_equal(audit.groups[0].open_ns, 30 * MINUTE);
    assert_int_equal(audit.groups[0].usual_ns, 60 * MINUTE);
    assert_string_equal(audit.groups[0].newest->id, "2");
    assert_int_equal(audit.groups[1].pages, 1);
    assert_int_equal(audit.groups[1].count, 2);
}

static void shape_tells_brief_flapping_and_nightly_pages(void **state)
{
    (void)state;
    add((struct made){.id = "a", .starts_ns = monday, .open_ns = MINUTE});
    add((struct made){.id = "b", .starts_ns = monday + 16 * MINUTE, .open_ns = 2 * MINUTE});
    add((struct made){.id = "c", .starts_ns = monday + 60 * MINUTE, .open_ns = 2 * MINUTE});
    add((struct made){.id = "d",
                      .fingerprint = 1,
                      .starts_ns = monday + 12 * 60 * MINUTE,
                      .open_ns = 2 * MINUTE});
    settle(NULL);
    assert_int_equal(audit.brief, 1);
    assert_int_equal(audit.flapping, 1);
    assert_int_equal(audit.outside, 1);
}

/* ---- marks ---------------------------------------------------------------------- */

static void last_mark_of_a_finding_stands_and_bad_ones_are_counted(void **state)
{
    (void)state;
    add((struct made){.id = "a", .starts_ns = monday});
    add((struct made){.id = "b", .starts_ns = monday});
    add((struct made){.id = "c", .starts_ns = monday});
    settle(MARK("deploy", "\"service\":\"web\",\"version\":\"1\"")
               MARK("false", "\"id\":\"a\",\"reason\":\"x\"") MARK("false", "\"id\":\"b\"")
                   MARK("postmortem", "\"id\":\"b\",\"url\":\"u\"") MARK(
                       "false", "\"id\":\"elsewhere\"") "nonsense\n{\"v\":1,\"kind\":\"fal");
    assert_int_equal(audit.falses, 1);
    assert_int_equal(audit.trues, 1);
    assert_int_equal(audit.marks_stray, 1);
    assert_int_equal(audit.marks_bad, 2);
    assert_true(fabs(audit_precision(audit.findings[ROUTE_PAGE], audit.falses) - 2.0 / 3) <
                1e-9);
    assert_true(isnan(audit_precision(0, 0)));
}

/* `oddline mark false FINGERPRINT` has no id. */
static void mark_of_a_fingerprint_is_about_all_that_have_it(void **state)
{
    (void)state;
    add((struct made){.id = "a", .fingerprint = 7, .starts_ns = monday});
    add((struct made){.id = "b", .fingerprint = 7, .starts_ns = monday + DAY});
    add((struct made){.id = "c", .fingerprint = 8, .starts_ns = monday});
    settle(MARK("false", "\"fingerprint\":\"0000000000000007\"")
               MARK("postmortem", "\"id\":\"b\",\"url\":\"u\""));
    assert_int_equal(audit.falses, 1);
    assert_int_equal(audit.trues, 1); // b: the last word
    assert_int_equal(audit.marks_stray, 0);
}

static void no_marks_file_is_no_error(void **state)
{
    (void)state;
    struct error error;
    assert_int_equal(audit_marks(&audit, "nowhere.jsonl", &error), 0);
}

/* ---- thresholds and the sentence --------------------------------------------------- */

static void threshold_saves_pages_whose_score_was_below_it(void **state)
{
    (void)state;
    add((struct made){.id = "a", .starts_ns = monday, .score = 6.4});
    add((struct made){.id = "b", .starts_ns = monday, .score = 6.5});
    add((struct made){.id = "c", .starts_ns = monday, .score = 7.6, .threshold = 7.4}); // tired
    add((struct made){.id = "d", .starts_ns = monday, .score = 40});
    add((struct made){.id = "e", .starts_ns = monday, .score = 4.5, .route = "ticket"});
    add((struct made){.id = "f",
                      .starts_ns = monday,
                      .score = 6.1,
                      .route = "ticket",
                      .by_score = "page"}); // a rule
    settle(MARK("false", "\"id\":\"a\""));
    const struct audit_stream *s = &audit.streams[0];
    static const size_t saved[AUDIT_STEPS] = {2, 3, 3, 3};
    for (size_t i = 0; i < AUDIT_STEPS; i++) {
        assert_int_equal(s->savings[i].pages, saved[i]);
        assert_int_equal(s->savings[i].falses, 1);
    }
    assert_true(s->page == 6);
}

static void threshold_that_costs_nothing_is_the_first_advice(void **state)
{
    (void)state;
    add((struct made){.id = "a", .starts_ns = monday, .score = 6.7});
    add((struct made){.id = "b", .stream = "app", .starts_ns = monday, .score = 6.1});
    add((struct made){.id = "c", .stream = "app", .starts_ns = monday, .score = 6.2});
    settle(MARK("false", "\"id\":\"a\"") MARK("false", "\"id\":\"b\""));
    assert_advice("raise the page threshold of stream web from 6 to 7: 1 page fewer");
}

static void one_trouble_that_is_called_false_wants_a_rule(void **state)
{
    (void)state;
    static const char *const ids[] = {"a", "b", "c"};
    for (int i = 0; i < 3; i++)
        add((struct made){.id = ids[i], .starts_ns = monday + i * DAY, .score = 30});
    settle(MARK("false", "\"id\":\"a\"") MARK("false", "\"id\":\"c\""));
    assert_advice("stream web, series errors, spike was marked false 2 of 3 times");
}

static void nothing_paged_and_nothing_marked_are_said(void **state)
{
    (void)state;
    settle(NULL);
    assert_advice("nobody was paged");
    add((struct made){.id = "a", .starts_ns = monday, .open_ns = 3 * MINUTE});
    audit.group_count = audit.stream_count = 0;
    settle(NULL);
    assert_advice("oddline mark false ID");
}

static void json_is_one_object_with_what_the_table_has(void **state)
{
    (void)state;
    add((struct made){.id = "a", .starts_ns = monday, .stream = "a\x1b[2Jb"});
    settle(NULL);
    rig_capture(STDOUT_FILENO);
    audit_json(&audit, stdout);
    struct bytes rest;
    struct json_value value = json_read(bytes_of(rig_captured()), &rest);
    assert_int_equal(value.type, JSON_OBJECT);
    assert_int_equal((int)json_number(json_at(value, "pages"), -1), 1);
    assert_int_equal((int)json_number(json_at(value, "unmarked"), -1), 1);
    assert_int_equal(json_at(value, "troubles").type, JSON_ARRAY);
    rig_capture(STDOUT_FILENO);
    audit_table(&audit, 10, stdout);
    const char *table = rig_captured();
    assert_null(strchr(table, '\x1b'));
    assert_non_null(strstr(table, "1 pages"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* ---- what a daemon has ------------------------------------------------------------------ */

static void write_jsonl(const char *path, int first, int last, const char *tail)
{
    struct buffer text = {0};
    for (int n = first; n <= last; n++)
        buffer_printf(&text,
                      "{\"id\":\"x-%d\",\"n\":%d,\"fingerprint\":\"01\",\"starts_at\":\"%s\","
                      "\"route\":\"page\"}\n",
                      n, n, date(monday + n * DAY));
    buffer_text(&text, tail);
    buffer_char(&text, '\0');
    rig_write(path, text.at);
    buffer_free(&text);
}

static int read_since(int64_t since_ns)
{
    struct error error;
    struct audit_sources from = {
        .jsonl = "findings.jsonl", .state_dir = "nowhere", .since_ns = since_ns};
    int r = audit_read(&audit, &from, &error);
    audit_settle(&audit, since_ns, 0);
    return r;
}

static void rate_is_of_the_time_that_is_kept(void **state)
{
    (void)state;
    write_jsonl("findings.jsonl", 5, 9, "");
    assert_int_equal(read_since(monday), 0);
    assert_int_equal(audit.count, 5);
    assert_true(audit_is_short(&audit));
    assert_int_equal(audit.since_ns, monday + 5 * DAY);
}

static void nothing_is_short_where_the_first_finding_is_kept(void **state)
{
    (void)state;
    write_jsonl("findings.jsonl", 1, 9, "");
    assert_int_equal(read_since(monday), 0);
    assert_int_equal(audit.count, 9);
    assert_false(audit_is_short(&audit));
    assert_int_equal(audit.since_ns, monday);
}

static void
what_is_older_than_asked_is_left_out_and_proves_that_nothing_is_missing(void **state)
{
    (void)state;
    write_jsonl("findings.jsonl", 3, 9, "");
    assert_int_equal(read_since(monday + 8 * DAY), 0);
    assert_int_equal(audit.count, 2);
    assert_false(audit_is_short(&audit));
}

/* The sink writes meanwhile; somebody may have cut the file. */
static void torn_lines_of_the_file_are_passed_over(void **state)
{
    (void)state;
    write_jsonl("findings.jsonl", 1, 2, "nonsense\n{\"id\":\"half");
    assert_int_equal(read_since(monday), 0);
    assert_int_equal(audit.count, 2);
    assert_int_equal(audit.skipped, 1);
}

static void neither_file_nor_journal_is_an_error(void **state)
{
    (void)state;
    assert_int_equal(read_since(monday), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(finding_counts_once_as_it_stood_last),
        TEST(rate_is_of_the_time_that_is_kept),
        TEST(nothing_is_short_where_the_first_finding_is_kept),
        TEST(what_is_older_than_asked_is_left_out_and_proves_that_nothing_is_missing),
        TEST(torn_lines_of_the_file_are_passed_over),
        TEST(neither_file_nor_journal_is_an_error),
        TEST(what_is_older_or_no_finding_is_left_out),
        TEST(fingerprints_are_ordered_by_pages_and_know_their_rhythm),
        TEST(shape_tells_brief_flapping_and_nightly_pages),
        TEST(last_mark_of_a_finding_stands_and_bad_ones_are_counted),
        TEST(mark_of_a_fingerprint_is_about_all_that_have_it),
        TEST(no_marks_file_is_no_error),
        TEST(threshold_saves_pages_whose_score_was_below_it),
        TEST(threshold_that_costs_nothing_is_the_first_advice),
        TEST(one_trouble_that_is_called_false_wants_a_rule),
        TEST(nothing_paged_and_nothing_marked_are_said),
        TEST(json_is_one_object_with_what_the_table_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
