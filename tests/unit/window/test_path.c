/* SPDX-License-Identifier: MIT */
/* Promise: the name of a source lives as long as anybody refers to it, and no longer (the leak sanitizer sees that). */

#include "window/path.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void path_is_a_copy_of_the_name(void **state)
{
    (void)state;
    char name[] = "/var/log/app.log";
    struct path *path = path_new(name);
    name[0] = 'x';
    assert_string_equal(path_text(path), "/var/log/app.log");
    path_drop(path);
}

static void path_lives_until_the_last_reference_is_dropped(void **state)
{
    (void)state;
    struct path *path = path_new("app.log"), *kept[100];
    for (int i = 0; i < 100; i++) {
        kept[i] = path_take(path);
        assert_ptr_equal(kept[i], path);
    }
    path_drop(path); // the source is closed first
    for (int i = 0; i < 100; i++) {
        assert_string_equal(path_text(kept[i]), "app.log");
        path_drop(kept[i]);
    }
}

static void path_may_be_empty_and_none_may_be_dropped(void **state)
{
    (void)state;
    struct path *path = path_new("");
    assert_string_equal(path_text(path), "");
    path_drop(path);
    path_drop(NULL);
}

static void path_from_bytes_is_shared_with_one_of_the_same_name(void **state)
{
    (void)state;
    struct path *a = path_new("a.log"), *b = path_new("b.log");
    struct buffer packed = {0};
    path_pack(a, &packed);
    struct unpacker in = {.rest = buffer_bytes(&packed)}, again = in, third = in;
    struct path *alone = path_unpack(&in, NULL), *shared = path_unpack(&again, a),
                *other = path_unpack(&third, b);
    assert_string_equal(path_text(alone), "a.log");
    assert_ptr_equal(shared, a);
    assert_string_equal(path_text(other), "a.log");
    path_drop(alone);
    path_drop(shared);
    path_drop(other);
    path_drop(a);
    path_drop(b);
    buffer_free(&packed);
}

static void path_from_bytes_that_are_none_is_none(void **state)
{
    (void)state;
    struct buffer packed = {0};
    pack_bytes(&packed, (struct bytes){"a\0b", 3});
    struct unpacker in = {.rest = buffer_bytes(&packed)};
    assert_null(path_unpack(&in, NULL));
    in.rest = (struct bytes){packed.at, packed.len - 1};
    assert_null(path_unpack(&in, NULL));
    buffer_free(&packed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(path_is_a_copy_of_the_name),
        cmocka_unit_test(path_lives_until_the_last_reference_is_dropped),
        cmocka_unit_test(path_may_be_empty_and_none_may_be_dropped),
        cmocka_unit_test(path_from_bytes_is_shared_with_one_of_the_same_name),
        cmocka_unit_test(path_from_bytes_that_are_none_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
