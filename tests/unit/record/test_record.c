/* SPDX-License-Identifier: MIT */
/* Promise: the same bytes give the same records however they arrive; memory is bounded; nothing goes uncounted. */

#include "base/hash.h"

#include "unit/record/rig.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- independence of chunks ------------------------------------------------ */

/* A fixed sequence of lengths: the test is the same in every run. */
struct dice {
    uint32_t state;
};

static size_t throw(struct dice * dice, size_t sides)
{
    dice->state ^= dice->state << 13;
    dice->state ^= dice->state >> 17;
    dice->state ^= dice->state << 5;
    return dice->state % sides;
}

struct outcome {
    uint64_t hash;
    struct record_counts counts;
    uint64_t line;
};

static uint64_t add_record(uint64_t hash, const struct rig *rig, uint32_t i, size_t at)
{
    const struct oddline_record *record = &rig->records[i];
    hash = hash_join(hash, (uint64_t)record->time_ns);
    hash = hash_join(hash, at + record->text);
    hash = hash_join(hash, record->lines);
    hash = hash_join(hash, (uint64_t)record->level << 8 | record->flags);
    hash = hash_join(hash, record->matches);
    hash = hash_join(hash, hash_bytes(rig_text(rig, i)));
    hash = hash_join(hash, hash_bytes(rig_message(rig, i)));
    for (uint32_t k = 0; k < record->field_count; k++) {
        const struct oddline_field *field = &rig->fields[record->fields + k];
        hash = hash_join(hash, field->name);
        hash = hash_join(hash, (uint64_t)(field->number * 1000));
        hash = hash_join(hash,
                         hash_bytes((struct bytes){rig->room + field->text, field->text_len}));
    }
    return hash;
}

/* `chunk`: most bytes that arrive at a time, in lengths thrown by `dice`. */
static struct outcome read_in_chunks(struct record_options options, struct bytes text,
                                     size_t chunk, uint32_t seed)
{
    struct rig rig = rig_open(options);
    struct dice dice = {seed};
    struct outcome outcome = {0};
    for (size_t at = 0, here = 0; at < text.len;) {
        size_t more = chunk == 1 ? 1 : 1 + throw(&dice, chunk);
        here = here + more > BATCH_TEXT_BYTES ? BATCH_TEXT_BYTES : here + more;
        here = here > text.len - at ? text.len - at : here;
        bool last = at + here == text.len;
        size_t used = rig_feed(&rig, (struct bytes){text.at + at, here}, last);
        for (uint32_t i = 0; i < rig.count; i++)
            outcome.hash = add_record(outcome.hash, &rig, i, at);
        assert_true(used || (!last && here < BATCH_TEXT_BYTES));
        at += used;
        here -= used;
    }
    outcome.counts = recorder_counts(rig.recorder);
    outcome.line = recorder_line(rig.recorder);
    rig_close(&rig);
    return outcome;
}

static void same_in_any_chunks(struct record_options options, struct bytes text)
{
    struct outcome whole = read_in_chunks(options, text, BATCH_TEXT_BYTES, 1);
    assert_true(whole.counts.records > 0);
    for (uint32_t seed = 1; seed < 9; seed++) {
        static const size_t chunks[] = {1, 7, 60, 500, 5000};
        for (size_t i = text.len > 20000; i < sizeof(chunks) / sizeof(chunks[0]); i++) {
            struct outcome cut = read_in_chunks(options, text, chunks[i], seed);
            assert_true(cut.hash == whole.hash);
            assert_memory_equal(&cut.counts, &whole.counts, sizeof(cut.counts));
            assert_true(cut.line == whole.line);
        }
    }
}

static const char sample[] =
    "starting up\r\n"
    "\r\n"
    "2016-12-19 16:31:46,725 INFO [main] a: took=5ms\r\n"
    "2016-12-19 16:31:47,725 ERROR [main] a: boom\r\n"
    "java.lang.X: \xff\xfe\x80 and a NUL\r\n"
    "\tat b\r\n"
    "\r\n"
    "  \r\n"
    "Caused by: c\r\r\n"
    "2016-12-19 16:31:48,725 WARN [main] a: caf\xc3\xa9\r\n"
    "| 2016-12-19 16:31:48 |\n"
    "2016-12-31 23:59:59,999 INFO a very very very very very very very very very very very "
    "very very very very very very very long line took=7\r\n"
    "\tthat goes on\n\n\n\n"
    "2017-01-01 00:00:00,000 INFO end";

