/* SPDX-License-Identifier: MIT */

/*
 * Promise: whatever a feed was shown, and whenever it waited, was cut or was told to finish, its steps done once more from any cut
 * between two of them put the same bytes into the ring. What a feed held of a source that is gone is neither cut nor lost.
 */

#include "lane/feed.h"
#include "lane/notice.h"

#include "base/clock.h"
#include "ring/closed.h"
#include "ring/ring.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { RING = 32 << 20, LOG_MAX = 512 << 10, CUTS_MAX = 256 };

static const struct series_spec series[] = {{.name = "records", .kind = SERIES_RECORDS},
                                            {.name = "new", .kind = SERIES_NEW}};

/* A lane with one stream and one feed. */
struct side {
    struct lane_plan plan;
    struct ring *ring;
    struct lane lane;
    struct lane_stream stream;
    struct feed *feed;
    struct source *source;
};

/* State between two steps, and what came before. */
struct cut {
    struct buffer stream, feed;
    uint64_t head, steps;
};

struct world {
    char path[64];
    struct record_plan *record;
    struct regex *told; /* a deployment, in every tenth line */
    struct deploy_rule rule;
    struct manifest manifest;
    struct side live;
    struct cut cuts[CUTS_MAX];
    size_t cut_count;
    char log[LOG_MAX];
    size_t len, written;
    unsigned dice;
};

static unsigned roll(struct world *w, unsigned sides)
{
    w->dice = w->dice * 1103515245u + 12345u;
    return (w->dice >> 16) % sides;
}

static void side_open(struct world *w, struct side *side)
{
    *side = (struct side){.plan = {.name = "test",
                                   .key = 7,
                                   .record = w->record,
                                   .templates = true,
                                   .flush_after_ns = 300 * NS_PER_MS,
                                   .deploys = &w->rule,
                                   .deploy_count = 1,
                                   .window = {.window_ns = 10 * NS_PER_S,
                                              .lateness_ns = NS_PER_S,
                                              .series = series,
                                              .series_count = 2,
                                              .from_ns = NO_TIME,
                                              .until_ns = NO_TIME}}};
    assert_int_equal(ring_create(RING, 1, &side->ring, NULL), 0);
    assert_int_equal(lane_init(&side->lane, side->ring, NULL), 0);
    side->lane.live = true;
    assert_int_equal(lane_stream_open(&side->plan, &side->stream), 0);
}

static void side_close(struct side *side)
{
    feed_close(&side->lane, side->feed);
    source_close(side->source);
    lane_stream_close(&side->stream);
    lane_free(&side->lane);
    ring_destroy(side->ring);
}

/* ---- the log ------------------------------------------------------------ */

/* Three lines a second; some records go on for several lines, some pauses last longer than a window. */
static void compose(struct world *w)
{
    int64_t ms = 0;
    for (unsigned i = 0; i < 5000; i++) {
        int64_t s = ms / 1000;
        w->len +=
            (size_t)snprintf(w->log + w->len, LOG_MAX - w->len,
                             "2026-01-01 %02d:%02d:%02d.%03d %s [app] job %u took %u ms\n",
                             (int)(s / 3600), (int)(s / 60 % 60), (int)(s % 60),
                             (int)(ms % 1000), roll(w, 9) ? "INFO" : "ERROR", i, roll(w, 1000));
        for (unsigned more = roll(w, 12) ? 0 : roll(w, 5); more; more--)
            w->len +=
                (size_t)snprintf(w->log + w->len, LOG_MAX - w->len, "    at line %u\n", more);
        ms += roll(w, 100) ? 333 : 45000;
    }
}

static void grow(struct world *w, size_t bytes)
{
    int fd = open(w->path, O_WRONLY | O_APPEND);
    bytes = bytes < w->len - w->written ? bytes : w->len - w->written;
    assert_true(fd >= 0 && write(fd, w->log + w->written, bytes) == (ssize_t)bytes);
    w->written += bytes;
    close(fd);
}

static struct source *source_at(const struct world *w, uint64_t offset)
{
    char text[4096];
    struct source *source;
    assert_int_equal(source_open(w->path, &source, NULL), 0);
    while (source_offset(source) < offset) {
        uint64_t left = offset - source_offset(source);
        ssize_t got = source_read(source, text, left < sizeof(text) ? left : sizeof(text));
        assert_true(got > 0);
        source_consume(source, text, (size_t)got, (size_t)got);
    }
    return source;
}

