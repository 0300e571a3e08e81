/* SPDX-License-Identifier: MIT */

#include "lane/inner.h"
#include "lane/notice.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct feed_start feed_start(const struct source *source, uint32_t number, uint64_t line)
{
    return (struct feed_start){.number = number,
                               .path = source_path(source),
                               .modified_ns = source_mtime_ns(source),
                               .line = line};
}

int feed_make(struct lane_stream *stream, const struct feed_start *start, struct feed **ret)
{
    struct feed *feed = calloc(1, sizeof(*feed));
    if (!feed)
        return -ENOMEM;
    feed->stream = stream;
    feed->next_look = 16;
    feed->modified_ns = start->modified_ns;
    feed->offset = start->offset;
    feed->place = (struct window_source){.number = start->number,
                                         .path = path_new(start->path),
                                         .reached_ns = NO_TIME,
                                         .suspect_ns = NO_TIME};
    int r = feed->place.path
                ? recorder_create(stream->plan->record, start->modified_ns, &feed->recorder)
                : -ENOMEM;
    if (r < 0) {
        if (feed->place.path)
            path_drop(feed->place.path);
        free(feed);
        return r;
    }
    *ret = feed;
    return 0;
}

int feed_open(struct lane *lane, struct lane_stream *stream, const struct feed_start *start,
              struct source *source, struct feed **ret)
{
    struct feed *feed;
    int r = feed_make(stream, start, &feed);
    if (r < 0)
        return r;
    feed->source = source;
    if (start->line)
        recorder_set_line(feed->recorder, start->line);
    windows_hold(stream->windows, &feed->place);
    lane_note(lane, &(struct step){.kind = STEP_OPEN,
                                   .source = start->number,
                                   .key = stream->plan->key,
                                   .offset = feed_offset(feed),
                                   .line = start->line,
                                   .time_ns = start->modified_ns,
                                   .text = bytes_of(start->path)});
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
    lane_emit(lane, feed->stream->windows);
    lane_note(lane, &(struct step){.kind = STEP_CLOSE, .source = feed->place.number});
    recorder_free(feed->recorder);
    path_drop(feed->place.path);
    free(feed);
}

uint64_t feed_line(const struct feed *feed)
{
    return recorder_line(feed->recorder);
}

struct source *feed_source(const struct feed *feed)
{
    return feed->source;
}

void feed_set_source(struct feed *feed, struct source *source)
{
    if (!source)
        feed->offset = feed_offset(feed);
    feed->source = source;
}

void feed_set_line(struct feed *feed, uint64_t line)
{
    recorder_set_line(feed->recorder, line);
}

uint64_t feed_offset(const struct feed *feed)
{
    return feed->source ? source_offset(feed->source) : feed->offset;
}

bool feed_holds(const struct feed *feed)
{
    return feed->held > 0;
}

uint32_t feed_number(const struct feed *feed)
{
    return feed->place.number;
}

struct lane_stream *feed_stream(const struct feed *feed)
{
    return feed->stream;
}

char *feed_room(struct lane *lane, const struct feed *feed)
{
    char *text;
    while (!(text = batch_begin(&lane->writer, feed->stream->plan->number, feed->place.number,
                                source_offset(feed->source))))
        lane_wait(lane, batch_room());
    return text;
}

/* Bytes of `feed` before `offset` that nobody could score. */
void feed_say_gap(struct lane *lane, struct feed *feed, const struct step *step)
{
    const char *path = path_text(feed->place.path);
    size_t path_len = strlen(path), reason_len = step->text.len;
    struct gap *gap = lane_room(lane, sizeof(*gap) + path_len + reason_len);
    *gap = (struct gap){.stream = feed->stream->plan->number,
                        .source = feed->place.number,
                        .offset = step->offset,
                        .bytes = step->bytes,
                        .time_ns = feed->place.reached_ns,
                        .path = sizeof(*gap),
                        .path_len = (uint32_t)path_len,
                        .reason = (uint32_t)(sizeof(*gap) + path_len),
                        .reason_len = (uint32_t)reason_len};
    memcpy((char *)gap + gap->path, path, path_len);
    memcpy((char *)gap + gap->reason, step->text.at, reason_len);
    ring_commit(lane->ring, RING_GAP, sizeof(*gap) + path_len + reason_len);
    atomic_fetch_add_explicit(&lane->progress.gap_bytes, step->bytes, memory_order_relaxed);
    atomic_fetch_add_explicit(&lane->progress.gaps, 1, memory_order_relaxed);
    lane->emitted = true;
    lane_note(lane, step);
}

