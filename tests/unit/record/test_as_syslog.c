/* SPDX-License-Identifier: MIT */
/* Promise: both syslogs, with and without a priority, give time, level, host, program and message. */

#include "unit/record/rig.h"

static const struct record_field fields[] = {
    {"host", true}, {"program", true}, {"pid", false}, {"uid", false}};

static struct rig rig_wanting(void)
{
    return rig_of(.format = RECORD_SYSLOG, .fields = fields, .field_count = 4);
}

static void rfc_3164_is_read(void **state)
{
    (void)state;
    struct rig rig = rig_wanting();
    rig_read(&rig,
             "Jun 14 15:16:01 combo sshd(pam_unix)[19939]: authentication failure; uid=0\n"
             "<11>Jun  4 15:16:01 combo su: failed\n"
             "2024-06-14T15:16:01.123456+02:00 combo sshd[7]: error: PAM\n"
             "Jun 14 15:16:02 combo last message repeated 2 times\n");
    assert_int_equal(rig.count, 4);
    assert_time(rig.records[0].time_ns, "2024-06-14T15:16:01Z");
    assert_int_equal(rig.records[0].level, 0);
    assert_bytes(rig_message(&rig, 0), "authentication failure; uid=0");
    assert_field(&rig, 0, 0, "combo");
    assert_field(&rig, 0, 1, "sshd(pam_unix)");
    assert_number(&rig, 0, 2, 19939);
    assert_number(&rig, 0, 3, 0);
    assert_int_equal(rig.records[1].level, ODDLINE_LEVEL_ERROR);
    assert_bytes(rig_message(&rig, 1), "failed");
    assert_time(rig.records[2].time_ns, "2024-06-14T13:16:01.123456Z");
    assert_int_equal(rig.records[2].level, ODDLINE_LEVEL_ERROR);
    assert_bytes(rig_message(&rig, 3), "last message repeated 2 times");
    assert_int_equal(recorder_counts(rig.recorder).unparsed, 0);
    rig_close(&rig);
}

static void rfc_5424_is_read(void **state)
{
    (void)state;
    struct rig rig = rig_wanting();
    rig_read(
        &rig,
        "<34>1 2003-10-11T22:14:15.003Z my.host su 77 ID47 [a@1 k=\"v \\] w\"][b@1] hello\n"
        "<165>1 - - - - - - nothing known\n");
    assert_time(rig.records[0].time_ns, "2003-10-11T22:14:15.003Z");
    assert_int_equal(rig.records[0].level, 18);
    assert_bytes(rig_message(&rig, 0), "hello");
    assert_field(&rig, 0, 0, "my.host");
    assert_number(&rig, 0, 2, 77);
    assert_bytes(rig_message(&rig, 1), "nothing known");
    assert_int_equal(rig.records[1].level, 10);
    assert_true(rig.records[1].flags & ODDLINE_RECORD_NO_STAMP);
    rig_close(&rig);
}

static void other_lines_are_unparsed(void **state)
{
    (void)state;
    struct rig rig = rig_wanting();
    rig_read(&rig, "<\n<999>Jun 14 15:16:01 a b: c\n<34>1 \n<34>1 "
                   "2003-10-11T22:14:15.003Z\nJun 14 15:16:01\nplain\n");
    assert_int_equal(rig.count, 6);
    assert_int_equal(recorder_counts(rig.recorder).unparsed, 6);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc_3164_is_read),
        cmocka_unit_test(rfc_5424_is_read),
        cmocka_unit_test(other_lines_are_unparsed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
