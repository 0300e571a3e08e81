/* SPDX-License-Identifier: MIT */
/* Promise: a record counts in every series that selects it and in no other, whichever of the 256 patterns they want. */

#include "rig.h"
#include "ring/batch.h"

#include <string.h>

static uint32_t seed = 1;

static uint32_t below(uint32_t n)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 16) % n;
}

#define OF(number)                                                                             \
    {                                                                                          \
        .pattern = (number) + 1                                                                \
    }

enum { RECORDS = 1000, SERIES = RIG_SERIES };

static const struct series_spec series[SERIES] = {
    {.name = "first", .select = OF(0)},
    {.name = "highest of a word", .select = OF(63)},
    {.name = "the next word", .select = OF(64)},
    {.name = "last", .select = OF(255)},
    {.name = "again", .select = OF(64)},
    {.name = "all"},
    {.name = "share", .kind = SERIES_RATIO, .select = OF(130), .to = OF(255)},
    {.name = "bad", .kind = SERIES_BAD, .select = OF(64), .to = OF(63), .except = true},
};

static struct oddline_record records[RECORDS];
static uint64_t more[RECORDS][BATCH_MORE];

static struct batch_draft draft = {
    .seen = {.size = sizeof(draft), .text = "a record", .records = records, .count = RECORDS},
    .more = more[0],
};

static uint64_t both(uint32_t a, uint32_t b, bool with_b)
{
    uint64_t count = 0;
    for (int i = 0; i < RECORDS; i++)
        count += batch_matched(&draft.seen, &records[i], a) &&
                 batch_matched(&draft.seen, &records[i], b) == with_b;
    return count;
}

static void counts_are_those_of_the_selections(void **state)
{
    (void)state;
    struct rig rig =
        rig_of(.window_ns = 60 * NS_PER_S, .series = series, .series_count = SERIES);
    for (int i = 0; i < RECORDS; i++) {
        records[i] = rig_at(i / 100.0);
        records[i].matches = below(3) | (uint64_t)below(2) << 63;
        more[i][0] = below(4);
        more[i][1] = below(8);
        more[i][2] = (uint64_t)below(2) << 63;
    }
    windows_observe(
        rig.windows, &draft.seen,
        &(struct batch_place){.source = &rig.sources[0], .line = 1, .arrival_ns = NO_TIME});
    windows_end(rig.windows);
    assert_int_equal(rig_drain(&rig), 1);
    static const uint32_t plain[] = {0, 63, 64, 255, 64};
    for (int i = 0; i < 5; i++) {
        assert_int_equal(rig.seen[0].counts[i], both(plain[i], plain[i], true));
        assert_true(rig.seen[0].counts[i] > 100);
    }
    assert_int_equal(rig.seen[0].counts[5], RECORDS);
    assert_int_equal(rig.seen[0].counts[6], both(130, 130, true));
    assert_true(rig.seen[0].values[6] ==
                (double)both(130, 130, true) / (double)both(255, 255, true));
    assert_int_equal(rig.seen[0].counts[7], both(63, 64, false));
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_are_those_of_the_selections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
