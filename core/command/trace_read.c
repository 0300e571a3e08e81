/* SPDX-License-Identifier: MIT */

#include "command/trace_read.h"

#include "app/scan.h"
#include "base/clock.h"
#include "base/log.h"
#include "record/record.h"
#include "tail/source.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { READ_RING_BYTES = 4 << 20 };

/* Where records say how a request ended. */
static const struct record_field statuses[] = {
    {"status", false},          {"status_code", false},
    {"statusCode", false},      {"http_status", false},
    {"http.status", false},     {"http.status_code", false},
    {"response.status", false}, {"http.response.status_code", false},
};
enum { STATUSES = sizeof(statuses) / sizeof(statuses[0]) };

struct reader {
    const struct trace_reading *reading;
    struct trace_totals *totals;
    struct ring *ring;
    struct batch_writer writer;
    /* of the stream that is being read */
    struct record_plan *plan;
    struct regex **patterns; /* [redaction_count] */
    struct redaction *redactions;
    size_t redaction_count;
    const struct config_stream *claimed; /* NULL: none */
};

/* One file being read. */
struct file {
    struct reader *reader;
    const struct input *input;
    struct source *source;
    struct recorder *recorder;
    bool skipped; /* just now */
};

/* ---- records ------------------------------------------------------------ */

/* Eight bytes at a time: the high bit of each byte that is a newline, and of no other. */
static uint64_t count_lines(const char *at, size_t len)
{
    static const uint64_t low = UINT64_C(0x7f7f7f7f7f7f7f7f),
                          newlines = UINT64_C(0x0a0a0a0a0a0a0a0a);
    uint64_t count = 0, word;
    for (; len >= sizeof(word); at += sizeof(word), len -= sizeof(word)) {
        memcpy(&word, at, sizeof(word));
        word ^= newlines;
        count += (uint64_t)__builtin_popcountll(~(((word & low) + low) | word | low));
    }
    for (size_t i = 0; i < len; i++)
        count += at[i] == '\n';
    return count;
}

static bool failed(const struct batch_writer *writer, const struct oddline_record *record)
{
    if (record->level >= ODDLINE_LEVEL_ERROR)
        return true;
    for (uint32_t i = 0; i < record->field_count; i++)
        if (writer->fields[record->fields + i].number >= 500 &&
            writer->fields[record->fields + i].number < 600)
            return true;
    return false;
}

/* `first_line` is that of the first byte of the writer's room. */
static void take_records(struct file *file, uint64_t first_line, uint64_t offset)
{
    struct reader *reader = file->reader;
    const struct batch_writer *writer = &reader->writer;
    const struct trace_reading *reading = reader->reading;
    uint32_t counted = 0;
    for (uint32_t i = 0; i < writer->record_count; i++) {
        const struct oddline_record *r = &writer->records[i];
        struct trace_seen seen = {.input = file->input,
                                  .stream = reader->claimed ? reader->claimed->name
                                                            : file->input->stream,
                                  .configured = reader->claimed,
                                  .text = {writer->text + r->text, r->text_len},
                                  .message = {writer->text + r->message, r->message_len},
                                  .time_ns = r->time_ns,
                                  .error = failed(writer, r),
                                  .again = i == 0 && file->skipped,
                                  .offset = offset + r->text,
                                  .redactions = reader->redactions,
                                  .redaction_count = reader->redaction_count};
        first_line += count_lines(writer->text + counted, r->text - counted);
        counted = r->text;
        seen.line = first_line;
        seen.hit = reading->needle && needle_in(reading->needle, seen.text);
        reading->take(reading->context, &seen);
        reader->totals->records++;
    }
    file->skipped = false;
}

/* What the writer holds becomes records; the source is told how much was used. */
static size_t digest(struct file *file, size_t got, bool final, bool again)
{
    struct batch_writer *writer = &file->reader->writer;
    uint64_t line = recorder_line(file->recorder), offset = source_offset(file->source);
    batch_filled(writer, got);
    size_t used = recorder_feed(file->recorder, writer, final);
    take_records(file, line, offset);
    if (!again || used)
        source_consume(file->source, writer->text, got, used);
    return used;
}

static void digest_rest(struct file *file)
{
    struct batch_writer *writer = &file->reader->writer;
    for (;;) {
        batch_begin(writer, 0, 0, source_offset(file->source));
        ssize_t got = source_again(file->source, writer->text, BATCH_TEXT_BYTES);
        if (got <= 0 || !digest(file, (size_t)got, true, true))
            return;
    }
}

/* ---- one file ------------------------------------------------------------- */

/* How much of what was read may be passed over: up to a line, and not what a record that goes on may have begun in. */
static size_t passable(const char *text, size_t got)
{
    if (got <= TRACE_OVERLAP)
        return 0;
    const char *newline = memrchr(text, '\n', got - TRACE_OVERLAP);
    return newline ? (size_t)(newline + 1 - text) : got - TRACE_OVERLAP;
}

/* True when the id is not in it: then it was passed over, or lies there until more comes. */
static bool pass_over(struct file *file, size_t got)
{
    const struct needle *needle = file->reader->reading->needle;
    const char *text = file->reader->writer.text;
    if (!needle || needle_in(needle, (struct bytes){text, got}))
        return false;
    size_t used = passable(text, got);
    recorder_sample(file->recorder, (struct bytes){text, got}); // while the head is here
    if (used) {
        recorder_set_line(file->recorder,
                          recorder_line(file->recorder) + count_lines(text, used));
        file->skipped = true;
    }
    source_consume(file->source, text, got, used);
    return true;
}

