/* SPDX-License-Identifier: MIT */
/* Promise: whatever a pattern matches holds one of its words; of what is not understood nothing is said. */

#include "base/literal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

/* `error|fatal`, those without case as `~error`; "" when there are none. */
static const char *words_of(const char *pattern)
{
    static char text[4096];
    struct literal_word words[LITERAL_WORDS];
    size_t count = literal_words(pattern, words), len = 0;
    text[0] = '\0';
    for (size_t i = 0; i < count; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s%.*s", i ? "|" : "",
                                words[i].caseless ? "~" : "", words[i].len, words[i].text);
    return text;
}

struct sample {
    const char *pattern, *words;
};

static void check_all(const struct sample *samples, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(words_of(samples[i].pattern), samples[i].words) != 0)
            fail_msg("%s: got '%s', want '%s'", samples[i].pattern,
                     words_of(samples[i].pattern), samples[i].words);
}
#define CHECK_ALL(samples) check_all(samples, sizeof(samples) / sizeof(samples[0]))

static void characters_in_a_row_are_a_word(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {"timeout", "timeout"},
        {"^timeout$", "timeout"},
        {"\\btimeout\\b", "timeout"},
        {"java\\.net\\.\\w+Error", "java.net."},
        {"a\\tb\\/c", "a\tb/c"},
        {"user=\\S+ failed", " failed"},
        {"\xc3\xa9t\xc3\xa9", "\xc3\xa9t\xc3\xa9"},
        {"a{2}bcd", "bcd"},
        {"", ""},
        {"\\d+", ""},
        {"[ab]", ""},
    };
    CHECK_ALL(samples);
}

static void what_may_be_missing_is_in_no_word(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {"colou?r", "colo"},
        {"ab*cde", "cde"},
        {"ab+c", "ab"},
        {"ab*?cde", "cde"},
        {"ab{0,3}cde", "cde"},
        {"ab{1,}c", "ab"},
        {"(?:long word)?short", "short"},
        {"(long word)*x", "x"},
        {"(long){0}x", "x"},
        {"(long)+x", "long"},
        {"x(?:abc){2,3}", "abc"},
    };
    CHECK_ALL(samples);
}

static void alternatives_need_a_word_each(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {"(ERROR|FATAL|CRITICAL)", "ERROR|FATAL|CRITICAL"},
        {"\\b(?:ERROR|FATAL)\\b", "ERROR|FATAL"},
        {"[Oo]ut of memory|OutOfMemoryError", "ut of memory|OutOfMemoryError"},
        {"error|", ""},
        {"error|\\d", ""},
        {"(a|bc)(def|ghi)", "def|ghi"},
        {"Connection (?:refused|reset)", "Connection "},
        {"a(b(c|d)|e)f", "a"},
        {"(?:(?:ab|cd)|ef)", "ab|cd|ef"},
    };
    struct literal_word words[LITERAL_WORDS];
    CHECK_ALL(samples);
    char many[LITERAL_WORDS * 4 + 8] = "";
    for (int i = 0; i < LITERAL_WORDS; i++)
        snprintf(many + 4 * i, sizeof(many) - 4 * i, "x%02d|", i);
    many[4 * LITERAL_WORDS - 1] = '\0';
    assert_int_equal(literal_words(many, words), LITERAL_WORDS);
    snprintf(many + 4 * LITERAL_WORDS - 1, 8, "|one");
    assert_int_equal(literal_words(many, words), 0);
}

static void case_is_that_of_the_place(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {"(?i)error", "~error"},
        {"(?i:error) in", "~error"},
        {"in (?i:x) longer", " longer"},
        {"(?i)a|bc", "~a|~bc"},
        {"x(?:(?i)ab)cde", "cde"},
        {"ab(?i)cde", "~cde"},
        {"(?i)ab(?-i)cde", "cde"},
        {"(a(?i)b|cd)", "a|~cd"}, // in PCRE2 it holds for the alternatives that follow
        {"(?im-s)error", "~error"},
    };
    CHECK_ALL(samples);
}

static void what_looks_around_takes_no_text(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {"(?<=user )root", "root"}, {"(?<!not )found", "found"}, {"foo(?=barbar)", "foo"},
        {"(?!error)x", "x"},        {"foo(?=x)bar", "foobar"},
    };
    CHECK_ALL(samples);
}

static void classes_are_passed_over_whole(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {"[]abc]de", "de"},         {"[^]abc]de", "de"}, {"[a\\]b]de", "de"},
        {"[[:alpha:]xyz]de", "de"}, {"[\\\\]de", "de"},  {"[abc]+?de", "de"},
        {"[[:^space:]]de", "de"},   {"[a[b]de", "de"},
    };
    CHECK_ALL(samples);
}

static void of_what_is_not_understood_nothing_is_said(void **state)
{
    (void)state;
    static const char *const patterns[] = {
        "(*ACCEPT)error", "error(?R)?",   "(?|error|fatal)",  "(?(1)error|fatal)",
        "(error)\\1",     "(?x) er ror",  "\\Qerror\\E",      "\\x65rror",
        "error\\K",       "\\p{L}error",  "(?#comment)error", "error{",
        "error{,3}",      "error{x}",     "(?P=a)error",      "[\\Q]\\E]error",
        "[[:<:]]error",   "[[.a.]]error", "error)",           "(error",
        "[error",         "error\\",      "(?C1)error",       "(?^)error",
        "(?<n>error",     "(?<nerror",    "(?n)error",        "error\\o{101}",
        "error{1234567}", "*error",       "(?+1)error(a)",    "(?i error)",
    };
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
        if (*words_of(patterns[i]))
            fail_msg("%s: got '%s'", patterns[i], words_of(patterns[i]));
}

static void depth_and_length_are_bounded(void **state)
{
    (void)state;
    char deep[256] = "", word[2 * LITERAL_BYTES] = "";
    struct literal_word words[LITERAL_WORDS];
    memset(deep, '(', 100);
    snprintf(deep + 100, 100, "error");
    memset(deep + 105, ')', 100);
    assert_int_equal(literal_words(deep, words), 0);
    memset(word, 'x', sizeof(word) - 1);
    assert_int_equal(literal_words(word, words), 1);
    assert_int_equal(words[0].len, LITERAL_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(characters_in_a_row_are_a_word),
        cmocka_unit_test(what_may_be_missing_is_in_no_word),
        cmocka_unit_test(alternatives_need_a_word_each),
        cmocka_unit_test(case_is_that_of_the_place),
        cmocka_unit_test(what_looks_around_takes_no_text),
        cmocka_unit_test(classes_are_passed_over_whole),
        cmocka_unit_test(of_what_is_not_understood_nothing_is_said),
        cmocka_unit_test(depth_and_length_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
