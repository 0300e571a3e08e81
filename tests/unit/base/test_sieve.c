/* SPDX-License-Identifier: MIT */
/* Promise: a sieve tells of every word that stands in a text, wherever that is, and of nothing that does not stand there. */

#include "base/sieve.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include <cmocka.h>

enum { WORDS = 40, TEXT = 300 };

static uint32_t seed = 1;

static uint32_t below(uint32_t n)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 16) % n;
}

static struct {
    char text[64];
    bool caseless;
    size_t told;
} words[WORDS];

static struct bytes subject;
static size_t word_count;

static bool stands(size_t word, size_t at)
{
    size_t len = strlen(words[word].text);
    if (at + len > subject.len)
        return false;
    return words[word].caseless ? strncasecmp(words[word].text, subject.at + at, len) == 0
                                : memcmp(words[word].text, subject.at + at, len) == 0;
}

static void tell(void *context, const struct sieve_hit *hit)
{
    (void)context;
    assert_true(hit->pattern < word_count);
    assert_int_equal(hit->len, strlen(words[hit->pattern].text));
    assert_true(stands(hit->pattern, hit->at));
    words[hit->pattern].told++;
}

static void pass_and_count(struct sieve *sieve)
{
    for (size_t w = 0; w < word_count; w++)
        words[w].told = 0;
    sieve_pass(sieve, subject, tell, NULL);
    for (size_t w = 0; w < word_count; w++) {
        size_t want = 0;
        for (size_t at = 0; at < subject.len; at++)
            want += stands(w, at);
        if (words[w].told != want)
            fail_msg("'%s' stands there %zu times and was told %zu times", words[w].text, want,
                     words[w].told);
    }
}

/* Words of `least` letters and more over a small alphabet, so that they stand everywhere, and in each other. */
static struct sieve *make_words(uint32_t least)
{
    static char patterns[WORDS][sizeof(words[0].text) + 8];
    const char *list[WORDS];
    struct sieve *sieve;
    word_count = 1 + below(WORDS);
    for (size_t w = 0; w < word_count; w++) {
        size_t len = least + below(12);
        for (size_t i = 0; i < len; i++)
            words[w].text[i] = "abAB@`"[below(6)];
        words[w].text[len] = '\0';
        words[w].caseless = below(2);
        snprintf(patterns[w], sizeof(patterns[w]), "%s%.63s", words[w].caseless ? "(?i)" : "",
                 words[w].text);
        list[w] = patterns[w];
    }
    assert_int_equal(sieve_create(list, word_count, &sieve), 0);
    for (size_t w = 0; w < word_count; w++)
        assert_false(sieve_blind(sieve, w));
    return sieve;
}

/* In memory of its own size, so that a sanitizer sees a look behind the end. */
static char *make_text(size_t len)
{
    char *text = malloc(len + 1);
    assert_non_null(text);
    for (size_t i = 0; i < len; i++)
        text[i] = "abAB@`"[below(6)];
    for (size_t n = 0; n < len / 20; n++) {
        const char *word = words[below((uint32_t)word_count)].text;
        size_t at = below((uint32_t)len), word_len = strlen(word);
        memcpy(text + at, word, word_len < len - at ? word_len : len - at);
    }
    return realloc(text, len ? len : 1);
}

static void every_word_is_told_once_where_it_stands(void **state)
{
    (void)state;
    for (uint32_t round = 0; round < 2000; round++) {
        struct sieve *sieve = make_words(2 + round % 9);
        size_t len = round % 4 ? below(TEXT) : round / 4 % 24;
        char *text = make_text(len);
        subject = (struct bytes){text, len};
        pass_and_count(sieve);
        free(text);
        sieve_free(sieve);
    }
}

static void patterns_without_words_are_blind(void **state)
{
    (void)state;
    static const char *const patterns[] = {"\\d+", "error", "x", "(?:fatal|y)", "\\Qz\\E", ""};
    static const bool want[] = {true, false, true, true, true, true};
    struct sieve *sieve;
    assert_int_equal(sieve_create(patterns, 6, &sieve), 0);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(sieve_blind(sieve, i), want[i]);
    sieve_free(sieve);
    sieve_free(NULL);
}

static void a_sieve_of_blind_patterns_tells_nothing(void **state)
{
    (void)state;
    static const char *const patterns[] = {"\\d+"};
    struct sieve *sieve;
    word_count = 0;
    subject = bytes_of("123");
    assert_int_equal(sieve_create(patterns, 1, &sieve), 0);
    pass_and_count(sieve);
    sieve_free(sieve);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_word_is_told_once_where_it_stands),
        cmocka_unit_test(patterns_without_words_are_blind),
        cmocka_unit_test(a_sieve_of_blind_patterns_tells_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
