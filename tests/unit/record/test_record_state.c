/* SPDX-License-Identifier: MIT */
/*
 * Promise: a recorder made of another's bytes goes on as that one would have, wherever it was interrupted; bytes that are
 * none are refused or harmless.
 */

#include "unit/record/logs.h"

#include <errno.h>
#include <stdlib.h>

/* What interrupts: nothing; or the recorder is packed, and another, of a file touched since, made of the bytes. */
enum interruption { GOES_ON, IS_PACKED };

static struct recorder *restart(const struct rig *rig)
{
    struct recorder *fresh;
    struct buffer saved = {0};
    recorder_pack(rig->recorder, &saved);
    struct unpacker in = {.rest = buffer_bytes(&saved)};
    assert_int_equal(recorder_create(rig->plan, RIG_FILE_TIME + 900 * 86400 * NS_PER_S, &fresh),
                     0);
    recorder_set_line(fresh, 77);
    assert_int_equal(recorder_unpack(fresh, &in), 0);
    assert_int_equal(in.rest.len, 0);
    assert_string_equal(recorder_choice(fresh), recorder_choice(rig->recorder));
    assert_int_equal(recorder_format(fresh), recorder_format(rig->recorder));
    buffer_free(&saved);
    return fresh;
}

static size_t feed(struct rig *rig, const struct log *log, size_t at, size_t end,
                   struct buffer *out, bool final)
{
    size_t used = rig_feed(rig, (struct bytes){log->text.at + at, end - at}, final);
    rig_describe(rig, at, out);
    return at + used;
}

/* The log in two parts, the first one flushed or not; described in `out` with what was counted. */
static void run(struct rig *rig, const struct log *log, size_t cut, bool flush,
                enum interruption interruption, struct buffer *out)
{
    buffer_clear(out);
    recorder_free(rig->recorder);
    assert_int_equal(recorder_create(rig->plan, RIG_FILE_TIME, &rig->recorder), 0);
    if (!flush) // else what there is decides
        recorder_sample(rig->recorder, log->text);
    size_t at = feed(rig, log, 0, cut, out, flush);
    if (interruption == IS_PACKED) {
        struct recorder *fresh = restart(rig);
        recorder_free(rig->recorder);
        rig->recorder = fresh;
    }
    at = feed(rig, log, at, log->text.len, out, true);
    assert_int_equal(at, log->text.len);
    struct record_counts c = recorder_counts(rig->recorder);
    const uint64_t counts[] = {
        c.records,       c.lines,    c.unparsed,     c.truncated,
        c.skipped_bytes, c.no_stamp, c.limit_errors, recorder_line(rig->recorder)};
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
        buffer_printf(out, "%llu ", (unsigned long long)counts[i]);
}

static void recorder_goes_on_from_its_bytes_at_every_cut(void **state)
{
    (void)state;
    struct buffer got = {0}, want = {0}, whole = {0};
    for (size_t i = 0; i < LOGS; i++) {
        struct rig rig = rig_open(logs[i].options);
        run(&rig, &logs[i], 0, false, GOES_ON, &whole);
        assert_true(recorder_counts(rig.recorder).records >= 2);
        for (size_t cut = 0; cut <= logs[i].text.len; cut++) {
            run(&rig, &logs[i], cut, false, GOES_ON, &want);
            assert_described(&want, &whole, logs[i].name, cut);
            run(&rig, &logs[i], cut, false, IS_PACKED, &got);
            assert_described(&got, &whole, logs[i].name, cut);
        }
        rig_close(&rig);
    }
    buffer_free(&got);
    buffer_free(&want);
    buffer_free(&whole);
}

/* What was flushed in the middle of a line is another log, but interruption makes no difference to it. */
static void recorder_goes_on_from_its_bytes_behind_a_flush(void **state)
{
    (void)state;
    struct buffer got = {0}, want = {0};
    for (size_t i = 0; i < LOGS; i++) {
        struct rig rig = rig_open(logs[i].options);
        for (size_t cut = 0; cut <= logs[i].text.len; cut++) {
            run(&rig, &logs[i], cut, true, GOES_ON, &want);
            run(&rig, &logs[i], cut, true, IS_PACKED, &got);
            assert_described(&got, &want, logs[i].name, cut);
        }
        rig_close(&rig);
    }
    buffer_free(&got);
    buffer_free(&want);
}

static void recorder_that_skips_a_long_line_goes_on_skipping(void **state)
{
    (void)state;
    static char text[BATCH_TEXT_BYTES];
    memset(text, 'x', sizeof(text));
    struct rig rig = rig_of(.format = RECORD_TEXT);
    assert_int_equal(rig_feed(&rig, (struct bytes){text, sizeof(text)}, false), sizeof(text));
    struct recorder *fresh = restart(&rig);
    recorder_free(rig.recorder);
    rig.recorder = fresh;
    assert_int_equal(rig_feed(&rig, (struct bytes){text, sizeof(text)}, false), sizeof(text));
    assert_int_equal(rig.count, 0);
    assert_int_equal(recorder_counts(fresh).skipped_bytes, 2 * sizeof(text) - RECORD_BYTES_MAX);
    rig_close(&rig);
}

