/* SPDX-License-Identifier: MIT */
/*
 * verdict_rig.h - a verdict that is asked about windows of a minute, and what it told.
 */
#ifndef UNIT_JUDGE_VERDICT_RIG_H
#define UNIT_JUDGE_VERDICT_RIG_H

#include "judge/verdict.h"
#include "stage.h"

enum { WARM = 100 }; // a window well after the warm-up

static struct notes notes;
static struct judge_stream stream;
static struct silences silences;
static struct verdict *verdict;
static struct stage_closed closed;

static inline void rig_deliver(void *context, struct finding *finding)
{
    notes_take(context, finding);
}

static inline int rig_set_up(void **state)
{
    (void)state;
    memset(&notes, 0, sizeof(notes));
    memset(&silences, 0, sizeof(silences));
    stream = stage_stream();
    struct verdict_options options = {
        .stream = &stream, .deliver = rig_deliver, .context = &notes, .silences = &silences};
    return verdict_create(&options, &verdict);
}

static inline int rig_tear_down(void **state)
{
    (void)state;
    verdict_free(verdict);
    verdict = NULL;
    return 0;
}

static inline void rig_window(uint64_t nth, uint32_t flags, const struct opinion *opinions,
                              size_t count)
{
    stage_close(&closed, nth, NULL, 0);
    closed.head.flags = flags;
    verdict_window(verdict, &closed.head, nth, opinions, count);
}

static inline void window(uint64_t nth, struct opinion opinion)
{
    rig_window(nth, 0, &opinion, 1);
}

static inline void errors(uint64_t nth, double surprise)
{
    window(nth, stage_opinion(ERRORS, 100, 1, surprise));
}

/* Nothing odd in [from, until): whatever was open resolves. */
static inline void calm_until(uint64_t from, uint64_t until)
{
    while (from < until)
        errors(from++, 0);
}

static inline const struct told *told(size_t i)
{
    assert_true(i < notes.count);
    return &notes.told[i];
}

#define RIG_TEST(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)

#endif /* UNIT_JUDGE_VERDICT_RIG_H */
