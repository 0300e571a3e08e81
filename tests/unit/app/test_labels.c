/* SPDX-License-Identifier: MIT */
/*
 * Promise: a table of labels is read as a spreadsheet wrote it, or refused with the line and the reason; nothing is guessed.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "command/labels.h"

#include <errno.h>
#include <string.h>

static struct labels labels;
static struct error error;

static int read_text(const char *text)
{
    FILE *in = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
    error.text[0] = '\0';
    int r = labels_read("l.csv", in, &labels, &error);
    fclose(in);
    return r;
}

static void labels_are_read_with_their_columns_in_any_order(void **state)
{
    (void)state;
    assert_int_equal(
        read_text("name,note,end,start,stream\r\n"
                  "bank,x,2026-03-02T10:00:00+01:00,2026-03-02 08:45:00,checkout\r\n\r\n"),
        0);
    assert_int_equal(labels.count, 1);
    assert_string_equal(labels.at[0].name, "bank");
    assert_string_equal(labels.at[0].stream, "checkout");
    assert_int_equal(labels.at[0].end_ns - labels.at[0].start_ns, 15 * 60 * NS_PER_S);
    assert_false(labels.at[0].may);
    labels_free(&labels);
}

static void labels_may_be_quoted(void **state)
{
    (void)state;
    assert_int_equal(
        read_text("stream,start,end,name,kind\n"
                  "\"\",2026-03-02T00:00:00Z,2026-03-02T01:00:00Z,\"a \"\"b\"\", c\",may"),
        0);
    assert_string_equal(labels.at[0].name, "a \"b\", c");
    assert_true(labels.at[0].may);
    labels_free(&labels);
}

static void labels_that_are_wrong_are_refused_with_their_line(void **state)
{
    (void)state;
#define HEAD "stream,start,end,name,kind\n"
#define GOOD "a,2026-03-02T00:00:00Z,2026-03-02T01:00:00Z,x,must\n"
    static const char *const wrong[][2] = {
        {"stream,start,name\n", "l.csv:1: "},
        {HEAD, "no label"},
        {HEAD GOOD "a,2026-03-02T00:00:00Z\n", "l.csv:3: a value is missing: end"},
        {HEAD "a,yesterday,2026-03-02T01:00:00Z,x,\n", "l.csv:2: "},
        {HEAD "a,2026-03-02T02:00:00Z,2026-03-02T01:00:00Z,x,\n", "ends before it starts"},
        {HEAD "a,2026-03-02T00:00:00Z,2026-03-02T01:00:00Z,x,perhaps\n", "not perhaps"},
        {HEAD "a,2026-03-02T00:00:00Z,2026-03-02T01:00:00Z,\"x,\n", "quote"},
        {HEAD "a,2026-03-02T00:00:00Z,2026-03-02T01:00:00Z,\"x\"y,must\n", "quote"},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(read_text(wrong[i][0]), -EINVAL);
        assert_non_null(strstr(error.text, wrong[i][1]));
        assert_int_equal(labels.count, 0);
    }
}

static void labels_are_of_a_stream_by_path_name_or_pattern(void **state)
{
    (void)state;
    struct label label = {.stream = "app.log"};
    assert_true(label_is_of(&label, "var/log/app.log", NULL));
    assert_false(label_is_of(&label, "var/log/app.log2", NULL));
    label.stream = "checkout";
    assert_true(label_is_of(&label, "var/log/app.log", "checkout"));
    assert_false(label_is_of(&label, "var/log/app.log", "payment"));
    label.stream = "web-*";
    assert_true(label_is_of(&label, "x/web-7.log", NULL));
    label.stream = "";
    assert_true(label_is_of(&label, "anything", NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_are_read_with_their_columns_in_any_order),
        cmocka_unit_test(labels_may_be_quoted),
        cmocka_unit_test(labels_that_are_wrong_are_refused_with_their_line),
        cmocka_unit_test(labels_are_of_a_stream_by_path_name_or_pattern),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
