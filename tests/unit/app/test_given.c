/* SPDX-License-Identifier: MIT */
/* Promise: what several commands are given means the same to all of them, and is refused in one sentence that names the option. */

#include "command/given.h"

#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void each_value_is_kept_and_a_switch_is_there(void **state)
{
    (void)state;
    const char *values[3] = {NULL};
    struct error error;
    assert_true(given_keep(values, 1, "text", &error));
    assert_true(given_keep(values, 2, NULL, &error));
    assert_null(values[0]);
    assert_string_equal(values[1], "text");
    assert_non_null(values[2]);
}

/* ---- the state directory ------------------------------------------------------ */

static void write_config(char path[], const char *text)
{
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(dprintf(fd, "%s", text), (int)strlen(text));
    close(fd);
}

static void the_directory_given_comes_before_that_of_the_configuration(void **state)
{
    (void)state;
    char path[] = "/tmp/oddline-given-XXXXXX";
    write_config(path, "state_dir: /of/config\nstreams: [{name: a, paths: /a}]\n");
    struct config config = {0};
    struct error error;
    const char *dir;
    assert_int_equal(given_state_dir(NULL, NULL, &config, &dir, &error), 0);
    assert_string_equal(dir, "/var/lib/oddline");
    assert_int_equal(given_state_dir(NULL, "/given", &config, &dir, &error), 0);
    assert_string_equal(dir, "/given");
    assert_int_equal(given_state_dir(path, NULL, &config, &dir, &error), 0);
    assert_string_equal(dir, "/of/config");
    config_free(&config);
    assert_int_equal(given_state_dir(path, "/given", &config, &dir, &error), 0);
    assert_string_equal(dir, "/given");
    config_free(&config);
    unlink(path);
}

static void a_configuration_that_is_wrong_is_refused_whatever_else_is_given(void **state)
{
    (void)state;
    struct config config = {0};
    struct error error;
    const char *dir = "as before";
    assert_true(given_state_dir("/nowhere/c.yaml", "/given", &config, &dir, &error) < 0);
    assert_string_equal(dir, "as before");
}

/* ---- times and numbers -------------------------------------------------------- */

static void since_is_a_time_or_how_long_ago(void **state)
{
    (void)state;
    struct given_since since = {7, 7};
    struct error error;
    assert_int_equal(given_since("2h", &since, &error), 0);
    assert_true(since.ago_ns == 7200 * NS_PER_S && since.at_ns == NO_TIME);
    int64_t wall = clock_wall_ns(), at = given_since_ns(since);
    assert_true(at <= wall && wall - at < 7300 * NS_PER_S && wall - at > 7100 * NS_PER_S);
    assert_int_equal(given_since("1970-01-01T00:00:05Z", &since, &error), 0);
    assert_true(since.at_ns == 5 * NS_PER_S && since.ago_ns == NO_TIME);
    assert_true(given_since_ns(since) == 5 * NS_PER_S);
    assert_int_equal(given_since("yesterday", &since, &error), -EINVAL);
    assert_true(since.at_ns == 5 * NS_PER_S);
    assert_string_equal(error.text,
                        "--since: 'yesterday' is neither a duration such as 2h nor a time");
}

static void a_number_lies_in_its_range_and_is_nothing_else(void **state)
{
    (void)state;
    static const struct given_range range = {-1, 20};
    static const char *const wrong[] = {
        "", "21", "-2", "3x", "x", "1.5", "99999999999999999999999"};
    struct error error;
    int64_t number = 5;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(given_number("top", wrong[i], range, &number, &error), -EINVAL);
    assert_true(number == 5);
    assert_int_equal(given_number("top", "21", range, &number, &error), -EINVAL);
    assert_string_equal(error.text, "--top: '21' is out of range; allowed is -1 to 20");
    assert_int_equal(given_number("top", "20", range, &number, &error), 0);
    assert_true(number == 20);
    assert_int_equal(given_number("top", "-1", range, &number, &error), 0);
    assert_true(number == -1);
}

/* ---- words --------------------------------------------------------------------- */

static void a_route_is_known_by_its_name_alone(void **state)
{
    (void)state;
    enum finding_route route = ROUTE_LOG;
    struct error error;
    assert_int_equal(given_route("exit-code", "ticket", &route, &error), 0);
    assert_int_equal(route, ROUTE_TICKET);
    assert_int_equal(given_route("exit-code", "pages", &route, &error), -EINVAL);
    assert_int_equal(route, ROUTE_TICKET);
    assert_string_equal(error.text, "--exit-code: 'pages' is none of page, ticket, log");
}

static void a_text_is_short_and_plain(void **state)
{
    (void)state;
    char into[6] = "before";
    struct error error;
    into[5] = '\0';
    assert_int_equal(given_text("--by", NULL, into, sizeof(into), &error), 0);
    assert_string_equal(into, "befor");
    assert_int_equal(given_text("--by", "", into, sizeof(into), &error), -EINVAL);
    assert_int_equal(given_text("--by", "sixsix", into, sizeof(into), &error), -EINVAL);
    assert_string_equal(error.text, "--by: must have 1 to 5 bytes");
    assert_int_equal(given_text("--by", "a\x1b[m", into, sizeof(into), &error), -EINVAL);
    assert_string_equal(error.text, "--by: holds bytes that are no plain text");
    assert_string_equal(into, "befor");
    assert_int_equal(given_text("--by", "fives", into, sizeof(into), &error), 0);
    assert_string_equal(into, "fives");
}

static void a_stream_that_is_not_there_is_held_against_those_that_are(void **state)
{
    (void)state;
    struct config_stream streams[] = {{.name = "checkout"}, {.name = "web"}};
    struct config config = {.streams = streams, .stream_count = 2};
    struct error error;
    assert_int_equal(given_no_stream(&config, "chekout", &error), -EINVAL);
    assert_string_equal(error.text,
                        "--stream: no stream is called 'chekout'; did you mean 'checkout'?");
    assert_int_equal(given_no_stream(&config, "somethingelse", &error), -EINVAL);
    assert_string_equal(error.text, "--stream: no stream is called 'somethingelse'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_value_is_kept_and_a_switch_is_there),
        cmocka_unit_test(the_directory_given_comes_before_that_of_the_configuration),
        cmocka_unit_test(a_configuration_that_is_wrong_is_refused_whatever_else_is_given),
        cmocka_unit_test(since_is_a_time_or_how_long_ago),
        cmocka_unit_test(a_number_lies_in_its_range_and_is_nothing_else),
        cmocka_unit_test(a_route_is_known_by_its_name_alone),
        cmocka_unit_test(a_text_is_short_and_plain),
        cmocka_unit_test(a_stream_that_is_not_there_is_held_against_those_that_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
