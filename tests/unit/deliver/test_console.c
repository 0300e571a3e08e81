/* SPDX-License-Identifier: MIT */
/* The promise: a finding reads well, looks the same from memory and from JSON, and cannot command the terminal. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "deliver/console.h"
#include "deliver/encode.h"
#include "fixture.h"

#include <errno.h>
#include <stdlib.h>

/* What is printed; the caller frees. */
__attribute__((noinline)) // gcc 12 believes the stream still points at this frame
static char *
print(const struct finding *f, struct console_options options)
{
    char *text = NULL;
    size_t len = 0;
    struct console *console;
    options.out = open_memstream(&text, &len);
    assert_int_equal(console_open(&options, &console, NULL), 0);
    assert_int_equal(console_finding(console, f), 0);
    console_close(console);
    fclose(options.out);
    return text;
}

static void console_prints_a_firing_finding(void **state)
{
    (void)state;
    struct finding f = sample_finding(ROUTE_PAGE);
    snprintf(f.id, sizeof(f.id), "00000000000000aa-1");
    char *text = print(&f, (struct console_options){0});
    assert_string_equal(
        text, "PAGE   2016-12-19 17:14:38Z  kafka1  errors at 137 per minute, "
              "expected 0.4 (0 to 3.1)"
              "   spike  ewma  score 7.3\n"
              "       since 17:14:38Z · fingerprint 9f2c41d07a55be01 · id 00000000000000aa-1\n"
              "       server.log:456  [2016-12-19 18:14:38,123] ERROR x\n"
              "       server.log@200  bad \xef\xbf\xbd byte\n");
    free(text);
}

static void console_shows_the_first_line_of_a_record_and_counts_the_others(void **state)
{
    (void)state;
    struct finding f = sample_finding(ROUTE_PAGE);
    f.evidence[0].text = bytes_of("ERROR no memory\n\tat main\n\tat start");
    f.evidence_count = 1;
    char *text = print(&f, (struct console_options){0});
    assert_non_null(strstr(text, "  ERROR no memory  (+2 lines)\n"));
    free(text);
}

static void console_says_until_when_it_lasted(void **state)
{
    (void)state;
    struct finding f = sample_finding(ROUTE_TICKET);
    f.status = FINDING_RESOLVED;
    f.ends_ns = f.starts_ns + 180 * NS_PER_S;
    f.evidence_count = 0;
    char *text = print(&f, (struct console_options){0});
    assert_non_null(strstr(text, "TICKET 2016-12-19 17:14:38Z  kafka1  errors"));
    assert_non_null(strstr(text, "       until 17:17:38Z · 3 windows · fingerprint"));
    free(text);
}

static void console_says_what_came_before(void **state)
{
    (void)state;
    struct finding f = sample_finding(ROUTE_PAGE);
    f.deploy = (struct finding_deploy){
        .version = "v1.2.3", .service = "shop", .time_ns = f.starts_ns - 211 * NS_PER_S};
    f.before = (struct finding_before){.count = 3,
                                       .id = "e-1",
                                       .starts_ns = f.starts_ns - 3600 * NS_PER_S,
                                       .ends_ns = f.starts_ns - 2880 * NS_PER_S,
                                       .postmortem = "https://pm.example/1",
                                       .false_reason = "back\x1bup"};
    char *text = print(&f, (struct console_options){0});
    assert_non_null(strstr(text, "since 17:14:38Z · 211 s after deploy v1.2.3 · fingerprint"));
    assert_non_null(strstr(text, "\n       seen before: 3 times, last 2016-12-19 16:14:38Z for "
                                 "12m, post-mortem https://pm.example/1, "
                                 "marked false: back\\x1bup\n"));
    free(text);
    f.deploy.time_ns = f.starts_ns;
    f.before = (struct finding_before){
        .count = 1, .id = "e-1", .starts_ns = f.starts_ns, .ends_ns = NO_TIME};
    text = print(&f, (struct console_options){0});
    assert_non_null(strstr(text, "since 17:14:38Z · with deploy v1.2.3 · fingerprint"));
    assert_non_null(strstr(text, "       seen before: 1 time, last 2016-12-19 17:14:38Z\n"));
    free(text);
}

static void console_colours_only_when_asked(void **state)
{
    (void)state;
    struct finding f = sample_finding(ROUTE_PAGE);
    char *plain = print(&f, (struct console_options){0});
    char *colour = print(&f, (struct console_options){.color = true});
    assert_null(strchr(plain, '\x1b'));
    assert_non_null(strstr(colour, "\x1b[1;31mPAGE   \x1b[0m"));
    free(plain);
    free(colour);
}

static void console_cuts_evidence_to_the_width(void **state)
{
    (void)state;
    static char bulk[3000];
    struct finding f = sample_finding(ROUTE_PAGE);
    memset(bulk, 'x', sizeof(bulk));
    f.evidence[0].text = (struct bytes){bulk, sizeof(bulk)};
    f.evidence_count = 1;
    char *text = print(&f, (struct console_options){.width = 80});
    char *line = strstr(text, "       server.log:456");
    assert_non_null(line);
    // 80 columns: the ellipsis is one of them and three bytes
    assert_int_equal(strcspn(line, "\n"), 82);
    free(text);
}

static void console_obeys_no_text(void **state)
{
    (void)state;
    static const char hostile[] = "\x1b]0;owned\x07\x9b"
                                  "2J\xe2\x80\xae\r\n\xff";
    struct finding f = sample_finding(ROUTE_PAGE);
    f.stream = f.series = f.detector = f.summary = hostile;
    f.evidence[0].text = f.evidence[0].path =
        (struct bytes){hostile, sizeof(hostile)}; // NUL too
    char *text = print(&f, (struct console_options){.width = 100});
    for (const char *p = text; *p; p++)
        assert_true((unsigned char)*p >= 0x20 || *p == '\n');
    assert_null(strstr(text, "\xe2\x80\xae"));
    assert_null(strstr(text, "\xc2\x9b"));
    assert_non_null(strstr(text, "\\x1b]0;owned"));
    int lines = 0;
    for (const char *p = text; *p; p++)
        lines += *p == '\n';
    assert_int_equal(lines, 4);
    free(text);
}

static void console_refuses_what_is_no_finding(void **state)
{
    (void)state;
    struct console *console;
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    assert_int_equal(console_open(&(struct console_options){.out = out}, &console, NULL), 0);
    static const char *const wrong[] = {
        "", "{}", "[1]", "{\"route\":", "nonsense", "{\"route\":5}"};
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(console_entry(console, bytes_of(wrong[i])), -EBADMSG);
    // little is enough, and a strange value is no harm
    assert_int_equal(
        console_entry(console, bytes_of("{\"route\":\"log\",\"starts_at\":\"\\u001b[2J\"}")),
        0);
    console_close(console);
    fclose(out);
    assert_non_null(strstr(text, "LOG    \\x1b[2J"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(console_prints_a_firing_finding),
        cmocka_unit_test(console_shows_the_first_line_of_a_record_and_counts_the_others),
        cmocka_unit_test(console_says_until_when_it_lasted),
        cmocka_unit_test(console_says_what_came_before),
        cmocka_unit_test(console_colours_only_when_asked),
        cmocka_unit_test(console_cuts_evidence_to_the_width),
        cmocka_unit_test(console_obeys_no_text),
        cmocka_unit_test(console_refuses_what_is_no_finding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