/* ---- for the first time -------------------------------------------------- */

static void cut(struct world *w)
{
    struct cut *c = &w->cuts[w->cut_count];
    if (w->cut_count == CUTS_MAX)
        return;
    w->cut_count++;
    *c = (struct cut){.head = ring_head(w->live.ring), .steps = w->manifest.steps};
    lane_stream_pack(&w->live.stream, &c->stream);
    feed_pack(w->live.feed, &c->feed);
}

static void begin(struct world *w)
{
    struct side *live = &w->live;
    side_open(w, live);
    live->lane.manifest = &w->manifest;
    grow(w, 3000);
    live->source = source_at(w, 0);
    struct feed_start start = feed_start(live->source, 1, 1);
    assert_int_equal(feed_open(&live->lane, &live->stream, &start, live->source, &live->feed),
                     0);
    cut(w);
}

static void read_on(struct world *w)
{
    enum feed_state state;
    do {
        state = feed_step(&w->live.lane, w->live.feed);
        cut(w);
    } while (state == FEED_MORE);
    assert_int_equal(state, FEED_IDLE);
}

/* The writer is faster or slower than we are, and sometimes nothing comes. */
static void live(struct world *w)
{
    struct side *side = &w->live;
    while (w->written < w->len) {
        unsigned what = roll(w, 8);
        grow(w, what == 0 ? 1 + roll(w, 5) : what == 1 ? 6000 : 1 + roll(w, 3000));
        if (what != 2)
            read_on(w);
        if (what == 3)
            lane_flush_held(&side->lane, INT64_MAX);
        if (what == 4)
            lane_stream_quiet(&side->lane, &side->stream,
                              windows_reached_ns(side->stream.windows) + 60 * NS_PER_S);
        if (what == 5)
            feed_gap(&side->lane, side->feed, 0, "torn");
        cut(w);
    }
    read_on(w);
    feed_finish(&side->lane, side->feed);
    cut(w);
}

/* ---- once more ------------------------------------------------------------ */

static int redo_from(struct world *w, struct side *side, const struct step *step, bool fresh)
{
    if (fresh || !side->source || source_offset(side->source) != step->offset) {
        feed_set_source(side->feed, NULL);
        source_close(side->source);
        side->source = source_at(w, step->offset);
        feed_set_source(side->feed, side->source);
    }
    return feed_redo(&side->lane, side->feed, step);
}

static void redo(struct world *w, struct side *side, const struct step *step)
{
    if (step->kind == STEP_QUIET)
        lane_stream_quiet(&side->lane, &side->stream, step->time_ns);
    else if (step->kind == STEP_IDLE || step->kind == STEP_GAP)
        assert_int_equal(feed_redo(&side->lane, side->feed, step), 0);
    else if (redo_from(w, side, step, false) < 0)
        assert_int_equal(redo_from(w, side, step, true), 0);
}

/* But for the bytes between texts and numbers, which align them and mean nothing. */
static void assert_same_payload(const struct ring_frame *a, const struct ring_frame *b)
{
    const char *x = ring_payload(a), *y = ring_payload(b);
    size_t end = a->size - sizeof(*a), text_end = end, next = end;
    const struct batch *batch = ring_payload(a);
    const struct gap *gap = ring_payload(a);
    if (a->kind == RING_BATCH) {
        text_end = batch->text + batch->text_len;
        next = batch->records;
    } else if (a->kind == RING_GAP) {
        text_end = gap->reason + gap->reason_len;
    }
    assert_memory_equal(x, y, text_end);
    assert_memory_equal(x + next, y + next, end - next);
}

static size_t deploys_seen; /* frames that were compared */

static void assert_same_frames(struct ring *want, uint64_t from, struct ring *got)
{
    uint64_t end = ring_head(want), at = 0;
    assert_int_equal(ring_head(got), end - from);
    while (from < end) {
        const struct ring_frame *a = ring_at(want, from), *b = ring_at(got, at);
        assert_int_equal(a->kind, b->kind);
        deploys_seen += a->kind == RING_DEPLOY;
        assert_int_equal(a->size, b->size);
        assert_same_payload(a, b);
        from += a->size;
        at += a->size;
    }
}

