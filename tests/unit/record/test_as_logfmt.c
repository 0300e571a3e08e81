/* SPDX-License-Identifier: MIT */
/* Promise: logfmt pairs, quoted or not, give time, level, message and fields. */

#include "unit/record/rig.h"

static void pairs_are_read(void **state)
{
    (void)state;
    static const struct record_field fields[] = {
        {"status", false}, {"user", true}, {"took", false}, {"flag", true}};
    struct rig rig = rig_of(.format = RECORD_LOGFMT, .fields = fields, .field_count = 4);
    rig_read(&rig, "ts=2024-01-01T00:00:00.5Z lvl=warn msg=\"a \\\"b\\\" c\" status=502 "
                   "user=\"x y\" took=1.5s flag\n");
    assert_time(rig.records[0].time_ns, "2024-01-01T00:00:00.5Z");
    assert_int_equal(rig.records[0].level, ODDLINE_LEVEL_WARN);
    assert_bytes(rig_message(&rig, 0), "a \"b\" c");
    assert_number(&rig, 0, 0, 502);
    assert_field(&rig, 0, 1, "x y");
    assert_number(&rig, 0, 2, 1.5);
    assert_null(rig_field(&rig, 0, 3));
    rig_close(&rig);
}

static void broken_pairs_do_no_harm(void **state)
{
    (void)state;
    static const char *const lines[] = {"=x",    "a=\"open", "a=\"open\\",    "   ",
                                        "a= b=", "=",        "a=b=c d=\"\" e"};
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct rig rig = rig_of(.format = RECORD_LOGFMT);
        rig_read(&rig, lines[i]);
        rig_close(&rig);
    }
}

static void a_line_without_pairs_is_unparsed(void **state)
{
    (void)state;
    struct rig rig = rig_of(.format = RECORD_LOGFMT);
    rig_read(&rig, "level=info msg=x\njust words\n");
    assert_int_equal(rig.records[0].flags, 0);
    assert_true(rig.records[1].flags & ODDLINE_RECORD_UNPARSED);
    assert_bytes(rig_message(&rig, 1), "just words");
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_are_read),
        cmocka_unit_test(broken_pairs_do_no_harm),
        cmocka_unit_test(a_line_without_pairs_is_unparsed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
