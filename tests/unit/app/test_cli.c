/* SPDX-License-Identifier: MIT */
/*
 * Promise: options are what everybody is used to, a wrong one is named with what was probably meant, and --help says all of them.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/cli.h"
#include "rig.h"

#include <errno.h>

const struct command commands[] = {{"scan", "scan [-c FILE] PATH…", "Reads logs.", NULL}};
const size_t command_count = 1;

enum { CONFIG, COLOR, FOLLOW, SINCE, SPECS };
static const struct option_spec specs[SPECS] = {
    [CONFIG] = {"config", "FILE", "Reads this configuration."},
    [COLOR] = {"color", "WHEN?", "Colours."},
    [FOLLOW] = {"follow", NULL, "Goes on."},
    [SINCE] = {"since", "TIME", "Not earlier."},
};

static char taken[256];

static bool take(void *context, size_t index, const char *value, struct error *reterr)
{
    (void)context;
    size_t at = strlen(taken);
    if (value && strcmp(value, "never mind") == 0) {
        error_set(reterr, -EINVAL, "--since: never mind is no time");
        return false;
    }
    snprintf(taken + at, sizeof(taken) - at, "%s%s%s ", specs[index].name, value ? "=" : "",
             value ? value : "");
    return true;
}

static bool parse(const char *const *words, int *ret_first, int *ret_exit)
{
    static char *argv[16];
    struct option_set set = {.command = "scan", .specs = specs, .count = SPECS, .take = take};
    int argc = 0;
    for (; words[argc]; argc++)
        argv[argc] = (char *)(uintptr_t)words[argc];
    argv[argc] = NULL;
    taken[0] = '\0';
    return options_parse(&set, argc, argv, ret_first, ret_exit);
}
#define WORDS(...)                                                                             \
    (const char *const[])                                                                      \
    {                                                                                          \
        "scan", __VA_ARGS__, NULL                                                              \
    }

static void cli_takes_options_and_leaves_operands(void **state)
{
    (void)state;
    int first = 0, code = -1;
    assert_true(parse(WORDS("a.log", "--config=c.yaml", "b.log", "--follow", "--since", "1h"),
                      &first, &code));
    assert_string_equal(taken, "config=c.yaml follow since=1h ");
    assert_int_equal(first, 5);
    assert_int_equal(code, -1);
    assert_true(parse(WORDS("--", "--follow"), &first, &code));
    assert_string_equal(taken, "");
    assert_int_equal(first, 2);
}

static void cli_takes_a_value_that_may_be_left_out(void **state)
{
    (void)state;
    int first, code;
    assert_true(parse(WORDS("--color", "x"), &first, &code));
    assert_string_equal(taken, "color ");
    assert_true(parse(WORDS("--color=never"), &first, &code));
    assert_string_equal(taken, "color=never ");
}

static void cli_knows_the_short_ones_that_everybody_has(void **state)
{
    (void)state;
    int first, code;
    assert_true(parse(WORDS("-c", "c.yaml", "-f"), &first, &code));
    assert_string_equal(taken, "config=c.yaml follow ");
}

static const char *refused(const char *const *words)
{
    int first = 0, code = -1;
    rig_capture(STDERR_FILENO);
    bool ok = parse(words, &first, &code);
    const char *said = rig_captured();
    assert_false(ok);
    assert_int_equal(code, EXIT_USAGE);
    return said;
}

static void cli_suggests_the_nearest_option(void **state)
{
    (void)state;
    assert_non_null(strstr(refused(WORDS("a.log", "--sicne=1h", "b.log")),
                           "scan: unknown option or missing value: --sicne=1h; did you mean "
                           "--since?\n"));
    assert_non_null(strstr(refused(WORDS("--xyzzy")),
                           "scan: unknown option or missing value: --xyzzy; see --help\n"));
}

static void cli_names_an_unknown_letter_wherever_it_stands(void **state)
{
    (void)state;
    assert_non_null(strstr(refused(WORDS("a.log", "-x")), "missing value: -x; see --help"));
    assert_non_null(strstr(refused(WORDS("a.log", "-xy")), "missing value: -x; see --help"));
    assert_non_null(strstr(refused(WORDS("-fx", "b")), "missing value: -x; see --help"));
    int first, code;
    assert_true(
        parse(WORDS("--follow", "y"), &first, &code)); // what was left of it is forgotten
    assert_string_equal(taken, "follow ");
}

static void cli_names_an_option_without_its_value(void **state)
{
    (void)state;
    assert_non_null(strstr(refused(WORDS("--since")), "missing value: --since"));
    assert_non_null(strstr(refused(WORDS("-c")), "missing value: -c"));
}

static void cli_passes_on_why_a_value_is_refused(void **state)
{
    (void)state;
    assert_non_null(
        strstr(refused(WORDS("--since", "never mind")), "--since: never mind is no time"));
}

static void cli_help_lists_each_option(void **state)
{
    (void)state;
    int first, code = -1;
    rig_capture(STDOUT_FILENO);
    bool ok = parse(WORDS("--follow", "--help", "--xyzzy"), &first, &code);
    const char *said = rig_captured();
    assert_false(ok);
    assert_int_equal(code, EXIT_DONE);
    assert_true(strncmp(said, "usage: oddline scan [-c FILE] PATH…\n\nReads logs.\n", 30) == 0);
    for (size_t i = 0; i < SPECS; i++) {
        assert_non_null(strstr(said, specs[i].name));
        assert_non_null(strstr(said, specs[i].help));
    }
}

static void cli_colours_only_a_terminal_unless_told(void **state)
{
    (void)state;
    int file = open("file", O_RDWR | O_CREAT, 0600);
    assert_true(color_wanted("always", file));
    assert_false(color_wanted("never", file));
    assert_false(color_wanted("auto", file));
    assert_int_equal(terminal_width(file), 0);
    close(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(cli_takes_options_and_leaves_operands),
        RIG_TEST(cli_takes_a_value_that_may_be_left_out),
        RIG_TEST(cli_knows_the_short_ones_that_everybody_has),
        RIG_TEST(cli_suggests_the_nearest_option),
        RIG_TEST(cli_names_an_unknown_letter_wherever_it_stands),
        RIG_TEST(cli_names_an_option_without_its_value),
        RIG_TEST(cli_passes_on_why_a_value_is_refused),
        RIG_TEST(cli_help_lists_each_option),
        RIG_TEST(cli_colours_only_a_terminal_unless_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
