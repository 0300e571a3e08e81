/* SPDX-License-Identifier: MIT */
/*
 * Promise: wherever the bytes of a source are cut, the records are the same; the bytes of a record are those of the file, and
 * only line ends, blank lines and byte order marks belong to none.
 */

#include "unit/record/logs.h"

#include <stdio.h>

/* The text as it comes: up to each of `ends`, and then all of it. */
static void read_cut(struct rig *rig, struct bytes text, const size_t *ends, size_t count,
                     struct buffer *out)
{
    buffer_clear(out);
    recorder_free(rig->recorder);
    assert_int_equal(recorder_create(rig->plan, RIG_FILE_TIME, &rig->recorder), 0);
    recorder_sample(rig->recorder, text);
    for (size_t i = 0, at = 0; i <= count; i++) {
        size_t end = i < count && ends[i] < text.len ? ends[i] : text.len, used = 1;
        while (at < end && used > 0) {
            size_t here = end - at < BATCH_TEXT_BYTES ? end - at : BATCH_TEXT_BYTES;
            bool last = at + here == text.len;
            used = rig_feed(rig, (struct bytes){text.at + at, here}, last);
            rig_describe(rig, at, out);
            assert_true(used > 0 || (!last && here < BATCH_TEXT_BYTES));
            at += used;
        }
    }
}

static void records_are_the_same_at_any_two_cuts(void **state)
{
    (void)state;
    struct buffer got = {0}, want = {0};
    for (size_t i = 0; i < LOGS; i++) {
        struct rig rig = rig_open(logs[i].options);
        struct bytes text = logs[i].text;
        read_cut(&rig, text, NULL, 0, &want);
        for (size_t a = 0; a <= text.len; a++)
            for (size_t b = a + 1; b <= text.len; b += b < a + 8 ? 1 : 37) {
                read_cut(&rig, text, (const size_t[]){a, b}, 2, &got);
                assert_described(&got, &want, logs[i].name, a);
            }
        rig_close(&rig);
    }
    buffer_free(&got);
    buffer_free(&want);
}

/* A line lies at every place across the borders of reads, with CRLF and with LF. */
static void records_are_the_same_across_every_border_of_a_read(void **state)
{
    (void)state;
    enum { LINE = 58, LINES = BATCH_TEXT_BYTES / LINE + 100 };
    static char text[LINES * LINE + 1];
    struct buffer got = {0}, want = {0};
    for (size_t i = 0; i < LINES; i++)
        snprintf(text + i * LINE, LINE + 1, "2024-01-01 00:%02u:%02u INFO %-31s%s",
                 (unsigned)(i / 60 % 60), (unsigned)(i % 60), i % 3 ? "a" : "b",
                 i % 2 ? "\r\n" : "x\n");
    struct bytes all = {text, LINES * LINE};
    struct rig rig = rig_of(.format = RECORD_TEXT);
    read_cut(&rig, all, NULL, 0, &want);
    for (size_t shift = 0; shift <= 2 * LINE; shift++) {
        size_t ends[] = {65536 - LINE + shift, BATCH_TEXT_BYTES - LINE + shift};
        read_cut(&rig, all, ends, 2, &got);
        assert_described(&got, &want, "border", ends[0]);
    }
    assert_int_equal(recorder_counts(rig.recorder).records, LINES);
    rig_close(&rig);
    buffer_free(&got);
    buffer_free(&want);
}

static bool is_nothing(const char *at, size_t len)
{
    for (size_t i = 0; i < len;) {
        if (len - i >= 3 && memcmp(at + i, "\xef\xbb\xbf", 3) == 0)
            i += 3;
        else if (strchr(" \t\r\n", at[i]) && at[i])
            i++;
        else
            return false;
    }
    return true;
}

static void records_are_the_bytes_of_the_file(void **state)
{
    (void)state;
    for (size_t i = 0; i < LOGS; i++) {
        struct rig rig = rig_open(logs[i].options);
        struct bytes text = logs[i].text;
        size_t at = 0;
        rig_feed(&rig, text, true);
        for (uint32_t r = 0; r < rig.count; r++) {
            const struct oddline_record *record = &rig.records[r];
            bool cut = record->flags & ODDLINE_RECORD_TRUNCATED;
            assert_true(record->text >= at);
            assert_memory_equal(rig_text(&rig, r).at, text.at + record->text, record->text_len);
            assert_true(is_nothing(text.at + at, record->text - at));
            at = record->text + record->text_len;
            if (cut && r + 1 < rig.count) // what was skipped is counted
                at = rig.records[r + 1].text;
            else if (cut)
                at = text.len;
        }
        assert_true(is_nothing(text.at + at, text.len - at));
        rig_close(&rig);
    }
}

static void a_byte_order_mark_hides_nothing(void **state)
{
    (void)state;
    struct rig rig = rig_of(.format = RECORD_AUTO);
    rig_read(&rig, "\xef\xbb\xbf{\"level\":\"error\",\"msg\":\"a\"}\n");
    assert_int_equal(recorder_format(rig.recorder), RECORD_JSON);
    assert_int_equal(rig.count, 1);
    assert_int_equal(rig.records[0].text, 3);
    assert_int_equal(rig.records[0].level, ODDLINE_LEVEL_ERROR);
    rig_read(&rig, "\xef\xbb\xbf");
    assert_int_equal(rig.count, 0);
    assert_int_equal(recorder_counts(rig.recorder).lines, 1);
    rig_close(&rig);
}

static bool says_wide(struct bytes text)
{
    struct rig rig = rig_of(.format = RECORD_AUTO);
    recorder_sample(rig.recorder, text);
    bool wide = strstr(recorder_choice(rig.recorder), "UTF-16") != NULL;
    rig_close(&rig);
    return wide;
}

static void utf_16_is_said_to_be_that(void **state)
{
    (void)state;
    static const char little[] = "I\0N\0F\0O\0 \0a\0\n\0E\0R\0R\0O\0R\0\n\0";
    static const char big[] = "\0I\0N\0F\0O\0 \0a\0\n\0E\0R\0R\0O\0R\0\n";
    static const char zeros[4096], stray[] = "a\0b and much more that is text\n";
    assert_true(says_wide((struct bytes){little, sizeof(little) - 1}));
    assert_true(says_wide((struct bytes){big, sizeof(big) - 1}));
    assert_true(says_wide((struct bytes){"\xfe\xff\x4e\x2d", 4}));
    assert_true(says_wide((struct bytes){"\xff\xfe\x2d\x4e", 4}));
    assert_false(says_wide((struct bytes){zeros, sizeof(zeros)}));
    assert_false(says_wide((struct bytes){stray, sizeof(stray) - 1}));
    assert_false(says_wide(bytes_of("\xef\xbb\xbfplain\n")));
    assert_false(says_wide((struct bytes){"", 0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_are_the_same_at_any_two_cuts),
        cmocka_unit_test(records_are_the_same_across_every_border_of_a_read),
        cmocka_unit_test(records_are_the_bytes_of_the_file),
        cmocka_unit_test(a_byte_order_mark_hides_nothing),
        cmocka_unit_test(utf_16_is_said_to_be_that),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
