/* SPDX-License-Identifier: MIT */
/*
 * Promise: whatever rotation left behind is one stream, read oldest first and each file once; nothing that was named goes missing
 * without a word.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/inputs.h"
#include "base/log.h"
#include "rig.h"

static struct inputs inputs;

static int set_up(void **state)
{
    log_setup(LOG_QUIET, 0);
    return rig_set_up(state);
}

static int tear_down(void **state)
{
    inputs_free(&inputs);
    return rig_tear_down(state);
}

/* Make these files and look for them all; NULL ends the list. */
static void find(const char *const *paths)
{
    char *argv[16];
    size_t count = 0;
    for (; paths[count]; count++) {
        argv[count] = (char *)(uintptr_t)paths[count];
        if (strcmp(paths[count], "-") != 0)
            rig_write(paths[count], "x\n");
    }
    inputs_free(&inputs);
    inputs_find(argv, count, &inputs);
}

static void find_path(const char *path)
{
    char *argv[] = {(char *)(uintptr_t)path};
    inputs_free(&inputs);
    inputs_find(argv, 1, &inputs);
}

/* "stream: path path; stream: path" */
static const char *told(void)
{
    static char text[2048];
    size_t at = 0;
    text[0] = '\0';
    for (size_t i = 0; i < inputs.count; i++) {
        bool fresh = i == 0 || strcmp(inputs.at[i].stream, inputs.at[i - 1].stream) != 0;
        at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s%s %s",
                               fresh && i ? "; " : "", fresh ? inputs.at[i].stream : "",
                               fresh ? ":" : "", inputs.at[i].path);
    }
    return text;
}

static void inputs_reads_rotated_files_as_one_stream_oldest_first(void **state)
{
    (void)state;
    static const char *const paths[] = {"app.log", "app.log.2.zst", "app.log.1", "app.log.10",
                                        NULL};
    find(paths);
    assert_string_equal(told(), "app.log: app.log.10 app.log.2.zst app.log.1 app.log");
}

static void inputs_reads_dated_files_oldest_first(void **state)
{
    (void)state;
    static const char *const paths[] = {"app.log", "app.log-20161219.zst", "app.log-20161220",
                                        "app.log-20151231", NULL};
    find(paths);
    assert_string_equal(
        told(), "app.log: app.log-20151231 app.log-20161219.zst app.log-20161220 app.log");
    static const char *const others[] = {"a.log", "a.log.20161219", "a.log_20161218", NULL};
    find(others);
    assert_string_equal(told(), "a.log: a.log_20161218 a.log.20161219 a.log");
}

static void inputs_reads_dates_with_dashes_and_hours_oldest_first(void **state)
{
    (void)state;
    static const char *const paths[] = {"x.log",
                                        "x.log.2016-12-20",
                                        "x.log.2016-12-19",
                                        "x.log.2015-12-31.zst",
                                        "x.log-2014-01-01",
                                        NULL};
    find(paths);
    assert_string_equal(told(), "x.log: x.log-2014-01-01 x.log.2015-12-31.zst x.log.2016-12-19 "
                                "x.log.2016-12-20 x.log");
    static const char *const hours[] = {"y.log",
                                        "y.log.2016-12-19-17",
                                        "y.log.2016-12-20-00",
                                        "y.log.2016-12-19-09",
                                        "y.log-2016121823",
                                        NULL};
    find(hours);
    assert_string_equal(told(), "y.log: y.log-2016121823 y.log.2016-12-19-09 "
                                "y.log.2016-12-19-17 y.log.2016-12-20-00 y.log");
}

static void inputs_takes_no_number_for_a_date_that_is_none(void **state)
{
    (void)state;
    static const char *const paths[] = {"x.log",
                                        "x.log.2016-13-19",
                                        "x.log.2016-12-32",
                                        "x.log-12345678",
                                        "x.log.2016-12-19-24",
                                        "x.log.16-12-19",
                                        "app-2016-12-19.log",
                                        NULL};
    find(paths);
    assert_int_equal(inputs.count, 7);
    for (size_t i = 0; i < inputs.count; i++)
        assert_string_equal(inputs.at[i].stream, inputs.at[i].path);
}

static void inputs_reads_an_archive_before_the_live_file(void **state)
{
    (void)state;
    static const char *const paths[] = {"app.log", "app.log.zst", "app.log.1", NULL};
    find(paths);
    assert_string_equal(told(), "app.log: app.log.1 app.log.zst app.log");
}

static void inputs_keeps_numbers_that_are_no_rotation(void **state)
{
    (void)state;
    static const char *const paths[] = {"web1", "port.12345", "v-123", "42", "x.log", NULL};
    find(paths);
    assert_string_equal(told(), "web1: web1; port.12345: port.12345; v-123: v-123; 42: 42; "
                                "x.log: x.log");
}

static void inputs_names_a_file_that_is_only_a_number_by_it(void **state)
{
    (void)state;
    assert_int_equal(mkdir("d", 0700), 0);
    static const char *const paths[] = {"d/.1", "d/2", NULL};
    find(paths);
    assert_string_equal(told(), "d/.1: d/.1; d/2: d/2");
}

static void inputs_keeps_the_order_in_which_streams_were_named(void **state)
{
    (void)state;
    static const char *const paths[] = {"z.log.1", "a.log", "z.log", "m.log", "a.log.1", NULL};
    find(paths);
    assert_string_equal(told(), "z.log: z.log.1 z.log; a.log: a.log.1 a.log; m.log: m.log");
}

