/* SPDX-License-Identifier: MIT */
/* Promise: free text gives time, level and message wherever a program puts its stamp. */

#include "unit/record/rig.h"

static void stamp_level_and_message_are_set_apart(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        const char *time;
        uint8_t level;
        const char *message;
    } rows[] = {
        {"[2016-12-19 16:31:46,725] INFO starting (kafka)", "2016-12-19T16:31:46.725Z", 9,
         "starting (kafka)"},
        {"DEBUG [DSE main] 2020-07-20 09:09:28,082  A.java:65 - Saving",
         "2020-07-20T09:09:28.082Z", 5, "A.java:65 - Saving"},
        {" INFO [main] 2020-01-10 13:45:06,068 Loading", "2020-01-10T13:45:06.068Z", 9,
         "Loading"},
        {"2016-12-19T16:31:46.725+0100: 1.234: [GC pause", "2016-12-19T15:31:46.725Z", 0,
         "1.234: [GC pause"},
        {"2018-09-28 21:27:37.537 8328 DEBUG name [-] x", "2018-09-28T21:27:37.537Z", 5,
         "name [-] x"},
        {"nova-api.log.1.2017-05-16_13:53:08 2017-05-16 00:00:00.008 25746 INFO nova.wsgi x",
         "2017-05-16T00:00:00.008Z", 9, "nova.wsgi x"},
        {"2024-06-26 22:00:07.123 CEST [123] LOG:  done", "2024-06-26T20:00:07.123Z", 9,
         "done"},
        {"[Sun Dec 04 04:47:44 2005] [error] mod_jk child", "2005-12-04T04:47:44Z", 17,
         "mod_jk child"},
        {"[Fri Sep 09 10:42:29.902022 2011] [core:error] [pid 1] x",
         "2011-09-09T10:42:29.902022Z", 17, "[pid 1] x"},
        {"17/06/09 20:10:40 INFO executor: x", "2017-06-09T20:10:40Z", 9, "executor: x"},
        {"E0101 12:00:00.123456 1 main.go:7] x", "2024-01-01T12:00:00.123456Z", 17,
         "1 main.go:7] x"},
        {"[10.30 16:49:06] chrome.exe - x", "2023-10-30T16:49:06Z", 0, "chrome.exe - x"},
        {"2009/11/10 23:00:00.000000 hello", "2009-11-10T23:00:00Z", 0, "hello"},
        {"ERROR: no stamp at all", NULL, 17, "no stamp at all"},
        {"an error in plain words", NULL, 0, "an error in plain words"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rig rig = rig_of(.format = RECORD_TEXT);
        rig_read(&rig, rows[i].line);
        assert_int_equal(rig.count, 1);
        if (rows[i].time)
            assert_time(rig.records[0].time_ns, rows[i].time);
        else
            assert_true(rig.records[0].time_ns == ODDLINE_NO_TIME);
        assert_int_equal(rig.records[0].level, rows[i].level);
        assert_bytes(rig_message(&rig, 0), rows[i].message);
        assert_bytes(rig_text(&rig, 0), rows[i].line);
        rig_close(&rig);
    }
}

static void a_record_without_stamp_takes_the_time_before(void **state)
{
    (void)state;
    struct rig rig = rig_of(.format = RECORD_TEXT, .multiline_start = "");
    rig_read(&rig, "first\n2016-12-19 16:31:46 second\nthird\n");
    assert_int_equal(rig.count, 3);
    assert_true(rig.records[0].time_ns == ODDLINE_NO_TIME);
    assert_int_equal(rig.records[0].flags & ODDLINE_RECORD_NO_STAMP, 0);
    assert_time(rig.records[2].time_ns, "2016-12-19T16:31:46Z");
    assert_true(rig.records[2].flags & ODDLINE_RECORD_NO_STAMP);
    assert_int_equal(recorder_counts(rig.recorder).no_stamp, 1);
    rig_close(&rig);
}

static void a_stack_trace_is_one_record_with_its_message_to_the_end(void **state)
{
    (void)state;
    struct rig rig = rig_of(.format = RECORD_TEXT);
    rig_read(&rig, "2016-12-19 16:31:46 ERROR boom\njava.lang.X: y\n\tat z\n2016-12-19 "
                   "16:31:47 INFO ok\n");
    assert_int_equal(rig.count, 2);
    assert_bytes(rig_message(&rig, 0), "boom\njava.lang.X: y\n\tat z");
    assert_int_equal(rig.records[0].flags, ODDLINE_RECORD_MULTI);
    assert_int_equal(rig.records[0].lines, 3);
    assert_int_equal(recorder_line(rig.recorder), 5);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stamp_level_and_message_are_set_apart),
        cmocka_unit_test(a_record_without_stamp_takes_the_time_before),
        cmocka_unit_test(a_stack_trace_is_one_record_with_its_message_to_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
