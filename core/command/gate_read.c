/* SPDX-License-Identifier: MIT */

#include "command/gate_read.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "ring/batch.h"
#include "tail/tail.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RING_BYTES = 4 << 20, CAUGHT_UP_MS = 100 };

/* A record that may go on is complete when nothing follows it for so long, as in the daemon. */
#define FLUSH_NS (300 * NS_PER_MS)

struct gate_reader {
    struct gate_reading reading;
    struct tail *tail;
    struct ring *ring;
    struct batch_writer writer;
    bool live;
};

/* One file being read: the user pointer of its source. */
struct gate_file {
    struct gate_stream *stream;
    struct recorder *recorder;
    int64_t held_since_ns; /* monotonic; NO_TIME: nothing waits */
    uint64_t next_look;
    uint64_t target, reached; /* bytes that were there at the beginning; bytes seen */
    struct gate_parts parts;
    size_t part; /* which is being read */
};

/* ---- what is read out of a record ----------------------------------------- */

static void take_fields(const struct gate_stream *stream, const struct batch_writer *writer,
                        const struct oddline_record *from, struct gate_record *ret)
{
    for (uint32_t i = 0; i < from->field_count; i++) {
        const struct oddline_field *field = &writer->fields[from->fields + i];
        if (field->is_text || !isfinite(field->number))
            continue;
        ret->request = true;
        if (field->name == stream->status_count)
            ret->duration_ms = field->number;
        else
            ret->bad |= field->number >= 500 && field->number < 600;
    }
}

static void take_record(struct gate_reader *reader, const struct gate_file *file,
                        const struct oddline_record *from)
{
    const struct batch_writer *writer = &reader->writer;
    struct gate_record record = {
        .stream = file->stream,
        .time_ns = from->time_ns,
        .level = from->level,
        .bad = from->level >= ODDLINE_LEVEL_ERROR,
        .duration_ms = NAN,
        .sentence = recorder_sentence(file->recorder, file->stream->miner, writer, from),
        .text = {writer->text + from->text, from->text_len},
    };
    if (record.time_ns == NO_TIME && reader->live)
        record.time_ns = clock_wall_ns();
    take_fields(file->stream, writer, from, &record);
    record.trouble = record.bad || record.level >= ODDLINE_LEVEL_WARN;
    reader->reading.take(reader->reading.context, &record);
}

/* ---- one file ---------------------------------------------------------------- */

/* A log that began with a banner may have been taken for what it is not: choose again, ever more rarely. As in lane/feed.c. */
static void reconsider(struct gate_file *file, const struct source *source)
{
    struct record_counts counts = recorder_counts(file->recorder);
    struct recorder *fresh;
    if (counts.records < file->next_look)
        return;
    file->next_look *= 4;
    if (counts.no_stamp + counts.unparsed <= counts.records / 2)
        return;
    if (recorder_create(file->stream->plan, source_mtime_ns(source), &fresh) < 0)
        return;
    recorder_free(file->recorder);
    file->recorder = fresh;
}

/* What the writer holds becomes records; `final`: the last one ends here. Returns the bytes used. */
static size_t digest(struct gate_reader *reader, struct source *source, size_t got, bool final)
{
    struct gate_file *file = tail_user(source);
    struct batch_writer *writer = &reader->writer;
    batch_filled(writer, got);
    size_t used = recorder_feed(file->recorder, writer, final);
    recorder_look(file->recorder, file->stream->miner, writer);
    for (uint32_t i = 0; i < writer->record_count; i++)
        take_record(reader, file, &writer->records[i]);
    source_consume(source, writer->text, got, used);
    file->held_since_ns = used < got ? clock_monotonic_ns() : NO_TIME;
    if (reader->live)
        reconsider(file, source);
    return used;
}

static char *begin(struct gate_reader *reader, const struct source *source)
{
    char *text = batch_begin(&reader->writer, 0, 0, source_offset(source));
    CHECK(text); // nothing is ever committed: there is room
    return text;
}

