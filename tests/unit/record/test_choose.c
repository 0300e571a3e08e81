/* SPDX-License-Identifier: MIT */
/* Promise: `auto` picks the format that the first lines have, says so, and does not depend on how they arrive. */

#include "unit/record/rig.h"

#include <string.h>

static void each_format_is_recognised(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum record_format format;
        const char *says;
    } rows[] = {
        {"{\"time\":\"2024-01-01T00:00:00Z\",\"level\":\"info\",\"msg\":\"x\"}\n", RECORD_JSON,
         "json"},
        {"{\"log\":\"x\\n\",\"stream\":\"stdout\",\"time\":\"2024-01-01T00:00:00Z\"}\n",
         RECORD_DOCKER, "docker"},
        {"2024-01-01T00:00:00.123Z stdout F x\n", RECORD_CRI, "cri"},
        {"1.2.3.4 - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.0\" 200 1\n", RECORD_COMBINED,
         "combined"},
        {"Jun 14 15:16:01 host sshd[1]: x\n", RECORD_SYSLOG, "syslog"},
        {"<34>1 2003-10-11T22:14:15.003Z host su - ID47 - x\n", RECORD_SYSLOG, "syslog"},
        {"time=2024-01-01T00:00:00Z level=info msg=\"a b\"\n", RECORD_LOGFMT, "logfmt"},
        {"[2016-12-19 16:31:46,725] INFO x\n", RECORD_TEXT,
         "stamps like [2016-12-19 16:31:46,725], level by its"},
        {"hello\nworld\n", RECORD_TEXT, "no stamps, no levels seen, indented lines joined"},
        {"\x01\x02\xff\xfe\n", RECORD_TEXT, "no stamps"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rig rig = rig_of(.format = RECORD_AUTO);
        rig_read(&rig, rows[i].text);
        assert_int_equal(recorder_format(rig.recorder), rows[i].format);
        if (!strstr(recorder_choice(rig.recorder), rows[i].says))
            fail_msg("'%s' does not say '%s'", recorder_choice(rig.recorder), rows[i].says);
        rig_close(&rig);
    }
}

static void a_few_odd_lines_do_not_change_the_choice(void **state)
{
    (void)state;
    char text[4096] = "oops\n";
    for (int i = 0; i < 9; i++)
        strncat(text, "{\"time\":\"2024-01-01T00:00:00Z\",\"msg\":\"x\"}\n",
                sizeof(text) - strlen(text) - 1);
    struct rig rig = rig_of(.format = RECORD_AUTO);
    rig_read(&rig, text);
    assert_int_equal(recorder_format(rig.recorder), RECORD_JSON);
    assert_int_equal(recorder_counts(rig.recorder).unparsed, 1);
    rig_close(&rig);
}

static void nothing_is_read_before_the_sample_is_complete(void **state)
{
    (void)state;
    static const char line[] = "{\"time\":\"2024-01-01T00:00:00Z\",\"msg\":\"x\"}\n";
    struct rig rig = rig_of(.format = RECORD_AUTO);
    assert_int_equal(rig_feed(&rig, bytes_of(line), false), 0);
    assert_string_equal(recorder_choice(rig.recorder), "nothing chosen yet");
    recorder_sample(rig.recorder, bytes_of(line));
    assert_int_equal(rig_feed(&rig, bytes_of(line), false), strlen(line));
    assert_int_equal(rig.count, 1);
    rig_close(&rig);
}

static void dates_in_dumps_do_not_begin_records(void **state)
{
    (void)state;
    struct rig rig = rig_of(.format = RECORD_AUTO);
    rig_read(&rig, "2018-09-28 21:27:40.1 INFO table\n| created | 2018-09-28 21:27:40 |\n  "
                   "2018-09-28 21:27:41\n"
                   "2018-09-28 21:27:42.1 INFO next\n1538191422 fa:16:3e\n");
    assert_int_equal(rig.count, 2);
    assert_int_equal(rig.records[0].lines, 3);
    assert_int_equal(rig.records[1].lines, 2);
    rig_close(&rig);
}

static void bursts_of_several_systems_keep_their_times(void **state)
{
    (void)state;
    struct rig rig = rig_of(.format = RECORD_AUTO);
    rig_read(&rig, "Jun 15 15:06:40 LabSZ sshd[24200]: x\n2015-06-15 15:06:41,978 INFO [main] "
                   "org.apache.Foo: x\n"
                   "15/06/15 15:06:42 INFO x\n[Mon Jun 15 15:06:43 2015] [error] x\n2015-06-15 "
                   "15:06:44, Info   CBS\n");
    static const char *const times[] = {"2015-06-15T15:06:40Z", "2015-06-15T15:06:41.978Z",
                                        "2015-06-15T15:06:42Z", "2015-06-15T15:06:43Z",
                                        "2015-06-15T15:06:44Z"};
    assert_int_equal(rig.count, 5);
    for (uint32_t i = 0; i < 5; i++)
        assert_time(rig.records[i].time_ns, times[i]);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_format_is_recognised),
        cmocka_unit_test(a_few_odd_lines_do_not_change_the_choice),
        cmocka_unit_test(nothing_is_read_before_the_sample_is_complete),
        cmocka_unit_test(dates_in_dumps_do_not_begin_records),
        cmocka_unit_test(bursts_of_several_systems_keep_their_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
