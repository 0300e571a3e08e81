/* SPDX-License-Identifier: MIT */

#include "command/trial_reel.h"

#include "app/inputs.h"
#include "base/check.h"
#include "base/log.h"
#include "lane/feed.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

enum { REEL_RING_BYTES = 8 << 20 };

static const char *const patterns[REEL_PATTERNS] = {"error|fail", "timeout"};
const char *const reel_series[REEL_SERIES] = {"lines", "errors", "warnings",
                                              "pattern error|fail", "pattern timeout"};
static const struct series_spec specs[REEL_SERIES] = {
    {.name = "lines", .kind = SERIES_LINES},
    {.name = "errors", .select.level_min = ODDLINE_LEVEL_ERROR},
    {.name = "warnings",
     .select = {.level_min = ODDLINE_LEVEL_WARN, .level_max = ODDLINE_LEVEL_ERROR - 1}},
    {.name = "pattern error|fail", .select.pattern = 1},
    {.name = "pattern timeout", .select.pattern = 2},
};

struct filming {
    struct reel *reel;
    struct inputs inputs;
    struct regex *regexes[REEL_PATTERNS];
    struct record_plan *record;
    struct ring *ring;
    struct lane lane;
    atomic_bool enough; /* the reel is full: the lane may stop where it is */
};

uint64_t reel_repeat(const struct closed *closed)
{
    return closed->repeat < REEL_REPEAT_MAX ? closed->repeat : REEL_REPEAT_MAX;
}

/* ---- the lane's side ---------------------------------------------------- */

/* A plan made by hand: plan_create() would want to know the detectors, and so to load them. */
static struct lane_plan plan_of(const struct filming *f, size_t number)
{
    return (struct lane_plan){.name = f->reel->streams[number].name,
                              .number = (uint32_t)number,
                              .record = f->record,
                              .window = {.stream = (uint32_t)number,
                                         .lateness_ns = NS_PER_S / 2,
                                         .series = specs,
                                         .series_count = REEL_SERIES,
                                         .from_ns = NO_TIME,
                                         .until_ns = NO_TIME}};
}

static void read_source(struct filming *f, struct lane_stream *stream, struct source *source)
{
    struct feed *feed = NULL;
    struct feed_start start = feed_start(source, f->lane.source_number++, 0);
    if (feed_open(&f->lane, stream, &start, source, &feed) < 0)
        return;
    enum feed_state state = FEED_MORE;
    while (state == FEED_MORE && !atomic_load(&f->enough))
        state = feed_step(&f->lane, feed);
    if (state == FEED_IDLE)
        feed_finish(&f->lane, feed);
    feed_close(&f->lane, feed);
}

static void read_input(struct filming *f, struct lane_stream *stream, const char *path)
{
    struct source *source = NULL;
    struct error error;
    if (atomic_load(&f->enough))
        return;
    if (source_open(path, &source, &error) < 0) {
        log_warning("%s", error.text);
        return;
    }
    read_source(f, stream, source);
    source_close(source);
}

/* Inputs from `at` on that are one stream; returns where the next one begins. */
static size_t read_stream(struct filming *f, size_t number, size_t at)
{
    const struct input *inputs = f->inputs.at;
    const char *name = inputs[at].stream;
    const struct lane_plan plan = plan_of(f, number);
    struct lane_stream stream;
    CHECK(lane_stream_open(&plan, &stream) == 0); // some KiB
    for (; at < f->inputs.count && strcmp(inputs[at].stream, name) == 0; at++)
        read_input(f, &stream, inputs[at].path);
    lane_stream_end(&f->lane, &stream);
    lane_stream_close(&stream);
    return at;
}

static void *run_lane(void *arg)
{
    struct filming *f = arg;
    size_t at = 0;
    for (size_t i = 0; i < f->reel->stream_count && at < f->inputs.count; i++)
        at = read_stream(f, i, at);
    lane_end(&f->lane);
    return NULL;
}

/* ---- the reel's side ---------------------------------------------------- */

static void tally(struct reel *reel, const struct ring_frame *frame)
{
    const void *payload = ring_payload(frame);
    if (frame->kind == RING_WINDOW) {
        reel->windows += reel_repeat(payload);
        return;
    }
    const struct oddline_batch batch = batch_view(payload);
    reel->batches++;
    reel->records += batch.count;
    for (uint32_t i = 0; i < batch.count; i++)
        reel->lines += batch.records[i].lines;
}