void feed_gap(struct lane *lane, struct feed *feed, uint64_t bytes, const char *reason)
{
    feed_say_gap(lane, feed,
                 &(struct step){.kind = STEP_GAP,
                                .source = feed->place.number,
                                .offset = feed_offset(feed),
                                .bytes = bytes,
                                .text = bytes_of(reason)});
}

static void ask_gap(struct lane *lane, struct feed *feed)
{
    const char *reason;
    uint64_t bytes = source_gap(feed->source, &reason);
    if (reason)
        feed_gap(lane, feed, bytes, reason);
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
        CHECK(recorder_create(stream->plan->record, feed->modified_ns, &sample) == 0);
        batch_filled(&lane->writer, got);
        recorder_feed(sample, &lane->writer, true);
        struct batch_draft draft = batch_draft(&lane->writer);
        windows_choose(stream->windows, &draft.seen);
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
    if (recorder_create(feed->stream->plan->record, feed->modified_ns, &fresh) < 0)
        return;
    recorder_set_line(fresh, recorder_line(feed->recorder));
    recorder_free(feed->recorder);
    feed->recorder = fresh;
    feed->said = false;
}

static void say_choice(struct feed *feed)
{
    struct lane_stream *stream = feed->stream;
    if (feed->said)
        return;
    feed->said = true;
    stream->choices++;
    if (stream->chose)
        stream->chose(stream, path_text(feed->place.path), recorder_choice(feed->recorder));
}

/* When somebody asks for templates. A source without any is named once, since what looks for them is blind there. */
static void assign(const struct lane *lane, struct feed *feed, struct batch_writer *writer)
{
    struct miner *miner = feed->stream->miner;
    if (!miner || !writer->record_count)
        return;
    bool had = !miner_health(miner).no_templates;
    recorder_assign(feed->recorder, miner, writer);
    if (had && miner_health(miner).no_templates && lane->live)
        log_notice("%s: has no templates: nearly every record is a new one; what looks at "
                   "templates does not look here",
                   feed->stream->plan->name);
}

