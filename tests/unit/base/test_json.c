/* SPDX-License-Identifier: MIT */
/* Promise: the writer is total: any bytes become valid JSON that says the same, or U+FFFD and `lossy`. */

#include "base/json.h"

#include "base/clock.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define REPLACEMENT "\xef\xbf\xbd"

static struct buffer out;

static struct json fresh(void)
{
    buffer_clear(&out);
    return (struct json){.out = &out};
}

static void assert_out(const char *want)
{
    if (!bytes_is(buffer_bytes(&out), want))
        fail_msg("wrote %.*s, want %s", (int)out.len, out.at, want);
}

static void json_puts_commas_where_they_are_due(void **state)
{
    (void)state;
    struct json json = fresh();
    json_begin(&json, '{');
    json_key(&json, "a");
    json_int(&json, INT64_MIN);
    json_key(&json, "b");
    json_begin(&json, '[');
    json_bool(&json, true);
    json_null(&json);
    json_begin(&json, '[');
    json_end(&json, ']');
    json_text(&json, NULL);
    json_end(&json, ']');
    json_key(&json, "c");
    json_begin(&json, '{');
    json_end(&json, '}');
    json_key(&json, "d");
    json_raw(&json, bytes_of("{\"raw\":1}"));
    json_key(&json, "e");
    json_bool(&json, false);
    json_end(&json, '}');
    assert_out("{\"a\":-9223372036854775808,\"b\":[true,null,[],null],\"c\":{},"
               "\"d\":{\"raw\":1},\"e\":false}");
    assert_false(json.lossy);
}

static void json_escapes_a_key_that_others_chose(void **state)
{
    (void)state;
    struct json json = fresh();
    json_begin(&json, '{');
    json_name(&json, bytes_of("a\"\n\xff"));
    json_int(&json, 1);
    json_name(&json, bytes_of(""));
    json_int(&json, 2);
    json_end(&json, '}');
    assert_out("{\"a\\\"\\n" REPLACEMENT "\":1,\"\":2}");
    assert_true(json.lossy);
}

static void json_escapes_what_must_not_stand_in_a_string(void **state)
{
    (void)state;
    struct json json = fresh();
    json_bytes(&json, (struct bytes){"a\"\\\b\t\n\f\r\0\x1f\x7f/z", 13});
    assert_out("\"a\\\"\\\\\\b\\t\\n\\f\\r\\u0000\\u001f\\u007f/z\"");
    assert_false(json.lossy);
    json = fresh();
    json_bytes(&json, (struct bytes){0});
    assert_out("\"\"");
}

static void json_leaves_good_utf8_as_it_is(void **state)
{
    (void)state;
    static const char *const good[] = {
        "\xc2\xa0",     "\xdf\xbf",         "\xe0\xa0\x80",     "\xed\x9f\xbf",  "\xee\x80\x80",
        "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "M\xc3\xbcnchen"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct json json = fresh();
        char want[32];
        snprintf(want, sizeof(want), "\"%s\"", good[i]);
        json_text(&json, good[i]);
        assert_out(want);
        assert_false(json.lossy);
    }
}

/* What steers a terminal or the direction of writing stays text for whoever shows the JSON as it stands. */
static void json_escapes_what_steers_a_reader(void **state)
{
    (void)state;
    struct json json = fresh();
    json_text(&json,
              "\xc2\x9b\xe2\x80\xaeX\xe2\x81\xa6\xd8\x9c\xe2\x80\x8e\xe2\x80\xa8\xe2\x80\xa7");
    assert_out("\"\\u009b\\u202eX\\u2066\\u061c\\u200e\\u2028\xe2\x80\xa7\"");
    assert_false(json.lossy);
}

/* Overlong forms, surrogates, beyond U+10FFFF, cut off, stray: a U+FFFD for each byte. */
static void json_replaces_bad_utf8_and_says_so(void **state)
{
    (void)state;
    static const char *const wrong[] = {"\x80",
                                        "\xff",
                                        "\xc0\x80",
                                        "\xc1\xbf",
                                        "\xe0\x9f\xbf",
                                        "\xed\xa0\x80",
                                        "\xf0\x8f\xbf\xbf",
                                        "\xf4\x90\x80\x80",
                                        "\xf5\x80\x80\x80",
                                        "\xc3",
                                        "\xe2\x82",
                                        "\xf0\x9f\x98"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct json json = fresh();
        char want[64] = "\"";
        for (size_t k = 0; k < strlen(wrong[i]); k++)
            strncat(want, REPLACEMENT, 4);
        strncat(want, "\"", 2);
        json_text(&json, wrong[i]);
        assert_out(want);
        assert_true(json.lossy);
    }
    struct json json = fresh();
    json_text(&json, "a\xc3(b\xc3\xa4"); // a lead byte does not eat what follows it
    assert_out("\"a" REPLACEMENT "(b\xc3\xa4\"");
}

