/* SPDX-License-Identifier: MIT */
/* Promise: options that cannot work are refused with one sentence, and nothing is left behind. */

#include "unit/record/rig.h"

#include <string.h>

static void refused(struct record_options options, const char *because)
{
    struct record_plan *plan = NULL;
    struct error error = {""};
    assert_true(record_plan_create(&options, &plan, &error) < 0);
    assert_null(plan);
    if (!strstr(error.text, because))
        fail_msg("'%s' does not say '%s'", error.text, because);
}

static void broken_options_are_named(void **state)
{
    (void)state;
    static struct record_field fields[RECORD_FIELDS_MAX + 1];
    for (int i = 0; i <= RECORD_FIELDS_MAX; i++)
        fields[i].name = "x";
    refused((struct record_options){.timezone = "Mars/Phobos"}, "Mars/Phobos");
    refused((struct record_options){.format = RECORD_REGEX}, "no pattern");
    refused((struct record_options){.format = RECORD_REGEX, .regex = "(?<time>"}, "(?<time>");
    refused((struct record_options){.multiline_start = "("}, "'('");
    refused((struct record_options){.fields = fields, .field_count = RECORD_FIELDS_MAX + 1},
            "at most 64");
    refused((struct record_options){.pattern_count = RECORD_PATTERNS_MAX + 1}, "at most 256");
    refused(
        (struct record_options){
            .format = RECORD_REGEX, .regex = "(?<a>.)", .fields = fields, .field_count = 1},
        "no group");
}

static void formats_have_names_both_ways(void **state)
{
    (void)state;
    enum record_format format;
    for (int i = RECORD_AUTO; i <= RECORD_REGEX; i++) {
        assert_int_equal(
            record_format_parse(record_format_name((enum record_format)i), &format), 0);
        assert_int_equal(format, i);
    }
    assert_true(record_format_parse("xml", &format) < 0);
    assert_int_equal(format, RECORD_REGEX);
}

static void nothing_can_be_freed(void **state)
{
    (void)state;
    record_plan_free(NULL);
    recorder_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broken_options_are_named),
        cmocka_unit_test(formats_have_names_both_ways),
        cmocka_unit_test(nothing_can_be_freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
