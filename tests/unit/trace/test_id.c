/* SPDX-License-Identifier: MIT */
/*
 * Promise: one transaction has one id however it is written: case, dashes, headers and 64 leading zeros make no difference;
 * zeros alone are no id; what is not hex stays as it is.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "trace/id.h"

#define ID "0af7651916cd43dd8448eb211c80319c"

static void reads(const char *text, const char *want, enum trace_form form)
{
    struct trace_id id = {"untouched"};
    assert_int_equal(trace_id_read(bytes_of(text), &id), form);
    assert_string_equal(id.text, want);
}

static void all_ways_to_write_an_id_are_one(void **state)
{
    (void)state;
    reads(ID, ID, TRACE_FORM_HEX);
    reads("0AF7651916CD43DD8448EB211C80319C", ID, TRACE_FORM_HEX);
    reads("0af76519-16cd-43dd-8448-eb211c80319c", ID, TRACE_FORM_HEX);
    reads("00-" ID "-b7ad6b7169203331-01", ID, TRACE_FORM_HEADER);
    reads(ID "-e457b5a2e4d86bd1-1-05e3ac9a4f6e3b90", ID, TRACE_FORM_HEADER);
    reads(ID "-e457b5a2e4d86bd1-d", ID, TRACE_FORM_HEADER);
    reads(ID "-e457b5a2e4d86bd1", ID, TRACE_FORM_HEADER);
    reads("Root=1-0af76519-16cd43dd8448eb211c80319c", ID, TRACE_FORM_HEX);
    reads("req-0af76519-16cd-43dd-8448-eb211c80319c", ID, TRACE_FORM_HEADER);
}

static void sixty_four_bits_are_a_hundred_and_twenty_eight_with_zeros(void **state)
{
    (void)state;
    reads("8448eb211c80319c", "8448eb211c80319c", TRACE_FORM_HEX);
    reads("00000000000000008448EB211C80319C", "8448eb211c80319c", TRACE_FORM_HEX);
    reads("8448eb211c80319c-e457b5a2e4d86bd1-1", "8448eb211c80319c", TRACE_FORM_HEX);
}

static void zeros_are_no_id(void **state)
{
    (void)state;
    reads("00000000000000000000000000000000", "untouched", TRACE_FORM_NONE);
    reads("0000000000000000", "untouched", TRACE_FORM_NONE);
    reads("00000000-0000-0000-0000-000000000000", "untouched", TRACE_FORM_NONE);
    reads("00-00000000000000000000000000000000-0000000000000000-00", "untouched",
          TRACE_FORM_NONE);
    reads("00000000", "untouched", TRACE_FORM_NONE);
}

static void what_is_no_hex_stays_as_it_is(void **state)
{
    (void)state;
    reads("req_7Kd02mPq", "req_7Kd02mPq", TRACE_FORM_TOKEN);
    reads("host/Kd02mPq-000017", "host/Kd02mPq-000017", TRACE_FORM_TOKEN);
    reads("1234567890123456789", "1234567890123456789", TRACE_FORM_TOKEN);
    reads("1234567890123456", "1234567890123456",
          TRACE_FORM_TOKEN); // 16 numbers are no hex yet
    reads("DEADBEEF01", "DEADBEEF01", TRACE_FORM_HEX);
}

static void what_is_no_id_gives_nothing(void **state)
{
    (void)state;
    static const char *const no[] = {"",
                                     "-",
                                     "abc123",
                                     "undefined",
                                     "not-known-yet",
                                     "a b 1 2 3 4",
                                     "\"0af76519\"",
                                     "0af7651\n",
                                     "xxxxxxxxxxxxxxxx"};
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
        reads(no[i], "untouched", TRACE_FORM_NONE);
    char wide[TRACE_ID_MAX + 2];
    memset(wide, 'a', sizeof(wide));
    wide[0] = '1';
    wide[TRACE_ID_MAX + 1] = '\0';
    reads(wide, "untouched", TRACE_FORM_NONE);
    wide[TRACE_ID_MAX] = '\0';
    reads(wide, wide, TRACE_FORM_HEX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_ways_to_write_an_id_are_one),
        cmocka_unit_test(sixty_four_bits_are_a_hundred_and_twenty_eight_with_zeros),
        cmocka_unit_test(zeros_are_no_id),
        cmocka_unit_test(what_is_no_hex_stays_as_it_is),
        cmocka_unit_test(what_is_no_id_gives_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
