/* SPDX-License-Identifier: MIT */

/* The promise: steps come back as they were noted, in order, and no bytes make the reader do anything but say so. */

#include "lane/manifest.h"

#include "base/clock.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct step steps[] = {
    {.kind = STEP_OPEN,
     .source = 7,
     .key = UINT64_MAX,
     .offset = 1,
     .line = 3,
     .time_ns = NO_TIME,
     .text = {"/var/log/a.log", 14}},
    {.kind = STEP_READ,
     .source = 7,
     .offset = 1,
     .bytes = 131072,
     .time_ns = 1763890000 * NS_PER_S},
    {.kind = STEP_READ,
     .source = 7,
     .offset = UINT64_MAX,
     .bytes = 1,
     .time_ns = 1763890000 * NS_PER_S - 1},
    {.kind = STEP_IDLE, .source = UINT32_MAX},
    {.kind = STEP_FLUSH, .source = 0, .offset = 9, .bytes = 127, .time_ns = 0},
    {.kind = STEP_FINISH, .source = 1, .offset = 9, .bytes = 128, .time_ns = NO_TIME},
    {.kind = STEP_ANEW, .source = 7, .bytes = 8},
    {.kind = STEP_GAP, .source = 8, .offset = 5, .bytes = 0, .text = {"torn", 4}},
    {.kind = STEP_QUIET, .key = 1, .time_ns = INT64_MAX},
    {.kind = STEP_MARK, .text = {"\0\x80\xff", 3}},
    {.kind = STEP_COUNTS, .text = {"", 0}},
    {.kind = STEP_SILENCES, .text = {"\0\0\0\0", 4}},
    {.kind = STEP_REMARKS, .text = {"\0\1", 2}},
    {.kind = STEP_CLOSE, .source = 8},
};
enum { STEPS = sizeof(steps) / sizeof(steps[0]) };

static void note_all(struct manifest *manifest)
{
    for (size_t i = 0; i < STEPS; i++)
        manifest_note(manifest, &steps[i]);
    assert_int_equal(manifest->steps, STEPS);
}

static void assert_step(const struct step *a, const struct step *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->source, b->source);
    assert_true(a->key == b->key && a->offset == b->offset && a->bytes == b->bytes);
    assert_true(a->line == b->line && a->time_ns == b->time_ns);
    assert_true(bytes_equal(a->text, b->text));
}

static void steps_come_back_as_they_were_noted(void **state)
{
    (void)state;
    struct manifest manifest = {0};
    for (int turn = 0; turn < 2; turn++) { // the second time in memory that was used
        note_all(&manifest);
        struct manifest_walk walk = manifest_walk(buffer_bytes(&manifest.out));
        struct step step;
        for (size_t i = 0; i < STEPS; i++) {
            assert_int_equal(manifest_next(&walk, &step), 1);
            assert_step(&step, &steps[i]);
        }
        assert_int_equal(manifest_next(&walk, &step), 0);
        manifest_clear(&manifest);
    }
    buffer_free(&manifest.out);
}

static void every_kind_of_step_is_in_the_test(void **state)
{
    (void)state;
    for (int kind = 1; kind < STEP_KINDS; kind++) {
        bool there = false;
        for (size_t i = 0; i < STEPS; i++)
            there |= steps[i].kind == (enum step_kind)kind;
        assert_true(there);
    }
}

/* How many steps come before the end or the complaint; *ret_r is which of them it was. */
static size_t walk_through(struct bytes text, int *ret_r)
{
    struct manifest_walk walk = manifest_walk(text);
    struct step step;
    size_t count = 0;
    while ((*ret_r = manifest_next(&walk, &step)) > 0)
        count++;
    return count;
}

static void a_manifest_cut_anywhere_is_told_from_a_whole_one(void **state)
{
    (void)state;
    struct manifest manifest = {0};
    size_t ends[STEPS + 1] = {0};
    for (size_t i = 0; i < STEPS; i++) {
        manifest_note(&manifest, &steps[i]);
        ends[i + 1] = manifest.out.len;
    }
    for (size_t len = 0; len < manifest.out.len; len++) {
        int r;
        size_t count = walk_through((struct bytes){manifest.out.at, len}, &r);
        assert_true(len >= ends[count] && len < ends[count + 1]);
        assert_int_equal(r, len == ends[count] ? 0 : -EBADMSG);
    }
    buffer_free(&manifest.out);
}

static void any_bytes_end(void **state)
{
    (void)state;
    struct manifest manifest = {0};
    note_all(&manifest);
    for (size_t at = 0; at < manifest.out.len; at++)
        for (int bit = 0; bit < 8; bit++) {
            int r;
            manifest.out.at[at] = (char)(manifest.out.at[at] ^ (1 << bit));
            walk_through(buffer_bytes(&manifest.out), &r);
            assert_true(r == 0 || r == -EBADMSG);
            manifest.out.at[at] = (char)(manifest.out.at[at] ^ (1 << bit));
        }
    buffer_free(&manifest.out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_come_back_as_they_were_noted),
        cmocka_unit_test(every_kind_of_step_is_in_the_test),
        cmocka_unit_test(a_manifest_cut_anywhere_is_told_from_a_whole_one),
        cmocka_unit_test(any_bytes_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
