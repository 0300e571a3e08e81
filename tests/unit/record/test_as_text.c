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
        {"081109 203615 148 INFO dfs.DataNode$DataXceiver: Receiving block blk_1", // HDFS
         "2008-11-09T20:36:15Z", 9, "dfs.DataNode$DataXceiver: Receiving block blk_1"},
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

/* BlueGene: an epoch behind an alert tag, a date without a zone behind the node, and the level as the seventh token behind that. */
static void the_columns_of_bluegene_are_learnt(void **state)
{
    (void)state;
    struct rig rig = rig_of(.format = RECORD_AUTO);
    rig_read(&rig,
             "- 1117838570 2005.06.03 R02-M1-N0-C:J12-U11 2005-06-03-15.42.50.675872 R02-M1-N0 "
             "RAS KERNEL INFO cache parity error corrected\n"
             "- 1117838573 2005.06.03 R02-M1-N0-C:J12-U11 2005-06-03-15.42.53.276129 R02-M1-N0 "
             "RAS KERNEL INFO cache parity error corrected\n"
             "APPREAD 1117869872 2005.06.04 R04-M1-N4-I:J18-U11 2005-06-04-00.24.32.432192 "
             "R04-M1-N4 RAS APP FATAL ciod: failed to read message prefix\n"
             "- 1117842440 2005.06.03 R23-M0-NE-C:J05-U01 2005-06-03-16.47.20.730545 R23-M0-NE "
             "RAS KERNEL INFO 63543 double-hummer alignment exceptions\n");
    assert_int_equal(rig.count, 4);
    assert_time(rig.records[0].time_ns, "2005-06-03T22:42:50Z");
    assert_int_equal(rig.records[0].level, 9);
    assert_int_equal(rig.records[2].level, 21);
    assert_bytes(rig_message(&rig, 2), "ciod: failed to read message prefix");
    rig_close(&rig);
    rig = rig_of(.format = RECORD_AUTO); // without the epoch
    rig_read(&rig, "2005-06-03-15.42.50.675872 R02-M1-N0 RAS KERNEL INFO corrected\n");
    assert_time(rig.records[0].time_ns, "2005-06-03T15:42:50.675872Z");
    rig_close(&rig);
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
        cmocka_unit_test(the_columns_of_bluegene_are_learnt),
        cmocka_unit_test(a_record_without_stamp_takes_the_time_before),
        cmocka_unit_test(a_stack_trace_is_one_record_with_its_message_to_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
