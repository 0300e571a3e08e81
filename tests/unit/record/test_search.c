/* SPDX-License-Identifier: MIT */
/* Promise: the bits of a record are what PCRE2 says of it, for any patterns and any lines; the sieve before it is not to be seen. */

#include "rig.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t seed = 1;

static uint32_t below(uint32_t n)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 16) % n;
}

#define PICK(list) list[below(sizeof(list) / sizeof(list[0]))]

/* ---- patterns and lines that have much in common ------------------------------- */

static const char *const words[] = {"error", "ERROR", "Fatal", "time out", "x",
                                    "conn",  "10.0",  "GET /", "refused",  "ab",
                                    "[db]",  "a.b",   "\t",    "é"};

static void put_word(struct buffer *out, bool escaped)
{
    for (const char *at = PICK(words); *at; at++) {
        if (escaped && strchr("[].", *at))
            buffer_char(out, '\\');
        buffer_char(out, *at);
    }
}

static void put_pattern(struct buffer *out, int depth);

static void put_atom(struct buffer *out, int depth)
{
    static const char *const odd[] = {
        "\\d",           "\\w",   "\\s",       "\\S",     ".",     "[a-e]", "[^x]",
        "[]x]",          "\\b",   "^",         "$",       "\\B",   "\\A",   "\\z",
        "[[:alpha:]]",   "\\x65", "\\Qer\\E",  "(?i)",    "(?-i)", "\\K",   "[\\]e]",
        "\\h",           "\\R",   "(?#er)",    "{x}",     "(?s)",  "\\t",   "(?x)",
        "[[:^digit:]o]", "(?m)",  "(*ACCEPT)", "(*FAIL)", "\\N",   "(?U)",  "\\e"};
    static const char *const opens[] = {"(",    "(?:",  "(?i:", "(?>",  "(?=",  "(?!",
                                        "(?<=", "(?<!", "(?|",  "(?s:", "(?-i:"};
    uint32_t kind = below(10);
    if (kind < 5) {
        put_word(out, true);
    } else if (kind < 8 || depth == 0) {
        buffer_text(out, PICK(odd));
    } else {
        buffer_text(out, PICK(opens));
        put_pattern(out, depth - 1);
        buffer_char(out, ')');
    }
}

static void put_pattern(struct buffer *out, int depth)
{
    static const char *const repeats[] = {"?",    "*",  "+",  "{2}", "{0,2}",
                                          "{1,}", "*?", "++", "{0}"};
    uint32_t pieces = 1 + below(4);
    for (uint32_t i = 0; i < pieces; i++) {
        put_atom(out, depth);
        if (below(5) == 0)
            buffer_text(out, PICK(repeats));
        if (below(6) == 0)
            buffer_char(out, '|');
    }
}

/* Many of its lines go on after a break: a record of several. */
static void put_lines(struct buffer *out, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        buffer_text(out, below(4) ? "2016-12-19 16:31:46 " : "\t");
        for (uint32_t n = below(5); n > 0; n--) {
            if (below(3))
                put_word(out, false);
            buffer_char(out, "abeEoO 1x\\["[below(11)]);
        }
        buffer_char(out, '\n');
    }
}

/* ---- against PCRE2 alone --------------------------------------------------------- */

struct pair {
    struct regex *ours[RECORD_PATTERNS_MAX], *plain[RECORD_PATTERNS_MAX];
    size_t count, hits;
};

static void make_patterns(struct pair *pair, size_t count)
{
    struct buffer text = {0};
    while (pair->count < count) {
        buffer_clear(&text);
        put_pattern(&text, 3);
        buffer_char(&text, '\0');
        if (regex_compile(text.at, &pair->ours[pair->count], NULL) < 0)
            continue;
        assert_int_equal(regex_compile(text.at, &pair->plain[pair->count], NULL), 0);
        pair->count++;
    }
    buffer_free(&text);
}

static void free_patterns(struct pair *pair)
{
    for (size_t i = 0; i < pair->count; i++) {
        regex_free(pair->ours[i]);
        regex_free(pair->plain[i]);
    }
    *pair = (struct pair){0};
}

static bool says(const struct rig *rig, uint32_t record, uint32_t pattern)
{
    const struct batch_draft draft = batch_draft(&rig->writer);
    return batch_matched(&draft.seen, &rig->records[record], pattern);
}

static void compare(struct rig *rig, struct pair *pair)
{
    for (uint32_t i = 0; i < rig->count; i++)
        for (uint32_t p = 0; p < pair->count; p++) {
            bool want = regex_match(pair->plain[p], rig_text(rig, i)) == 1;
            if (says(rig, i, p) != want)
                fail_msg("'%s' %s '%.*s'", regex_text(pair->plain[p]),
                         want ? "matches" : "does not match", (int)rig_text(rig, i).len,
                         rig_text(rig, i).at);
            pair->hits += want;
        }
}

