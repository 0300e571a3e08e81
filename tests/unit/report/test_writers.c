/* SPDX-License-Identifier: MIT */
/*
 * Promise: the same input gives the same bytes, in whatever order it came; every element of the page that opens closes, whatever stood in the
 * log; a hostile finding brings no element, attribute or link of its own; and the JSON is JSON.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "made.h"

#include <ctype.h>

typedef void write_fn(const struct report *report, struct buffer *out);

#define EVIL "<script>alert(1)<\\/script><img src=x onerror=alert(1)>\\\"'&\\u202e\\u0007|`*"

static const char hostile[] =
    ",\"key\":{\"template\":\"" EVIL "\"},\"detector\":\"" EVIL
    "\",\"detected_at\":\"2026-03-01T10:06:00Z\","
    "\"reasons\":[\"" EVIL "\"],\"trace_ids\":[\"" EVIL "\"],\"labels\":{\"" EVIL "\":\"" EVIL
    "\"},"
    "\"annotations\":{\"run\":\"javascript:alert(1)\",\"good\":\"https://r.example/\"},"
    "\"resource\":{\"service.name\":\"" EVIL "\"},"
    "\"began\":{\"stream\":\"" EVIL "\",\"service\":\"" EVIL
    "\",\"starts_at\":\"2026-03-01T10:05:00Z\",\"followed\":[\"" EVIL "\"]},"
    "\"deploy\":{\"version\":\"" EVIL "\",\"service\":\"" EVIL
    "\",\"seconds_before\":60,\"url\":\"javascript:x\"},"
    "\"seen_before\":{\"id\":\"" EVIL
    "\",\"count\":1,\"postmortem\":\"javascript:x\",\"marked_false\":\"" EVIL "\"},"
    "\"evidence\":[{\"path\":\"" EVIL "\",\"line\":7,\"text\":\"" EVIL "\\n" EVIL "\"}]";

static struct report *hostile_report(bool backwards)
{
    struct report *report = made_report();
    report->title = "<script>";
    for (int i = 0; i < 3; i++) {
        int k = backwards ? 2 - i : i;
        char id[8] = {'a', (char)('0' + k)};
        made_take(report, (struct made){.id = id,
                                        .stream = EVIL,
                                        .minute = 5 + k,
                                        .ends = 20,
                                        .observed = 50 + k,
                                        .more = hostile});
    }
    report_add_silence(report, &(struct report_silence){"<b>", "<i>", "<u>", "<s>",
                                                        made_minute(7), made_minute(8)});
    report_add_remark(
        report, &(struct report_remark){REPORT_FALSE, "a1", "", "<script>", made_minute(9)});
    report_settle(report);
    return report;
}

static void write_with(write_fn *write, struct report *report, struct buffer *out)
{
    write(report, out);
    buffer_char(out, '\0');
    made_free(report);
}

static void the_order_of_lines_changes_no_byte(void **state)
{
    static write_fn *const writers[] = {report_html, report_markdown, report_json};
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct buffer one = {0}, other = {0};
        write_with(writers[i], hostile_report(false), &one);
        write_with(writers[i], hostile_report(true), &other);
        assert_string_equal(one.at, other.at);
        buffer_free(&one);
        buffer_free(&other);
    }
}

/* ---- a reader of our own HTML ---------------------------------------------------------------- */

static bool is_void(const char *name)
{
    return strcmp(name, "meta") == 0 || strcmp(name, "rect") == 0 ||
           strcmp(name, "line") == 0 || strcmp(name, "circle") == 0 ||
           strcmp(name, "wbr") == 0 || strcmp(name, "path") == 0;
}

static bool is_ours(const char *name)
{
    static const char all[] = " html head meta title style body main header footer p h1 h2 h3 "
                              "ul li b span div table caption thead tr th "
                              "tbody td code a dl dt dd figure figcaption pre article svg desc "
                              "rect line circle path text wbr ";
    char word[40];
    snprintf(word, sizeof(word), " %.30s ", name);
    return strstr(all, word) != NULL;
}

/* Attributes of a tag in quotes, and none that runs anything; href only to the web. */
static const char *check_attributes(const char *p)
{
    while (*p && *p != '>' && *p != '/') {
        char name[32];
        size_t len = 0;
        while (*p == ' ')
            p++;
        while (*p && (isalnum((unsigned char)*p) || *p == '-') && len + 1 < sizeof(name))
            name[len++] = *p++;
        name[len] = '\0';
        if (!len)
            continue;
        assert_false(name[0] == 'o' && name[1] == 'n'); // onclick and its kin
        assert_true(strcmp(name, "src") != 0 && strcmp(name, "style") != 0);
        assert_true(p[0] == '=' && p[1] == '"');
        p += 2;
        assert_true(strcmp(name, "href") != 0 || strncmp(p, "https://r.example/\"", 19) == 0);
        p = strchr(p, '"');
        assert_non_null(p);
        p++;
    }
    return p;
}