static void restore(struct side *side, const struct cut *c)
{
    struct unpacker in = {.rest = buffer_bytes(&c->stream)};
    assert_int_equal(lane_stream_unpack(&side->stream, &in), 0);
    in = (struct unpacker){.rest = buffer_bytes(&c->feed)};
    assert_int_equal(feed_unpack(&side->stream, &in, &side->feed), 0);
    assert_int_equal(in.rest.len, 0);
}

static void redo_all(struct world *w, const struct cut *c)
{
    struct side side;
    struct manifest_walk walk = manifest_walk(buffer_bytes(&w->manifest.out));
    struct step step;
    side_open(w, &side);
    restore(&side, c);
    for (uint64_t i = 0; manifest_next(&walk, &step) > 0; i++)
        if (i >= c->steps)
            redo(w, &side, &step);
    assert_same_frames(w->live.ring, c->head, side.ring);
    side_close(&side);
}

/* ---- tests ---------------------------------------------------------------- */

static int make(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    const char *tmp = getenv("TMPDIR");
    assert_non_null(w);
    snprintf(w->path, sizeof(w->path), "%s/oddline-feed-XXXXXX", tmp ? tmp : "/tmp");
    int fd = mkstemp(w->path);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(regex_compile("job (?<version>\\d+3) took", &w->told, NULL), 0);
    w->rule = (struct deploy_rule){
        .match = w->told, .version = 1, .service = -1, .default_service = ""};
    struct record_options options = {
        .format = RECORD_AUTO, .patterns = &w->told, .pattern_count = 1};
    assert_int_equal(record_plan_create(&options, &w->record, NULL), 0);
    compose(w);
    *state = w;
    return 0;
}

static int unmake(void **state)
{
    struct world *w = *state;
    side_close(&w->live);
    for (size_t i = 0; i < w->cut_count; i++) {
        buffer_free(&w->cuts[i].stream);
        buffer_free(&w->cuts[i].feed);
    }
    buffer_free(&w->manifest.out);
    record_plan_free(w->record);
    regex_free(w->told);
    unlink(w->path);
    free(w);
    return 0;
}

static void steps_done_again_from_any_cut_give_the_same_frames(void **state)
{
    struct world *w = *state;
    w->dice = 1;
    begin(w);
    live(w);
    assert_true(w->cut_count > 50 && w->manifest.steps > 50);
    for (size_t i = 0; i < w->cut_count; i++)
        redo_all(w, &w->cuts[i]);
    assert_true(deploys_seen > 100);
}

static void a_feed_as_bytes_comes_back_as_it_was_and_torn_bytes_are_refused(void **state)
{
    struct world *w = *state;
    begin(w);
    live(w);
    for (size_t i = 0; i < w->cut_count; i += 17) {
        const struct cut *c = &w->cuts[i];
        struct buffer again = {0};
        struct side side;
        side_open(w, &side);
        for (size_t len = 0; len < c->feed.len; len += 1 + len / 64) {
            struct unpacker in = {.rest = {c->feed.at, len}};
            assert_true(feed_unpack(&side.stream, &in, &side.feed) < 0);
        }
        restore(&side, c);
        feed_pack(side.feed, &again);
        assert_true(bytes_equal(buffer_bytes(&again), buffer_bytes(&c->feed)));
        buffer_free(&again);
        side_close(&side);
    }
}

/* As after a restart: the source is another one, and has shown nothing yet. */
static void what_was_held_of_another_source_is_not_cut_but_read_again(void **state)
{
    struct world *w = *state;
    struct side *side = &w->live;
    begin(w);
    read_on(w);
    assert_true(feed_holds(side->feed)); // the last record may go on
    struct source *next = source_at(w, source_offset(side->source));
    feed_set_source(side->feed, NULL);
    source_close(side->source);
    side->source = next;
    feed_go_on(&side->lane, side->feed, next);
    assert_false(feed_holds(side->feed));
    assert_int_equal(side->stream.held, 0);
    uint64_t steps = w->manifest.steps;
    lane_flush_held(&side->lane, INT64_MAX);
    assert_int_equal(w->manifest.steps, steps); // or a replay would cut what was not cut here
    live(w);
    redo_all(w, &w->cuts[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(steps_done_again_from_any_cut_give_the_same_frames,
                                        make, unmake),
        cmocka_unit_test_setup_teardown(
            a_feed_as_bytes_comes_back_as_it_was_and_torn_bytes_are_refused, make, unmake),
        cmocka_unit_test_setup_teardown(
            what_was_held_of_another_source_is_not_cut_but_read_again, make, unmake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
