/* SPDX-License-Identifier: MIT */
/*
 * Promise: a new detector is a whole project in a directory of its own; a bad name, a full directory or a wrong prefix writes nothing.
 * That the project builds and finds something is tests/e2e/author.sh.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/cli.h"
#include "command/author.h"
#include "rig.h"

#include <errno.h>
#include <glob.h>

/* Of main.c, which is not in here: cli.c looks them up. */
const struct command commands[] = {{"plugins", "plugins", "", author_command}};
const size_t command_count = 1;

static char *slurp(const char *path)
{
    static char text[262144];
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t got = fread(text, 1, sizeof(text) - 1, file);
    fclose(file);
    text[got] = '\0';
    return text;
}

static int write_one(const char *name, const char *dir, const char *from, struct error *error)
{
    const struct author_options options = {.name = name, .dir = dir, .from = from};
    return author_write(&options, error);
}

static void author_writes_every_file_with_the_name_filled_in(void **state)
{
    (void)state;
    struct error error;
    glob_t found;
    assert_int_equal(write_one("my-own", NULL, NULL, &error), 0);
    assert_int_equal(glob("my-own/*", 0, NULL, &found), 0);
    assert_int_equal(found.gl_pathc, author_file_count);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        const char *text = slurp(found.gl_pathv[i]);
        assert_null(strstr(text, "@NAME@"));
        assert_null(strstr(text, "HINT@"));
        assert_true(text[strlen(text) - 1] == '\n');
    }
    globfree(&found);
    assert_non_null(strstr(slurp("my-own/my-own.c"), ".id = \"my-own\""));
    assert_non_null(
        strstr(slurp("my-own/CMakeLists.txt"), "oddline_add_detector(my-own my-own.c)"));
    assert_non_null(strstr(slurp("my-own/Makefile"), "-o $@ $< -lm")); // other @ stay
}

static void author_refuses_what_is_no_id(void **state)
{
    (void)state;
    static const char *const names[] = {"",   "Upper", "a_b",  "a b", "a/b",     "..",
                                        "-a", "a-",    "test", "new", "install", "a\nb"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct error error = {""};
        assert_int_equal(write_one(names[i], "there", NULL, &error), -EINVAL);
        assert_non_null(strstr(error.text, "no name for a detector"));
        assert_int_equal(access("there", F_OK), -1);
    }
}

static void author_writes_nothing_over(void **state)
{
    (void)state;
    struct error error;
    glob_t found;
    assert_int_equal(mkdir("full", 0700), 0);
    rig_write("full/.hidden", "mine");
    assert_int_equal(write_one("fresh", "full", NULL, &error), -ENOTEMPTY);
    assert_int_equal(glob("full/*", 0, NULL, &found), GLOB_NOMATCH);
    assert_string_equal(slurp("full/.hidden"), "mine");
    rig_write("file", "mine");
    assert_true(write_one("fresh", "file", NULL, &error) < 0);
    assert_string_equal(slurp("file"), "mine");
    assert_int_equal(mkdir("empty", 0700), 0);
    assert_int_equal(write_one("fresh", "empty", NULL, &error), 0);
    assert_int_equal(write_one("fresh", "empty", NULL, &error), -ENOTEMPTY);
}

static void author_names_where_oddline_is_only_if_it_is_there(void **state)
{
    (void)state;
    struct error error;
    char line[1024];
    assert_int_equal(write_one("fresh", NULL, "nowhere", &error), -ENOENT);
    assert_int_equal(access("fresh", F_OK), -1);
    rig_write("CMakeCache.txt", "");
    assert_int_equal(write_one("fresh", NULL, rig_dir, &error), -ENOENT);
    assert_non_null(strstr(error.text, "cmake --install"));
    assert_int_equal(
        mkdir("lib", 0700) | mkdir("lib/arch", 0700) | mkdir("lib/arch/pkgconfig", 0700), 0);
    rig_write("lib/arch/pkgconfig/oddline.pc", "");
    assert_int_equal(write_one("fresh", NULL, ".", &error), 0);
    snprintf(line, sizeof(line), "CMAKE_PREFIX_PATH \"%s\"", rig_dir);
    assert_non_null(strstr(slurp("fresh/CMakeLists.txt"), line));
    snprintf(line, sizeof(line),
             "PKG_CONFIG_PATH := $(PKG_CONFIG_PATH):%s/lib/arch/pkgconfig\n", rig_dir);
    assert_non_null(strstr(slurp("fresh/Makefile"), line));
}

/* A prefix with a meaning to make or CMake is not written into their files. */
static void author_keeps_odd_paths_out_of_what_is_executed(void **state)
{
    (void)state;
    struct error error;
    assert_int_equal(
        mkdir("$(x)", 0700) | mkdir("$(x)/lib", 0700) | mkdir("$(x)/lib/pkgconfig", 0700), 0);
    rig_write("$(x)/lib/pkgconfig/oddline.pc", "");
    assert_int_equal(write_one("fresh", NULL, "$(x)", &error), 0);
    assert_null(strstr(slurp("fresh/Makefile"), "$(x)"));
    assert_null(strstr(slurp("fresh/CMakeLists.txt"), "$(x)"));
}

static void author_sample_is_always_the_same(void **state)
{
    (void)state;
    size_t lines = 0, errors = 0;
    for (int i = 0; i < 2; i++) {
        FILE *out = fopen(i ? "b.log" : "a.log", "w");
        assert_non_null(out);
        author_sample(out);
        fclose(out);
    }
    char *first = strdup(slurp("a.log"));
    assert_string_equal(first, slurp("b.log"));
    for (const char *at = first; (at = strchr(at, '\n')); at++)
        lines++;
    for (const char *at = first; (at = strstr(at, " ERROR ")); at++)
        errors++;
    free(first);
    assert_in_range(lines, 1000, 3000);
    assert_in_range(errors, 50, 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(author_writes_every_file_with_the_name_filled_in),
        RIG_TEST(author_refuses_what_is_no_id),
        RIG_TEST(author_writes_nothing_over),
        RIG_TEST(author_names_where_oddline_is_only_if_it_is_there),
        RIG_TEST(author_keeps_odd_paths_out_of_what_is_executed),
        RIG_TEST(author_sample_is_always_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