static void check_html(const char *html)
{
    char open[64][16];
    size_t depth = 0;
    for (const char *p = strchr(html, '<') + 15; (p = strchr(p, '<')) != NULL;) {
        bool closes = *++p == '/';
        char name[16];
        size_t len = 0;
        for (p += closes; isalnum((unsigned char)*p) && len + 1 < sizeof(name); p++)
            name[len++] = *p;
        name[len] = '\0';
        assert_true(is_ours(name));
        p = check_attributes(p);
        if (closes) {
            assert_true(depth > 0);
            assert_string_equal(open[--depth], name);
        } else if (!is_void(name)) {
            assert_true(depth < 64);
            memcpy(open[depth++], name, sizeof(name));
        }
    }
    assert_int_equal(depth, 0);
}

static void the_page_is_ours_whatever_stood_in_the_log(void **state)
{
    struct buffer html = {0};
    (void)state;
    write_with(report_html, hostile_report(false), &html);
    assert_int_equal(strncmp(html.at, "<!DOCTYPE html>", 15), 0);
    check_html(html.at);
    assert_null(strstr(html.at, "<script"));
    assert_null(strstr(html.at, "<img"));
    assert_non_null(strstr(html.at, "&lt;img src=x onerror=alert(1)&gt;"));
    assert_non_null(strstr(html.at, "\\u202e"));
    assert_non_null(strstr(html.at, "default-src 'none'"));
    assert_null(strstr(html.at, "url("));
    buffer_free(&html);
}

static void markdown_holds_no_markup_but_ours(void **state)
{
    struct buffer text = {0};
    bool code = false;
    (void)state;
    write_with(report_markdown, hostile_report(false), &text);
    for (char *line = strtok(text.at, "\n"); line; line = strtok(NULL, "\n")) {
        if (strncmp(line, "```", 3) == 0)
            code = !code;
        else if (!code) {
            assert_true(!strstr(line, "<") || strstr(line, "<https://r.example/>"));
            assert_null(strstr(line, "]("));
        }
        assert_null(strstr(line, "\xe2\x80\xae"));
        assert_null(strchr(line, 7));
    }
    assert_false(code);
    buffer_free(&text);
}

static void the_json_reads_back(void **state)
{
    struct buffer text = {0};
    struct bytes rest;
    (void)state;
    write_with(report_json, hostile_report(false), &text);
    struct json_value all = json_read(bytes_of(text.at), &rest);
    assert_int_equal(all.type, JSON_OBJECT);
    assert_true(bytes_is(rest, "\n"));
    assert_true(bytes_is(json_at(all, "since").raw, "2026-03-01T10:00:00.000Z"));
    assert_true(json_number(json_at(all, "counts.page"), 0) == 3);
    assert_int_equal(json_at(all, "findings").type, JSON_ARRAY);
    buffer_free(&text);
}

static void numbers_of_any_size_make_a_chart(void **state)
{
    static const double odd[] = {0, -5, 1e-300, 1e300, 1e18, 0.5};
    (void)state;
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        struct report *report = made_report();
        struct buffer html = {0};
        made_take(report, (struct made){.minute = 5, .ends = 6, .observed = odd[i]});
        report_settle(report);
        assert_int_equal(report->chart_count, 1);
        write_with(report_html, report, &html);
        check_html(html.at);
        assert_null(strstr(html.at, "nan"));
        assert_null(strstr(html.at, "=\"inf"));
        buffer_free(&html);
    }
}

static void nothing_found_is_a_page_too(void **state)
{
    struct report *report = made_report();
    struct buffer html = {0};
    (void)state;
    report_settle(report);
    write_with(report_html, report, &html);
    check_html(html.at);
    assert_non_null(strstr(html.at, "Nothing was found in this span."));
    assert_non_null(strstr(html.at, "Root cause"));
    buffer_free(&html);
}

static struct report *charted(double observed, const char *more)
{
    struct report *report = made_report();
    made_take(report,
              (struct made){.minute = 5, .ends = 6, .observed = observed, .more = more});
    report_settle(report);
    return report;
}

static void page_has(struct report *report, const char *const *texts, size_t count)
{
    struct buffer html = {0};
    write_with(report_html, report, &html);
    check_html(html.at);
    for (size_t i = 0; i < count; i++)
        if (!strstr(html.at, texts[i]))
            fail_msg("the page lacks %s", texts[i]);
    buffer_free(&html);
}

