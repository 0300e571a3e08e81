/* SPDX-License-Identifier: MIT */
/* Promise: the level is read from where programs put it, and never from the word "error" in free text. */

#include "record/level.h"

#include "unit/record/rig.h"

#include <stdio.h>

struct row {
    const char *text;
    uint8_t level;
    const char *message;
};

static void check(const struct level_habit *habit, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t end = 0;
        uint8_t level = level_find(habit, bytes_of(rows[i].text), &end);
        if (level != rows[i].level)
            fail_msg("'%s': got %d, want %d", rows[i].text, level, rows[i].level);
        assert_string_equal(rows[i].text + end,
                            rows[i].message ? rows[i].message : rows[i].text);
    }
}
#define CHECK_ROWS(habit, rows) check(habit, rows, sizeof(rows) / sizeof((rows)[0]))

static void levels_stand_behind_header_tokens(void **state)
{
    (void)state;
    static const struct level_habit strict;
    static const struct row rows[] = {
        {" INFO Starting", ODDLINE_LEVEL_INFO, "Starting"},
        {" WARN: low", ODDLINE_LEVEL_WARN, "low"},
        {" [error] mod_jk", ODDLINE_LEVEL_ERROR, "mod_jk"},
        {" <error> x", ODDLINE_LEVEL_ERROR, "x"},
        {" [core:error] [pid 35708:tid 43] x", ODDLINE_LEVEL_ERROR, "[pid 35708:tid 43] x"},
        {" 8328 DEBUG neutron.wsgi [-] x", ODDLINE_LEVEL_DEBUG, "neutron.wsgi [-] x"},
        {" [10384] LOG C-0x7f: x", ODDLINE_LEVEL_INFO, "C-0x7f: x"},
        {" [58151]: [1-1] user=,db=,host=,app= LOG:  automatic", ODDLINE_LEVEL_INFO,
         "automatic"},
        {" [7]: [1-1] user=a,db=b FATAL:  too many", ODDLINE_LEVEL_FATAL, "too many"},
        {" [7] PANIC:  x", ODDLINE_LEVEL_FATAL, "x"},
        {" - name - ERROR - message", ODDLINE_LEVEL_ERROR, "message"},
        {" [opscenterd]  INFO: Logging", ODDLINE_LEVEL_INFO, "Logging"},
        {" - INFO  [main:Q@1] - x", ODDLINE_LEVEL_INFO, "[main:Q@1] - x"},
        {" ERROR 1 --- [nio] c.f.Bar : x", ODDLINE_LEVEL_ERROR, "1 --- [nio] c.f.Bar : x"},
        {" com.foo.Bar ERROR x", ODDLINE_LEVEL_ERROR, "x"},
        {" severity=error x", ODDLINE_LEVEL_ERROR, "x"},
        {" level=\"warn\" x", ODDLINE_LEVEL_WARN, "x"},
        {" error: PAM: Authentication failure", ODDLINE_LEVEL_ERROR,
         "PAM: Authentication failure"},
        {" [ INFO ] x", ODDLINE_LEVEL_INFO, "x"},
        {" INFO[0001] x", ODDLINE_LEVEL_INFO, "x"},
        {" CRITICAL x", 18, "x"},
        {" NOTICE x", 10, "x"},
    };
    CHECK_ROWS(&strict, rows);
}

static void every_word_is_known_and_no_other(void **state)
{
    (void)state;
    static const char *const words[] = {
        "alert",     "config",  "crit",        "critical", "debug", "dpanic", "emerg",
        "emergency", "err",     "error",       "fatal",    "fine",  "finer",  "finest",
        "info",      "log",     "information", "notice",   "panic", "severe", "informational",
        "trace",     "verbose", "warn",        "warning"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        char text[16];
        snprintf(text, sizeof(text), "%s", words[i]);
        assert_int_not_equal(level_word(bytes_of(text)), 0);
        for (char *p = text; *p; p++)
            *p = (char)(*p & ~0x20);
        assert_int_not_equal(level_word(bytes_of(text)), 0);
        text[0]++;
        assert_int_equal(level_word(bytes_of(text)), 0);
    }
    assert_int_equal(level_word(bytes_of("zebra")), 0);
    assert_int_equal(level_word(bytes_of("\xe9rror")), 0);
    assert_int_equal(level_word(bytes_of("[nfo")), 0);
}