static void inputs_takes_the_dots_off_a_name(void **state)
{
    (void)state;
    static const char *const paths[] = {"./app.log.1", "app.log", "././b.log", NULL};
    find(paths);
    assert_string_equal(told(), "app.log: ./app.log.1 app.log; b.log: ././b.log");
}

static void inputs_knows_stdin(void **state)
{
    (void)state;
    static const char *const paths[] = {"-", "app.log", NULL};
    find(paths);
    assert_string_equal(told(), "stdin: -; app.log: app.log");
}

static void inputs_walks_directories_and_leaves_hidden_files_out(void **state)
{
    (void)state;
    assert_int_equal(mkdir("logs", 0700), 0);
    assert_int_equal(mkdir("logs/sub", 0700), 0);
    assert_int_equal(mkdir("logs/.git", 0700), 0);
    rig_write("logs/b.log", "");
    rig_write("logs/a.log.1", "");
    rig_write("logs/a.log", "");
    rig_write("logs/.hidden", "");
    rig_write("logs/.git/config", "");
    rig_write("logs/sub/c.log", "");
    find_path("logs");
    assert_string_equal(told(), "logs/a.log: logs/a.log.1 logs/a.log; logs/b.log: logs/b.log; "
                                "logs/sub/c.log: logs/sub/c.log");
    assert_int_equal(inputs.unreadable, 0);
    find_path("logs/");
    assert_int_equal(inputs.count, 4);
    find_path("logs/.hidden"); // asked for by name
    assert_int_equal(inputs.count, 1);
}

static void inputs_walks_a_directory_that_is_named_by_a_link(void **state)
{
    (void)state;
    assert_int_equal(mkdir("logs", 0700), 0);
    rig_write("logs/a.log", "");
    assert_int_equal(symlink("logs", "current"), 0);
    find_path("current");
    assert_string_equal(told(), "current/a.log: current/a.log");
}

static void inputs_reads_a_file_once_however_often_it_is_named(void **state)
{
    (void)state;
    assert_int_equal(mkdir("logs", 0700), 0);
    static const char *const paths[] = {"logs/a.log", "b.log", "logs/a.log", NULL};
    find(paths);
    assert_string_equal(told(), "logs/a.log: logs/a.log; b.log: b.log");
    char *argv[] = {(char[]){"logs"}, (char[]){"logs/a.log"}};
    inputs_free(&inputs);
    inputs_find(argv, 2, &inputs);
    assert_string_equal(told(), "logs/a.log: logs/a.log");
}

static void inputs_follows_links_in_a_directory_to_regular_files(void **state)
{
    (void)state;
    assert_int_equal(mkdir("pods", 0700), 0);
    assert_int_equal(mkdir("pods/web", 0700), 0);
    assert_int_equal(mkdir("containers", 0700), 0);
    rig_write("pods/web/0.log", "x\n");
    assert_int_equal(symlink("../pods/web/0.log", "containers/web.log"), 0);
    assert_int_equal(symlink("../pods", "containers/dir"), 0);
    assert_int_equal(symlink("nowhere", "containers/dangling.log"), 0);
    assert_int_equal(symlink("/dev/null", "containers/device"), 0);
    assert_int_equal(symlink("loop", "containers/loop"), 0);
    find_path("containers");
    assert_string_equal(told(), "containers/web.log: containers/web.log");
    assert_int_equal(inputs.unreadable, 0);
}

static void inputs_reads_a_file_under_its_own_name_rather_than_a_link(void **state)
{
    (void)state;
    assert_int_equal(mkdir("logs", 0700), 0);
    rig_write("logs/app.log-20161219", "x\n");
    rig_write("logs/app.log-20161218", "x\n");
    assert_int_equal(symlink("app.log-20161219", "logs/app.log"), 0);
    assert_int_equal(symlink("app.log-20161219", "logs/latest"), 0);
    assert_int_equal(link("logs/app.log-20161218", "logs/b.log"), 0);
    find_path("logs");
    assert_string_equal(told(), "logs/app.log: logs/app.log-20161218 logs/app.log-20161219");
}

static void inputs_counts_what_is_not_there(void **state)
{
    (void)state;
    find_path("none.log");
    assert_int_equal(inputs.count, 0);
    assert_int_equal(inputs.unreadable, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(inputs_reads_rotated_files_as_one_stream_oldest_first),
        TEST(inputs_reads_dated_files_oldest_first),
        TEST(inputs_reads_dates_with_dashes_and_hours_oldest_first),
        TEST(inputs_takes_no_number_for_a_date_that_is_none),
        TEST(inputs_reads_an_archive_before_the_live_file),
        TEST(inputs_keeps_numbers_that_are_no_rotation),
        TEST(inputs_names_a_file_that_is_only_a_number_by_it),
        TEST(inputs_keeps_the_order_in_which_streams_were_named),
        TEST(inputs_takes_the_dots_off_a_name),
        TEST(inputs_knows_stdin),
        TEST(inputs_walks_directories_and_leaves_hidden_files_out),
        TEST(inputs_walks_a_directory_that_is_named_by_a_link),
        TEST(inputs_reads_a_file_once_however_often_it_is_named),
        TEST(inputs_follows_links_in_a_directory_to_regular_files),
        TEST(inputs_reads_a_file_under_its_own_name_rather_than_a_link),
        TEST(inputs_counts_what_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