/* Number of the stream that a batch or window is of: both begin with it. */
static struct reel_stream *stream_of(struct reel *reel, const struct ring_frame *frame)
{
    uint32_t number;
    memcpy(&number, ring_payload(frame), sizeof(number));
    CHECK(number < reel->stream_count);
    return &reel->streams[number];
}

static void keep(struct filming *f, const struct ring_frame *frame)
{
    struct reel *reel = f->reel;
    struct reel_stream *stream = stream_of(reel, frame);
    if (reel->full || stream->window_ns == 0)
        return; // before the stream knows its window no detector is open
    if (frame->size > REEL_BYTES - reel->len) {
        reel->full = true;
        atomic_store(&f->enough, true);
        return;
    }
    if (stream->frames++ == 0)
        stream->first = reel->len;
    memcpy(reel->at + reel->len, frame, frame->size);
    tally(reel, reel_frame(reel, reel->len));
    reel->len += frame->size;
    stream->end = reel->len;
}

/* False for the last frame. */
static bool take(struct filming *f, const struct ring_frame *frame)
{
    if (frame->kind == RING_STREAM) {
        const struct stream_notice *notice = ring_payload(frame);
        stream_of(f->reel, frame)->window_ns = notice->window_ns;
    } else if (frame->kind == RING_BATCH || frame->kind == RING_WINDOW) {
        keep(f, frame);
    }
    return frame->kind != RING_END;
}

static int film(struct filming *f, struct error *reterr)
{
    pthread_t thread;
    int r = -pthread_create(&thread, NULL, run_lane, f);
    if (r < 0)
        return error_set(reterr, r, "plugins test: cannot start a thread: %s", strerror(-r));
    for (bool more = true; more;) {
        ring_wait_frame(f->ring, 0, -1);
        more = take(f, ring_peek(f->ring, 0));
        ring_release(f->ring, 0);
    }
    pthread_join(thread, NULL);
    return 0;
}

/* ---- before and after --------------------------------------------------- */

static void name_streams(struct filming *f)
{
    struct reel *reel = f->reel;
    for (size_t i = 0; i < f->inputs.count; i++) {
        const char *name = f->inputs.at[i].stream;
        if (i > 0 && strcmp(name, f->inputs.at[i - 1].stream) == 0)
            continue;
        if (reel->stream_count == REEL_STREAMS) {
            log_notice("plugins test: of more streams the first %d are used", REEL_STREAMS);
            return;
        }
        reel->streams[reel->stream_count++] =
            (struct reel_stream){.name = arena_text(&reel->arena, bytes_of(name))};
    }
}

static int prepare(struct filming *f, struct error *reterr)
{
    struct record_options options = {
        .format = RECORD_AUTO, .patterns = f->regexes, .pattern_count = REEL_PATTERNS};
    int r = 0;
    for (size_t i = 0; i < REEL_PATTERNS && r == 0; i++)
        r = regex_compile(patterns[i], &f->regexes[i], reterr);
    if (r == 0)
        r = record_plan_create(&options, &f->record, reterr);
    if (r == 0)
        r = ring_create(REEL_RING_BYTES, 1, &f->ring, reterr);
    if (r == 0)
        r = lane_init(&f->lane, f->ring, reterr);
    if (r < 0)
        return r;
    f->reel->at = mmap(NULL, REEL_BYTES, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (f->reel->at == MAP_FAILED) {
        f->reel->at = NULL;
        return error_set(reterr, -ENOMEM, "plugins test: out of memory");
    }
    return 0;
}

static void clear(struct filming *f)
{
    lane_free(&f->lane);
    ring_destroy(f->ring);
    record_plan_free(f->record);
    for (size_t i = 0; i < REEL_PATTERNS; i++)
        regex_free(f->regexes[i]);
    inputs_free(&f->inputs);
}

int reel_read(struct reel *reel, char *const *paths, size_t count, struct error *reterr)
{
    *reel = (struct reel){0};
    struct filming f = {.reel = reel};
    inputs_find(paths, count, &f.inputs);
    name_streams(&f);
    int r = prepare(&f, reterr);
    if (r == 0)
        r = film(&f, reterr);
    clear(&f);
    if (r == 0 && reel->windows == 0)
        r = error_set(reterr, -ENODATA,
                      "%s: no record with a time in it, so no window: nothing to score",
                      paths[0]);
    return r;
}

void reel_free(struct reel *reel)
{
    if (reel->at)
        munmap(reel->at, REEL_BYTES);
    arena_free(&reel->arena);
    *reel = (struct reel){0};
}
