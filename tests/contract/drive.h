/* SPDX-License-Identifier: MIT */
/*
 * drive.h - feeds numbers to a detector through the real loader, for the tests beside it.
 */
#ifndef CONTRACT_DRIVE_H
#define CONTRACT_DRIVE_H

#include "host/host.h"

#include <math.h>
#include <stdio.h>

#define DRIVE_DETECTORS BINARY_DIR "/detectors"
#define DRIVE_WINDOW_NS (INT64_C(60) * 1000000000) /* a minute */

struct drive {
    struct plugin *plugin;
    struct instance *instance;
    uint64_t index;
    uint32_t series_count;
    uint32_t flags; /* of the windows, besides what follows from their values */
};

static const char *const drive_series[] = {"errors", "timeouts", "deadlocks"};

/* One or more series; asserts that everything goes well. */
static inline void drive_open(struct drive *drive, struct plugin *plugin, uint32_t series_count,
                              const struct plugin_setting *settings, size_t setting_count)
{
    struct error error = {.text = ""};
    struct instance_options options = {.stream = "test",
                                       .series = drive_series,
                                       .series_count = series_count,
                                       .window_ns = DRIVE_WINDOW_NS,
                                       .settings = settings,
                                       .setting_count = setting_count};
    *drive = (struct drive){.plugin = plugin, .series_count = series_count};
    if (instance_open(plugin, &options, &drive->instance, &error) < 0)
        fail_msg("%s", error.text);
}

static inline const struct oddline_score *drive_window(struct drive *drive,
                                                       const double *values)
{
    uint64_t counts[3] = {1, 1, 1};
    struct error error = {.text = ""};
    const struct oddline_score *scores = NULL;
    struct oddline_window window = {
        .size = sizeof(window),
        .start_ns = (int64_t)drive->index * DRIVE_WINDOW_NS,
        .end_ns = (int64_t)(drive->index + 1) * DRIVE_WINDOW_NS,
        .index = drive->index,
        .records = values[0] > 0 && values[0] < 1e9 ? (uint64_t)values[0] : 0,
        .values = values,
        .counts = counts};
    window.flags = drive->flags | (window.records ? 0 : ODDLINE_WINDOW_EMPTY);
    drive->index++;
    if (instance_score(drive->instance, &window, &scores, &error) < 0)
        fail_msg("%s", error.text);
    return scores;
}

/* The same value for each series; the score of the first. */
static inline const struct oddline_score *drive_value(struct drive *drive, double value)
{
    double values[3] = {value, value, value};
    return drive_window(drive, values);
}

/* `count` windows of `value`; the last score. */
static inline const struct oddline_score *drive_many(struct drive *drive, double value,
                                                     int count)
{
    const struct oddline_score *last = NULL;
    while (count-- > 0)
        last = drive_value(drive, value);
    return last;
}

/* ---- a world that is the same every time ------------------------------- */

static inline double drive_uniform(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return ((double)(*seed >> 11) + 0.5) / 9007199254740992.0;
}

/* Knuth's method; for means up to some tens. */
static inline double drive_poisson(uint64_t *seed, double mean)
{
    double limit = exp(-mean), product = drive_uniform(seed), count = 0;
    while (product > limit) {
        product *= drive_uniform(seed);
        count++;
    }
    return count;
}

/* Load NAME once for the whole group: the setup of a test file. */
static inline struct plugin *drive_load(const char *name)
{
    struct plugin *plugin = NULL;
    struct error error = {.text = ""};
    if (plugin_load(name, DRIVE_DETECTORS, &plugin, &error) < 0)
        fprintf(stderr, "%s\n", error.text);
    return plugin;
}

static inline void drive_close(struct drive *drive)
{
    instance_close(drive->instance);
}

#endif /* CONTRACT_DRIVE_H */
