/* SPDX-License-Identifier: MIT */
/*
 * release.h - a made-up service with a deployment in the middle, for the tests of the gate: the same seed, the same release.
 *
 * Errors come independently (`clump` 0) or with a hidden level that wanders, so that windows next to each other go together
 * (`clump` is its deviation, as a factor: 0.5 = half as much or half more). `rhythm` is the swing of traffic and errors over a day.
 */
#ifndef TESTS_UNIT_GATE_RELEASE_H
#define TESTS_UNIT_GATE_RELEASE_H

#include "base/check.h"
#include "gate/gate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BEFORE = 360, AFTER = 60, SECONDS = 10, DAY_WINDOWS = 8640 };

struct profile {
    double per_window; /* records */
    double errors;     /* share */
    double slower;     /* all durations are so many times as long; 0: nobody says how long */
    double clump, rhythm;
};

struct maker {
    unsigned short seed[3];
    double level; /* hidden, of the clumps: an AR(1) with a memory of some 20 windows */
};

static inline double draw_normal(struct maker *m)
{
    double u = 1 - erand48(m->seed), v = erand48(m->seed);
    return sqrt(-2 * log(u)) * cos(2 * M_PI * v);
}

static inline uint64_t draw_count(struct maker *m, double mean)
{
    if (mean > 50) {
        double x = round(mean + sqrt(mean) * draw_normal(m));
        return x > 0 ? (uint64_t)x : 0;
    }
    double left = exp(-mean), at = erand48(m->seed);
    uint64_t count = 0;
    for (; at > left && count < 1000; count++)
        at *= erand48(m->seed);
    return count;
}

static inline uint64_t draw_of(struct maker *m, uint64_t all, double share)
{
    if ((double)all * share < 10) {
        uint64_t few = draw_count(m, (double)all * share);
        return few < all ? few : all;
    }
    uint64_t part = 0;
    for (uint64_t i = 0; i < all; i++)
        part += erand48(m->seed) < share;
    return part;
}

static inline void make_cell(struct maker *m, const struct profile *p, double at,
                             struct gate_cell *cell)
{
    m->level = 0.95 * m->level + sqrt(1 - 0.95 * 0.95) * draw_normal(m);
    double clump = exp(p->clump * m->level - p->clump * p->clump / 2);
    double day = 1 + p->rhythm * sin(2 * M_PI * at / DAY_WINDOWS);
    *cell = (struct gate_cell){.records = draw_count(m, p->per_window * day)};
    cell->requests = cell->records;
    cell->bad = draw_of(m, cell->records, fmin(1, p->errors * clump * day));
    for (uint64_t i = 0; p->slower > 0 && i < cell->records; i++)
        quantile_add(&cell->durations, p->slower * exp(4 + 0.5 * draw_normal(m)));
}

/* `at`: window of the day at which the deployment is. */
static inline void make_pair(struct maker *m, const struct profile *before,
                             const struct profile *after, double at, struct gate_pair *pair)
{
    for (size_t i = 0; i < BEFORE; i++)
        make_cell(m, before, at - BEFORE + (double)i, &pair->before.cells[i]);
    for (size_t i = 0; i < AFTER; i++)
        make_cell(m, after, at + (double)i, &pair->after.cells[i]);
}

static inline void open_pair(struct gate_pair *pair)
{
    pair->before = (struct gate_side){
        .cells = calloc(BEFORE, sizeof(struct gate_cell)), .count = BEFORE, .seconds = SECONDS};
    pair->after = (struct gate_side){
        .cells = calloc(AFTER, sizeof(struct gate_cell)), .count = AFTER, .seconds = SECONDS};
    CHECK(pair->before.cells && pair->after.cells);
}

static inline void close_pair(struct gate_pair *pair)
{
    free(pair->before.cells);
    free(pair->after.cells);
}

static inline struct gate_case open_case(void)
{
    struct gate_case gate = {.alpha = 0.01, .tolerate = 0.001, .samples_min = 100};
    open_pair(&gate.service);
    for (size_t i = 0; i < GATE_DAYS; i++)
        open_pair(&gate.days[i]);
    open_pair(&gate.control);
    return gate;
}

static inline void close_case(struct gate_case *gate)
{
    close_pair(&gate->service);
    for (size_t i = 0; i < GATE_DAYS; i++)
        close_pair(&gate->days[i]);
    close_pair(&gate->control);
}

/* As the command does: look after every window, end when it is sure. */
static inline struct gate_result judge_it(struct gate_case *gate)
{
    struct gate_result result;
    gate_prepare(gate);
    for (size_t i = 1; i <= AFTER; i++) {
        gate_look(gate, i, i == AFTER, &result);
        if (result.final)
            break;
    }
    return result;
}

#endif /* TESTS_UNIT_GATE_RELEASE_H */