static void text_is_cut_the_same_in_any_chunks(void **state)
{
    (void)state;
    static const struct record_field fields[] = {{"took", false}};
    char text[sizeof(sample)];
    memcpy(text, sample, sizeof(sample));
    *strstr(text, "NUL") = '\0';
    static const size_t bounds[] = {0, 64, 65, 66, 100, 150};
    for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
        struct record_options options = {
            .bytes_max = bounds[i], .fields = fields, .field_count = 1};
        same_in_any_chunks(options, (struct bytes){text, sizeof(sample) - 1});
        options.multiline_start = "^\\d{4}-";
        same_in_any_chunks(options, (struct bytes){text, sizeof(sample) - 1});
        options.multiline_start = "";
        same_in_any_chunks(options, (struct bytes){text, sizeof(sample) - 1});
    }
}

/* What the times of the records come to when `text` arrives in two parts. */
static uint64_t times_with_cut(const char *text, size_t cut, int year)
{
    struct rig rig = rig_of(.format = RECORD_TEXT, .year = year);
    uint64_t hash = 0;
    recorder_sample(rig.recorder, bytes_of(text));
    size_t used = rig_feed(&rig, (struct bytes){text, cut}, false);
    for (uint32_t i = 0; i < rig.count; i++)
        hash = hash_join(hash, (uint64_t)rig.records[i].time_ns);
    rig_feed(&rig, bytes_of(text + used), true);
    for (uint32_t i = 0; i < rig.count; i++)
        hash = hash_join(hash, (uint64_t)rig.records[i].time_ns);
    rig_close(&rig);
    return hash;
}

/* How often a line is looked at before it is taken must not decide its year, nor that of the record before. */
static void years_are_inferred_the_same_in_any_chunks(void **state)
{
    (void)state;
    static const char *const logs[] = {
        "Jan  4 21:20:00 a\nJun  4 01:02:no stamp\n and more\n and more\n",
        "Jan  4 21:20:00 a\n more\nJun  4 01:02:03 b\nDec 14 01:02:03 c\n more\nMar  1 "
        "00:00:00 d\n",
        "Mar  1 00:00:00 a\nDec 31 00:00:00 b\nFeb 29 00:00:00 c\n more\nNov 29 00:00:00 d\n",
        "Dec 31 00:00:00 a\nE0601 12:00:00.1 b\nJan  1 00:00:00 c\nE0201 12:00:00.1 d\n",
        "2019-06-01 00:00:00 a\nJan  1 00:00:00 b\n2021-01-01 00:00:00 c\nDec 31 00:00:00 d\n",
    };
    for (size_t i = 0; i < sizeof(logs) / sizeof(logs[0]); i++)
        for (int year = 0; year <= 2016; year += 2016) {
            uint64_t whole = times_with_cut(logs[i], 0, year);
            for (size_t cut = 1; cut < strlen(logs[i]); cut++)
                assert_true(times_with_cut(logs[i], cut, year) == whole);
        }
}

static void containers_are_cut_the_same_in_any_chunks(void **state)
{
    (void)state;
    static const char cri[] =
        "2023-01-29T08:42:10.9Z stdout F INFO whole\r\n2023-01-29T08:42:11Z stdout P [error] "
        "fir\n"
        "2023-01-29T08:42:12Z stdout F st\n\n2023-01-29T08:42:13Z stderr P left\nnot cri\n"
        "2023-01-29T08:42:14Z stdout P aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
        "2023-01-29T08:42:14Z stdout P bbbbbbbbbbbbbbbbbb\n2023-01-29T08:42:14Z stdout F c";
    static const char docker[] =
        "{\"log\":\"INFO a\\n\",\"stream\":\"stdout\",\"time\":\"2023-01-29T08:42:10Z\"}\n"
        "{\"log\":\"ERROR b\\tx\",\"stream\":\"stdout\",\"time\":\"2023-01-29T08:42:11Z\"}\r\n"
        "{\"log\":\"c\\n\",\"stream\":\"stdout\",\"time\":\"2023-01-29T08:42:12Z\"}\n"
        "{\"log\":\"d\\n\",\"stream\":\"stderr\",\"time\":\"2023-01-29T08:42:13Z\"}\n";
    static const size_t bounds[] = {0, 64, 80, 120};
    for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
        same_in_any_chunks((struct record_options){.bytes_max = bounds[i]}, bytes_of(cri));
        same_in_any_chunks(
            (struct record_options){.format = RECORD_CRI, .bytes_max = bounds[i]},
            bytes_of(cri));
        same_in_any_chunks((struct record_options){.bytes_max = bounds[i]}, bytes_of(docker));
    }
}

