/* SPDX-License-Identifier: MIT */
/* Promise: the first, the worst and a typical record are kept as they stood, redacted, with the place to find them. */

#include "window/evidence.h"

#include "base/hash.h"

#include <stdio.h>
#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum {
    FIRST = 1 << EVIDENCE_FIRST,
    WORST = 1 << EVIDENCE_WORST,
    TYPICAL = 1 << EVIDENCE_TYPICAL
};

static struct evidence *evidence;
static struct path *path;
static struct buffer out;
static struct closed_evidence found[EVIDENCE_ROLES];

static int open_all(void **state)
{
    (void)state;
    evidence = calloc(1, sizeof(*evidence));
    path = path_new("app.log");
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    evidence_clear(evidence);
    path_drop(path);
    free(evidence);
    buffer_free(&out);
    return 0;
}

/* Shows record number `count`, at offset 10 x count in line `count`. */
static void show(const char *text, uint64_t count, uint8_t level, bool by_value, bool extreme)
{
    struct oddline_record record = {.time_ns = (int64_t)count,
                                    .text = 2,
                                    .text_len = (uint32_t)strlen(text),
                                    .level = level};
    char room[8192];
    snprintf(room, sizeof(room), "..%s", text);
    struct oddline_batch batch = {.text = room, .records = &record, .count = 1};
    struct sighting sighting = {
        .batch = &batch, .record = &record, .path = path, .offset = 10 * count, .line = count};
    evidence_see(evidence, &sighting, count, by_value, extreme);
}

static void see(const char *text, uint64_t count, uint8_t level)
{
    show(text, count, level, false, false);
}

static size_t write_out(void)
{
    buffer_clear(&out);
    buffer_text(&out, "before"); // where the payload begins
    memset(found, 0, sizeof(found));
    return evidence_write(evidence, 3, &out, 2, found);
}

static const struct closed_evidence *in_role(size_t count, uint32_t role)
{
    for (size_t i = 0; i < count; i++)
        if (found[i].roles & role)
            return &found[i];
    fail_msg("nobody in role %u", role);
    return NULL;
}

static void assert_text(const struct closed_evidence *e, const char *want)
{
    assert_true(bytes_is((struct bytes){out.at + 2 + e->text, e->text_len}, want));
}

static void evidence_of_one_record_plays_all_roles_and_is_written_once(void **state)
{
    (void)state;
    see("only", 1, 9);
    assert_int_equal(write_out(), 1);
    assert_int_equal(found[0].roles, FIRST | WORST | TYPICAL);
    assert_int_equal(found[0].series, 3);
    assert_int_equal(found[0].offset, 10);
    assert_int_equal(found[0].line, 1);
    assert_int_equal(found[0].time_ns, 1);
    assert_int_equal(found[0].level, 9);
    assert_int_equal(found[0].length, 4);
    assert_int_equal(found[0].hash, hash_bytes(bytes_of("only")));
    assert_true(
        bytes_is((struct bytes){out.at + 2 + found[0].path, found[0].path_len}, "app.log"));
    assert_text(&found[0], "only");
    evidence_clear(evidence);
    assert_int_equal(write_out(), 0);
}

static void evidence_takes_the_first_the_worst_and_a_typical_record(void **state)
{
    (void)state;
    for (uint64_t i = 1; i <= 100; i++) {
        char text[16];
        snprintf(text, sizeof(text), "record %d", (int)i);
        see(text, i, i == 37 ? 21 : i == 50 ? 21 : 9);
    }
    size_t count = write_out();
    assert_int_equal(count, 3);
    assert_text(in_role(count, FIRST), "record 1");
    assert_text(in_role(count, WORST), "record 37");   // the first of the worst
    assert_text(in_role(count, TYPICAL), "record 64"); // in the second half of what was counted
    evidence_clear(evidence);
}

static void evidence_follows_the_extreme_of_a_number(void **state)
{
    (void)state;
    show("took 5", 1, 9, true, true);
    show("took 9", 2, 9, true, true);
    show("took 7", 3, 21, true, false); // a higher level makes it no worse
    size_t count = write_out();
    assert_text(in_role(count, FIRST), "took 5");
    assert_text(in_role(count, WORST), "took 9");
    assert_int_equal(in_role(count, WORST)->roles, WORST | TYPICAL);
    evidence_clear(evidence);
}

/* Nothing of one window may show in the next. */
static void evidence_forgets_when_it_is_cleared(void **state)
{
    (void)state;
    show("terrible", 1, 24, true, true);
    evidence_clear(evidence);
    see("first", 1, 1);
    see("worse", 2, 5);
    size_t count = write_out();
    assert_text(in_role(count, FIRST), "first");
    assert_text(in_role(count, WORST), "worse");
    evidence_clear(evidence);
}

static void evidence_cuts_a_long_record_and_still_knows_its_length(void **state)
{
    (void)state;
    char text[3000];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    see(text, 1, 9);
    assert_int_equal(write_out(), 1);
    assert_int_equal(found[0].text_len, EVIDENCE_TEXT_BYTES);
    assert_int_equal(found[0].length, sizeof(text) - 1);
    assert_int_equal(found[0].hash, hash_bytes(bytes_of(text)));
    evidence_clear(evidence);
}

static void evidence_is_redacted_but_hashed_as_it_stood(void **state)
{
    (void)state;
    struct redaction rule = {.with = "<secret>"};
    assert_int_equal(regex_compile("pw=\\w+", &rule.match, NULL), 0);
    struct oddline_record record = {.text_len = 9};
    struct oddline_batch batch = {.text = "a pw=xy b", .records = &record, .count = 1};
    struct sighting sighting = {.batch = &batch,
                                .record = &record,
                                .path = path,
                                .redactions = &rule,
                                .redaction_count = 1};
    evidence_see(evidence, &sighting, 1, false, false);
    assert_int_equal(write_out(), 1);
    assert_text(&found[0], "a <secret> b");
    assert_int_equal(found[0].hash, hash_bytes(bytes_of("a pw=xy b")));
    evidence_clear(evidence);
    regex_free(rule.match);
}

