/* SPDX-License-Identifier: MIT */
/*
 * plan_rig.h - a configuration in a directory of its own, and the plan of one of its streams.
 */
#ifndef UNIT_APP_PLAN_RIG_H
#define UNIT_APP_PLAN_RIG_H

#include "base/clock.h"
#include "config/plan.h"
#include "rig.h"

static struct library library = {.isolation = ISOLATION_NONE};
static struct config config;
static struct plan *plan;
static struct error error;

static inline int set_up(void **state)
{
    setenv("ODDLINE_PLUGIN_DIR", BINARY_DIR "/detectors", 1);
    return rig_set_up(state);
}

static inline int tear_down(void **state)
{
    plan_free(plan);
    plan = NULL;
    config_free(&config);
    library_free(&library);
    return rig_tear_down(state);
}

/* The plan of a stream of `config`, which is that of c.yaml. */
static inline int plan_stream(size_t which, uint32_t number)
{
    struct plan_place place = {.file = "c.yaml", .number = number, .library = &library};
    plan_free(plan);
    plan = NULL;
    return plan_create(&config.streams[which], &place, &plan, &error);
}

#endif /* UNIT_APP_PLAN_RIG_H */
