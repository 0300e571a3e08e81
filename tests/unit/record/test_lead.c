/* SPDX-License-Identifier: MIT */
/* Promise: columns that nearly all lines have are passed over, whatever program wrote them; a sentence loses no word. */

#include "record/lead.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

enum { LINES = 50, WIDTH = 128 };

// The formats of this file are literals, two calls away.
#pragma GCC diagnostic ignored "-Wformat-nonliteral"

/* Learns from lines made by `format` with a number and a sentence; the rest of the first must be `rest`. */
static void expect(const char *format, const char *rest)
{
    static const char *const sentences[] = {"Send worker leaving thread", "error: broken pipe",
                                            "Listening", "[x] is gone", "a - b"};
    static char lines[LINES][WIDTH];
    struct bytes sample[LINES];
    for (int i = 0; i < LINES; i++) {
        snprintf(lines[i], WIDTH, format, i, sentences[i % 5]);
        sample[i] = bytes_of(lines[i]);
    }
    struct lead lead = lead_learn(sample, LINES);
    struct bytes left = lead_skip(&lead, bytes_of(lines[0]));
    assert_int_equal(left.len, strlen(rest));
    assert_memory_equal(left.at, rest, left.len);
}

static void columns_are_passed_over(void **state)
{
    static const char *const formats[] = {
        "host sshd[%d]: %s",           "- [Worker:%d@688] - %s",
        "[req-%d - - -] %s",           "Step_LSC|%d|%s",
        "R02-M1 node%d RAS INFO %s",   "[main thread] a.b.Class%d: %s",
        "1702 %d D WindowManager: %s",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
        expect(formats[i], "Send worker leaving thread");
}

static void sentences_lose_nothing(void **state)
{
    (void)state;
    expect("Task %d says %s", "Task 0 says Send worker leaving thread");
    struct lead none = lead_learn(NULL, 0);
    assert_int_equal(none.count, 0);
    assert_int_equal(lead_skip(&none, bytes_of("a: b")).len, 4);
}

static void line_without_the_columns_is_left_whole(void **state)
{
    struct bytes sample[LINES];
    (void)state;
    for (int i = 0; i < LINES; i++)
        sample[i] = bytes_of("host prog[1]: hello");
    struct lead lead = lead_learn(sample, LINES);
    assert_int_equal(lead.count, 1);
    assert_int_equal(lead_skip(&lead, bytes_of("last message repeated")).len, 21);
    assert_int_equal(lead_skip(&lead, (struct bytes){0}).len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_passed_over),
        cmocka_unit_test(sentences_lose_nothing),
        cmocka_unit_test(line_without_the_columns_is_left_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
