/* SPDX-License-Identifier: MIT */
/*
 * Promise: whatever stands in a log stays text, in HTML and in Markdown; what a reader could be fooled by is shown; and only addresses of the
 * web that need no escaping become links.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "report/escape.h"

#include <stdlib.h>

typedef void escape_fn(struct buffer *out, const char *text);

static void becomes(escape_fn *escape, const char *text, const char *want)
{
    struct buffer out = {0};
    escape(&out, text);
    buffer_char(&out, '\0');
    assert_string_equal(out.at, want);
    buffer_free(&out);
}

static void html_has_no_way_out_of_text_or_of_an_attribute(void **state)
{
    (void)state;
    becomes(escape_html, "<script>alert(\"1\" & '2')</script>",
            "&lt;script&gt;alert(&quot;1&quot; &amp; &#39;2&#39;)&lt;/script&gt;");
    becomes(escape_html, "&lt;", "&amp;lt;");
    becomes(escape_html, "", "");
}

static void control_bytes_and_marks_of_direction_are_shown(void **state)
{
    (void)state;
    becomes(escape_html, "a\x1b[31m\x07", "a\\x1b[31m\\x07");
    becomes(escape_html, "user\xe2\x80\xaegpj.exe", "user\\u202egpj.exe");
    becomes(escape_html, "\xe2\x81\xa6x\xe2\x81\xa9 \xe2\x80\x8f", "\\u2066x\\u2069 \\u200f");
    becomes(escape_html, "\xc2\x9b \xff \xed\xa0\x80", "\\x9b \\xff \\xed\\xa0\\x80");
    becomes(escape_html, "caf\xc3\xa9", "caf\xc3\xa9");
    becomes(escape_markdown, "a\x1b[m \xe2\x80\xae", "a\\\\x1b\\[m \\\\u202e");
}

static void newlines_stay_only_where_lines_are_meant(void **state)
{
    (void)state;
    becomes(escape_html, "a\nb", "a\\x0ab");
    becomes(escape_html_lines, "a\n<b>\n", "a\n&lt;b&gt;\n");
    becomes(escape_markdown, "a\n# b", "a\\\\x0a\\# b");
}

static void markdown_is_not_obeyed(void **state)
{
    (void)state;
    becomes(escape_markdown, "*a* _b_ `c` [d](e) | f",
            "\\*a\\* \\_b\\_ \\`c\\` \\[d\\]\\(e\\) \\| f");
    becomes(escape_markdown, "<img src=x>", "&lt;img src=x&gt;");
    becomes(escape_markdown, "# x", "\\# x");
    becomes(escape_markdown, "- x", "\\- x");
    becomes(escape_markdown, "a - x", "a - x");
    becomes(escape_markdown, "1. x", "1\\. x");
    becomes(escape_markdown, "2026. x", "2026\\. x");
    becomes(escape_markdown, "  - x", "&#32;&#32;\\- x");
    becomes(escape_markdown, "    7. x", "&#32;&#32;&#32;&#32;7\\. x");
    becomes(escape_markdown, "7", "7");
    becomes(escape_markdown, "  ", "&#32;&#32;");
    becomes(escape_markdown, "$\\href{javascript:x}{y}$",
            "\\$\\\\href\\{javascript:x\\}\\{y\\}\\$");
    becomes(escape_markdown, "&lt;", "&amp;lt;");
    becomes(escape_markdown, "![x](javascript:y)", "\\!\\[x\\]\\(javascript:y\\)");
}

static void an_address_in_text_is_no_link_by_itself(void **state)
{
    (void)state;
    becomes(escape_markdown, "see http://evil.example/x", "see http&#58;//evil.example/x");
    becomes(escape_markdown, "www.evil.example a@b.example",
            "www&#46;evil.example a&#64;b.example");
}

static void a_fence_is_longer_than_any_in_the_text(void **state)
{
    (void)state;
    becomes(escape_markdown_code, "a", "```text\na\n```\n\n");
    becomes(escape_markdown_code, "a\n````\n# b", "`````text\na\n````\n# b\n`````\n\n");
}

static void only_addresses_of_the_web_are_links(void **state)
{
    static const char *const good[] = {"https://a.example/x?y=1&z=%20#t", "http://[",
                                       "HTTP://a"};
    static const char *const bad[] = {"javascript:alert(1)",
                                      "data:text/html,x",
                                      "//a.example",
                                      "https://",
                                      "https:///x",
                                      " https://a.example",
                                      "https://a.example/\"onclick=\"x",
                                      "https://a.example/'x",
                                      "https://a.example/<x>",
                                      "https://a.example/a b",
                                      "https://a.example/\nx",
                                      "https://a.example/\xe2\x80\xaex",
                                      "JaVaScRiPt://a.example/%0aalert(1)",
                                      ""};
    (void)state;
    assert_true(escape_is_link(good[0]));
    assert_false(escape_is_link(good[1]));
    assert_true(escape_is_link(good[2]));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(escape_is_link(bad[i]));
}

/* The rest of what may go wrong: any two bytes, beside each other. */
static void no_pair_of_bytes_brings_out_markup(void **state)
{
    (void)state;
    for (int a = 1; a < 256; a++)
        for (int b = 1; b < 256; b++) {
            char text[] = {(char)a, (char)b, '\0'};
            struct buffer out = {0};
            escape_html(&out, text);
            for (size_t i = 0; i < out.len; i++) {
                unsigned char c = (unsigned char)out.at[i];
                assert_true(c >= 0x20 && c != 0x7f && !strchr("<>\"'", c));
            }
            buffer_free(&out);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(html_has_no_way_out_of_text_or_of_an_attribute),
        cmocka_unit_test(control_bytes_and_marks_of_direction_are_shown),
        cmocka_unit_test(newlines_stay_only_where_lines_are_meant),
        cmocka_unit_test(markdown_is_not_obeyed),
        cmocka_unit_test(an_address_in_text_is_no_link_by_itself),
        cmocka_unit_test(a_fence_is_longer_than_any_in_the_text),
        cmocka_unit_test(only_addresses_of_the_web_are_links),
        cmocka_unit_test(no_pair_of_bytes_brings_out_markup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