/* Nothing followed: whole lines that wait are records; with `all` a line without its end is one, too. */
static void flush(struct gate_reader *reader, struct source *source, bool all)
{
    struct gate_file *file = tail_user(source);
    for (;;) {
        char *text = begin(reader, source);
        ssize_t got = source_again(source, text, BATCH_TEXT_BYTES);
        const char *newline = got > 0 ? memrchr(text, '\n', (size_t)got) : NULL;
        if (got > 0 && !all)
            got = newline ? newline - text + 1 : 0;
        if (got <= 0 || !digest(reader, source, (size_t)got, true))
            break;
    }
    file->held_since_ns = NO_TIME;
}

static struct gate_file *file_of(struct gate_reader *reader, struct source *source)
{
    struct gate_file *file = tail_user(source);
    if (file)
        return file;
    file = calloc(1, sizeof(*file));
    if (!file)
        return NULL;
    *file = (struct gate_file){.stream = &reader->reading.streams[tail_group(source)],
                               .held_since_ns = NO_TIME,
                               .next_look = 16};
    if (recorder_create(file->stream->plan, source_mtime_ns(source), &file->recorder) < 0) {
        free(file);
        return NULL;
    }
    tail_set_user(source, file);
    return file;
}

/* To the part that comes next; behind the last one, to what is not there yet. */
static void leap(struct gate_file *file, struct source *source, uint64_t to)
{
    if (source_seek(source, to) < 0)
        file->parts.count = 0; // it was cut off: whatever there is now is read
    file->reached = source_offset(source);
    file->held_since_ns = NO_TIME;
}

static void leave_out(struct gate_file *file, struct source *source)
{
    const struct gate_parts *parts = &file->parts;
    if (file->part >= parts->count || source_offset(source) < parts->at[file->part].until)
        return;
    file->part++;
    leap(file, source, file->part < parts->count ? parts->at[file->part].from : file->target);
}

/* Where in it the times lie that are asked about. */
static void plan_parts(struct gate_reader *reader, struct gate_file *file,
                       struct source *source)
{
    const struct gate_seeking seeking = {source, file->stream->plan, &reader->writer,
                                         GATE_HOLE};
    gate_seek(&seeking, reader->reading.spans, &file->parts);
    leap(file, source, file->parts.count ? file->parts.at[0].from : 0);
}

/* An archive says when it is over, and its size nothing. */
static void aim(struct gate_reader *reader, struct source *source)
{
    struct gate_file *file = file_of(reader, source);
    if (!file)
        return;
    file->reached = source_offset(source);
    file->target = source_kind(source) == SOURCE_ARCHIVE ? UINT64_MAX : source_size(source);
    if (source_kind(source) == SOURCE_FILE && file->reached == 0 && file->target >= GATE_HOLE)
        plan_parts(reader, file, source);
}

static void forget(struct source *source)
{
    struct gate_file *file = tail_user(source);
    if (file)
        recorder_free(file->recorder);
    free(file);
    tail_set_user(source, NULL);
}

static void end_file(struct gate_reader *reader, struct source *source, int r)
{
    if (r == -ESTALE)
        return; // cut off by its writer: it begins anew
    if (r != -ENODATA)
        log_warning("%s: cannot be read on: %s", source_path(source), strerror(-r));
    flush(reader, source, true);
    forget(source);
    tail_done(reader->tail, source);
}

/* Records that have waited for a continuation long enough. */
static void flush_waiting(struct gate_reader *reader)
{
    int64_t now = clock_monotonic_ns();
    for (struct source *s = tail_each(reader->tail, NULL); s; s = tail_each(reader->tail, s)) {
        const struct gate_file *file = tail_user(s);
        if (file && file->held_since_ns != NO_TIME && now - file->held_since_ns >= FLUSH_NS)
            flush(reader, s, false);
    }
}

