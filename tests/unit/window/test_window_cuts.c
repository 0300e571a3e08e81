/* SPDX-License-Identifier: MIT */
/*
 * Promise: the same records give the same windows, values and evidence, however they were cut into batches and whenever
 * what was closed was sent on (promise P8).
 */

#include "rig.h"

#include <stdlib.h>

enum { RECORDS = 3000 };

static char text[RECORDS * 8 + 1];
static struct oddline_record records[RECORDS];

static const struct series_spec series[] = {
    {.name = "records", .kind = SERIES_RECORDS},
    {.name = "errors", .kind = SERIES_RATIO, .select = {.level_min = ODDLINE_LEVEL_ERROR}},
};

/* A log that begins with a wild stamp, and has holes, disorder, more wild stamps and records without a time; always the same one. */
static void write_log(void)
{
    unsigned short seed[3] = {7, 8, 9};
    double now = 0;
    for (uint32_t i = 0; i < RECORDS; i++) {
        long dice = nrand48(seed) % 100;
        now += dice < 90 ? erand48(seed) * 5 : dice < 98 ? erand48(seed) * 600 : 7200;
        snprintf(text + 8 * i, 9, "rec%04u\n", i);
        records[i] = rig_at(now + (dice == 50 ? 1e6 : dice == 51 ? -500 : erand48(seed) * 40));
        records[i].text = 8 * i;
        records[i].text_len = 7;
        records[i].level = (uint8_t)(1 + nrand48(seed) % 24);
        if (dice == 52 && i > 0)
            records[i].time_ns = NO_TIME;
    }
    records[0] = rig_at(1e8);
    records[0].text_len = 7;
}

static void observe(struct rig *rig, uint32_t at, uint32_t n)
{
    struct oddline_batch batch = {
        .size = sizeof(batch), .text = text, .records = records + at, .count = n};
    windows_observe(rig->windows, &batch,
                    &(struct batch_place){
                        .source = &rig->sources[0], .line = at + 1, .arrival_ns = NO_TIME});
}

/* Feeds all records in batches of 1 to `longest`, and empties the windows every `drain` batches. */
static struct rig cut(long longest, int drain)
{
    unsigned short seed[3] = {1, 1, (unsigned short)longest};
    struct rig rig = rig_of(.window_ns = 300 * NS_PER_S, .lateness_ns = 20 * NS_PER_S,
                            .series = series, .series_count = 2);
    windows_hold(rig.windows, &rig.sources[0]);
    int batches = 0;
    for (uint32_t at = 0; at < RECORDS;) {
        uint32_t n = (uint32_t)(1 + nrand48(seed) % longest);
        n = n < RECORDS - at ? n : RECORDS - at;
        observe(&rig, at, n);
        at += n;
        if (++batches % drain == 0)
            rig_drain(&rig);
    }
    windows_end(rig.windows);
    rig_drain(&rig);
    return rig;
}

static void assert_same(const struct seen *a, const struct seen *b)
{
    struct closed heads[2] = {a->head, b->head};
    assert_memory_equal(&heads[0], &heads[1], sizeof(heads[0]));
    assert_memory_equal(a->values, b->values, sizeof(a->values));
    assert_memory_equal(a->counts, b->counts, sizeof(a->counts));
    assert_memory_equal(a->evidence, b->evidence, sizeof(a->evidence));
    assert_memory_equal(a->texts, b->texts, sizeof(a->texts));
    assert_memory_equal(a->paths, b->paths, sizeof(a->paths));
}

/* All windows, and all glances at those that were not over. */
static void assert_all_same(const struct rig *a, const struct rig *b)
{
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->glance_count, b->glance_count);
    for (size_t i = 0; i < a->count; i++)
        assert_same(&a->seen[i], &b->seen[i]);
    for (size_t i = 0; i < a->glance_count; i++)
        assert_same(&a->glances[i], &b->glances[i]);
}

static void window_sequence_does_not_depend_on_batch_cuts(void **state)
{
    (void)state;
    struct rig whole = cut(RECORDS, 1 << 20);
    assert_true(whole.count > 300 && whole.glance_count > 300);
    static const struct {
        long longest;
        int drain;
    } cuts[] = {{1, 1}, {1, 7}, {2, 3}, {17, 1}, {200, 2}, {RECORDS, 1}};
    for (size_t c = 0; c < sizeof(cuts) / sizeof(cuts[0]); c++) {
        struct rig rig = cut(cuts[c].longest, cuts[c].drain);
        assert_all_same(&rig, &whole);
        rig_close(&rig);
    }
    rig_assert_in_order(&whole);
    rig_close(&whole);
}

/* The first FEW records in two batches, sent on in between or not. */
static struct rig cut_at(uint32_t first, bool drain, uint32_t few)
{
    struct rig rig = rig_of(.window_ns = 300 * NS_PER_S, .lateness_ns = 20 * NS_PER_S,
                            .series = series, .series_count = 2);
    windows_hold(rig.windows, &rig.sources[0]);
    observe(&rig, 0, first);
    if (drain)
        rig_drain(&rig);
    observe(&rig, first, few - first);
    windows_end(rig.windows);
    rig_drain(&rig);
    return rig;
}

static void window_sequence_is_the_same_at_every_single_cut(void **state)
{
    (void)state;
    enum { FEW = 300 };
    struct rig whole = cut_at(0, false, FEW);
    assert_true(whole.count > 20 && windows_counts(whole.windows).late > 0);
    for (uint32_t first = 0; first <= 2 * FEW; first++) {
        struct rig rig = cut_at(first / 2, first % 2, FEW);
        assert_all_same(&rig, &whole);
        rig_close(&rig);
    }
    rig_close(&whole);
}

static void window_sequence_counts_each_record_once(void **state)
{
    (void)state;
    struct rig rig = cut(50, 1);
    uint64_t sum = 0, late = 0, counted = 0;
    for (size_t i = 0; i < rig.count; i++) {
        sum += rig.seen[i].head.records;
        late += rig.seen[i].head.late;
        counted += rig.seen[i].counts[0];
    }
    assert_int_equal(sum, RECORDS);
    assert_int_equal(counted, RECORDS);
    struct window_counts counts = windows_counts(rig.windows);
    assert_int_equal(late, counts.late);
    assert_true(counts.late > 10 && counts.suspect > 10); // else the log above shows nothing
    assert_int_equal(counts.closed, rig.count);
    rig_close(&rig);
}

static void window_evidence_names_the_lines_of_the_file(void **state)
{
    (void)state;
    struct rig rig = cut(13, 1);
    size_t checked = 0;
    for (size_t i = 0; i < rig.count; i++)
        for (uint32_t e = 0; e < rig.seen[i].head.evidence_count; e++, checked++) {
            const struct closed_evidence *evidence = &rig.seen[i].evidence[e];
            char want[9];
            snprintf(want, sizeof(want), "rec%04u", (unsigned)(evidence->line - 1));
            assert_string_equal(rig.seen[i].texts[e], want);
            assert_int_equal(evidence->offset, 8 * (evidence->line - 1));
            assert_string_equal(rig.seen[i].paths[e], "a.log");
        }
    assert_true(checked > 300);
    rig_close(&rig);
}

int main(void)
{
    write_log();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(window_sequence_does_not_depend_on_batch_cuts),
        cmocka_unit_test(window_sequence_is_the_same_at_every_single_cut),
        cmocka_unit_test(window_sequence_counts_each_record_once),
        cmocka_unit_test(window_evidence_names_the_lines_of_the_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
