/* SPDX-License-Identifier: MIT */
/* Promise: named fields in free text are found as name=value and name: value, as text or number, and only then. */

#include "unit/record/rig.h"

static const struct record_field wanted[] = {{"status", false}, {"time", false}, {"user", true},
                                             {"real", false},   {"age", false},  {"id", true}};
enum { STATUS, TIME, USER, REAL, AGE, ID, WANTED };

static struct rig rig_wanting(void)
{
    return rig_of(.format = RECORD_TEXT, .fields = wanted, .field_count = WANTED);
}

static void pairs_are_found_with_both_separators(void **state)
{
    (void)state;
    struct rig rig = rig_wanting();
    rig_read(&rig, "2018-09-28 21:24:12.382 8498 INFO neutron.wsgi [-] \"GET / HTTP/1.1\" "
                   "status: 200  len: 252 time: "
                   "0.0026038 user=alice, (age=5s)\n");
    assert_number(&rig, 0, STATUS, 200);
    assert_number(&rig, 0, TIME, 0.0026038);
    assert_number(&rig, 0, AGE, 5);
    assert_field(&rig, 0, USER, "alice");
    assert_int_equal(rig.records[0].field_count, 4);
    rig_close(&rig);
}

static void a_number_may_carry_its_unit_and_nothing_else_is_one(void **state)
{
    (void)state;
    struct rig rig = rig_wanting();
    rig_read(&rig, "2018-09-28 21:24:12 x real=12.5ms status=-3 time=n/a age=inf\n");
    assert_number(&rig, 0, REAL, 12.5);
    assert_number(&rig, 0, STATUS, -3);
    assert_null(rig_field(&rig, 0, TIME));
    assert_null(rig_field(&rig, 0, AGE));
    rig_close(&rig);
}

static void a_part_of_another_name_is_not_the_name(void **state)
{
    (void)state;
    struct rig rig = rig_wanting();
    rig_read(&rig,
             "2018-09-28 21:24:12 x http_status=500 userid=7 the status was 9 real time=2\n");
    assert_null(rig_field(&rig, 0, STATUS));
    assert_null(rig_field(&rig, 0, USER));
    assert_null(rig_field(&rig, 0, REAL));
    assert_number(&rig, 0, TIME, 2);
    rig_close(&rig);
}

static void quoted_values_keep_their_blanks(void **state)
{
    (void)state;
    struct rig rig = rig_wanting();
    rig_read(&rig, "2018-09-28 21:24:12 x user=\"alice smith\" id=\"\" status=\n");
    assert_field(&rig, 0, USER, "alice smith");
    assert_field(&rig, 0, ID, "");
    assert_null(rig_field(&rig, 0, STATUS));
    rig_close(&rig);
}

static void fields_of_later_lines_belong_to_the_record(void **state)
{
    (void)state;
    struct rig rig = rig_wanting();
    rig_read(&rig, "2020-07-20T09:09:27.312+0000: 3.248: [GC pause\n   [Eden: 1]\n [Times: "
                   "user=0.05 sys=0.00, real=0.03 "
                   "secs]\n");
    assert_int_equal(rig.count, 1);
    assert_number(&rig, 0, REAL, 0.03);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_are_found_with_both_separators),
        cmocka_unit_test(a_number_may_carry_its_unit_and_nothing_else_is_one),
        cmocka_unit_test(a_part_of_another_name_is_not_the_name),
        cmocka_unit_test(quoted_values_keep_their_blanks),
        cmocka_unit_test(fields_of_later_lines_belong_to_the_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