bool gate_reader_step(struct gate_reader *reader, int timeout_ms)
{
    struct source *source = tail_next(reader->tail, timeout_ms);
    flush_waiting(reader);
    if (!source || !file_of(reader, source))
        return false;
    char *text = begin(reader, source);
    ssize_t got = source_read(source, text, BATCH_TEXT_BYTES);
    struct gate_file *file = tail_user(source);
    if (got < 0)
        end_file(reader, source, (int)got);
    if (got <= 0)
        return true;
    file->reached = source_offset(source) + (uint64_t)got;
    digest(reader, source, (size_t)got, false);
    leave_out(file, source);
    return true;
}

/* Is there something left of what there was at the beginning? A busy log has always something new. */
static bool is_behind(struct gate_reader *reader)
{
    for (struct source *s = tail_each(reader->tail, NULL); s; s = tail_each(reader->tail, s)) {
        const struct gate_file *file = tail_user(s);
        if (file && file->reached < file->target)
            return true;
    }
    return false;
}

/* ---- before and after ------------------------------------------------------------ */

void gate_reader_catch_up(struct gate_reader *reader)
{
    while (is_behind(reader) && gate_reader_step(reader, CAUGHT_UP_MS))
        ;
    for (struct source *s = tail_each(reader->tail, NULL); s; s = tail_each(reader->tail, s))
        if (tail_user(s))
            flush(reader, s, false);
    reader->live = true;
}

int gate_reader_create(const struct gate_reading *reading, struct gate_reader **ret,
                       struct error *reterr)
{
    struct tail_options options = {0};
    struct gate_reader *reader = calloc(1, sizeof(*reader));
    if (!reader)
        return error_set(reterr, -ENOMEM, "gate: out of memory");
    reader->reading = *reading;
    int r = ring_create(RING_BYTES, 1, &reader->ring, reterr);
    if (r == 0)
        r = batch_writer_init(&reader->writer, reader->ring, reterr);
    if (r == 0)
        r = tail_create(&options, &reader->tail, reterr);
    for (size_t i = 0; i < reading->stream_count && r == 0; i++)
        r = gate_stream_open(&reading->streams[i], reterr);
    if (r < 0) {
        gate_reader_free(reader);
        return r;
    }
    *ret = reader;
    return 0;
}

void gate_reader_free(struct gate_reader *reader)
{
    if (!reader)
        return;
    for (struct source *s = reader->tail ? tail_each(reader->tail, NULL) : NULL; s;
         s = tail_each(reader->tail, s))
        forget(s);
    tail_free(reader->tail);
    for (size_t i = 0; i < reader->reading.stream_count; i++)
        gate_stream_close(&reader->reading.streams[i]);
    batch_writer_free(&reader->writer);
    ring_destroy(reader->ring);
    free(reader);
}

int gate_reader_add(struct gate_reader *reader, size_t stream, const char *path,
                    struct error *reterr)
{
    return tail_add(reader->tail, path,
                    (struct tail_wish){.group = (uint32_t)stream, .start = TAIL_BEGIN}, reterr);
}

int64_t gate_reader_first_ns(struct gate_reader *reader, size_t stream, const char *path)
{
    struct source *source;
    struct error error;
    if (source_open(path, &source, &error) < 0)
        return INT64_MAX;
    const struct gate_seeking seeking = {source, reader->reading.streams[stream].plan,
                                         &reader->writer, GATE_HOLE};
    int64_t first = gate_seek_first(&seeking);
    source_close(source);
    return first == NO_TIME ? INT64_MAX : first;
}

int gate_reader_begin(struct gate_reader *reader, struct error *reterr)
{
    const struct gate_reading *reading = &reader->reading;
    int r = 0;
    for (size_t i = 0; i < reading->stream_count; i++)
        for (size_t p = 0; p < reading->streams[i].paths.count && r == 0; p++)
            r = tail_add(reader->tail, reading->streams[i].paths.at[p],
                         (struct tail_wish){.group = (uint32_t)i, .start = TAIL_END}, reterr);
    if (r < 0)
        return r;
    r = tail_begin(reader->tail);
    if (r < 0)
        return error_set(reterr, r, "gate: cannot follow files: %s", strerror(-r));
    for (struct source *s = tail_each(reader->tail, NULL); s; s = tail_each(reader->tail, s))
        aim(reader, s);
    return 0;
}
