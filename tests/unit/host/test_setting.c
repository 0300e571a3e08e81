/* SPDX-License-Identifier: MIT */
/*
 * Promise: a setting is checked against the label before the plugin sees it, and the sentence names the range or the nearest name.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "host/host.h"

#include <errno.h>
#include <stdio.h>

static struct plugin *rogue;

static void assert_taken(const char *name, const char *value)
{
    struct error error = {.text = ""};
    if (plugin_check_setting(rogue, (struct plugin_setting){name, value}, &error) < 0)
        fail_msg("%s = %s: %s", name, value, error.text);
    assert_string_equal(error.text, ""); // written only on failure
}

static void assert_refused(const char *name, const char *value, const char *sentence)
{
    struct error error = {.text = ""};
    assert_int_equal(plugin_check_setting(rogue, (struct plugin_setting){name, value}, &error),
                     -EINVAL);
    assert_string_equal(error.text, sentence);
}

static void setting_takes_every_type(void **state)
{
    (void)state;
    assert_taken("share", "0.25");
    assert_taken("share", "1");
    assert_taken("count", "2");
    assert_taken("count", "9");
    assert_taken("on", "yes");
    assert_taken("on", "false");
    assert_taken("wait", "1m");
    assert_taken("how", "any text");
}

static void setting_out_of_range_names_range_and_unit(void **state)
{
    (void)state;
    assert_refused("share", "1.5", "rogue: share: 1.5 is out of range: 0 to 1 ratio");
    assert_refused("count", "1", "rogue: count: 1 is out of range: 2 to 9 windows");
    assert_refused("count", "99999999999999999999",
                   "rogue: count: 99999999999999999999 is out of range: 2 to 9 windows");
    char low[CLOCK_TEXT_SIZE], high[CLOCK_TEXT_SIZE], sentence[200];
    snprintf(sentence, sizeof(sentence), "rogue: wait: 61s is out of range: %s to %s",
             clock_format_duration(0, low), clock_format_duration(60 * NS_PER_S, high));
    assert_refused("wait", "61s", sentence);
}

static void setting_of_the_wrong_type_says_the_right_one(void **state)
{
    (void)state;
    assert_refused("share", "half", "rogue: share: half is not a number");
    assert_refused("share", "nan", "rogue: share: nan is not a number");
    assert_refused("share", "", "rogue: share:  is not a number");
    assert_refused("count", "2.5", "rogue: count: 2.5 is not a whole number");
    assert_refused("on", "perhaps", "rogue: on: perhaps is not a truth value (true or false)");
    assert_refused("wait", "10", "rogue: wait: 10 is not a duration such as 10s or 5m");
}

static void setting_unknown_suggests_the_nearest_name(void **state)
{
    (void)state;
    assert_refused("shar", "1", "rogue: shar: no such parameter: did you mean share?");
    assert_refused("cuont", "3", "rogue: cuont: no such parameter: did you mean count?");
    assert_refused("completely_different", "3",
                   "rogue: completely_different: no such parameter: it has how, share, count, "
                   "on, wait, patterns");
    assert_refused("a_name_that_is_longer_than_any_parameter_may_be", "3",
                   "rogue: a_name_that_is_longer_than_any_parameter_may_be: no such parameter: "
                   "it has how, "
                   "share, count, on, wait, patterns");
}

static void setting_of_patterns_is_a_list(void **state)
{
    (void)state;
    assert_string_equal(plugin_patterns_param(rogue), "patterns");
    assert_refused("patterns", "x", "rogue: patterns: takes a list of patterns, not one value");
}

static int setup(void **state)
{
    (void)state;
    return plugin_load(BINARY_DIR "/tests/bad/rogue.so", "", &rogue, NULL);
}

static int teardown(void **state)
{
    (void)state;
    plugin_free(rogue);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(setting_takes_every_type),
        cmocka_unit_test(setting_out_of_range_names_range_and_unit),
        cmocka_unit_test(setting_of_the_wrong_type_says_the_right_one),
        cmocka_unit_test(setting_unknown_suggests_the_nearest_name),
        cmocka_unit_test(setting_of_patterns_is_a_list),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