/* Make records of the `got` bytes in the writer's room; returns how many were used. */
static size_t take(struct lane *lane, struct feed *feed, size_t got, bool final)
{
    struct batch_writer *writer = &lane->writer;
    struct batch_place place = {.source = &feed->place,
                                .offset = source_offset(feed->source),
                                .line = recorder_line(feed->recorder),
                                .arrival_ns = lane->arrival_ns};
    batch_filled(writer, got);
    uint64_t lines = recorder_counts(feed->recorder).lines;
    size_t used = recorder_feed(feed->recorder, writer, final);
    assign(lane, feed, writer);
    struct batch_draft draft = batch_draft(writer);
    if (draft.seen.count) {
        say_choice(feed);
        feed->stream->next_seq = batch_number(writer, feed->stream->next_seq);
        windows_observe(feed->stream->windows, &draft.seen, &place);
        if (feed->stream->plan->deploy_count)
            notice_deploys(lane, feed->stream->plan, &draft.seen);
        feed->stream->touched_ns = clock_monotonic_ns();
    }
    uint64_t before = source_offset(feed->source);
    source_consume(feed->source, writer->text, got, used);
    atomic_fetch_add_explicit(&lane->progress.moved, source_offset(feed->source) - before,
                              memory_order_relaxed);
    writer->span = used;
    batch_commit(writer);
    if (lane->noticed.len)
        notice_emit(lane);
    lane_emit(lane, feed->stream->windows);
    atomic_fetch_add_explicit(&lane->progress.bytes, used, memory_order_relaxed);
    atomic_fetch_add_explicit(&lane->progress.records, draft.seen.count, memory_order_relaxed);
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

void feed_end_held(struct lane *lane, struct feed *feed)
{
    while (feed->held) {
        char *text = feed_room(lane, feed);
        ssize_t got = source_again(feed->source, text, BATCH_TEXT_BYTES);
        if (got <= 0)
            break;
        size_t used = take(lane, feed, (size_t)got, true);
        hold(lane, feed, (size_t)got - used);
        CHECK(used > 0);
    }
    hold(lane, feed, 0);
}

void feed_go_on(struct lane *lane, struct feed *feed, struct source *source)
{
    feed_set_source(feed, source);
    hold(lane, feed, 0); // or it would be cut, here and not when this is done again
}

static void note_bytes(struct lane *lane, const struct feed *feed, enum step_kind kind,
                       size_t bytes)
{
    lane_note(lane, &(struct step){.kind = kind,
                                   .source = feed->place.number,
                                   .offset = feed_offset(feed),
                                   .bytes = bytes,
                                   .time_ns = lane->arrival_ns});
}

void feed_finish(struct lane *lane, struct feed *feed)
{
    lane_arrive(lane);
    note_bytes(lane, feed, STEP_FINISH, feed->held);
    feed_end_held(lane, feed);
    ring_wake(lane->ring);
}

/*
 * Nothing came for a while: a record that waits for its continuation is complete. A line without its newline goes on
 * waiting: whoever writes it has not finished. Returns how many bytes were looked at.
 */
size_t feed_cut_held(struct lane *lane, struct feed *feed)
{
    char *text = feed_room(lane, feed);
    ssize_t got = source_again(feed->source, text, BATCH_TEXT_BYTES);
    const char *newline = got > 0 ? memrchr(text, '\n', (size_t)got) : NULL;
    if (newline)
        take(lane, feed, (size_t)(newline - text) + 1, true);
    hold(lane, feed, 0); // what is left shows itself again when it grows
    return got > 0 ? (size_t)got : 0;
}

static void feed_flush(struct lane *lane, struct feed *feed)
{
    lane_arrive(lane);
    note_bytes(lane, feed, STEP_FLUSH, feed->held);
    feed_cut_held(lane, feed);
    ring_wake(lane->ring);
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

void feed_anew(struct lane *lane, struct feed *feed, uint32_t number)
{
    lane_note(lane,
              &(struct step){.kind = STEP_ANEW, .source = feed->place.number, .bytes = number});
    feed->place.number = number;
    recorder_set_line(feed->recorder, 1);
    hold(lane, feed, 0);
}

static enum feed_state feed_fail(struct lane *lane, struct feed *feed, int r)
{
    if (r == -ESTALE)
        return FEED_ANEW;
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

void feed_idle(struct lane *lane, struct feed *feed)
{
    if (!feed->place.holds)
        return;
    windows_let_go(feed->stream->windows, &feed->place);
    lane_emit(lane, feed->stream->windows);
    lane_note(lane, &(struct step){.kind = STEP_IDLE, .source = feed->place.number});
}

/* `got` bytes lie in the writer's room. */
void feed_show(struct lane *lane, struct feed *feed, ssize_t got)
{
    windows_hold(feed->stream->windows, &feed->place);
    if (!feed->introduced) {
        introduce(lane, feed, (size_t)got);
        source_consume(feed->source, lane->writer.text, (size_t)got, 0);
        feed_room(lane, feed);
        got = source_again(feed->source, lane->writer.text, BATCH_TEXT_BYTES);
        if (got <= 0)
            return;
    }
    // A buffer full of one unfinished record cannot be: the recorder bounds records far below. Progress is promised all the same.
    size_t used = take(lane, feed, (size_t)got, false);
    if (used == 0 && got == BATCH_TEXT_BYTES) {
        feed_room(lane, feed);
        got = source_again(feed->source, lane->writer.text, BATCH_TEXT_BYTES);
        used = got > 0 ? take(lane, feed, (size_t)got, true) : 0;
    }
    hold(lane, feed, got > 0 ? (size_t)got - used : 0);
}

/* The source went over bytes that it could not read. */
static void pass(struct lane *lane, uint64_t before, uint64_t after)
{
    if (after <= before)
        return;
    atomic_fetch_add_explicit(&lane->progress.moved, after - before, memory_order_relaxed);
    atomic_fetch_add_explicit(&lane->progress.passed, after - before, memory_order_relaxed);
}

enum feed_state feed_step(struct lane *lane, struct feed *feed)
{
    if (too_far_ahead(feed))
        return FEED_MORE;
    char *text = feed_room(lane, feed);
    uint64_t before = source_offset(feed->source);
    if (source_kind(feed->source) == SOURCE_PIPE)
        ring_wake(lane->ring); // who writes there may take his time
    ssize_t got = source_read(feed->source, text, BATCH_TEXT_BYTES);
    pass(lane, before, source_offset(feed->source));
    ask_gap(lane, feed);
    if (got < 0)
        return feed_fail(lane, feed, (int)got);
    if (got == 0) {
        feed_idle(lane, feed);
        ring_wake(lane->ring);
        return FEED_IDLE;
    }
    lane_arrive(lane);
    note_bytes(lane, feed, STEP_READ, (size_t)got);
    feed_show(lane, feed, got);
    return FEED_MORE;
}
