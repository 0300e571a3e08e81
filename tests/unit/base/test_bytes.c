/* SPDX-License-Identifier: MIT */
/* Promise: text is a pointer and a length, NUL included; a buffer grows, and the process ends when it cannot. */

#include "base/bytes.h"
#include "base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void bytes_with_nul_inside_are_compared_whole(void **state)
{
    (void)state;
    struct bytes a = {"a\0b", 3}, b = {"a\0c", 3}, nothing = {0};
    assert_false(bytes_equal(a, b));
    assert_true(bytes_equal(a, (struct bytes){"a\0bx", 3}));
    assert_false(bytes_is(a, "a"));
    assert_true(bytes_equal(nothing, bytes_of("")));
    assert_false(bytes_equal(nothing, a));
}

static void bytes_know_what_they_start_with(void **state)
{
    (void)state;
    assert_true(bytes_starts_with(bytes_of("error: x"), "error"));
    assert_true(bytes_starts_with(bytes_of("error"), "error"));
    assert_false(bytes_starts_with(bytes_of("erro"), "error"));
    assert_false(bytes_starts_with(bytes_of("terror"), "error"));
    assert_false(bytes_starts_with((struct bytes){0}, "a"));
    assert_true(bytes_starts_with((struct bytes){0}, "")); // and NULL is not looked at
}

static void buffer_keeps_its_content_while_it_grows(void **state)
{
    (void)state;
    struct buffer buffer = {0};
    for (int i = 0; i < 10000; i++)
        buffer_printf(&buffer, "%d,", i);
    buffer_char(&buffer, '.');
    buffer_append(&buffer, NULL, 0);
    assert_int_equal(buffer.len, 10 * 2 + 90 * 3 + 900 * 4 + 9000 * 5 + 1);
    assert_memory_equal(buffer.at, "0,1,2,", 6);
    assert_memory_equal(buffer.at + buffer.len - 6, "9999,.", 6);
    buffer_free(&buffer);
    assert_int_equal(buffer.len, 0);
}

static void buffer_prints_text_of_any_length(void **state)
{
    (void)state;
    struct buffer buffer = {0};
    char long_text[3000];
    memset(long_text, 'x', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    buffer_printf(&buffer, "%s%s", long_text, "end");
    assert_int_equal(buffer.len, sizeof(long_text) + 2);
    assert_memory_equal(buffer.at + sizeof(long_text) - 1, "end", 3);
    buffer_clear(&buffer);
    assert_int_equal(buffer.len, 0);
    assert_true(buffer.capacity >= sizeof(long_text)); // the memory is kept
    buffer_text(&buffer, "new");
    assert_true(bytes_is(buffer_bytes(&buffer), "new"));
    buffer_free(&buffer);
}

static void buffer_room_is_not_content_until_it_is_counted(void **state)
{
    (void)state;
    struct buffer buffer = {0};
    buffer_text(&buffer, "ab");
    char *room = buffer_room(&buffer, 1000);
    assert_ptr_equal(room, buffer.at + 2);
    memset(room, 'c', 1000);
    assert_int_equal(buffer.len, 2);
    buffer.len += 1;
    assert_true(bytes_is(buffer_bytes(&buffer), "abc"));
    buffer_free(&buffer);
}

/* A size that no memory has ends the process with a sentence, not with a loop without end or a part that is missing. */
static void buffer_without_memory_ends_the_process(void **state)
{
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct buffer buffer = {0};
        buffer_text(&buffer, "kept");
        buffer_room(&buffer, SIZE_MAX - 2);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), MEMORY_EXIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_with_nul_inside_are_compared_whole),
        cmocka_unit_test(bytes_know_what_they_start_with),
        cmocka_unit_test(buffer_keeps_its_content_while_it_grows),
        cmocka_unit_test(buffer_prints_text_of_any_length),
        cmocka_unit_test(buffer_room_is_not_content_until_it_is_counted),
        cmocka_unit_test(buffer_without_memory_ends_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
