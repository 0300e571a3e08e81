/* SPDX-License-Identifier: MIT */
/* Promise: an arena gives zeroed, aligned memory that stays where it is until all of it is given back at once. */

#include "base/arena.h"

#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void arena_gives_zeroed_memory_aligned_for_anything(void **state)
{
    (void)state;
    struct arena arena = {0};
    for (size_t size = 1; size < 200; size += 13) {
        unsigned char *at = arena_alloc(&arena, 3, size);
        assert_int_equal((uintptr_t)at % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < 3 * size; i++)
            assert_int_equal(at[i], 0);
        memset(at, 0xff, 3 * size); // the next one must not see this
    }
    arena_free(&arena);
}

static void arena_keeps_what_it_gave_while_it_grows(void **state)
{
    (void)state;
    struct arena arena = {0};
    char *names[100];
    for (int i = 0; i < 100; i++)
        names[i] = arena_printf(&arena, "name %d", i);
    for (int i = 0; i < 100; i++) {
        char want[16];
        snprintf(want, sizeof(want), "name %d", i);
        assert_string_equal(names[i], want);
    }
    arena_free(&arena);
}

static void arena_copies_text_with_a_nul_behind_it(void **state)
{
    (void)state;
    struct arena arena = {0};
    const char from[] = {'a', 'b', 'c', 'd'};
    assert_string_equal(arena_text(&arena, (struct bytes){from, 3}), "abc");
    assert_string_equal(arena_text(&arena, (struct bytes){0}), "");
    arena_free(&arena);
}

static void arena_is_empty_and_usable_again_after_free(void **state)
{
    (void)state;
    struct arena arena = {0};
    arena_free(&arena);
    assert_non_null(arena_alloc(&arena, 0, 0));
    arena_free(&arena);
    assert_null(arena.blocks);
    assert_string_equal(arena_printf(&arena, "%s", "again"), "again");
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena_gives_zeroed_memory_aligned_for_anything),
        cmocka_unit_test(arena_keeps_what_it_gave_while_it_grows),
        cmocka_unit_test(arena_copies_text_with_a_nul_behind_it),
        cmocka_unit_test(arena_is_empty_and_usable_again_after_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
