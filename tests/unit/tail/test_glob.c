/* SPDX-License-Identifier: MIT */
/* Promise: the walk names what glob(3) would name, keeps nothing, and tells which directories matter. */

#include "room.h"
#include "tail/glob.h"

#include <glob.h>

struct seen {
    struct buffer found, dirs;
    size_t count;
};

static void on_found(void *context, const char *path)
{
    struct seen *seen = context;
    seen->count++;
    if (access(path, F_OK) == 0)
        buffer_printf(&seen->found, "%s ", path + strlen(room_dir) + 1);
}

static void on_entered(void *context, const char *path)
{
    struct seen *seen = context;
    buffer_printf(&seen->dirs, "%s ", path + strlen(room_dir));
}

static size_t count_as_glob3(const char *pattern)
{
    glob_t g;
    size_t n = glob(pattern, 0, NULL, &g) == 0 ? g.gl_pathc : 0;
    globfree(&g);
    return n;
}

static void expect(const char *pattern, size_t count)
{
    struct seen seen = {0};
    struct glob_visitor visitor = {on_entered, on_found, &seen};
    glob_each(at(pattern), &visitor);
    buffer_char(&seen.found, '\0');
    size_t words = 0;
    for (const char *c = seen.found.at; *c; c++)
        words += *c == ' ';
    assert_int_equal(words, count);
    assert_int_equal(count_as_glob3(at(pattern)), count);
    buffer_free(&seen.found);
    buffer_free(&seen.dirs);
}

static void glob_agrees_with_glob3(void **state)
{
    (void)state;
    assert_int_equal(mkdir(at("one"), 0755), 0);
    assert_int_equal(mkdir(at("two"), 0755), 0);
    static const char *const names[] = {"one/a.log",       "one/b.log", "two/a.log",
                                        "one/.hidden.log", "one/x[1]",  "one/c.txt",
                                        "top.log"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        append(names[i], "");
    expect("one/*.log", 2);
    expect("*/a.log", 2);
    expect("*/*", 5);
    expect("one/.*.log", 1);
    expect("one/x\\[1\\]", 1);
    expect("one/[ab].log", 2);
    expect("one/?.txt", 1);
    expect("top.log", 1);
    expect("none/*.log", 0);
    expect("*.log/x", 0);
}

static void glob_tells_the_directories_it_depends_on(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct glob_visitor visitor = {on_entered, on_found, &seen};
    assert_int_equal(mkdir(at("one"), 0755), 0);
    glob_each(at("*/sub/*.log"), &visitor);
    buffer_char(&seen.dirs, '\0');
    assert_string_equal(seen.dirs.at, " /one/sub ");
    buffer_free(&seen.dirs);
    buffer_free(&seen.found);
}

#define T(name) cmocka_unit_test_setup_teardown(name, room_enter, room_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(glob_agrees_with_glob3),
        T(glob_tells_the_directories_it_depends_on),
    };
    return cmocka_run_group_tests_name("glob", tests, NULL, NULL);
}
