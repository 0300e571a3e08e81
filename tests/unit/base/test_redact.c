/* SPDX-License-Identifier: MIT */
/* Promise: no match of a rule leaves; and text that cannot be shown to be clean does not leave at all. */

#include "base/redact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static struct redaction rule(const char *pattern, const char *with)
{
    struct redaction made = {.with = with};
    assert_int_equal(regex_compile(pattern, &made.match, NULL), 0);
    return made;
}

static void redact_replaces_every_match(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *with, *text, *want;
    } cases[] = {
        {"\\d{4}", "****", "card 1234 5678-9012 12", "card **** ****-**** 12"},
        {"secret", "", "a secret secretsecret b", "a   b"},
        {"secret", "x", "secret", "x"},
        {"secret", "x", "", ""},
        {"none", "x", "left as it is", "left as it is"},
        {"token=\\S+", "token=<redacted>", "token=a b token=c",
         "token=<redacted> b token=<redacted>"},
        {"x*", "<x>", "axxb", "a<x>b"}, // empty matches take nothing away
        {"$", "!", "ab", "ab"},
        {"^\\d", "#", "123", "#23"}, // what follows a match is no beginning
        {"^a|b", "-", "aab", "-a-"},
        {"(?<=key=|;)\\w", "*", "key=ab;c", "key=*b;*"}, // matches lie behind matches
        {"(?<=a)b|a", "-", "ab", "--"},
        {"(?<!\\d)\\d{2}(?!\\d)|\\d{3}", "N", "12345 12", "N45 N"},
        {"\\bid", "x", "id idid", "x xid"},
        {"", "!", "ab", "ab"},
    };
    char out[256];
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct redaction made = rule(cases[i].pattern, cases[i].with);
        size_t len = redact(&made, 1, bytes_of(cases[i].text), out, sizeof(out));
        if (!bytes_is((struct bytes){out, len}, cases[i].want))
            fail_msg("%s: '%.*s'", cases[i].pattern, (int)len, out);
        regex_free(made.match);
    }
}

static void redact_applies_rules_one_after_the_other(void **state)
{
    (void)state;
    struct redaction rules[] = {rule("\\d+", "N"), rule("id=N", "id=?")};
    char out[64];
    size_t len = redact(rules, 2, bytes_of("id=17 n=18"), out, sizeof(out));
    assert_true(bytes_is((struct bytes){out, len}, "id=? n=N"));
    regex_free(rules[0].match);
    regex_free(rules[1].match);
}

static void redact_without_rules_is_a_bounded_copy(void **state)
{
    (void)state;
    char out[8] = "........";
    assert_int_equal(redact(NULL, 0, (struct bytes){"a\0b", 3}, out, 8), 3);
    assert_memory_equal(out, "a\0b.", 4);
    assert_int_equal(redact(NULL, 0, bytes_of("123456789"), out, 4), 4);
    assert_memory_equal(out, "1234....", 8);
    assert_int_equal(redact(NULL, 0, (struct bytes){0}, out, 8), 0);
}

/* The rules see more than what is kept, so a secret that straddles the cut is found. */
static void redact_finds_a_secret_across_the_cut(void **state)
{
    (void)state;
    struct redaction made = rule("key-\\d{8}", "<key>");
    char text[200], out[100];
    memset(text, '.', sizeof(text));
    memcpy(text + 94, "key-12345678", 12);
    size_t len = redact(&made, 1, (struct bytes){text, sizeof(text)}, out, sizeof(out));
    assert_int_equal(len, sizeof(out));
    assert_memory_equal(out + 93, ".<key>.", 7);
    regex_free(made.match);
}

/* A rule that makes text longer must not run over the room it works in. */
static void redact_that_makes_text_longer_stays_in_bounds(void **state)
{
    (void)state;
    struct redaction rules[] = {rule("a", "bbbbbbbbbbbbbbbb"), rule("b", "cccccccccccccccc")};
    static char text[20000], out[1024];
    memset(text, 'a', sizeof(text));
    assert_int_equal(redact(rules, 2, (struct bytes){text, sizeof(text)}, out, sizeof(out)),
                     sizeof(out));
    for (size_t i = 0; i < sizeof(out); i++)
        assert_int_equal(out[i], 'c');
    regex_free(rules[0].match);
    regex_free(rules[1].match);
}

/* Most of the text goes, and so what lies at its bound is shown: there a secret may have lost its end. */
static void redact_never_shows_the_beginning_of_a_secret_that_was_cut(void **state)
{
    (void)state;
    static char text[40000], out[1024];
    struct redaction rules[] = {rule("x+", ""), rule("key-\\d{8}", "<key>")};
    for (size_t cut = 1; cut <= 12; cut++) {
        memset(text, 'x', sizeof(text));
        memcpy(text, "begin ", 6);
        memcpy(text + REGEX_SUBJECT_BYTES - cut, "key-12345678", 12);
        for (int order = 0; order < 2; order++) {
            struct redaction both[] = {rules[order], rules[!order]};
            size_t len = redact(both, 2, (struct bytes){text, sizeof(text)}, out, sizeof(out));
            assert_true(len >= 6 && len <= 6 + strlen("<key>"));
            assert_memory_equal(out, "begin <key>", len);
        }
    }
    regex_free(rules[0].match);
    regex_free(rules[1].match);
}

/* A text that shrinks to a tenth still fills what is kept. */
static void redact_shows_as_much_as_fits_of_a_text_that_shrinks(void **state)
{
    (void)state;
    static char text[40000], out[1024];
    struct redaction made = rule("x{9}", "");
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = i % 10 ? 'x' : '.';
    assert_int_equal(redact(&made, 1, (struct bytes){text, sizeof(text)}, out, sizeof(out)),
                     sizeof(out));
    for (size_t i = 0; i < sizeof(out); i++)
        assert_int_equal(out[i], '.');
    regex_free(made.match);
}

static void redact_withholds_all_when_a_search_gives_up(void **state)
{
    (void)state;
    struct redaction rules[] = {rule("x", "y"), rule("^(a+)+$", "z"), rule("w", "v")};
    char text[3001], out[1024];
    memset(text, 'a', 2999);
    text[2999] = '!';
    text[3000] = '\0';
    for (int i = 0; i < 2 * REGEX_STRIKES; i++) { // and so it stays in quarantine
        size_t len = redact(rules, 3, bytes_of(text), out, sizeof(out));
        assert_true(bytes_is((struct bytes){out, len}, "<withheld: redaction failed>"));
    }
    assert_true(regex_health(rules[1].match).quarantined);
    size_t len = redact(rules, 3, bytes_of("harmless"), out, sizeof(out));
    assert_true(bytes_is((struct bytes){out, len}, "<withheld: redaction failed>"));
    assert_int_equal(redact(rules, 3, bytes_of("harmless"), out, 5), 5);
    for (size_t i = 0; i < 3; i++)
        regex_free(rules[i].match);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(redact_replaces_every_match),
        cmocka_unit_test(redact_applies_rules_one_after_the_other),
        cmocka_unit_test(redact_without_rules_is_a_bounded_copy),
        cmocka_unit_test(redact_finds_a_secret_across_the_cut),
        cmocka_unit_test(redact_that_makes_text_longer_stays_in_bounds),
        cmocka_unit_test(redact_never_shows_the_beginning_of_a_secret_that_was_cut),
        cmocka_unit_test(redact_shows_as_much_as_fits_of_a_text_that_shrinks),
        cmocka_unit_test(redact_withholds_all_when_a_search_gives_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
