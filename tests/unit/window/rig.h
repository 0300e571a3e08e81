/* SPDX-License-Identifier: MIT */
/*
 * rig.h - windows with a ring behind them, for the tests of the window room.
 *
 *      struct rig rig = rig_of(.window_ns = 60 * NS_PER_S);
 *      rig_see(&rig, &rig.sources[0], 5);      a record 5 s after BASE
 *      rig_drain(&rig);                        what was closed, runs of empty ones spread out
 *      rig.seen[0].head.records
 */
#ifndef TESTS_UNIT_WINDOW_RIG_H
#define TESTS_UNIT_WINDOW_RIG_H

#include "base/check.h"
#include "window/window.h"

#include <stdio.h>
#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define BASE (INT64_C(1718400000) * NS_PER_S) /* 2024-06-14T21:20:00Z, a full minute */

enum { RIG_SEEN = 4096, RIG_SERIES = 8, RIG_EVIDENCE = 24, RIG_SOURCES = 3 };

struct seen {
    struct closed head;
    double values[RIG_SERIES];
    uint64_t counts[RIG_SERIES];
    struct closed_evidence evidence[RIG_EVIDENCE];
    char texts[RIG_EVIDENCE][64], paths[RIG_EVIDENCE][32];
};

struct rig {
    struct windows *windows;
    struct ring *ring;
    struct window_source sources[RIG_SOURCES];
    struct seen *seen, *glances;
    size_t count, frames, glance_count;
};

static const struct series_spec rig_lines = {.name = "records", .kind = SERIES_RECORDS};

static inline struct rig rig_open(struct window_options options)
{
    static const char *const paths[RIG_SOURCES] = {"a.log", "b.log", "c.log"};
    struct rig rig = {.seen = calloc(RIG_SEEN, sizeof(*rig.seen)),
                      .glances = calloc(RIG_SEEN, sizeof(*rig.seen))};
    if (!options.series) {
        options.series = &rig_lines;
        options.series_count = 1;
    }
    if (!options.from_ns && !options.until_ns)
        options.from_ns = options.until_ns = NO_TIME;
    assert_int_equal(windows_create(&options, &rig.windows), 0);
    assert_int_equal(ring_create(4 << 20, 1, &rig.ring, NULL), 0);
    for (uint32_t i = 0; i < RIG_SOURCES; i++)
        rig.sources[i] = (struct window_source){.number = i,
                                                .path = path_new(paths[i]),
                                                .reached_ns = NO_TIME,
                                                .suspect_ns = NO_TIME};
    return rig;
}
#define rig_of(...) rig_open((struct window_options){__VA_ARGS__})

static inline void rig_close(struct rig *rig)
{
    for (int i = 0; i < RIG_SOURCES; i++)
        path_drop(rig->sources[i].path); // before the windows: those must not need it
    windows_free(rig->windows);
    ring_destroy(rig->ring);
    free(rig->seen);
    free(rig->glances);
}

/* Counts `count` records of `text` with the given times; batch offset and line as if they began the source. */
static inline void rig_observe(struct rig *rig, struct window_source *source,
                               const struct oddline_record *records, size_t count)
{
    struct oddline_batch batch = {.size = sizeof(batch),
                                  .text = "a record",
                                  .records = records,
                                  .count = (uint32_t)count};
    windows_observe(rig->windows, &batch,
                    &(struct batch_place){.source = source, .line = 1, .arrival_ns = NO_TIME});
}

static inline struct oddline_record rig_at(double seconds)
{
    return (struct oddline_record){
        .time_ns = BASE + (int64_t)(seconds * 1e9), .text_len = 8, .lines = 1};
}

/* One record, `seconds` behind BASE. */
static inline void rig_see(struct rig *rig, struct window_source *source, double seconds)
{
    struct oddline_record record = rig_at(seconds);
    rig_observe(rig, source, &record, 1);
}

static inline struct seen rig_read(const struct closed *closed)
{
    const char *base = (const char *)closed;
    struct seen seen = {.head = *closed};
    CHECK(closed->series_count <= RIG_SERIES && closed->evidence_count <= RIG_EVIDENCE);
    CHECK(closed->values % 8 == 0 && closed->counts % 8 == 0 && closed->evidence % 8 == 0);
    memcpy(seen.values, base + closed->values, closed->series_count * sizeof(double));
    memcpy(seen.counts, base + closed->counts, closed->series_count * sizeof(uint64_t));
    memcpy(seen.evidence, base + closed->evidence,
           closed->evidence_count * sizeof(seen.evidence[0]));
    for (uint32_t i = 0; i < closed->evidence_count; i++) {
        const struct closed_evidence *e = &seen.evidence[i];
        snprintf(seen.texts[i], sizeof(seen.texts[i]), "%.*s", (int)e->text_len,
                 base + e->text);
        snprintf(seen.paths[i], sizeof(seen.paths[i]), "%.*s", (int)e->path_len,
                 base + e->path);
    }
    return seen;
}

static inline void rig_take(struct rig *rig, const struct closed *closed)
{
    struct seen seen = rig_read(closed);
    int64_t length = closed->end_ns - closed->start_ns;
    seen.head.repeat = 1;
    for (uint64_t i = 0; i < closed->repeat; i++) {
        CHECK(rig->count < RIG_SEEN);
        rig->seen[rig->count++] = seen;
        seen.head.index++;
        seen.head.start_ns += length;
        seen.head.end_ns += length;
        seen.head.closed_ns += length;
    }
}

/* Moves what is pending through the ring into `seen`; returns how many windows there are now. */
static inline size_t rig_drain(struct rig *rig)
{
    windows_emit(rig->windows, rig->ring, -1);
    for (const struct ring_frame *f; (f = ring_peek(rig->ring, 0)); rig->frames++) {
        if (f->kind == RING_GLANCE) {
            CHECK(rig->glance_count < RIG_SEEN);
            rig->glances[rig->glance_count++] = rig_read(ring_payload(f));
        } else {
            assert_int_equal(f->kind, RING_WINDOW);
            rig_take(rig, ring_payload(f));
        }
        ring_release(rig->ring, 0);
    }
    return rig->count;
}

/* Every window follows the one before, and begins where that ended. */
static inline void rig_assert_in_order(const struct rig *rig)
{
    for (size_t i = 0; i < rig->count; i++) {
        assert_int_equal(rig->seen[i].head.index, i);
        if (i > 0)
            assert_int_equal(rig->seen[i].head.start_ns, rig->seen[i - 1].head.end_ns);
    }
}

#endif /* TESTS_UNIT_WINDOW_RIG_H */
