/* SPDX-License-Identifier: MIT */
/* Promise: windows close when the slowest source that holds has passed them, as a look at all of them would say, and without that look. */

#include "rig.h"

#include <time.h>

enum { SOURCES = 40, STEPS = 40000, CROWD = 10000, ROUNDS = 20 };

static const double WINDOW_S = 10, LATENESS_S = 2;

/* What a look at all sources says; seconds behind BASE. */
struct model {
    double reached[SOURCES], furthest;
    bool read[SOURCES], holds[SOURCES];
    size_t closed;
};

static uint32_t draw(uint64_t *seed, uint32_t below)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*seed >> 33) % below;
}

static size_t holders_of(const struct model *m)
{
    size_t holders = 0;
    for (int i = 0; i < SOURCES; i++)
        holders += m->holds[i];
    return holders;
}

static void close_by_model(struct model *m)
{
    double lowest = m->furthest;
    for (int i = 0; i < SOURCES; i++)
        if (m->holds[i])
            lowest = !m->read[i] ? -1 : m->reached[i] < lowest ? m->reached[i] : lowest;
    if (lowest < LATENESS_S)
        return;
    size_t closed = (size_t)((lowest - LATENESS_S) / WINDOW_S);
    m->closed = closed > m->closed ? closed : m->closed;
}

static void see(struct rig *rig, struct model *m, struct window_source *sources, int i,
                double at)
{
    rig_see(rig, &sources[i], at);
    m->reached[i] = m->read[i] && m->reached[i] > at ? m->reached[i] : at;
    m->read[i] = true;
    m->furthest = at > m->furthest ? at : m->furthest;
    close_by_model(m);
}

static void hold(struct rig *rig, struct model *m, struct window_source *sources, int i)
{
    windows_hold(rig->windows, &sources[i]);
    m->holds[i] = true;
}

static void let_go(struct rig *rig, struct model *m, struct window_source *sources, int i)
{
    bool held = m->holds[i];
    windows_let_go(rig->windows, &sources[i]);
    m->holds[i] = false;
    if (held && holders_of(m))
        close_by_model(m);
}

static struct window_source *some_sources(size_t count)
{
    struct window_source *sources = calloc(count, sizeof(*sources));
    for (size_t i = 0; i < count; i++)
        sources[i] = (struct window_source){.number = (uint32_t)i,
                                            .path = path_new("a.log"),
                                            .reached_ns = NO_TIME,
                                            .suspect_ns = NO_TIME};
    return sources;
}

static void drop(struct window_source *sources, size_t count)
{
    for (size_t i = 0; i < count; i++)
        path_drop(sources[i].path);
    free(sources);
}

static void windows_close_as_a_look_at_all_sources_says(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct rig rig = rig_of(.window_ns = 10 * NS_PER_S, .lateness_ns = 2 * NS_PER_S);
        struct window_source *sources = some_sources(SOURCES);
        struct model m = {.closed = 0};
        uint64_t random = seed;
        see(&rig, &m, sources, 0, 0);
        for (int step = 0; step < STEPS; step++) {
            int i = (int)draw(&random, SOURCES);
            uint32_t what = draw(&random, 10);
            double clock = 40 + step * 0.1;
            if (what == 0)
                let_go(&rig, &m, sources, i);
            else if (what == 1)
                hold(&rig, &m, sources, i);
            else
                see(&rig, &m, sources, i, clock - draw(&random, 40));
            assert_int_equal(rig_drain(&rig), m.closed);
        }
        assert_true(m.closed > 300);
        drop(sources, SOURCES);
        rig_close(&rig);
    }
}

/* Some are far behind: no window closes, and what the others bring must not cost a look at all of them each time. */
static void windows_are_no_slower_with_many_sources_behind(void **state)
{
    (void)state;
    struct rig rig = rig_of(.window_ns = 10 * NS_PER_S, .lateness_ns = 2 * NS_PER_S);
    struct window_source *sources = some_sources(CROWD);
    for (int i = 0; i < CROWD; i++)
        windows_hold(rig.windows, &sources[i]);
    clock_t begun = clock();
    for (int round = 1; round <= ROUNDS; round++)
        for (int i = 1; i < CROWD; i++) // the first one has not begun
            rig_see(&rig, &sources[i], 20 + round);
    assert_int_equal(rig_drain(&rig), 0);
    for (int i = CROWD - 1; i > 0; i--)
        windows_let_go(rig.windows, &sources[i]);
    assert_true(clock() - begun < CLOCKS_PER_SEC); // a look at all for each: half a minute
    rig_see(&rig, &sources[0], 41);
    assert_int_equal(rig_drain(&rig), 1);
    drop(sources, CROWD);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_are_no_slower_with_many_sources_behind),
        cmocka_unit_test(windows_close_as_a_look_at_all_sources_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
