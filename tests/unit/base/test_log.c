/* SPDX-License-Identifier: MIT */
/* Promise: what oddline says is one line in one write, at the level asked for, and no text in it moves a cursor. */

#include "base/log.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static int pipe_end, stderr_kept;

static void catch_begin(void)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    stderr_kept = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    pipe_end = ends[0];
}

/* What was written since catch_begin(), at most `size`. */
static const char *catch_end(char *text, size_t size)
{
    dup2(stderr_kept, STDERR_FILENO); // the last writing end is closed with this
    close(stderr_kept);
    ssize_t n = read(pipe_end, text, size - 1);
    close(pipe_end);
    text[n > 0 ? n : 0] = '\0';
    return text;
}

static void log_writes_one_line_with_its_level(void **state)
{
    (void)state;
    char text[256];
    log_setup(LOG_NOTICE, 0);
    catch_begin();
    log_warning("%s: no permission to read", "/var/log/app.log");
    assert_string_equal(catch_end(text, sizeof(text)),
                        "oddline: warning: /var/log/app.log: no permission to read\n");
}

static void log_keeps_silent_above_its_level(void **state)
{
    (void)state;
    char text[256];
    log_setup(LOG_WARNING, 0);
    catch_begin();
    log_notice("not said");
    log_debug("not said");
    log_error("said");
    assert_string_equal(catch_end(text, sizeof(text)), "oddline: error: said\n");
    log_setup(LOG_QUIET, 0);
    catch_begin();
    log_error("not said");
    assert_string_equal(catch_end(text, sizeof(text)), "");
}

static void log_puts_the_time_in_front_when_asked(void **state)
{
    (void)state;
    char text[256];
    log_setup(LOG_DEBUG, 1);
    catch_begin();
    log_debug("x");
    catch_end(text, sizeof(text));
    assert_int_equal(strlen(text), strlen("2016-12-19T17:14:38.000Z debug: x\n"));
    assert_int_equal(text[10], 'T');
    assert_string_equal(text + 23, "Z debug: x\n");
}

static void log_defuses_control_bytes(void **state)
{
    (void)state;
    char text[256];
    log_setup(LOG_NOTICE, 0);
    catch_begin();
    log_error("a\033[2Jb\nc\rd\x7f%s", "e\tf");
    assert_string_equal(catch_end(text, sizeof(text)),
                        "oddline: error: a\\x1b[2Jb\\x0ac\\x0dd\\x7fe f\n");
}

/* U+009B is CSI, which terminals obey as they obey ESC [. */
static void log_defuses_the_second_set_of_control_bytes(void **state)
{
    (void)state;
    char text[256];
    log_setup(LOG_NOTICE, 0);
    catch_begin();
    log_error("%s", "a\xc2\x9b"
                    "2Jb \xc3\x9c \xc2\xa9 \xe2\x9b\x84 \xc2");
    assert_string_equal(catch_end(text, sizeof(text)),
                        "oddline: error: a\\x9b2Jb \xc3\x9c \xc2\xa9 \xe2\x9b\x84 \\xc2\n");
}

static void log_cuts_a_long_line_and_still_ends_it(void **state)
{
    (void)state;
    char text[4096], name[3000];
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    log_setup(LOG_NOTICE, 1);
    catch_begin();
    log_error("%s", name);
    catch_end(text, sizeof(text));
    assert_in_range(strlen(text), 1000, 1152);
    assert_int_equal(text[strlen(text) - 1], '\n');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log_writes_one_line_with_its_level),
        cmocka_unit_test(log_keeps_silent_above_its_level),
        cmocka_unit_test(log_puts_the_time_in_front_when_asked),
        cmocka_unit_test(log_defuses_control_bytes),
        cmocka_unit_test(log_defuses_the_second_set_of_control_bytes),
        cmocka_unit_test(log_cuts_a_long_line_and_still_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
