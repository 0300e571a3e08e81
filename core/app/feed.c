/* SPDX-License-Identifier: MIT */

#include "app/feed.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct feed {
    struct lane_stream *stream;
    struct source *source;
    struct recorder *recorder;
    struct window_source place;
    bool introduced;       /* the stream knows its window */
    bool said;             /* what was chosen for its format */
    bool waits;            /* on the lane's list of held feeds */
    int64_t held_since_ns; /* monotonic: when the bytes that wait last grew ... */
    int64_t held_from_ns;  /* ... and when the first of them came */
    size_t held;           /* bytes that wait */
    uint64_t next_look;    /* records after which the choice of a format is looked at again */
    struct feed *next, *previous; /* held feeds */
};

int feed_open(struct lane *lane, struct lane_stream *stream, struct source *source,
              struct feed **ret)
{
    struct feed *feed = calloc(1, sizeof(*feed));
    if (!feed)
        return -ENOMEM;
    feed->stream = stream;
    feed->source = source;
    feed->next_look = 16;
    feed->place = (struct window_source){.number = lane->source_number++,
                                         .path = path_new(source_path(source)),
                                         .reached_ns = NO_TIME,
                                         .suspect_ns = NO_TIME};
    if (!feed->place.path) {
        free(feed);
        return -ENOMEM;
    }
    int r = recorder_create(stream->plan->record, source_mtime_ns(source), &feed->recorder);
    if (r < 0) {
        path_drop(feed->place.path);
        free(feed);
        return r;
    }
    windows_hold(stream->windows, &feed->place);
    *ret = feed;
    return 0;
}

static void unlist(struct lane *lane, struct feed *feed)
{
    if (!feed->waits)
        return;
    if (feed->previous)
        feed->previous->next = feed->next;
    else
        lane->held = feed->next;
    if (feed->next)
        feed->next->previous = feed->previous;
    feed->next = feed->previous = NULL;
    feed->waits = false;
    feed->stream->held--;
}

static void enlist(struct lane *lane, struct feed *feed)
{
    if (feed->waits)
        return;
    feed->next = lane->held;
    if (feed->next)
        feed->next->previous = feed;
    lane->held = feed;
    feed->waits = true;
    feed->stream->held++;
}

void feed_close(struct lane *lane, struct feed *feed)
{
    if (!feed)
        return;
    unlist(lane, feed);
    windows_let_go(feed->stream->windows, &feed->place);
    recorder_free(feed->recorder);
    path_drop(feed->place.path);
    free(feed);
}

uint64_t feed_line(const struct feed *feed)
{
    return recorder_line(feed->recorder);
}

void feed_set_line(struct feed *feed, uint64_t line)
{
    recorder_set_line(feed->recorder, line);
}

struct source *feed_source(const struct feed *feed)
{
    return feed->source;
}

static char *begin(struct lane *lane, const struct feed *feed)
{
    char *text;
    while (!(text = batch_begin(&lane->writer, feed->stream->plan->number, feed->place.number,
                                source_offset(feed->source))))
        ring_wait_room(lane->ring, batch_room(), -1);
    return text;
}

static void say_gap(struct lane *lane, struct feed *feed)
{
    const char *reason;
    uint64_t bytes = source_gap(feed->source, &reason);
    if (!reason)
        return;
    const char *path = path_text(feed->place.path);
    size_t path_len = strlen(path), reason_len = strlen(reason);
    struct gap *gap = lane_room(lane, sizeof(*gap) + path_len + reason_len);
    *gap = (struct gap){.stream = feed->stream->plan->number,
                        .source = feed->place.number,
                        .offset = source_offset(feed->source),
                        .bytes = bytes,
                        .time_ns = feed->place.reached_ns,
                        .path = sizeof(*gap),
                        .path_len = (uint32_t)path_len,
                        .reason = (uint32_t)(sizeof(*gap) + path_len),
                        .reason_len = (uint32_t)reason_len};
    memcpy((char *)gap + gap->path, path, path_len);
    memcpy((char *)gap + gap->reason, reason, reason_len);
    ring_commit(lane->ring, RING_GAP, sizeof(*gap) + path_len + reason_len);
}

