/* SPDX-License-Identifier: MIT */
/* Promise: the outer time counts, the inner level is found, and parts become one record within the bound. */

#include "unit/record/rig.h"

#include <stdio.h>

static void docker_lines_are_unwrapped(void **state)
{
    (void)state;
    static const struct record_field fields[] = {{"stream", true}, {"took", false}};
    struct rig rig = rig_of(.format = RECORD_DOCKER, .fields = fields, .field_count = 2);
    rig_read(&rig, "{\"log\":\"16:42:10.935 INFO  a.c.User#43 "
                   "Login\\n\",\"stream\":\"stdout\",\"time\":\"2023-01-29T08:42:10.9Z\"}\n"
                   "{\"log\":\"2023-01-29 16:43:29.123 ERROR 1 --- [x] \\\"boom\\\" "
                   "took=5ms\\r\\n\",\"stream\":\"stderr\","
                   "\"time\":\"2023-01-29T08:43:29.1Z\"}\n"
                   "{\"log\":\"{\\\"level\\\":\\\"warn\\\",\\\"msg\\\":\\\"inner\\\"}\\n\","
                   "\"stream\":\"stdout\","
                   "\"time\":\"2023-01-29T08:43:30Z\"}\n");
    assert_int_equal(rig.count, 3);
    assert_time(rig.records[0].time_ns, "2023-01-29T08:42:10.9Z");
    assert_int_equal(rig.records[0].level, ODDLINE_LEVEL_INFO);
    assert_bytes(rig_message(&rig, 0), "a.c.User#43 Login");
    assert_int_equal(rig.records[1].level, ODDLINE_LEVEL_ERROR);
    assert_bytes(rig_message(&rig, 1), "1 --- [x] \"boom\" took=5ms");
    assert_field(&rig, 1, 0, "stderr");
    assert_number(&rig, 1, 1, 5);
    assert_time(rig.records[1].time_ns, "2023-01-29T08:43:29.1Z");
    assert_int_equal(rig.records[2].level, ODDLINE_LEVEL_WARN);
    assert_bytes(rig_message(&rig, 2), "inner");
    rig_close(&rig);
}

#define DOCKER(log)                                                                            \
    "{\"log\":\"" log "\",\"stream\":\"stdout\",\"time\":\"2023-01-29T08:42:10.9Z\"}\n"

static void docker_parts_are_joined(void **state)
{
    (void)state;
    struct rig rig = rig_of(.format = RECORD_DOCKER);
    rig_read(&rig, DOCKER("one\\n") DOCKER("two\\n") DOCKER("a\\tb") DOCKER("c") DOCKER("d\\n")
                       DOCKER("e\\n"));
    assert_int_equal(rig.count, 4);
    assert_bytes(rig_message(&rig, 2), "a\tbcd");
    assert_int_equal(rig.records[2].lines, 3);
    assert_true(rig.records[2].flags & ODDLINE_RECORD_MULTI);
    assert_bytes(rig_message(&rig, 3), "e");
    rig_close(&rig);
}

static void docker_lines_that_never_end_in_a_line_feed_are_whole(void **state)
{
    (void)state;
    struct rig rig = rig_of(.format = RECORD_DOCKER);
    rig_read(&rig, DOCKER("one") DOCKER("two") DOCKER("three"));
    assert_int_equal(rig.count, 3);
    rig_close(&rig);
}

static void cri_parts_of_one_stream_are_joined(void **state)
{
    (void)state;
    struct rig rig = rig_of(.format = RECORD_CRI);
    rig_read(&rig,
             "2023-01-29T08:42:10.9Z stdout F 2023-01-29 INFO whole\n"
             "2023-01-29T08:42:11Z stdout P [error] fir\n2023-01-29T08:42:12Z stdout F st\r\n"
             "2023-01-29T08:42:13Z stdout P left\n2023-01-29T08:42:14Z stderr F other\n"
             "2023-01-29T08:42:15Z stdout F \nnot cri\n");
    assert_int_equal(rig.count, 6);
    assert_bytes(rig_message(&rig, 1), "first");
    assert_int_equal(rig.records[1].level, ODDLINE_LEVEL_ERROR);
    assert_time(rig.records[1].time_ns, "2023-01-29T08:42:11Z");
    assert_bytes(rig_message(&rig, 2), "left");
    assert_bytes(rig_message(&rig, 3), "other");
    assert_int_equal(rig.records[4].message_len, 0);
    assert_true(rig.records[5].flags & ODDLINE_RECORD_UNPARSED);
    rig_close(&rig);
}

static void parts_are_joined_only_up_to_the_bound(void **state)
{
    (void)state;
    struct rig rig = rig_of(.format = RECORD_CRI, .bytes_max = 100);
    rig_read(
        &rig,
        "2023-01-29T08:42:11Z stdout P aaaaaaaaaa\n2023-01-29T08:42:11Z stdout P bbbbbbbbbb\n"
        "2023-01-29T08:42:11Z stdout P cccccccccc\n2023-01-29T08:42:11Z stdout F dddddddddd\n");
    assert_int_equal(rig.count, 2);
    assert_bytes(rig_message(&rig, 0), "aaaaaaaaaabbbbbbbbbb");
    assert_bytes(rig_message(&rig, 1), "ccccccccccdddddddddd");
    assert_int_equal(recorder_counts(rig.recorder).truncated, 0);
    rig_close(&rig);
}

static void a_part_waits_for_the_next_line(void **state)
{
    (void)state;
    struct rig rig = rig_of(.format = RECORD_CRI);
    static const char part[] = "2023-01-29T08:42:11Z stdout P a\n";
    recorder_sample(rig.recorder, bytes_of(part));
    assert_int_equal(rig_feed(&rig, bytes_of(part), false), 0);
    assert_int_equal(rig_feed(&rig, bytes_of(part), true), strlen(part));
    assert_bytes(rig_message(&rig, 0), "a");
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(docker_lines_are_unwrapped),
        cmocka_unit_test(docker_parts_are_joined),
        cmocka_unit_test(docker_lines_that_never_end_in_a_line_feed_are_whole),
        cmocka_unit_test(cri_parts_of_one_stream_are_joined),
        cmocka_unit_test(parts_are_joined_only_up_to_the_bound),
        cmocka_unit_test(a_part_waits_for_the_next_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
