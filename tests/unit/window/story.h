/* SPDX-License-Identifier: MIT */
/*
 * story.h - what may happen to the windows of a stream, step by step, for tests that interrupt it.
 *
 *      write_story(&story, 3);             the same one every time
 *      play(&rig, &story, step);
 *      drain(&rig, &frames);               the bytes of what was closed
 *      restart(&rig);                      pack all, forget all, unpack all
 */
#ifndef TESTS_UNIT_WINDOW_STORY_H
#define TESTS_UNIT_WINDOW_STORY_H

#include "rig.h"

static const struct series_spec series[] = {
    {.name = "records", .kind = SERIES_RECORDS},
    {.name = "errors", .kind = SERIES_RATIO, .select = {.level_min = ODDLINE_LEVEL_ERROR}},
    {.name = "mean", .kind = SERIES_MEAN, .min_samples = 2},
    {.name = "least", .kind = SERIES_MIN},
    {.name = "bytes", .kind = SERIES_BYTES},
    {.name = "upper", .kind = SERIES_QUANTILE, .quantile = 0.9, .min_samples = 2},
    {.name = "users", .kind = SERIES_DISTINCT, .field = 1},
    {.name = "bad to good",
     .kind = SERIES_RATIO,
     .select = {.level_min = ODDLINE_LEVEL_ERROR},
     .to = {.level_max = ODDLINE_LEVEL_INFO}},
};
enum {
    SERIES = sizeof(series) / sizeof(series[0]),
    STEPS = 300,
    STORIES = 6,
    TOLD = 40,
    LINE = 16
};

/* ---- what happens ----------------------------------------------------------- */

enum act { OBSERVE, HOLD, LET_GO, QUIET, ROTATE, ACTS };

/* One step: what the lane does between two frames. */
struct step {
    enum act act;
    int source;
    uint32_t first, count; /* records */
    double quiet;          /* seconds behind BASE */
};
struct story {
    struct step steps[STEPS];
    struct oddline_record records[STEPS * 4];
    struct oddline_field fields[STEPS * 4 * 2]; /* a number and a text each */
    char text[STEPS * 4 * LINE + 1];
    uint32_t count;
};

static inline void add_record(struct story *story, double time, long dice,
                              unsigned short seed[3])
{
    uint32_t i = story->count++;
    snprintf(story->text + (size_t)LINE * i, LINE + 1, "record %08u\n", i);
    story->fields[2 * i] = (struct oddline_field){.number = erand48(seed) * 100 - 50};
    story->fields[2 * i + 1] = (struct oddline_field){
        .name = 1, .is_text = 1, .text = LINE * (i / 3) + 13, .text_len = 2};
    story->records[i] = rig_at(time);
    story->records[i].text = LINE * i;
    story->records[i].text_len = LINE - 1;
    story->records[i].fields = 2 * i;
    story->records[i].field_count = dice % 4 != 0 ? 2 : 0;
    story->records[i].level = (uint8_t)(1 + nrand48(seed) % 24);
    story->records[i].flags = dice == 53 ? ODDLINE_RECORD_NO_STAMP : 0;
    if (dice == 52)
        story->records[i].time_ns = NO_TIME;
}

/* Three sources with holes, disorder, records that are late, wild stamps at the start and in the middle, rotations, silence. */
static inline void write_story(struct story *story, unsigned short number)
{
    unsigned short seed[3] = {7, 8, number};
    double now = 0;
    *story = (struct story){0};
    for (int s = 0; s < STEPS; s++) {
        long dice = nrand48(seed) % 100;
        struct step *step = &story->steps[s];
        *step = (struct step){.act = OBSERVE,
                              .source = (int)(nrand48(seed) % RIG_SOURCES),
                              .first = story->count};
        now += dice < 80 ? erand48(seed) * 20 : dice < 98 ? erand48(seed) * 500 : 7200;
        if (dice >= 80 && dice < 95)
            step->act = (enum act)(HOLD + dice % (ACTS - 1));
        step->quiet = now + 100;
        for (long n = step->act == OBSERVE ? 1 + dice % 4 : 0; n > 0; n--) {
            long odd = nrand48(seed) % 100;
            double jump = odd == 50 || (story->count == 0 && number % 2) ? 1e6
                          : odd == 51                                    ? -500
                                                                         : erand48(seed) * 40;
            add_record(story, now + jump, odd, seed);
        }
        step->count = story->count - step->first;
    }
}