/*
 * The first bytes of a source decide its format, and those of a stream its window. Looked at with a recorder of their own; the
 * real one then reads them again.
 */
static void introduce(struct lane *lane, struct feed *feed, size_t got)
{
    struct lane_stream *stream = feed->stream;
    if (!lane->live) // a live source may have only a line yet: its recorder waits for more, or until it was waited enough
        recorder_sample(feed->recorder, (struct bytes){lane->writer.text, got});
    if (!stream->announced) {
        struct recorder *sample;
        CHECK(recorder_create(stream->plan->record, source_mtime_ns(feed->source), &sample) ==
              0);
        batch_filled(&lane->writer, got);
        recorder_feed(sample, &lane->writer, true);
        struct oddline_batch draft = batch_draft(&lane->writer);
        windows_choose(stream->windows, &draft);
        recorder_free(sample);
        lane_stream_announce(lane, stream);
    }
    feed->introduced = true;
}

/*
 * A live source may have begun with a banner that says nothing about what follows. When most records do not fit, choose
 * again with what comes next: after 16 records, and then ever more rarely, since some logs fit nothing.
 */
static void reconsider(const struct lane *lane, struct feed *feed)
{
    struct record_counts counts = recorder_counts(feed->recorder);
    struct recorder *fresh;
    if (!lane->live || counts.records < feed->next_look)
        return;
    feed->next_look *= 4;
    if (counts.no_stamp + counts.unparsed <= counts.records / 2)
        return;
    if (recorder_create(feed->stream->plan->record, source_mtime_ns(feed->source), &fresh) < 0)
        return;
    recorder_set_line(fresh, recorder_line(feed->recorder));
    recorder_free(feed->recorder);
    feed->recorder = fresh;
    feed->said = false;
}

static void say_choice(struct feed *feed)
{
    const struct lane_stream *stream = feed->stream;
    if (!feed->said && stream->chose)
        stream->chose(stream, path_text(feed->place.path), recorder_choice(feed->recorder));
    feed->said = true;
}

/* Make records of the `got` bytes in the writer's room; returns how many were used. */
static size_t take(struct lane *lane, struct feed *feed, size_t got, bool final)
{
    struct batch_writer *writer = &lane->writer;
    struct batch_place place = {.source = &feed->place,
                                .offset = source_offset(feed->source),
                                .line = recorder_line(feed->recorder),
                                .arrival_ns = lane->live ? clock_wall_ns() : NO_TIME};
    batch_filled(writer, got);
    uint64_t lines = recorder_counts(feed->recorder).lines;
    size_t used = recorder_feed(feed->recorder, writer, final);
    struct oddline_batch draft = batch_draft(writer);
    if (draft.count) {
        say_choice(feed);
        feed->stream->next_seq = batch_number(writer, feed->stream->next_seq);
        windows_observe(feed->stream->windows, &draft, &place);
        feed->stream->touched_ns = clock_monotonic_ns();
    }
    source_consume(feed->source, writer->text, got, used);
    batch_commit(writer);
    windows_emit(feed->stream->windows, lane->ring);
    atomic_fetch_add_explicit(&lane->progress.bytes, used, memory_order_relaxed);
    atomic_fetch_add_explicit(&lane->progress.records, draft.count, memory_order_relaxed);
    atomic_fetch_add_explicit(&lane->progress.lines,
                              recorder_counts(feed->recorder).lines - lines,
                              memory_order_relaxed);
    reconsider(lane, feed);
    return used;
}

static void hold(struct lane *lane, struct feed *feed, size_t held)
{
    feed->held = held;
    feed->held_since_ns = clock_monotonic_ns();
    if (!feed->waits)
        feed->held_from_ns = feed->held_since_ns;
    if (held)
        enlist(lane, feed);
    else
        unlist(lane, feed);
}

