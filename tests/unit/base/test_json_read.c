/* SPDX-License-Identifier: MIT */
/* Promise: the reader finds what the text says, lends it unchanged, and takes nothing for JSON that is none. */

#include "base/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static struct json_value read_all(struct bytes text)
{
    struct bytes rest;
    return json_read(text, &rest);
}

static void json_reads_one_value_and_says_what_follows(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum json_type type;
        const char *raw, *rest;
    } cases[] = {
        {" \t\r\n\"a\\\"b\" ,", JSON_STRING, "a\\\"b", " ,"},
        {"\"\\\\\"x", JSON_STRING, "\\\\", "x"},
        {"-12.5e+3]", JSON_NUMBER, "-12.5e+3", "]"},
        {"0,", JSON_NUMBER, "0", ","},
        {"true}", JSON_TRUE, "true", "}"},
        {"false", JSON_FALSE, "false", ""},
        {"null\n", JSON_NULL, "null", "\n"},
        {"{\"a\":{\"b\":\"}\"}} x", JSON_OBJECT, "{\"a\":{\"b\":\"}\"}}", " x"},
        {"[1,[2],\"]\"]2", JSON_ARRAY, "[1,[2],\"]\"]", "2"},
        {"{}", JSON_OBJECT, "{}", ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct bytes rest;
        struct json_value value = json_read(bytes_of(cases[i].text), &rest);
        assert_int_equal(value.type, cases[i].type);
        assert_true(bytes_is(value.raw, cases[i].raw));
        assert_true(bytes_is(rest, cases[i].rest));
    }
}

static void json_reads_broken_text_as_bad(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",           "   ",  "\"abc", "\"abc\\\"", "{",    "[1,2", "{\"a\":1",
        "{\"a\":\"}", "nul",  "tru",   "True",      "nan",  "-",    "+1",
        "1abc",       "1-2",  "01",    "1.",        ".5",   "1e",   "1e+",
        "-x",         "0x10", "1.2.3", "'a'",       "}",    "]",    ":",
        ",",          "{]",   "[}",    "{\"a\":1]", "[{]}", "--1",  "Infinity"};
    for (size_t i = 0; i < COUNT(cases); i++)
        if (read_all(bytes_of(cases[i])).type != JSON_BAD)
            fail_msg("'%s' is taken for JSON", cases[i]);
    assert_int_equal(read_all((struct bytes){0}).type, JSON_BAD);
    assert_int_equal(read_all((struct bytes){"\0", 1}).type, JSON_BAD);
    assert_int_equal(read_all((struct bytes){"1\0", 2}).type, JSON_NUMBER);
}

/* Every prefix of a document is broken, and none is read beyond its end (the sanitizer sees that). */
static void json_never_looks_behind_the_end(void **state)
{
    (void)state;
    static const char text[] = "{\"a\":[1,\"\\u00e4\\\\\",{\"b\":null}],\"c\":-1.5e3}";
    for (size_t len = 0; len < sizeof(text) - 1; len++) {
        char *exact = malloc(len ? len : 1);
        memcpy(exact, text, len);
        assert_int_equal(read_all((struct bytes){exact, len}).type, JSON_BAD);
        free(exact);
    }
    assert_int_equal(read_all(bytes_of(text)).type, JSON_OBJECT);
}

static void json_nests_to_64_and_no_deeper(void **state)
{
    (void)state;
    char text[2 * 65];
    memset(text, '[', 64);
    memset(text + 64, ']', 64);
    assert_int_equal(read_all((struct bytes){text, 128}).type, JSON_ARRAY);
    memset(text, '[', 65);
    memset(text + 65, ']', 65);
    assert_int_equal(read_all((struct bytes){text, 130}).type, JSON_BAD);
}

/* "k=raw;k=raw;" of all members, with "!" behind when the walk went bad. */
static const char *walked(const char *text, char *out, size_t size)
{
    struct json_walk walk = json_walk(read_all(bytes_of(text)));
    struct json_value member;
    struct bytes key;
    size_t n = 0;
    out[0] = '\0';
    while (json_next(&walk, &key, &member))
        n += (size_t)snprintf(out + n, size - n, "%.*s=%.*s;", (int)key.len,
                              key.len ? key.at : "", (int)member.raw.len, member.raw.at);
    snprintf(out + n, size - n, "%s", walk.bad ? "!" : "");
    return out;
}

static void json_walks_members_and_elements_in_order(void **state)
{
    (void)state;
    char out[256];
    assert_string_equal(walked("{ \"a\" : 1 , \"b\":\"x,y\",\"c\":[1,2] }", out, sizeof(out)),
                        "a=1;b=x,y;c=[1,2];");
    assert_string_equal(walked("[true, {\"a\":1} ,\"\"]", out, sizeof(out)),
                        "=true;={\"a\":1};=;");
    assert_string_equal(walked("{}", out, sizeof(out)), "");
    assert_string_equal(walked("[ ]", out, sizeof(out)), "");
    assert_string_equal(walked("12", out, sizeof(out)), ""); // no container: nothing in it
}