static void recorder_without_a_choice_makes_it_afterwards(void **state)
{
    (void)state;
    struct rig rig = rig_of(.format = RECORD_AUTO);
    struct recorder *fresh = restart(&rig);
    assert_string_equal(recorder_choice(fresh), "nothing chosen yet");
    recorder_free(rig.recorder);
    rig.recorder = fresh;
    rig_read(&rig, "{\"msg\":\"a\"}\n");
    assert_int_equal(recorder_format(fresh), RECORD_JSON);
    rig_close(&rig);
}

static void assert_packs_as(const struct recorder *recorder, const struct buffer *want)
{
    struct buffer again = {0};
    recorder_pack(recorder, &again);
    assert_true(bytes_equal(buffer_bytes(&again), buffer_bytes(want)));
    buffer_free(&again);
}

/* In memory of exactly the right size, so that the sanitizer sees a look behind the end. */
static int unpack_exactly(struct recorder *recorder, const char *at, size_t len)
{
    char *exact = malloc(len ? len : 1);
    memcpy(exact, at, len);
    struct unpacker in = {.rest = {exact, len}};
    int r = recorder_unpack(recorder, &in);
    free(exact);
    return r;
}

static void recorder_refuses_bytes_that_break_off(void **state)
{
    (void)state;
    for (size_t i = 0; i < LOGS; i++) {
        struct rig rig = rig_open(logs[i].options);
        struct buffer saved = {0}, before = {0};
        recorder_sample(rig.recorder, logs[i].text);
        rig_feed(&rig, logs[i].text, false);
        recorder_pack(rig.recorder, &saved);
        rig_feed(&rig, logs[i].text, true);
        recorder_pack(rig.recorder, &before);
        for (size_t len = 0; len < saved.len; len++) {
            assert_int_equal(unpack_exactly(rig.recorder, saved.at, len), -EBADMSG);
            assert_packs_as(rig.recorder, &before);
        }
        assert_int_equal(unpack_exactly(rig.recorder, saved.at, saved.len), 0);
        assert_packs_as(rig.recorder, &saved);
        buffer_free(&saved);
        buffer_free(&before);
        rig_close(&rig);
    }
}

static void recorder_survives_any_bit_that_flipped(void **state)
{
    (void)state;
    size_t refused = 0, taken = 0;
    for (size_t i = 0; i < LOGS; i++) {
        struct rig rig = rig_open(logs[i].options);
        struct buffer saved = {0}, before = {0};
        recorder_pack(rig.recorder, &before);
        recorder_sample(rig.recorder, logs[i].text);
        rig_feed(&rig, logs[i].text, false);
        recorder_pack(rig.recorder, &saved);
        for (size_t bit = 0; bit < saved.len * 8; bit++) {
            assert_int_equal(unpack_exactly(rig.recorder, before.at, before.len), 0);
            saved.at[bit / 8] = (char)(saved.at[bit / 8] ^ 1 << bit % 8);
            int r = unpack_exactly(rig.recorder, saved.at, saved.len);
            saved.at[bit / 8] = (char)(saved.at[bit / 8] ^ 1 << bit % 8);
            assert_true(r == 0 || r == -EBADMSG);
            if (r < 0)
                assert_packs_as(rig.recorder, &before);
            *(r < 0 ? &refused : &taken) += 1;
            rig_feed(&rig, logs[i].text, true);
        }
        buffer_free(&saved);
        buffer_free(&before);
        rig_close(&rig);
    }
    assert_true(refused > 1000 && taken > 1000);
}

static void recorder_refuses_what_its_plan_has_not(void **state)
{
    (void)state;
    static const struct record_options others[] = {
        {.format = RECORD_JSON}, {.format = RECORD_TEXT}, {.format = RECORD_AUTO}};
    struct record_options options[] = {
        {.format = RECORD_TEXT, .multiline_start = "^x"}, // a pattern that is not there
        {.format = RECORD_REGEX, .regex = "(?<message>.*)"},
    };
    for (size_t i = 0; i < 6; i++) {
        struct rig rig = rig_open(options[i / 3]), other = rig_open(others[i % 3]);
        struct buffer saved = {0};
        rig_read(&rig, "a\nb\n");
        recorder_pack(rig.recorder, &saved);
        assert_int_equal(unpack_exactly(other.recorder, saved.at, saved.len), -EBADMSG);
        buffer_free(&saved);
        rig_close(&rig);
        rig_close(&other);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorder_goes_on_from_its_bytes_at_every_cut),
        cmocka_unit_test(recorder_goes_on_from_its_bytes_behind_a_flush),
        cmocka_unit_test(recorder_that_skips_a_long_line_goes_on_skipping),
        cmocka_unit_test(recorder_without_a_choice_makes_it_afterwards),
        cmocka_unit_test(recorder_refuses_bytes_that_break_off),
        cmocka_unit_test(recorder_survives_any_bit_that_flipped),
        cmocka_unit_test(recorder_refuses_what_its_plan_has_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
