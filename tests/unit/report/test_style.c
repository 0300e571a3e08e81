/* SPDX-License-Identifier: MIT */
/*
 * Promise: text of the page can be read, light, dark and on paper: each pair of a text and its ground has a contrast of 4.5 or more, by
 * the formula of WCAG 2.1, from the colours that are in the style.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "report/pen.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static double part(unsigned value)
{
    double c = value / 255.0;
    return c <= 0.03928 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);
}

/* Of `--name:#rrggbb` in one :root block. */
static double luminance(const char *block, const char *name)
{
    char key[32];
    snprintf(key, sizeof(key), "--%s:#", name);
    const char *at = strstr(block, key);
    assert_non_null(at);
    assert_true(at < strchr(block, '}'));
    unsigned long rgb = strtoul(at + strlen(key), NULL, 16);
    return 0.2126 * part((unsigned)(rgb >> 16 & 255)) +
           0.7152 * part((unsigned)(rgb >> 8 & 255)) + 0.0722 * part((unsigned)(rgb & 255));
}

static void every_text_stands_out_from_its_ground(void **state)
{
    static const struct {
        const char *text, *ground;
    } pairs[] = {{"ink", "ground"},  {"ink", "card"},  {"soft", "ground"}, {"soft", "card"},
                 {"link", "ground"}, {"on", "page"},   {"on", "ticket"},   {"on", "log"},
                 {"on", "good"},     {"on", "deploy"}, {"on", "quiet"},    {"deploy", "card"}};
    size_t blocks = 0;
    (void)state;
    for (const char *at = report_style; (at = strstr(at, ":root{")); at++, blocks++)
        for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
            double a = luminance(at, pairs[i].text), b = luminance(at, pairs[i].ground);
            double contrast = (fmax(a, b) + 0.05) / (fmin(a, b) + 0.05);
            if (contrast < 4.5)
                fail_msg("block %zu: %s on %s has %.2f", blocks, pairs[i].text, pairs[i].ground,
                         contrast);
        }
    assert_int_equal(blocks, 3); // light, dark, print
}

static void nothing_is_loaded_by_the_style(void **state)
{
    (void)state;
    assert_null(strstr(report_style, "url("));
    assert_null(strstr(report_style, "@import"));
    assert_null(strchr(report_style, '<'));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_text_stands_out_from_its_ground),
        cmocka_unit_test(nothing_is_loaded_by_the_style),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