/* Rotated or copied logs hold the same line at the same offset, in another file. */
static void evidence_of_two_files_is_not_mixed_up(void **state)
{
    (void)state;
    struct path *first = path, *other = path_new("other.log");
    struct oddline_record record = {.text_len = 4, .level = 9};
    struct oddline_batch batch = {.text = "same", .records = &record, .count = 1};
    struct sighting sighting = {.batch = &batch, .record = &record, .path = first};
    evidence_see(evidence, &sighting, 1, false, false);
    sighting.path = other;
    evidence_see(evidence, &sighting, 2, true, true);
    size_t count = write_out();
    assert_int_equal(count, 2);
    const struct closed_evidence *worst = in_role(count, WORST);
    assert_true(
        bytes_is((struct bytes){out.at + 2 + worst->path, worst->path_len}, "other.log"));
    assert_int_equal(worst->roles, WORST | TYPICAL);
    evidence_clear(evidence);
    path_drop(other);
}

/* Names are bounded, so that a window fits the ring; the end of one says which file it is. */
static void evidence_keeps_the_end_of_a_long_name(void **state)
{
    (void)state;
    char name[2000];
    memset(name, 'd', sizeof(name) - 1);
    memcpy(name + sizeof(name) - 9, "/app.log", 9);
    struct path *keep = path;
    path = path_new(name);
    see("text", 1, 9);
    assert_int_equal(write_out(), 1);
    assert_int_equal(found[0].path_len, EVIDENCE_PATH_BYTES);
    assert_memory_equal(out.at + 2 + found[0].path + EVIDENCE_PATH_BYTES - 9, "d/app.log", 9);
    assert_text(&found[0], "text");
    evidence_clear(evidence);
    path_drop(path);
    path = keep;
}

/* What is packed, unpacked and packed again; fails unless that is the same. Lends the bytes. */
static struct bytes pack_twice(struct buffer *packed)
{
    struct evidence *again = calloc(1, sizeof(*again));
    struct buffer twice = {0};
    struct path *last = NULL;
    buffer_clear(packed);
    evidence_pack(evidence, packed);
    struct unpacker in = {.rest = buffer_bytes(packed)};
    assert_true(evidence_unpack(again, &in, &last));
    assert_int_equal(in.rest.len, 0);
    evidence_pack(again, &twice);
    assert_true(bytes_equal(buffer_bytes(packed), buffer_bytes(&twice)));
    for (int role = 0; role < EVIDENCE_ROLES; role++) // a name is in memory once
        assert_ptr_equal(again->roles[role].path ? last : NULL, again->roles[role].path);
    evidence_clear(again);
    free(again);
    buffer_free(&twice);
    return buffer_bytes(packed);
}

static void evidence_as_bytes_has_a_record_in_several_roles_once(void **state)
{
    (void)state;
    struct buffer packed = {0};
    size_t nothing = pack_twice(&packed).len;
    see("the same", 1, 9);
    size_t one = pack_twice(&packed).len;
    assert_true(nothing < 16 && one < nothing + 80);
    see("the same", 2, 17); // but it is not the same: it stands elsewhere, and is worse
    assert_true(pack_twice(&packed).len > one + 50);
    evidence->roles[EVIDENCE_TYPICAL].offset = evidence->roles[EVIDENCE_FIRST].offset;
    evidence->roles[EVIDENCE_TYPICAL].time_ns = evidence->roles[EVIDENCE_FIRST].time_ns;
    evidence->roles[EVIDENCE_TYPICAL].level = evidence->roles[EVIDENCE_FIRST].level;
    size_t apart = pack_twice(&packed).len; // the line tells them apart
    evidence->roles[EVIDENCE_TYPICAL].line = evidence->roles[EVIDENCE_FIRST].line;
    assert_true(pack_twice(&packed).len < apart);
    evidence->roles[EVIDENCE_TYPICAL].level++;
    assert_int_equal(pack_twice(&packed).len, apart);
    buffer_free(&packed);
}

static void evidence_refuses_a_role_like_one_that_is_empty(void **state)
{
    (void)state;
    static const uint32_t roles[][EVIDENCE_ROLES] = {
        {2, 0, 0}, {0, 2, 0}, {0, 0, 3}, {0, 0, 9}};
    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
        struct unpacker in = {.rest = {(const char *)roles[i], sizeof(roles[i])}};
        struct path *last = NULL;
        assert_false(evidence_unpack(evidence, &in, &last));
        evidence_clear(evidence);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(evidence_of_one_record_plays_all_roles_and_is_written_once),
        cmocka_unit_test(evidence_takes_the_first_the_worst_and_a_typical_record),
        cmocka_unit_test(evidence_follows_the_extreme_of_a_number),
        cmocka_unit_test(evidence_forgets_when_it_is_cleared),
        cmocka_unit_test(evidence_cuts_a_long_record_and_still_knows_its_length),
        cmocka_unit_test(evidence_is_redacted_but_hashed_as_it_stood),
        cmocka_unit_test(evidence_of_two_files_is_not_mixed_up),
        cmocka_unit_test(evidence_keeps_the_end_of_a_long_name),
        cmocka_unit_test(evidence_as_bytes_has_a_record_in_several_roles_once),
        cmocka_unit_test(evidence_refuses_a_role_like_one_that_is_empty),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