/* False at the end. */
static bool read_once(struct file *file)
{
    struct batch_writer *writer = &file->reader->writer;
    batch_begin(writer, 0, 0, source_offset(file->source));
    ssize_t got = source_read(file->source, writer->text, BATCH_TEXT_BYTES);
    if (got == -ENODATA || (got == 0 && source_kind(file->source) != SOURCE_PIPE))
        return false;
    if (got < 0) {
        log_warning("%s: cannot be read on: %s", source_path(file->source),
                    strerror((int)-got));
        file->reader->totals->failed++;
        return false;
    }
    if (got > 0 && !pass_over(file, (size_t)got) && !digest(file, (size_t)got, false, false) &&
        got == BATCH_TEXT_BYTES)
        digest_rest(file);
    return true;
}

static void read_file(struct reader *reader, const struct input *input)
{
    struct file file = {.reader = reader, .input = input};
    struct error error;
    int r = strcmp(input->path, "-") == 0
                ? source_open_pipe(STDIN_FILENO, "-", &file.source, &error)
                : source_open(input->path, &file.source, &error);
    if (r == 0 &&
        (r = recorder_create(reader->plan, source_mtime_ns(file.source), &file.recorder)) < 0)
        error_set(&error, r, "%s: cannot be read: out of memory", input->path);
    if (r < 0) {
        log_error("%s", error.text);
        reader->totals->failed++;
    } else {
        while (read_once(&file))
            ;
        digest_rest(&file);
        reader->totals->bytes += source_offset(file.source);
    }
    recorder_free(file.recorder);
    source_close(file.source);
}

/* ---- one stream ----------------------------------------------------------- */

static int compile_redactions(struct reader *reader, const struct config_stream *config,
                              struct error *reterr)
{
    reader->patterns = calloc(config->redact_count + 1, sizeof(*reader->patterns));
    reader->redactions = calloc(config->redact_count + 1, sizeof(*reader->redactions));
    if (!reader->patterns || !reader->redactions)
        return error_set(reterr, -ENOMEM, "trace: out of memory");
    for (size_t i = 0; i < config->redact_count; i++) {
        struct error error;
        if (regex_compile(config->redact[i].match, &reader->patterns[i], &error) < 0)
            return error_set(reterr, -EINVAL, "stream '%s': %s", config->name, error.text);
        reader->redactions[i] = (struct redaction){reader->patterns[i], config->redact[i].with};
        reader->redaction_count = i + 1;
    }
    return 0;
}

static int open_stream(struct reader *reader, const struct input *input, struct error *reterr)
{
    const struct trace_reading *reading = reader->reading;
    reader->claimed = reading->config ? scan_claimed(reading->config, input->path) : NULL;
    if (reading->config && !reader->claimed)
        reader->claimed = scan_claimed(reading->config, input->stream);
    const struct config_stream *c = reader->claimed ? reader->claimed : &reading->fallback;
    struct record_options options = {.regex = c->regex,
                                     .multiline_start =
                                         c->multiline ? c->multiline->start : NULL,
                                     .timezone = c->timezone,
                                     .year = (int)c->year,
                                     .fields = statuses,
                                     .field_count = STATUSES};
    int r = record_format_parse(c->format, &options.format);
    if (r < 0)
        return error_set(reterr, r, "stream '%s': unknown format", c->name);
    r = record_plan_create(&options, &reader->plan, reterr);
    if (r < 0)
        return r == -ENOMEM ? r : -EINVAL; // it is the configuration that is wrong
    return compile_redactions(reader, c, reterr);
}

static void close_stream(struct reader *reader)
{
    for (size_t i = 0; i < reader->redaction_count; i++)
        regex_free(reader->patterns[i]);
    free(reader->patterns);
    free(reader->redactions);
    record_plan_free(reader->plan);
    reader->patterns = NULL;
    reader->redactions = NULL;
    reader->redaction_count = 0;
    reader->plan = NULL;
}

static int read_all(struct reader *reader, struct error *reterr)
{
    const struct inputs *inputs = reader->reading->inputs;
    int r = 0;
    for (size_t i = 0; i < inputs->count && r == 0; i++) {
        if (i == 0 || strcmp(inputs->at[i].stream, inputs->at[i - 1].stream) != 0) {
            close_stream(reader);
            r = open_stream(reader, &inputs->at[i], reterr);
        }
        if (r == 0)
            read_file(reader, &inputs->at[i]);
    }
    close_stream(reader);
    return r;
}

int trace_read(const struct trace_reading *reading, struct trace_totals *ret,
               struct error *reterr)
{
    struct trace_totals totals = {.failed = reading->inputs->unreadable};
    struct reader reader = {.reading = reading, .totals = &totals};
    int64_t begun = clock_monotonic_ns();
    int r = ring_create(READ_RING_BYTES, 1, &reader.ring, reterr);
    if (r == 0)
        r = batch_writer_init(&reader.writer, reader.ring, reterr);
    if (r == 0)
        r = read_all(&reader, reterr);
    batch_writer_free(&reader.writer);
    ring_destroy(reader.ring);
    totals.elapsed_ns = clock_monotonic_ns() - begun;
    if (r == 0)
        *ret = totals;
    return r;
}
