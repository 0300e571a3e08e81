/* SPDX-License-Identifier: MIT */
/* Promise: a member is its key and its value, with the comma that is due; what is missing is null. */

#include "base/json_put.h"

#include "base/clock.h"

#include <math.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct buffer out;

static struct json fresh(void)
{
    buffer_clear(&out);
    struct json json = {.out = &out};
    json_begin(&json, '{');
    return json;
}

static void assert_out(struct json *json, const char *want)
{
    json_end(json, '}');
    if (!bytes_is(buffer_bytes(&out), want))
        fail_msg("wrote %.*s, want %s", (int)out.len, out.at, want);
}

static void each_kind_of_value_stands_behind_its_key(void **state)
{
    (void)state;
    struct json json = fresh();
    json_put_text(&json, "text", "a\"b");
    json_put_bytes(&json, "bytes", (struct bytes){"c\0d", 3});
    json_put_int(&json, "int", INT64_MIN);
    json_put_count(&json, "count", (uint64_t)INT64_MAX);
    json_put_double(&json, "double", 0.1);
    json_put_seconds(&json, "seconds", 1500 * NS_PER_MS);
    json_put_bool(&json, "bool", true);
    json_put_time(&json, "time", 0);
    json_put_hash(&json, "hash", 0xfedcba9876543210);
    assert_out(&json, "{\"text\":\"a\\\"b\",\"bytes\":\"c\\u0000d\","
                      "\"int\":-9223372036854775808,\"count\":9223372036854775807,"
                      "\"double\":0.1,\"seconds\":1.5,\"bool\":true,"
                      "\"time\":\"1970-01-01T00:00:00.000Z\",\"hash\":\"fedcba9876543210\"}");
}

static void what_is_missing_is_null(void **state)
{
    (void)state;
    struct json json = fresh();
    json_put_null(&json, "null");
    json_put_text(&json, "text", NULL);
    json_put_double(&json, "double", NAN);
    json_put_time(&json, "time", NO_TIME);
    assert_out(&json, "{\"null\":null,\"text\":null,\"double\":null,\"time\":null}");
}

static void only_an_optional_text_is_null_when_it_is_empty(void **state)
{
    (void)state;
    struct json json = fresh();
    json_put_text(&json, "text", "");
    json_put_bytes(&json, "bytes", (struct bytes){0});
    json_put_optional(&json, "optional", "");
    json_put_optional(&json, "none", NULL);
    json_put_optional(&json, "some", "x");
    assert_out(&json,
               "{\"text\":\"\",\"bytes\":\"\",\"optional\":null,\"none\":null,\"some\":\"x\"}");
}

static void a_container_begins_without_a_comma(void **state)
{
    (void)state;
    struct json json = fresh();
    json_put_begin(&json, "list", '[');
    json_int(&json, 1);
    json_int(&json, 2);
    json_end(&json, ']');
    json_put_begin(&json, "object", '{');
    json_put_int(&json, "a", 1);
    json_end(&json, '}');
    assert_out(&json, "{\"list\":[1,2],\"object\":{\"a\":1}}");
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
        cmocka_unit_test(each_kind_of_value_stands_behind_its_key),
        cmocka_unit_test(what_is_missing_is_null),
        cmocka_unit_test(only_an_optional_text_is_null_when_it_is_empty),
        cmocka_unit_test(a_container_begins_without_a_comma),
    };
    return cmocka_run_group_tests(tests, NULL, give_back);
}