static void bits_are_what_pcre2_says(void **state)
{
    (void)state;
    static const size_t counts[] = {1, 2, 20, 63, 64, 65, 128, 129, RECORD_PATTERNS_MAX};
    size_t hits = 0;
    struct buffer text = {0};
    for (int round = 0; round < 45; round++) {
        struct pair pair = {0};
        make_patterns(&pair, counts[round % 9]);
        struct rig rig =
            rig_of(.format = RECORD_TEXT, .patterns = pair.ours, .pattern_count = pair.count);
        buffer_clear(&text);
        put_lines(&text, 200);
        rig_feed(&rig, buffer_bytes(&text), true);
        compare(&rig, &pair);
        hits += pair.hits;
        rig_close(&rig);
        free_patterns(&pair);
    }
    buffer_free(&text);
    assert_true(hits > 10000);
}

/* ---- by hand ------------------------------------------------------------------- */

static struct regex *one(const char *text)
{
    struct regex *regex;
    assert_int_equal(regex_compile(text, &regex, NULL), 0);
    return regex;
}

static void a_word_of_two_records_is_in_neither(void **state)
{
    (void)state;
    struct regex *patterns[] = {one("end\\s+2016"), one("end$")};
    struct rig rig = rig_of(.format = RECORD_TEXT, .patterns = patterns, .pattern_count = 2);
    rig_read(&rig, "2016-12-19 16:31:46 the end\n2016-12-19 16:31:47 x\n");
    assert_int_equal(rig.records[0].matches, 2);
    assert_int_equal(rig.records[1].matches, 0);
    rig_close(&rig);
    regex_free(patterns[0]);
    regex_free(patterns[1]);
}

static void short_records_keep_their_words_apart(void **state)
{
    (void)state;
    struct regex *patterns[] = {one("ab"), one("cd")};
    struct rig rig = rig_of(.format = RECORD_TEXT, .multiline_start = "", .patterns = patterns,
                            .pattern_count = 2);
    char text[600];
    for (size_t i = 0; i + 6 <= sizeof(text); i += 6)
        memcpy(text + i, "cd\nab\n", 6);
    assert_int_equal(rig_feed(&rig, (struct bytes){text, sizeof(text)}, true), sizeof(text));
    assert_int_equal(rig.count, 200);
    for (uint32_t i = 0; i < rig.count; i++)
        assert_int_equal(rig.records[i].matches, i % 2 ? 1 : 2);
    rig_close(&rig);
    regex_free(patterns[0]);
    regex_free(patterns[1]);
}

static void a_record_without_the_word_costs_no_search(void **state)
{
    (void)state;
    struct regex *patterns[] = {one("error \\d+")};
    struct rig rig = rig_of(.format = RECORD_TEXT, .patterns = patterns, .pattern_count = 1);
    rig_read(&rig, "all is well\nerror x\nerror 7\n");
    assert_int_equal(regex_health(patterns[0]).searches, 2);
    assert_int_equal(rig.records[1].matches, 0);
    assert_int_equal(rig.records[2].matches, 1);
    rig_close(&rig);
    regex_free(patterns[0]);
}

static void a_long_record_is_searched_as_far_as_ever(void **state)
{
    (void)state;
    static char line[REGEX_SUBJECT_BYTES + 100];
    struct regex *patterns[] = {one("within"), one("behind"), one("with$")};
    struct rig rig = rig_of(.format = RECORD_TEXT, .multiline_start = "", .patterns = patterns,
                            .pattern_count = 3);
    memset(line, '.', sizeof(line) - 2);
    memcpy(line + REGEX_SUBJECT_BYTES - 6, "within", 6);
    memcpy(line + REGEX_SUBJECT_BYTES - 3 + 10, "behind", 6);
    line[sizeof(line) - 2] = '\n';
    rig_read(&rig, line);
    assert_int_equal(rig.records[0].matches, 1);
    memcpy(line + REGEX_SUBJECT_BYTES - 6, "..with",
           6); // the end of what is searched is an end
    rig_read(&rig, line);
    assert_int_equal(rig.records[0].matches, 4);
    rig_close(&rig);
    for (int i = 0; i < 3; i++)
        regex_free(patterns[i]);
}

static void an_evil_pattern_is_bounded_and_counted(void **state)
{
    (void)state;
    static char line[64 * 1024];
    struct regex *patterns[] = {one("(a+)+b{2}x"), one("(?:a+)+$")};
    struct rig rig = rig_of(.format = RECORD_TEXT, .multiline_start = "", .patterns = patterns,
                            .pattern_count = 2);
    memset(line, 'a', sizeof(line) - 2);
    memcpy(line + 40, "bx", 2);
    line[sizeof(line) - 2] = '\n';
    rig_read(&rig, line);
    assert_true(recorder_counts(rig.recorder).limit_errors >= 1);
    rig_close(&rig);
    regex_free(patterns[0]);
    regex_free(patterns[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bits_are_what_pcre2_says),
        cmocka_unit_test(a_word_of_two_records_is_in_neither),
        cmocka_unit_test(short_records_keep_their_words_apart),
        cmocka_unit_test(a_record_without_the_word_costs_no_search),
        cmocka_unit_test(a_long_record_is_searched_as_far_as_ever),
        cmocka_unit_test(an_evil_pattern_is_bounded_and_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
