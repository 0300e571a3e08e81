/* SPDX-License-Identifier: MIT */
/*
 * Promise: the state directory comes into being with its parents, readable by nobody else, and is left alone where it is there
 * already; what stands in the way is named.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/state.h"
#include "rig.h"

#include <errno.h>
#include <limits.h>

static struct error error;

static unsigned mode_of(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 0777;
}

static void state_is_made_with_its_parents(void **state)
{
    (void)state;
    mode_t mask = umask(0);
    assert_int_equal(state_make("var//lib/./oddline/", &error), 0);
    assert_int_equal(mode_of("var/lib/oddline"), 0750);
    assert_int_equal(mode_of("var"), 0750);
    char path[1024];
    snprintf(path, sizeof(path), "%s/absolute/one", rig_dir);
    assert_int_equal(state_make(path, &error), 0);
    assert_int_equal(mode_of("absolute/one"), 0750);
    umask(mask);
}

static void state_that_is_there_is_left_as_it_is(void **state)
{
    (void)state;
    assert_int_equal(mkdir("mine", 0700), 0);
    assert_int_equal(symlink("mine", "link"), 0);
    assert_int_equal(state_make("mine", &error), 0);
    assert_int_equal(state_make("link", &error), 0);
    assert_int_equal(mode_of("mine"), 0700);
}

static void state_names_what_stands_in_the_way(void **state)
{
    (void)state;
    char longer[PATH_MAX + 1];
    rig_write("file", "x\n");
    assert_int_equal(state_make("file", &error), -ENOTDIR);
    assert_string_equal(error.text, "file: cannot be made: a file of that name is there");
    assert_int_equal(state_make("file/below", &error), -ENOTDIR);
    assert_string_equal(error.text, "file: cannot be made: a file of that name is there");
    assert_int_equal(symlink("nowhere", "dangling"), 0);
    assert_int_equal(state_make("dangling", &error), -EEXIST);
    assert_int_equal(state_make("", &error), -EINVAL);
    memset(longer, 'a', PATH_MAX);
    longer[PATH_MAX] = '\0';
    assert_int_equal(state_make(longer, &error), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(state_is_made_with_its_parents),
        RIG_TEST(state_that_is_there_is_left_as_it_is),
        RIG_TEST(state_names_what_stands_in_the_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