/* ---- playing it ---------------------------------------------------------------- */

static inline void rotate(struct rig *rig, struct window_source *source, int step)
{
    char name[32];
    snprintf(name, sizeof(name), "rotated-%d.log", step);
    windows_let_go(rig->windows, source);
    path_drop(source->path);
    *source = (struct window_source){.number = 100 + (uint32_t)step,
                                     .path = path_new(name),
                                     .reached_ns = NO_TIME,
                                     .suspect_ns = NO_TIME};
}

static inline void observe(struct rig *rig, const struct story *story, const struct step *step,
                           struct window_source *source)
{
    struct oddline_batch batch = {.size = sizeof(batch),
                                  .text = story->text,
                                  .records = story->records + step->first,
                                  .fields = story->fields,
                                  .count = step->count};
    windows_observe(rig->windows, &batch,
                    &(struct batch_place){
                        .source = source, .line = step->first + 1, .arrival_ns = NO_TIME});
}

static inline void play(struct rig *rig, const struct story *story, int number)
{
    const struct step *step = &story->steps[number];
    struct window_source *source = &rig->sources[step->source];
    if (step->act == OBSERVE)
        observe(rig, story, step, source);
    else if (step->act == HOLD)
        windows_hold(rig->windows, source);
    else if (step->act == LET_GO)
        windows_let_go(rig->windows, source);
    else if (step->act == QUIET)
        windows_quiet(rig->windows, BASE + (int64_t)(step->quiet * 1e9));
    else
        rotate(rig, source, number);
}

/* All frames, one behind the other, as they lie in the ring. */
static inline void drain(struct rig *rig, struct buffer *out)
{
    windows_emit(rig->windows, rig->ring, -1);
    for (const struct ring_frame *f; (f = ring_peek(rig->ring, 0)); rig->frames++) {
        buffer_append(out, f, f->size);
        ring_release(rig->ring, 0);
    }
}

static const struct window_options options = {.window_ns = 300 * NS_PER_S,
                                              .lateness_ns = 20 * NS_PER_S,
                                              .series = series,
                                              .series_count = SERIES,
                                              .from_ns = NO_TIME,
                                              .until_ns = NO_TIME};

/* As after a start: nothing was seen, nothing is attached. */
static inline void forget(struct rig *rig)
{
    windows_free(rig->windows);
    assert_int_equal(windows_create(&options, &rig->windows), 0);
    for (int i = 0; i < RIG_SOURCES; i++) {
        path_drop(rig->sources[i].path);
        rig->sources[i] = (struct window_source){
            .path = path_new("new.log"), .reached_ns = NO_TIME, .suspect_ns = NO_TIME};
    }
}

static inline void pack_all(const struct rig *rig, struct buffer *out)
{
    windows_pack(rig->windows, out);
    for (int i = 0; i < RIG_SOURCES; i++)
        window_source_pack(&rig->sources[i], out);
}

/* Into a rig in which nothing is attached; the first failure, or 0. */
static inline int unpack_all(struct rig *rig, struct bytes saved)
{
    struct unpacker in = {.rest = saved};
    int r = windows_unpack(rig->windows, &in);
    for (int i = 0; i < RIG_SOURCES && r == 0; i++) {
        bool holds = false;
        r = window_source_unpack(&rig->sources[i], &in, &holds);
        if (r == 0 && holds)
            windows_hold(rig->windows, &rig->sources[i]);
    }
    if (r == 0)
        assert_int_equal(in.rest.len, 0);
    return r;
}

static inline void restart(struct rig *rig)
{
    struct buffer saved = {0};
    pack_all(rig, &saved);
    forget(rig);
    assert_int_equal(unpack_all(rig, buffer_bytes(&saved)), 0);
    buffer_free(&saved);
}

#endif /* TESTS_UNIT_WINDOW_STORY_H */
