/* SPDX-License-Identifier: MIT */

#include "command/trial_cast.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/hash.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- traces ------------------------------------------------------------- */

void trace_free(struct trace *trace)
{
    free(trace->at);
    *trace = (struct trace){0};
}

static int trace_add(struct trace *trace, uint64_t index, uint64_t hash)
{
    if (trace->len == trace->capacity) {
        size_t capacity = trace->capacity ? 2 * trace->capacity : 1024;
        void *grown = realloc(trace->at, capacity * sizeof(*trace->at));
        if (!grown)
            return -ENOMEM;
        trace->at = grown;
        trace->capacity = capacity;
    }
    trace->at[trace->len].index = index;
    trace->at[trace->len++].hash = hash;
    return 0;
}

int trace_compare(const struct trace *whole, const struct trace *part, size_t from,
                  const char *what, struct error *reterr)
{
    for (size_t i = 0; i < part->len && from + i < whole->len; i++)
        if (whole->at[from + i].hash != part->at[i].hash)
            return error_set(reterr, -EBADMSG, "%s: the scores of window %" PRIu64 " differ",
                             what, part->at[i].index);
    return 0;
}

uint64_t trace_hash(const struct trace *trace)
{
    uint64_t hash = 0;
    for (size_t i = 0; i < trace->len; i++)
        hash = hash_join(hash, trace->at[i].hash);
    return hash;
}

/* A NaN is a NaN, whatever its bits. */
static uint64_t join_double(uint64_t hash, double number)
{
    uint64_t bits = UINT64_MAX;
    if (!isnan(number))
        memcpy(&bits, &number, sizeof(bits));
    return hash_join(hash, bits);
}

static uint64_t join_score(uint64_t hash, const struct oddline_score *score)
{
    hash = hash_join(hash, score->size ? score->series : UINT64_MAX);
    if (!score->size)
        return hash;
    hash = join_double(hash, score->score);
    hash = join_double(hash, score->observed);
    hash = join_double(hash, score->expected);
    hash = join_double(hash, score->lower);
    hash = join_double(hash, score->upper);
    hash = hash_join(hash, score->samples);
    hash = hash_join(hash, (uint64_t)score->kind << 32 | score->flags);
    return hash_join(hash, hash_bytes(bytes_of(score->reason)));
}

/* ---- life --------------------------------------------------------------- */

static void seat(struct cast *cast)
{
    const struct plugin *plugin = cast->options.plugin;
    cast->count = 1;
    if (plugin_patterns_param(plugin)) {
        cast->first = REEL_PLAIN;
        cast->series = REEL_PATTERNS;
    } else if (plugin_label(plugin)->needs & ODDLINE_NEEDS_ALL_SERIES) {
        cast->series = REEL_PLAIN;
    } else {
        cast->series = 1;
        cast->count = REEL_PLAIN;
    }
}

int cast_open(struct cast *cast, const struct cast_options *options, struct error *reterr)
{
    *cast = (struct cast){.options = *options, .next = options->stream->first};
    seat(cast);
    struct instance_options instance = {
        .stream = options->stream->name,
        .series_count = cast->series,
        .window_ns = options->stream->window_ns,
        .settings = options->setting,
        .setting_count = options->setting != NULL,
    };
    int r = 0;
    for (uint32_t i = 0; i < cast->count && r == 0; i++) {
        instance.series = &reel_series[cast->first + i];
        *options->call = CALL_OPEN;
        r = instance_open(options->plugin, &instance, &cast->instances[i], reterr);
    }
    *options->call = CALL_NONE;
    if (r < 0)
        cast_close(cast);
    return r;
}

void cast_close(struct cast *cast)
{
    for (uint32_t i = 0; i < cast->count; i++) {
        *cast->options.call = CALL_CLOSE;
        instance_close(cast->instances[i]);
        cast->instances[i] = NULL;
        *cast->options.call = CALL_NONE;
    }
    free(cast->scratch);
    cast->scratch = NULL;
}

bool cast_is_over(const struct cast *cast)
{
    return cast->next >= cast->options.stream->end;
}

/* ---- batches ------------------------------------------------------------ */

static int observe(struct cast *cast, const struct oddline_batch *batch, struct error *reterr)
{
    struct trial_cost *cost = cast->options.cost;
    int64_t begun = cost ? clock_monotonic_ns() : 0;
    int r = 0;
    *cast->options.call = CALL_OBSERVE;
    for (uint32_t i = 0; i < cast->count && r == 0; i++)
        r = instance_observe(cast->instances[i], batch, reterr);
    *cast->options.call = CALL_NONE;
    if (!cost)
        return r;
    cost->observe_ns += clock_monotonic_ns() - begun;
    for (uint32_t i = 0; i < batch->count; i++)
        cost->lines += (uint64_t)batch->records[i].lines * cast->count;
    return r;
}

