/* SPDX-License-Identifier: MIT */
/* The promise: each start has a token that nobody else has, and knows those of the starts before it, whatever the disk does. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "deliver/redis_instance.h"
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct sandbox sandbox;
static const char *path;

static int setup(void **state)
{
    (void)state;
    sandbox_make(&sandbox);
    path = sandbox_path(&sandbox, "instances");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sandbox_remove(&sandbox);
    return 0;
}

static struct redis_instance start(void)
{
    struct redis_instance instance = {.token = ""};
    struct error error = {""};
    if (redis_instance_begin(path, &instance, &error) < 0)
        fail_msg("%s", error.text);
    assert_int_equal(strlen(instance.token), 16);
    return instance;
}

static bool knows(const struct redis_instance *instance, const char *token)
{
    char word[24];
    snprintf(word, sizeof(word), " %s ", token);
    return strstr(instance->known, word) != NULL;
}

static void instance_knows_the_starts_before_it(void **state)
{
    (void)state;
    struct redis_instance first = start(), second = start(), third = start();
    assert_string_not_equal(first.token, second.token);
    assert_true(knows(&first, first.token) && !knows(&first, second.token));
    assert_true(knows(&third, first.token) && knows(&third, second.token));
    assert_true(knows(&third, third.token));
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(access(sandbox_path(&sandbox, "instances.new"), F_OK), -1);
}

static void instance_forgets_the_oldest_first(void **state)
{
    (void)state;
    struct redis_instance first = start(), last = first;
    for (int i = 1; i < REDIS_INSTANCE_TOKENS; i++)
        last = start();
    assert_true(knows(&last, first.token));
    assert_int_equal(strlen(last.known), REDIS_INSTANCE_TOKENS * REDIS_INSTANCE_WORD + 1);
    struct redis_instance next = start();
    assert_false(knows(&next, first.token));
    assert_true(knows(&next, last.token));
}

static void instance_of_a_copy_is_a_stranger(void **state)
{
    (void)state;
    struct redis_instance common = start();
    size_t len;
    char *text = read_whole(path, &len);
    struct redis_instance mine = start();
    write_file(path, text, len);
    struct redis_instance copy = start();
    assert_false(knows(&copy, mine.token) || knows(&mine, copy.token));
    assert_true(knows(&copy, common.token));
    free(text);
}

static void instance_takes_what_is_whole_of_a_damaged_file(void **state)
{
    (void)state;
    static const char text[] = "0123456789abcdef\nfedcba98\n0123456789abcde0\n";
    write_file(path, text, sizeof(text) - 1);
    struct redis_instance instance = start();
    assert_true(knows(&instance, "0123456789abcdef"));
    assert_false(knows(&instance, "0123456789abcde0"));
    write_file(path, "\0\xff\0", 3);
    instance = start();
    assert_int_equal(strlen(instance.known), 18);
}

static void instance_goes_on_as_the_last_one_when_nothing_can_be_written(void **state)
{
    (void)state;
    struct redis_instance before = start(), now = {.token = ""};
    // a directory in the way of the new file: what root is refused as well
    assert_int_equal(mkdir(sandbox_path(&sandbox, "instances.new"), 0700), 0);
    assert_int_equal(redis_instance_begin(path, &now, NULL), 0);
    assert_string_equal(now.token, before.token);
    assert_string_equal(now.known, before.known);
    struct error error = {""};
    struct redis_instance none = {.token = "as before"};
    unlink(path);
    assert_true(redis_instance_begin(path, &none, &error) < 0);
    assert_non_null(strstr(error.text, "instances: cannot note this start"));
    assert_string_equal(none.token, "as before");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(instance_knows_the_starts_before_it),
        T(instance_forgets_the_oldest_first),
        T(instance_of_a_copy_is_a_stranger),
        T(instance_takes_what_is_whole_of_a_damaged_file),
        T(instance_goes_on_as_the_last_one_when_nothing_can_be_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