static void json_walk_tells_broken_text_from_its_end(void **state)
{
    (void)state;
    char out[256];
    static const char *const cases[] = {"{\"a\"}",
                                        "{\"a\" 1}",
                                        "{a:1}",
                                        "{1:2}",
                                        "[1 2]",
                                        "[,1]",
                                        "{\"a\":}",
                                        "[nul]",
                                        "{,}",
                                        "[x]",
                                        "{\"a\":1 \"b\":2}"};
    for (size_t i = 0; i < COUNT(cases); i++) {
        walked(cases[i], out, sizeof(out));
        if (out[strlen(out) - 1] != '!')
            fail_msg("%s is walked to its end: %s", cases[i], out);
    }
    assert_string_equal(walked("{\"a\":1,\"b\":}", out, sizeof(out)), "a=1;!");
    assert_string_equal(walked("[1,2,]", out, sizeof(out)), "=1;!");
    assert_string_equal(walked("{\"a\":1,}", out, sizeof(out)), "!");
}

static void json_finds_a_member_by_its_path(void **state)
{
    (void)state;
    struct json_value object =
        read_all(bytes_of("{\"a\":1,\"http\":{\"status\":503,\"x\":{\"y\":\"z\"}},\"a\":2}"));
    assert_true(json_number(json_at(object, "a"), -1) == 1); // the first of the same name
    assert_true(json_number(json_at(object, "http.status"), -1) == 503);
    assert_true(bytes_is(json_at(object, "http.x.y").raw, "z"));
    static const char *const none[] = {"b", "http.none", "a.b", "http.status.x", "", "."};
    for (size_t i = 0; i < COUNT(none); i++)
        assert_int_equal(json_at(object, none[i]).type, JSON_BAD);
    assert_int_equal(json_at(read_all(bytes_of("[1]")), "a").type, JSON_BAD);
}

static void json_undoes_escapes(void **state)
{
    (void)state;
    static const struct {
        const char *raw, *text;
    } cases[] = {
        {"plain", "plain"},
        {"\\b\\f\\n\\r\\t\\\"\\/\\\\", "\b\f\n\r\t\"/\\"},
        {"\\u0041\\u00e4\\u20AC", "A\xc3\xa4\xe2\x82\xac"},
        {"\\ud83d\\ude00!", "\xf0\x9f\x98\x80!"},
        {"\\uD800\\uDC00", "\xf0\x90\x80\x80"},
        {"\\udbff\\udfff", "\xf4\x8f\xbf\xbf"},
        {"\\ud83d", "\xef\xbf\xbd"}, // half a pair
        {"\\ud83dx", "\xef\xbf\xbdx"},
        {"\\ude00\\ud83d", "\xef\xbf\xbd\xef\xbf\xbd"}, // the wrong way round
        {"\\ud83d\\u0041", "\xef\xbf\xbd"
                           "A"},
        {"\\u07ff\\u0800\\uffff", "\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf"},
        {"\\q\\u12\\u12g4\\", "\\q\\u12\\u12g4\\"}, // none that JSON knows: as they stand
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char out[64];
        struct bytes raw = bytes_of(cases[i].raw);
        size_t len = json_unescape(raw, out);
        assert_true(len <= raw.len);
        if (!bytes_is((struct bytes){out, len}, cases[i].text))
            fail_msg("%s became %.*s", cases[i].raw, (int)len, out);
        memcpy(out, raw.at, raw.len); // in place
        len = json_unescape((struct bytes){out, raw.len}, out);
        assert_true(bytes_is((struct bytes){out, len}, cases[i].text));
    }
    char nul;
    assert_int_equal(json_unescape(bytes_of("\\u0000"), &nul), 1);
    assert_int_equal(nul, '\0');
}

static void json_reads_back_every_byte_that_it_wrote(void **state)
{
    (void)state;
    struct buffer out = {0};
    struct json json = {.out = &out};
    char all[0x80], back[6 * sizeof(all)];
    for (size_t i = 0; i < sizeof(all); i++)
        all[i] = (char)i;
    json_bytes(&json, (struct bytes){all, sizeof(all)});
    struct json_value value = read_all(buffer_bytes(&out));
    assert_int_equal(json_unescape(value.raw, back), sizeof(all));
    assert_memory_equal(back, all, sizeof(all));
    buffer_free(&out);
}

static void json_number_falls_back_when_there_is_none(void **state)
{
    (void)state;
    assert_true(json_number(read_all(bytes_of("-12.5e-1")), 7) == -1.25);
    assert_true(json_number(read_all(bytes_of("\"12\"")), 7) == 7);
    assert_true(json_number(read_all(bytes_of("null")), 7) == 7);
    assert_true(json_number((struct json_value){.type = JSON_BAD}, 7) == 7);
    char long_number[200];
    memset(long_number, '1', sizeof(long_number) - 1);
    long_number[sizeof(long_number) - 1] = '\0';
    assert_true(json_number(read_all(bytes_of(long_number)), 7) == 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_reads_one_value_and_says_what_follows),
        cmocka_unit_test(json_reads_broken_text_as_bad),
        cmocka_unit_test(json_never_looks_behind_the_end),
        cmocka_unit_test(json_nests_to_64_and_no_deeper),
        cmocka_unit_test(json_walks_members_and_elements_in_order),
        cmocka_unit_test(json_walk_tells_broken_text_from_its_end),
        cmocka_unit_test(json_finds_a_member_by_its_path),
        cmocka_unit_test(json_undoes_escapes),
        cmocka_unit_test(json_reads_back_every_byte_that_it_wrote),
        cmocka_unit_test(json_number_falls_back_when_there_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