static void long_lines_are_cut_the_same_in_any_chunks(void **state)
{
    (void)state;
    enum { LINES = 40, STEP = 1021 };
    static char text[LINES * (LINES + 1) / 2 * STEP];
    struct dice dice = {7};
    size_t len = 0;
    for (size_t i = 1; i <= LINES && len + i * STEP < sizeof(text); i++) {
        size_t end = len + i * STEP - throw(&dice, 9);
        int n =
            snprintf(text + len, 64, "%s2024-01-01 00:00:%02zu x", i % 3 ? "" : "\t", i % 60);
        memset(text + len + n, 'x', end - len - (size_t)n);
        memcpy(text + end - 2, "\r\n", 2);
        len = end;
    }
    same_in_any_chunks((struct record_options){.bytes_max = 9000}, (struct bytes){text, len});
    same_in_any_chunks((struct record_options){.bytes_max = 4096}, (struct bytes){text, len});
}

static void junk_is_cut_the_same_in_any_chunks(void **state)
{
    (void)state;
    static char text[15000];
    struct dice dice = {99};
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char) throw(&dice, 256);
    same_in_any_chunks((struct record_options){0}, (struct bytes){text, sizeof(text)});
    same_in_any_chunks((struct record_options){.bytes_max = 64},
                       (struct bytes){text, sizeof(text)});
    memset(text, 0, sizeof(text));
    same_in_any_chunks((struct record_options){.bytes_max = 64},
                       (struct bytes){text, sizeof(text)});
    memset(text, '\n', sizeof(text) - 1);
    text[sizeof(text) - 1] = 'x';
    same_in_any_chunks((struct record_options){.bytes_max = 64},
                       (struct bytes){text, sizeof(text)});
}

/* ---- bounds and counts ------------------------------------------------------ */

static void a_line_without_end_needs_no_more_than_the_bound(void **state)
{
    (void)state;
    struct rig rig = rig_of(.format = RECORD_AUTO);
    static char text[BATCH_TEXT_BYTES];
    memset(text, 'x', sizeof(text));
    uint64_t records = 0;
    for (int i = 0; i < 1000; i++) { // 128 MB without a line feed
        assert_int_equal(rig_feed(&rig, (struct bytes){text, sizeof(text)}, false),
                         sizeof(text));
        records += rig.count;
    }
    text[10] = '\n';
    assert_int_equal(rig_feed(&rig, (struct bytes){text, 20}, true), 20);
    assert_int_equal(records, 1);
    assert_int_equal(rig.count, 1);
    struct record_counts counts = recorder_counts(rig.recorder);
    assert_int_equal(counts.truncated, 1);
    assert_int_equal(counts.skipped_bytes, 1000ull * sizeof(text) - RECORD_BYTES_MAX + 11);
    assert_int_equal(counts.lines, 2);
    rig_close(&rig);
}

static void a_truncated_record_keeps_its_head_and_the_next_is_whole(void **state)
{
    (void)state;
    struct rig rig = rig_of(.format = RECORD_TEXT, .bytes_max = 64);
    rig_read(&rig,
             "2016-12-19 16:31:46 ERROR "
             "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n\tmore\n\tof it\n"
             "2016-12-19 16:31:47 INFO b\n");
    assert_int_equal(rig.count, 2);
    assert_int_equal(rig.records[0].text_len, 64);
    assert_true(rig.records[0].flags & ODDLINE_RECORD_TRUNCATED);
    assert_int_equal(rig.records[0].level, ODDLINE_LEVEL_ERROR);
    assert_bytes(rig_text(&rig, 1), "2016-12-19 16:31:47 INFO b");
    assert_int_equal(recorder_counts(rig.recorder).lines, 4);
    assert_int_equal(recorder_line(rig.recorder), 5);
    rig_close(&rig);
}

static void lines_that_come_after_their_record_was_flushed_have_no_stamp(void **state)
{
    (void)state;
    struct rig rig = rig_of(.format = RECORD_TEXT);
    rig_read(&rig, "2016-12-19 16:31:46 ERROR boom took=5ms\n");
    rig_read(&rig, "\tx\n\tat b\n");
    assert_int_equal(rig.count, 1);
    assert_bytes(rig_message(&rig, 0), "\tx\n\tat b");
    assert_time(rig.records[0].time_ns, "2016-12-19T16:31:46Z");
    assert_int_equal(rig.records[0].flags,
                     ODDLINE_RECORD_NO_STAMP | ODDLINE_RECORD_UNPARSED | ODDLINE_RECORD_MULTI);
    rig_close(&rig);
}