/* A ratio of one error in a thousand is not zero. */
static void a_small_number_is_not_shown_as_zero(void **state)
{
    char text[WORDS_SIZE];
    (void)state;
    assert_string_equal(report_number(0.0009, text), "0.0009");
    assert_string_equal(report_number(-0.0, text), "0");
    assert_string_equal(report_number(1234.4, text), "1234");
}

/* -50 hangs from zero, which has a line of its own though the scale goes on above it, to 5. */
static void what_is_below_zero_hangs_from_zero(void **state)
{
    static const char *const hanging[] = {
        "<line class=\"axis\" x1=\"58\" x2=\"944\" y1=\"40.2\" y2=\"40.2\"/>",
        "<line class=\"stem page\" x1=\"870.2\" x2=\"870.2\" y1=\"40.2\" y2=\"182.0\"/>"};
    static const char *const alone[] = {
        "<line class=\"axis\" x1=\"58\" x2=\"944\" y1=\"26.0\" y2=\"26.0\"/>",
        "y1=\"26.0\" y2=\"182.0\"/><circle"};
    (void)state;
    page_has(charted(-50, ""), hanging, 2);
    struct report *report = made_report();
    struct bytes rest;
    report_take(report,
                json_read(bytes_of("{\"id\":\"1\",\"starts_at\":\"2026-03-01T10:05:00Z\","
                                   "\"series\":\"d\",\"route\":\"page\",\"observed\":-5,"
                                   "\"window\":{\"start\":\"2026-03-01T10:05:00Z\","
                                   "\"end\":\"2026-03-01T10:06:00Z\"}}"),
                          &rest));
    report_settle(report);
    page_has(report, alone, 2);
}

/* Thirty in a row: none of them is left out, and a name is not cut within a letter. */
static void every_deployment_has_its_line(void **state)
{
    struct report *report = made_report();
    struct buffer html = {0};
    size_t lines = 0, names = 0;
    (void)state;
    made_take(report, (struct made){.minute = 1, .ends = 59, .observed = 9});
    for (int i = 0; i < 30; i++)
        report_add_deploy(report,
                          &(struct report_deploy){"shop", "v1.2.3-release-candidate\xc3\xb6",
                                                  "", made_minute(2 + i)});
    report_add_deploy(report, &(struct report_deploy){"shop", "v1.2.3-release-candidat\xc3\xb6",
                                                      "", made_minute(58)});
    report_settle(report);
    write_with(report_html, report, &html);
    for (const char *at = html.at; (at = strstr(at, "class=\"deploy-line\"")); at++)
        lines++;
    for (const char *at = html.at; (at = strstr(at, "class=\"deployed\"")); at++)
        names++;
    assert_int_equal(lines, 31);
    assert_true(names > 2 && names < 8);
    assert_null(strstr(html.at, "\\xc3"));
    assert_non_null(strstr(html.at, "candidat</text>"));
    buffer_free(&html);
}

static void an_overdrawn_budget_is_more_than_used_up(void **state)
{
    static const char slo[] =
        "{\"slo\":\"a\",\"stream\":\"web\",\"objective\":99,\"period_s\":2592000,"
        "\"budget_left\":-0.5,\"left_s\":0}";
    static const char *const said[] = {"150 %: 10h48m of 7h12m"};
    struct report *report = made_report();
    struct bytes rest;
    (void)state;
    report_add_budget(report, json_read(bytes_of(slo), &rest));
    made_take(report, (struct made){.minute = 5, .ends = 6});
    report_settle(report);
    page_has(report, said, 1);
}

static void a_page_of_no_finding_at_no_time_says_so(void **state)
{
    static const char *const said[] = {"<h1>Incident</h1>", "No finding says when"};
    struct report *report = made_report();
    (void)state;
    report->since_ns = NO_TIME;
    report->ago_ns = 3600 * NS_PER_S;
    report_settle(report);
    page_has(report, said, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_order_of_lines_changes_no_byte),
        cmocka_unit_test(the_page_is_ours_whatever_stood_in_the_log),
        cmocka_unit_test(markdown_holds_no_markup_but_ours),
        cmocka_unit_test(the_json_reads_back),
        cmocka_unit_test(numbers_of_any_size_make_a_chart),
        cmocka_unit_test(nothing_found_is_a_page_too),
        cmocka_unit_test(a_small_number_is_not_shown_as_zero),
        cmocka_unit_test(what_is_below_zero_hangs_from_zero),
        cmocka_unit_test(every_deployment_has_its_line),
        cmocka_unit_test(an_overdrawn_budget_is_more_than_used_up),
        cmocka_unit_test(a_page_of_no_finding_at_no_time_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