/* The same records in other cuts: 1, 2, 3, 5, 8 … at a time, from a copy that is gone afterwards. */
static int observe_pieces(struct cast *cast, const struct ring_frame *frame,
                          struct error *reterr)
{
    size_t size = frame->size - sizeof(*frame);
    char *copy = realloc(cast->scratch, size);
    if (!copy)
        return error_set(reterr, -ENOMEM, "out of memory");
    cast->scratch = copy;
    memcpy(copy, ring_payload(frame), size);
    const struct oddline_batch whole = batch_view((const struct batch *)(const void *)copy);
    struct oddline_batch piece = whole;
    uint32_t last = 1, length = 1;
    int r = 0;
    for (uint32_t at = 0; at < whole.count && r == 0; at += piece.count) {
        piece.records = whole.records + at;
        piece.count = length < whole.count - at ? length : whole.count - at;
        r = observe(cast, &piece, reterr);
        uint32_t next = length + last;
        last = length;
        length = next > 1000 ? 1 : next;
    }
    memset(copy, 0x5a, size);
    return r;
}

static int show_batch(struct cast *cast, const struct ring_frame *frame, struct error *reterr)
{
    if (!plugin_label(cast->options.plugin)->observe)
        return 0;
    if (cast->options.cut == CUT_PIECES)
        return observe_pieces(cast, frame, reterr);
    const struct oddline_batch batch = batch_view(ring_payload(frame));
    return observe(cast, &batch, reterr);
}

/* ---- windows ------------------------------------------------------------ */

static int score(struct cast *cast, uint32_t which, const struct oddline_window *window,
                 uint64_t *hash, struct error *reterr)
{
    struct trial_cost *cost = cast->options.cost;
    const struct oddline_score *scores = NULL;
    *cast->options.call = CALL_SCORE;
    int64_t begun = cost ? clock_monotonic_ns() : 0;
    int r = instance_score(cast->instances[which], window, &scores, reterr);
    if (cost) {
        cost->score_ns += clock_monotonic_ns() - begun;
        cost->windows++;
    }
    *cast->options.call = CALL_NONE;
    for (uint32_t i = 0; i < cast->series && r == 0; i++)
        *hash = join_score(*hash, &scores[i]);
    return r;
}

/* `window` has all series of the reel. */
static int show_window(struct cast *cast, const struct oddline_window *window,
                       struct error *reterr)
{
    double values[REEL_SERIES];
    uint64_t counts[REEL_SERIES], hash = 0;
    struct oddline_window own = *window;
    int r = 0;
    own.values = values;
    own.counts = counts;
    for (uint32_t i = 0; i < cast->count && r == 0; i++) {
        memcpy(values, window->values + cast->first + i, cast->series * sizeof(*values));
        memcpy(counts, window->counts + cast->first + i, cast->series * sizeof(*counts));
        r = score(cast, i, &own, &hash, reterr);
        memset(values, 0x5a, sizeof(values));
        memset(counts, 0x5a, sizeof(counts));
    }
    cast->at = *window;
    if (r < 0 || cast->options.cost) // no memory of ours between two looks at the memory
        return r;
    r = trace_add(&cast->trace, window->index, hash);
    return r < 0 ? error_set(reterr, r, "out of memory") : 0;
}

static int show_closed(struct cast *cast, const struct closed *closed, struct error *reterr)
{
    const char *base = (const char *)closed;
    int64_t length = closed->end_ns - closed->start_ns;
    struct oddline_window window = {
        .size = sizeof(window),
        .records = closed->records,
        .values = (const double *)(const void *)(base + closed->values),
        .counts = (const uint64_t *)(const void *)(base + closed->counts),
        .flags = closed->flags,
    };
    int r = 0;
    CHECK(closed->series_count == REEL_SERIES);
    for (uint64_t i = 0; i < reel_repeat(closed) && r == 0; i++) {
        window.index = closed->index + i;
        window.start_ns = closed->start_ns + (int64_t)i * length;
        window.end_ns = window.start_ns + length;
        r = show_window(cast, &window, reterr);
    }
    return r;
}

int cast_invent(struct cast *cast, double value, uint32_t flags, struct error *reterr)
{
    const struct oddline_window *last = &cast->at;
    double values[REEL_SERIES];
    uint64_t counts[REEL_SERIES];
    bool first = last->size == 0;
    for (size_t i = 0; i < REEL_SERIES; i++) {
        values[i] = value;
        counts[i] = value >= 1 && value < 1e9 ? (uint64_t)value : 0;
    }
    int64_t start = first ? 0 : last->end_ns;
    struct oddline_window window = {.size = sizeof(window),
                                    .start_ns = start,
                                    .end_ns = start + cast->options.stream->window_ns,
                                    .index = first ? 0 : last->index + 1,
                                    .records = counts[0],
                                    .values = values,
                                    .counts = counts,
                                    .flags = flags};
    return show_window(cast, &window, reterr);
}

/* ---- the reel ----------------------------------------------------------- */

int cast_step(struct cast *cast, struct error *reterr)
{
    const struct ring_frame *frame = reel_frame(cast->options.reel, cast->next);
    cast->next += frame->size;
    return frame->kind == RING_BATCH ? show_batch(cast, frame, reterr)
                                     : show_closed(cast, ring_payload(frame), reterr);
}

int cast_run(struct cast *cast, size_t frames, struct error *reterr)
{
    int r = 0;
    while (frames-- > 0 && !cast_is_over(cast) && r == 0)
        r = cast_step(cast, reterr);
    return r;
}

int cast_show_all(const struct cast_options *options, struct trace *ret, struct error *reterr)
{
    struct cast cast;
    int r = cast_open(&cast, options, reterr);
    if (r < 0)
        return r;
    r = cast_run(&cast, CAST_ALL, reterr);
    cast_close(&cast);
    *ret = cast.trace;
    return r;
}
