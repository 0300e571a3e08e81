/* SPDX-License-Identifier: MIT */
/* Promise: named groups become time, level, message and fields; lines that do not match are counted. */

#include "unit/record/rig.h"

static void groups_are_taken(void **state)
{
    (void)state;
    static const struct record_field fields[] = {{"took", false}, {"who", true}};
    struct rig rig = rig_of(.format = RECORD_REGEX,
                            .regex = "^(?<level>\\w+)@(?<time>[^|]+)\\|(?<who>\\w*)\\|(?<took>"
                                     "\\S+)? ?(?<message>.*)$",
                            .fields = fields, .field_count = 2);
    rig_read(&rig, "error@2024-01-01 00:00:00|bob|15ms it broke\nwarning@2024-01-01 "
                   "00:00:01||\nno match\n");
    assert_int_equal(rig.count, 3);
    assert_time(rig.records[0].time_ns, "2024-01-01T00:00:00Z");
    assert_int_equal(rig.records[0].level, ODDLINE_LEVEL_ERROR);
    assert_bytes(rig_message(&rig, 0), "it broke");
    assert_number(&rig, 0, 0, 15);
    assert_field(&rig, 0, 1, "bob");
    assert_int_equal(rig.records[1].level, ODDLINE_LEVEL_WARN);
    assert_null(rig_field(&rig, 1, 0));
    assert_field(&rig, 1, 1, "");
    assert_true(rig.records[2].flags & ODDLINE_RECORD_UNPARSED);
    assert_true(rig.records[2].flags & ODDLINE_RECORD_NO_STAMP);
    assert_bytes(rig_message(&rig, 2), "no match");
    rig_close(&rig);
}

static void a_pattern_that_explodes_is_counted(void **state)
{
    (void)state;
    struct rig rig = rig_of(.format = RECORD_REGEX, .regex = "^(?<message>(a+)+)$");
    rig_read(&rig, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac\n");
    assert_int_equal(rig.count, 1);
    assert_int_equal(recorder_counts(rig.recorder).limit_errors, 1);
    assert_int_equal(recorder_counts(rig.recorder).unparsed, 1);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_are_taken),
        cmocka_unit_test(a_pattern_that_explodes_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