static void free_text_has_no_level(void **state)
{
    (void)state;
    static const struct level_habit strict;
    static const struct row rows[] = {
        {" Connection error on port 7", 0, NULL},
        {" no error", 0, NULL},
        {" error opening file", 0, NULL},
        {" Warning signs were seen", 0, NULL},
        {" Connection ERROR occurred", 0, NULL},
        {" errors=5 total", 0, NULL},
        {" ERRORS found", 0, NULL},
        {" log rotated", 0, NULL},
        {" fine: all good", 0, NULL},
        {" DETAIL:  x", 0, NULL},
        {" I am here", 0, NULL},
        {"", 0, NULL},
        {"    ", 0, NULL},
        {" [1] [2] [3] [4] [5] [6] [7] [8] ERROR too far", 0, NULL},
    };
    CHECK_ROWS(&strict, rows);
}

static void a_column_of_bare_words_is_learnt_from_harmless_ones(void **state)
{
    (void)state;
    struct level_habit habit = {0};
    for (int i = 0; i < 10; i++)
        level_learn(&habit, bytes_of(", Info                  CBS    Loaded"));
    level_settle(&habit);
    static const struct row rows[] = {
        {", Info                  CBS    Loaded", ODDLINE_LEVEL_INFO, "CBS    Loaded"},
        {", Error                 CBS    Failed", ODDLINE_LEVEL_ERROR, "CBS    Failed"},
        {", CBS Error", 0, NULL},
    };
    CHECK_ROWS(&habit, rows);
}

static void a_column_of_errors_alone_is_no_column(void **state)
{
    (void)state;
    struct level_habit habit = {0};
    for (int i = 0; i < 10; i++)
        level_learn(&habit, bytes_of(" error opening file"));
    level_settle(&habit);
    static const struct row rows[] = {{" error opening file", 0, NULL}};
    CHECK_ROWS(&habit, rows);
}

static void a_column_behind_any_token_is_learnt_when_most_lines_have_it(void **state)
{
    (void)state;
    struct level_habit habit = {0};
    for (int i = 0; i < 10; i++)
        level_learn(&habit, bytes_of(" myhost INFO hello"));
    level_settle(&habit);
    static const struct row rows[] = {{" myhost ERROR hello", ODDLINE_LEVEL_ERROR, "hello"}};
    CHECK_ROWS(&habit, rows);
}

static void numbers_of_loggers_become_severities(void **state)
{
    (void)state;
    assert_int_equal(level_value(bytes_of("30")), ODDLINE_LEVEL_INFO);
    assert_int_equal(level_value(bytes_of("60")), ODDLINE_LEVEL_FATAL);
    assert_int_equal(level_value(bytes_of("3")), ODDLINE_LEVEL_ERROR);
    assert_int_equal(level_number(50), ODDLINE_LEVEL_ERROR);
    assert_int_equal(level_number(9), 0);
    assert_int_equal(level_number(-1), 0);
    assert_int_equal(level_number(1e300), 0);
    assert_int_equal(level_pri(34), 18);
    assert_int_equal(level_pri(165), 10);
    assert_int_equal(level_value(bytes_of("W")), ODDLINE_LEVEL_WARN);
    assert_int_equal(level_value(bytes_of("D2")), ODDLINE_LEVEL_DEBUG);
    assert_int_equal(level_value(bytes_of("Information")), ODDLINE_LEVEL_INFO);
    assert_int_equal(level_value(bytes_of("bogus")), 0);
    assert_int_equal(level_value(bytes_of("")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_word_is_known_and_no_other),
        cmocka_unit_test(levels_stand_behind_header_tokens),
        cmocka_unit_test(free_text_has_no_level),
        cmocka_unit_test(a_column_of_bare_words_is_learnt_from_harmless_ones),
        cmocka_unit_test(a_column_of_errors_alone_is_no_column),
        cmocka_unit_test(a_column_behind_any_token_is_learnt_when_most_lines_have_it),
        cmocka_unit_test(numbers_of_loggers_become_severities),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
