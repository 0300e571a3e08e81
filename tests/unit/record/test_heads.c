/* SPDX-License-Identifier: MIT */
/* Promise: where heads are asked of matches only, a record that matches has the level and message it would have had anyway. */

#include "unit/record/rig.h"

static const char text_log[] = "2024-06-14 15:16:01,100 INFO [main] app.Main - started\n"
                               "2024-06-14 15:16:02,100 - WARN  [x] - match me\n"
                               "E0614 15:16:03.123456 1 a.c:1] match me\n"
                               "2024-06-14 15:16:05,100 match me, no level\n"
                               "2024-06-14 15:16:06,100 ERROR boom\n"
                               "  match me in the second line\n"
                               "2024-06-14 15:16:07,100 ERROR nothing\n";
static const char level_first_log[] = "[ERROR] 2024-06-14 15:16:04 match me\n"
                                      "[INFO] 2024-06-14 15:16:04 WARN match me\n"
                                      "[x] 2024-06-14 15:16:05 ERROR match me\n"
                                      "[x] 2024-06-14 15:16:05 ERROR other\n";
static const char bare_log[] = "INFO: match me\n"
                               "match me\n"
                               " - ERROR match me\n"
                               "ERROR other\n";
static const char syslog_log[] = "Jun 14 15:16:01 combo sshd[1]: error: match me\n"
                                 "<11>Jun 14 15:16:02 combo su: match me\n"
                                 "<11>Jun 14 15:16:02 combo su: info: match me\n"
                                 "WARN: match me, and no syslog\n"
                                 "Jun 14 15:16:03 combo sshd[1]: error: other\n"
                                 "Jun 14 15:16:04 combo su: match me\n";

struct counted {
    uint32_t matched, put_off;
};

/* Both readings of a log; `put_off` are the records of which only the first knows a level. */
static struct counted compare(enum record_format format, const char *log)
{
    struct regex *match;
    assert_int_equal(regex_compile("match me", &match, NULL), 0);
    struct rig all = rig_of(.format = format, .patterns = &match, .pattern_count = 1);
    struct rig some = rig_of(.format = format, .patterns = &match, .pattern_count = 1,
                             .heads_of_matches = true);
    struct counted counted = {0};
    rig_read(&all, log);
    rig_read(&some, log);
    assert_int_equal(all.count, some.count);
    for (uint32_t i = 0; i < all.count; i++) {
        const struct oddline_record *a = &all.records[i], *b = &some.records[i];
        assert_true(a->time_ns == b->time_ns && a->flags == b->flags && a->lines == b->lines);
        assert_true(a->text == b->text && a->text_len == b->text_len);
        assert_int_equal(a->matches, b->matches);
        counted.put_off += a->level != b->level;
        if (!a->matches)
            continue;
        counted.matched++;
        assert_int_equal(a->level, b->level);
        assert_int_equal(a->message_len, b->message_len);
        assert_int_equal(a->message, b->message);
    }
    rig_close(&all);
    rig_close(&some);
    regex_free(match);
    return counted;
}

static void text_that_matches_has_its_level_and_message(void **state)
{
    (void)state;
    struct counted counted = compare(RECORD_TEXT, text_log);
    assert_int_equal(counted.matched, 4);
    assert_int_equal(counted.put_off, 2);
    counted = compare(RECORD_TEXT, level_first_log);
    assert_int_equal(counted.matched, 3);
    assert_int_equal(counted.put_off, 1);
}

static void text_without_stamps_too(void **state)
{
    (void)state;
    struct counted counted = compare(RECORD_TEXT, bare_log);
    assert_true(counted.matched >= 2 && counted.put_off == 1);
}

static void syslog_that_matches_has_its_level_and_message(void **state)
{
    (void)state;
    struct counted counted = compare(RECORD_SYSLOG, syslog_log);
    assert_int_equal(counted.matched, 5);
    assert_int_equal(counted.put_off, 1);
}

static void formats_that_have_a_field_for_it_are_read_as_ever(void **state)
{
    (void)state;
    struct counted counted =
        compare(RECORD_LOGFMT, "time=2024-06-14T15:16:01Z level=error msg=\"match me\"\n"
                               "time=2024-06-14T15:16:02Z level=warn msg=other\n");
    assert_int_equal(counted.matched, 1);
    assert_int_equal(counted.put_off, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_that_matches_has_its_level_and_message),
        cmocka_unit_test(text_without_stamps_too),
        cmocka_unit_test(syslog_that_matches_has_its_level_and_message),
        cmocka_unit_test(formats_that_have_a_field_for_it_are_read_as_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
