/* SPDX-License-Identifier: MIT */
/* The promise: what sinks confirmed survives a restart, and a damaged file counts as empty. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "deliver/confirm.h"
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void confirm_survives_a_restart_and_refuses_damage(void **state)
{
    (void)state;
    struct sandbox sandbox;
    struct confirm a = {0}, b = {0};
    sandbox_make(&sandbox);
    int dir = open(sandbox.dir, O_RDONLY | O_DIRECTORY);
    confirm_load(&b, dir);
    assert_int_equal(b.count, 0);
    a.at[confirm_slot(&a, "redis")].n = 12;
    a.at[confirm_slot(&a, "jsonl")].n = UINT64_MAX - 1;
    assert_int_equal(confirm_store(&a, dir), 0);
    confirm_load(&b, dir);
    assert_int_equal(b.count, 2);
    assert_true(b.at[confirm_slot(&b, "jsonl")].n == UINT64_MAX - 1);
    assert_int_equal(b.at[confirm_slot(&b, "redis")].n, 12);
    size_t len;
    char *text = read_whole(sandbox_path(&sandbox, "confirmed"), &len);
    for (size_t i = 0; i < len; i++) {
        struct confirm c = {0};
        text[i] ^= 1;
        write_file(sandbox_path(&sandbox, "confirmed"), text, len);
        confirm_load(&c, dir);
        assert_int_equal(c.count, 0);
        text[i] ^= 1;
    }
    free(text);
    close(dir);
    sandbox_remove(&sandbox);
}

static void confirm_only_followed_sinks_hold_findings_back(void **state)
{
    (void)state;
    struct confirm c = {0};
    assert_true(confirm_lowest(&c) == UINT64_MAX);
    c.at[confirm_slot(&c, "left")].n = 3;
    c.at[confirm_slot(&c, "here")].n = 7;
    c.at[confirm_slot(&c, "here")].followed = true;
    assert_int_equal(confirm_lowest(&c), 7);
    assert_int_equal(confirm_highest(&c), 7);
}

static void confirm_bounds_its_names(void **state)
{
    (void)state;
    struct confirm c = {0};
    char name[80];
    assert_int_equal(confirm_slot(&c, ""), -EINVAL);
    assert_int_equal(confirm_slot(&c, "two words"), -EINVAL);
    for (int i = 0; i < CONFIRM_SINKS_MAX; i++) {
        snprintf(name, sizeof(name), "%063d", i);
        assert_int_equal(confirm_slot(&c, name), i);
    }
    assert_int_equal(confirm_slot(&c, "more"), -ENOSPC);
    snprintf(name, sizeof(name), "%064d", 1);
    assert_int_equal(confirm_slot(&c, name), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(confirm_survives_a_restart_and_refuses_damage),
        cmocka_unit_test(confirm_only_followed_sinks_hold_findings_back),
        cmocka_unit_test(confirm_bounds_its_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