void feed_finish(struct lane *lane, struct feed *feed)
{
    while (feed->held) {
        char *text = begin(lane, feed);
        ssize_t got = source_again(feed->source, text, BATCH_TEXT_BYTES);
        if (got <= 0)
            break;
        size_t used = take(lane, feed, (size_t)got, true);
        hold(lane, feed, (size_t)got - used);
        CHECK(used > 0);
    }
    hold(lane, feed, 0);
}

/*
 * Nothing came for a while: a record that waits for its continuation is complete. A line without its newline goes on
 * waiting: whoever writes it has not finished.
 */
static void feed_flush(struct lane *lane, struct feed *feed)
{
    char *text = begin(lane, feed);
    ssize_t got = source_again(feed->source, text, BATCH_TEXT_BYTES);
    const char *newline = got > 0 ? memrchr(text, '\n', (size_t)got) : NULL;
    if (newline)
        take(lane, feed, (size_t)(newline - text) + 1, true);
    hold(lane, feed, 0); // what is left shows itself again when it grows
}

/*
 * A recorder without a record yet waits for a sample of some size; a log that grows slowly but steadily would keep it
 * waiting, and us blind, for minutes.
 */
#define SAMPLE_WAIT_NS (500 * NS_PER_MS)

static bool is_due(const struct feed *feed, int64_t now_ns)
{
    if (now_ns - feed->held_since_ns >= feed->stream->plan->flush_after_ns)
        return true;
    return recorder_counts(feed->recorder).records == 0 &&
           now_ns - feed->held_from_ns >= SAMPLE_WAIT_NS;
}

void lane_flush_held(struct lane *lane, int64_t now_ns)
{
    for (struct feed *feed = lane->held, *next; feed; feed = next) {
        next = feed->next;
        if (is_due(feed, now_ns))
            feed_flush(lane, feed);
    }
}

static enum feed_state feed_fail(struct lane *lane, struct feed *feed, int r)
{
    if (r == -ESTALE) { // the file begins anew
        recorder_set_line(feed->recorder, 1);
        hold(lane, feed, 0);
        return FEED_MORE;
    }
    if (r != -ENODATA && r != -EBADMSG)
        log_warning("%s: cannot be read on: %s", path_text(feed->place.path), strerror(-r));
    feed_finish(lane, feed);
    return FEED_END;
}

/* A source far ahead of the others would open more and more windows: it waits for them. */
static bool too_far_ahead(const struct feed *feed)
{
    int64_t oldest = windows_oldest_ns(feed->stream->windows),
            length = windows_length_ns(feed->stream->windows);
    return oldest != NO_TIME && feed->place.reached_ns != NO_TIME &&
           feed->place.reached_ns > oldest + WINDOW_OPEN_MAX / 2 * length;
}

enum feed_state feed_step(struct lane *lane, struct feed *feed)
{
    if (too_far_ahead(feed))
        return FEED_MORE;
    char *text = begin(lane, feed);
    ssize_t got = source_read(feed->source, text, BATCH_TEXT_BYTES);
    say_gap(lane, feed);
    if (got < 0)
        return feed_fail(lane, feed, (int)got);
    if (got == 0) {
        windows_let_go(feed->stream->windows, &feed->place);
        return FEED_IDLE;
    }
    windows_hold(feed->stream->windows, &feed->place);
    if (!feed->introduced) {
        introduce(lane, feed, (size_t)got);
        source_consume(feed->source, text, (size_t)got, 0);
        begin(lane, feed);
        got = source_again(feed->source, lane->writer.text, BATCH_TEXT_BYTES);
        if (got <= 0)
            return FEED_MORE;
    }
    // A buffer full of one unfinished record cannot be: the recorder bounds records far below. Progress is promised all the same.
    size_t used = take(lane, feed, (size_t)got, false);
    if (used == 0 && got == BATCH_TEXT_BYTES) {
        begin(lane, feed);
        got = source_again(feed->source, lane->writer.text, BATCH_TEXT_BYTES);
        used = got > 0 ? take(lane, feed, (size_t)got, true) : 0;
    }
    hold(lane, feed, got > 0 ? (size_t)got - used : 0);
    return FEED_MORE;
}