static void a_stamp_behind_the_bound_is_none(void **state)
{
    (void)state;
    struct rig rig = rig_of(.format = RECORD_TEXT, .bytes_max = 64);
    rig_read(&rig, "INFO [a thread with a name that is longer than the bound is long] "
                   "2016-12-19 16:31:46 x\n");
    assert_int_equal(rig.count, 1);
    assert_true(rig.records[0].time_ns == ODDLINE_NO_TIME);
    assert_true(rig_message(&rig, 0).len <= 64);
    rig_close(&rig);
}

static void a_full_batch_leaves_the_rest_for_the_next(void **state)
{
    (void)state;
    struct rig rig = rig_of(.format = RECORD_TEXT, .multiline_start = "");
    static char text[2 * 5000];
    for (size_t i = 0; i < sizeof(text); i += 2)
        memcpy(text + i, "x\n", 2);
    assert_int_equal(rig_feed(&rig, (struct bytes){text, sizeof(text)}, true),
                     2 * BATCH_RECORDS);
    assert_int_equal(recorder_line(rig.recorder), BATCH_RECORDS + 1);
    assert_int_equal(
        rig_feed(&rig, (struct bytes){text, sizeof(text) - 2 * BATCH_RECORDS}, true),
        sizeof(text) - 2 * BATCH_RECORDS);
    assert_int_equal(recorder_counts(rig.recorder).records, 5000);
    rig_close(&rig);
}

static void patterns_set_their_bits_and_limits_are_counted(void **state)
{
    (void)state;
    struct regex *patterns[3];
    static const char *const texts[] = {"timeout", "at b$", "^(a+)+$"};
    for (int i = 0; i < 3; i++)
        assert_int_equal(regex_compile(texts[i], &patterns[i], NULL), 0);
    struct rig rig = rig_of(.format = RECORD_TEXT, .patterns = patterns, .pattern_count = 3);
    rig_read(&rig, "2016-12-19 16:31:46 timeout\n\tat b\n2016-12-19 16:31:47 fine\n");
    assert_int_equal(rig.records[0].matches, 3);
    assert_int_equal(rig.records[1].matches, 0);
    assert_int_equal(recorder_counts(rig.recorder).limit_errors, 0);
    rig_read(&rig, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac\n");
    assert_int_equal(recorder_counts(rig.recorder).limit_errors, 1);
    rig_close(&rig);
    for (int i = 0; i < 3; i++)
        regex_free(patterns[i]);
}

static void the_line_number_can_be_set_and_stays_unknown(void **state)
{
    (void)state;
    struct rig rig = rig_of(.format = RECORD_TEXT);
    recorder_set_line(rig.recorder, 100);
    rig_read(&rig, "a\n\nb\n");
    assert_int_equal(recorder_line(rig.recorder), 103);
    recorder_set_line(rig.recorder, 0);
    rig_read(&rig, "a\nb\n");
    assert_int_equal(recorder_line(rig.recorder), 0);
    rig_close(&rig);
}

static void nothing_at_all_gives_nothing(void **state)
{
    (void)state;
    struct rig rig = rig_of(.format = RECORD_AUTO);
    assert_int_equal(rig_feed(&rig, (struct bytes){"", 0}, true), 0);
    assert_int_equal(rig.count, 0);
    rig_read(&rig, "\n\n\n");
    assert_int_equal(rig.count, 0);
    assert_int_equal(recorder_counts(rig.recorder).lines, 3);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_cut_the_same_in_any_chunks),
        cmocka_unit_test(years_are_inferred_the_same_in_any_chunks),
        cmocka_unit_test(containers_are_cut_the_same_in_any_chunks),
        cmocka_unit_test(long_lines_are_cut_the_same_in_any_chunks),
        cmocka_unit_test(junk_is_cut_the_same_in_any_chunks),
        cmocka_unit_test(a_line_without_end_needs_no_more_than_the_bound),
        cmocka_unit_test(a_truncated_record_keeps_its_head_and_the_next_is_whole),
        cmocka_unit_test(lines_that_come_after_their_record_was_flushed_have_no_stamp),
        cmocka_unit_test(a_stamp_behind_the_bound_is_none),
        cmocka_unit_test(a_full_batch_leaves_the_rest_for_the_next),
        cmocka_unit_test(patterns_set_their_bits_and_limits_are_counted),
        cmocka_unit_test(the_line_number_can_be_set_and_stays_unknown),
        cmocka_unit_test(nothing_at_all_gives_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
