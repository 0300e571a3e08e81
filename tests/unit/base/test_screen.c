/* SPDX-License-Identifier: MIT */
/* The promise (P7): no bytes of a log line make a terminal do anything but show characters. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/screen.h"

#include <stdlib.h>

static void expect(const char *in, size_t len, int columns, const char *out)
{
    struct buffer b = {0};
    screen_text(&b, (struct bytes){in, len}, columns);
    buffer_char(&b, '\0');
    assert_string_equal(b.at, out);
    buffer_free(&b);
}

static void screen_shows_what_a_terminal_would_obey(void **state)
{
    (void)state;
    expect("\x1b[2J", 4, 0, "\\x1b[2J");
    expect("a\0b\r\nc\td\x7f", 9, 0, "a\\x00b\\x0d\\x0ac d\\x7f");
    expect("\xc2\x9b", 2, 0, "\\x9b");       // C1 control sequence introducer
    expect("\x9b", 1, 0, "\\x9b");           // the same as a raw byte
    expect("\xe2\x80\xae", 3, 0, "\\u202e"); // right-to-left override
    expect("\xe2\x80\xa8", 3, 0, "\\u2028"); // line separator
    expect("\xed\xa0\x80\xc0\x80", 5, 0, "\\xed\\xa0\\x80\\xc0\\x80");
    expect("\xf4\x90\x80\x80", 4, 0, "\\xf4\\x90\\x80\\x80");
    expect("\xe2\x82", 2, 0, "\\xe2\\x82"); // cut off
    expect("\xe2\x82\xac \xf0\x9f\x98\x80", 8, 0, "\xe2\x82\xac \xf0\x9f\x98\x80");
}

static void screen_cuts_to_columns(void **state)
{
    (void)state;
    expect("abcdef", 6, 6, "abcdef");
    expect("abcdefg", 7, 6, "abcde\xe2\x80\xa6");
    expect("ab\x1b"
           "cdefg",
           8, 6, "ab\xe2\x80\xa6"); // never half an escape
    expect("\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5", 9, 5,
           "\xe6\x97\xa5\xe6\x97\xa5\xe2\x80\xa6");
    expect("e\xcc\x81"
           "e\xcc\x81",
           6, 2,
           "e\xcc\x81"
           "e\xcc\x81");
}

/* Whatever goes in, only printable UTF-8 comes out, within the columns. */
static void screen_is_total(void **state)
{
    (void)state;
    unsigned seed = 1;
    for (int round = 0; round < 20000; round++) {
        char in[24];
        struct buffer b = {0};
        for (size_t i = 0; i < sizeof(in); i++) {
            seed = seed * 1103515245u + 12345u;
            in[i] = (char)(seed >> 16);
        }
        int used = screen_text(&b, (struct bytes){in, sizeof(in)}, 12);
        assert_true(used <= 12);
        for (size_t i = 0; i < b.len; i++) {
            unsigned char c = (unsigned char)b.at[i];
            assert_true(c >= 0x20 && c != 0x7f);
            if (c == 0xc2)
                assert_true((unsigned char)b.at[i + 1] >= 0xa0);
        }
        buffer_free(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(screen_shows_what_a_terminal_would_obey),
        cmocka_unit_test(screen_cuts_to_columns),
        cmocka_unit_test(screen_is_total),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
