/* SPDX-License-Identifier: MIT */
/* Promise: a file is recognised by number and content, and the marker is always the last bytes before the offset. */

#include "room.h"
#include "tail/identity.h"

static void marker_keeps_the_last_bytes_however_they_arrive(void **state)
{
    (void)state;
    char text[500];
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)('a' + i % 23);
    for (size_t step = 1; step < 130; step++) {
        struct marker marker = {.len = 0};
        for (size_t i = 0; i + step <= sizeof(text); i += step) {
            marker_push(&marker, text + i, step);
            size_t end = i + step, len = end < MARKER_BYTES ? end : MARKER_BYTES;
            assert_int_equal(marker.len, len);
            assert_memory_equal(marker.at, text + end - len, len);
        }
    }
}

static void marker_read_agrees_with_marker_push(void **state)
{
    (void)state;
    struct marker pushed = {.len = 0}, seen = {.len = 0};
    append("a",
           "one line\nand another one that is longer than sixty-four bytes, for sure it is\n");
    marker_push(&pushed, "one line\nand", 12);
    int fd = open(at("a"), O_RDONLY);
    assert_int_equal(marker_read(fd, 12, &seen), 0);
    assert_true(marker_hash(&pushed) == marker_hash(&seen));
    assert_int_equal(marker_read(fd, 5000, &seen), -ENODATA);
    assert_int_equal(seen.len, 12);
    close(fd);
}

static void head_needs_as_many_bytes_as_asked(void **state)
{
    (void)state;
    uint64_t one = 0, two = 0;
    append("a", "abcdef");
    append("b", "abcxyz");
    int a = open(at("a"), O_RDONLY), b = open(at("b"), O_RDONLY);
    assert_int_equal(identity_head(a, 3, &one), 0);
    assert_int_equal(identity_head(b, 3, &two), 0);
    assert_true(one == two);
    assert_int_equal(identity_head(b, 4, &two), 0);
    assert_true(one != two);
    assert_int_equal(identity_head(a, 7, &one), -ENODATA);
    close(a);
    close(b);
}

static void generation_tells_two_files_with_one_inode_apart(void **state)
{
    (void)state;
    struct identity a = {.device = 1, .inode = 2, .generation = 3}, b = a, none = a;
    b.generation = 4;
    none.generation = 0;
    assert_true(identity_same(&a, &a));
    assert_false(identity_same(&a, &b));
    assert_true(identity_same(&a, &none));
    none.device = 9;
    assert_false(identity_same(&a, &none));
    assert_true(identity_alike(&a, &none));
}

#define T(name) cmocka_unit_test_setup_teardown(name, room_enter, room_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(marker_keeps_the_last_bytes_however_they_arrive),
        T(marker_read_agrees_with_marker_push),
        T(head_needs_as_many_bytes_as_asked),
        T(generation_tells_two_files_with_one_inode_apart),
    };
    return cmocka_run_group_tests_name("identity", tests, NULL, NULL);
}
