/* SPDX-License-Identifier: MIT */
/* The promise: labels are the same whatever the log says, and within bounds; an alert always ends, and never before it begins. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "act/alert.h"
#include "act/firing.h"
#include "base/clock.h"
#include "base/json.h"

#include <stdio.h>
#include <string.h>

#define NOW (INT64_C(1700000000) * NS_PER_S)

static const char *labels_of(const char *finding)
{
    static struct buffer out;
    buffer_clear(&out);
    alert_labels(bytes_of(finding), "web1", &out);
    buffer_char(&out, '\0');
    return out.at;
}

static void labels_have_no_log_text_and_no_numbers(void **state)
{
    (void)state;
    assert_string_equal(
        labels_of("{\"stream\":\"shop\",\"kind\":\"spike\",\"route\":\"page\",\"fingerprint\":"
                  "\"aa\",\"score\":7,"
                  "\"summary\":\"x\",\"key\":{\"template\":\"log\"},\"evidence\":[{\"text\":"
                  "\"log\"}],"
                  "\"labels\":{\"team\":\"a\"},\"resource\":{\"service.name\":\"s\"}}"),
        "{\"alertname\":\"shop "
        "spike\",\"severity\":\"page\",\"stream\":\"shop\",\"kind\":\"spike\","
        "\"fingerprint\":\"aa\",\"host\":\"web1\",\"team\":\"a\",\"service_name\":\"s\"}");
}

static void names_are_plain_and_only_once(void **state)
{
    (void)state;
    assert_string_equal(
        labels_of("{\"stream\":\"s\",\"kind\":\"k\",\"labels\":{\"a.b\":\"1\",\"a-b\":\"2\","
                  "\"9x\":\"3\","
                  "\"severity\":\"mine\",\"empty\":\"\",\"\":\"4\"}}"),
        "{\"alertname\":\"s k\",\"stream\":\"s\",\"kind\":\"k\",\"host\":\"web1\","
        "\"a_b\":\"1\",\"_x\":\"3\"}");
}

static void values_are_cut(void **state)
{
    (void)state;
    char finding[2000], value[1001];
    memset(value, 'x', 1000);
    value[1000] = '\0';
    snprintf(finding, sizeof(finding), "{\"labels\":{\"a\":\"%s\"}}", value);
    const char *at = strstr(labels_of(finding), "\"a\":\"");
    assert_int_equal(strcspn(at + 5, "\""), ALERT_LABEL_MAX);
}

static int64_t ends(const char *starts, const char *end, const char *status)
{
    char finding[300];
    snprintf(finding, sizeof(finding),
             "{\"status\":\"%s\",\"starts_at\":\"%s\",\"ends_at\":\"%s\"}", status, starts,
             end);
    return alert_ends_ns(bytes_of(finding), NOW);
}

static void an_end_is_neither_before_the_start_nor_ahead(void **state)
{
    (void)state;
    int64_t second = NS_PER_S;
    assert_true(ends("2016-01-01T00:00:00Z", "2016-01-01T00:00:09Z", "firing") == NO_TIME);
    assert_true(ends("1970-01-01T00:00:01Z", "1970-01-01T00:00:09Z", "resolved") == 9 * second);
    assert_true(ends("1970-01-01T00:00:09Z", "1970-01-01T00:00:01Z", "resolved") == 9 * second);
    assert_true(ends("1970-01-01T00:00:01Z", "2200-01-01T00:00:00Z", "resolved") == NOW);
    assert_true(ends("2200-01-01T00:00:00Z", "2200-01-01T00:00:01Z", "resolved") == NOW);
    assert_true(ends("1970-01-01T00:00:01Z", "", "resolved") == NOW);
}

static void what_has_not_begun_begins_now(void **state)
{
    (void)state;
    struct buffer out = {0};
    alert_rest(bytes_of("{\"starts_at\":\"2200-01-01T00:00:00Z\"}"), NOW, &out);
    buffer_char(&out, '\0');
    assert_string_equal(out.at, "\"annotations\":{},\"startsAt\":\"2023-11-14T22:13:20.000Z\"");
    buffer_free(&out);
}

static void all_that_fires_is_valid_json_in_bodies_of_some(void **state)
{
    (void)state;
    struct buffer records = {0}, out = {0};
    struct bytes rest;
    for (int i = 0; i < FIRING_BODY + 1; i++)
        buffer_text(&records, "{\"a\":\"b\"}\n\"startsAt\":\"x\"\n\n");
    firing_bodies(buffer_bytes(&records), NOW, &out);
    const char *second = memchr(out.at, '\n', out.len);
    assert_non_null(second);
    struct bytes tail = {second + 1, out.len - (size_t)(second + 1 - out.at)};
    assert_int_equal(json_read((struct bytes){out.at, (size_t)(second - out.at)}, &rest).type,
                     JSON_ARRAY);
    assert_int_equal(rest.len, 0);
    assert_int_equal(json_read(tail, &rest).type, JSON_ARRAY);
    buffer_char(&out, '\0');
    assert_string_equal(second + 1, "[{\"labels\":{\"a\":\"b\"},\"startsAt\":\"x\",\"endsAt\":"
                                    "\"2023-11-14T22:13:20.000Z\"}]");
    buffer_free(&records);
    buffer_free(&out);
}

static void an_end_is_told_again_unless_it_fires_again(void **state)
{
    (void)state;
    struct buffer out = {0};
    firing_bodies(
        bytes_of("{\"a\":\"1\"}\n\"s\":1\n1000000000\n{\"a\":\"2\"}\n\"s\":2\n2000000000\n"
                 "{\"a\":\"1\"}\n\"s\":3\n\n"),
        NOW, &out);
    buffer_char(&out, '\0');
    assert_string_equal(
        out.at, "[{\"labels\":{\"a\":\"2\"},\"s\":2,\"endsAt\":\"1970-01-01T00:00:02.000Z\"},"
                "{\"labels\":{\"a\":\"1\"},\"s\":3,\"endsAt\":\"2023-11-14T22:13:20.000Z\"}]");
    buffer_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_have_no_log_text_and_no_numbers),
        cmocka_unit_test(names_are_plain_and_only_once),
        cmocka_unit_test(values_are_cut),
        cmocka_unit_test(an_end_is_neither_before_the_start_nor_ahead),
        cmocka_unit_test(what_has_not_begun_begins_now),
        cmocka_unit_test(an_end_is_told_again_unless_it_fires_again),
        cmocka_unit_test(all_that_fires_is_valid_json_in_bodies_of_some),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