static void json_writes_doubles_that_read_back_the_same(void **state)
{
    (void)state;
    static const double exact[] = {0,
                                   0.1,
                                   1.0 / 3,
                                   1e21,
                                   123456789.125,
                                   5e-324,
                                   DBL_MAX,
                                   -DBL_MIN,
                                   9007199254740993.0,
                                   0.30000000000000004,
                                   1234567,
                                   100,
                                   2.5e-8};
    for (size_t i = 0; i < sizeof(exact) / sizeof(exact[0]); i++) {
        struct json json = fresh();
        json_double(&json, exact[i]);
        buffer_char(&out, '\0');
        assert_true(strtod(out.at, NULL) == exact[i]);
    }
    unsigned short seed[3] = {1, 2, 3}; // always the same numbers
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = (uint64_t)nrand48(seed) << 33 ^ (uint64_t)nrand48(seed) << 11 ^
                        (uint64_t)nrand48(seed);
        double value;
        memcpy(&value, &bits, sizeof(value));
        struct json json = fresh();
        json_double(&json, value);
        struct bytes rest;
        struct json_value read = json_read(buffer_bytes(&out), &rest);
        assert_int_equal(read.type, isfinite(value) ? JSON_NUMBER : JSON_NULL);
        if (isfinite(value))
            assert_true(json_number(read, NAN) == value);
    }
}

static void json_writes_short_numbers_short(void **state)
{
    (void)state;
    struct json json = fresh();
    json_begin(&json, '[');
    json_double(&json, 0.1);
    json_double(&json, 100);
    json_double(&json, 12345678.9);
    json_double(&json, NAN);
    json_double(&json, -INFINITY);
    json_end(&json, ']');
    assert_out("[0.1,100,12345678.9,null,null]");
}

static void json_writes_times_and_null_for_none(void **state)
{
    (void)state;
    struct json json = fresh();
    json_begin(&json, '[');
    json_time(&json, 0);
    json_time(&json, NO_TIME);
    json_end(&json, ']');
    assert_out("[\"1970-01-01T00:00:00.000Z\",null]");
}

static void write_random(unsigned short seed[3])
{
    char bytes[64];
    size_t len = (size_t)nrand48(seed) % sizeof(bytes);
    for (size_t k = 0; k < len; k++)
        bytes[k] = (char)(nrand48(seed) >> 7);
    struct json json = {.out = &out};
    json_begin(&json, '{');
    json_key(&json, "text");
    json_bytes(&json, (struct bytes){bytes, len});
    json_key(&json, "number");
    json_double(&json, erand48(seed) * 1e9);
    json_end(&json, '}');
    buffer_char(&out, '\n');
}

/* What a child that reads `path` with Python's reader ends with. */
static int status_of_reader(const char *path)
{
    static const char program[] =
        "import json, sys\n"
        "for line in open(sys.argv[1], 'rb'): json.loads(line.decode('utf-8'))";
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        alarm(60);
        execlp("python3", "python3", "-c", program, path, (char *)NULL);
        _exit(127);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

/* The judge is Python's reader, which shares no line with ours: random bytes, one document a line. */
static void json_of_any_bytes_is_read_by_a_stranger(void **state)
{
    (void)state;
    char path[] = "/tmp/oddline-json-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    unsigned short seed[3] = {4, 5, 6};
    buffer_clear(&out);
    for (int i = 0; i < 2000; i++)
        write_random(seed);
    assert_int_equal(write(fd, out.at, out.len), (ssize_t)out.len);
    close(fd);
    int status = status_of_reader(path);
    unlink(path);
    assert_int_equal(status, 0);
}

static int give_back(void **state)
{
    (void)state;
    buffer_free(&out);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_puts_commas_where_they_are_due),
        cmocka_unit_test(json_escapes_a_key_that_others_chose),
        cmocka_unit_test(json_escapes_what_must_not_stand_in_a_string),
        cmocka_unit_test(json_leaves_good_utf8_as_it_is),
        cmocka_unit_test(json_escapes_what_steers_a_reader),
        cmocka_unit_test(json_replaces_bad_utf8_and_says_so),
        cmocka_unit_test(json_writes_doubles_that_read_back_the_same),
        cmocka_unit_test(json_writes_short_numbers_short),
        cmocka_unit_test(json_writes_times_and_null_for_none),
        cmocka_unit_test(json_of_any_bytes_is_read_by_a_stranger),
    };
    return cmocka_run_group_tests(tests, NULL, give_back);
}
