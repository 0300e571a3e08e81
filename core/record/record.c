/* SPDX-License-Identifier: MIT */
/*
 * The map of the room: recorder_feed() walks the text.
 *
 *      skip_over    the rest of a record that was over the bound
 *      pass_blanks  blank lines that belong to no record
 *      join_next    the next record, if all of it is here            (join.c)
 *      add          read it (as_*.c), put it into the batch
 *      search       the patterns of the stream, in all that was added  (search.c)
 *
 * Nothing is remembered of a record until it is in the batch, so one that did not fit is simply read again.
 */

#include "record/parse.h"

#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

const struct format formats[RECORD_REGEX + 1] = {
    [RECORD_AUTO] = {.name = "auto"},
    [RECORD_TEXT] = {"text", NULL, text_record, text_inner, JOIN_STAMP, NULL, text_head},
    [RECORD_JSON] = {"json", json_fits, json_record, NULL, JOIN_SINGLE, NULL, NULL},
    [RECORD_LOGFMT] = {"logfmt", logfmt_fits, logfmt_record, NULL, JOIN_SINGLE, NULL, NULL},
    [RECORD_COMBINED] = {"combined", combined_fits, combined_record, NULL, JOIN_SINGLE, NULL,
                         NULL},
    [RECORD_SYSLOG] = {"syslog", syslog_fits, syslog_record, syslog_inner, JOIN_SINGLE, NULL,
                       syslog_head},
    [RECORD_CRI] = {"cri", cri_fits, cri_record, cri_inner, JOIN_PARTS, cri_part, NULL},
    [RECORD_DOCKER] = {"docker", docker_fits, docker_record, docker_inner, JOIN_PARTS,
                       docker_part, NULL},
    [RECORD_REGEX] = {"regex", NULL, regex_record, NULL, JOIN_INDENT, NULL, NULL},
};

const char *record_format_name(enum record_format format)
{
    return formats[format].name;
}

int record_format_parse(const char *name, enum record_format *ret)
{
    for (int i = 0; i <= RECORD_REGEX; i++) {
        if (strcmp(formats[i].name, name) != 0)
            continue;
        *ret = (enum record_format)i;
        return 0;
    }
    return -EINVAL;
}

/* ---- the recorder ------------------------------------------------------------ */

int recorder_create(const struct record_plan *plan, int64_t file_time_ns, struct recorder **ret)
{
    struct recorder *recorder = calloc(1, sizeof(*recorder));
    if (!recorder)
        return -ENOMEM;
    recorder->plan = plan;
    recorder->format = plan->format;
    recorder->last_ns = NO_TIME;
    recorder->line = 1;
    stamps_init(&recorder->stamps, plan->zone, plan->year, file_time_ns);
    *ret = recorder;
    return 0;
}

void recorder_free(struct recorder *recorder)
{
    if (!recorder)
        return;
    columns_free(&recorder->columns);
    free(recorder);
}

void recorder_sample(struct recorder *recorder, struct bytes head)
{
    if (!recorder->chosen)
        choose_format(recorder, head);
}

const char *recorder_choice(const struct recorder *recorder)
{
    return recorder->chosen ? recorder->choice : "nothing chosen yet";
}

enum record_format recorder_format(const struct recorder *recorder)
{
    return recorder->format;
}

uint64_t recorder_line(const struct recorder *recorder)
{
    return recorder->line;
}

void recorder_set_line(struct recorder *recorder, uint64_t line)
{
    recorder->line = line;
}

struct record_counts recorder_counts(const struct recorder *recorder)
{
    return recorder->counts;
}

static void count_lines(struct recorder *recorder, uint64_t lines)
{
    recorder->counts.lines += lines;
    recorder->line += recorder->line ? lines : 0; // 0: unknown, and stays so
}

/* ---- one record ---------------------------------------------------------------- */

static int copy_fields(struct reading *reading, struct oddline_record *record)
{
    if (!reading->field_count)
        return 0;
    struct oddline_field *fields = batch_fields(reading->writer, reading->field_count);
    if (!fields)
        return reading->force ? 0 : -ENOBUFS;
    memcpy(fields, reading->fields, reading->field_count * sizeof(fields[0]));
    record->fields = (uint32_t)(fields - reading->writer->fields);
    record->field_count = reading->field_count;
    return 0;
}

static uint32_t offset_of(const struct batch_writer *writer, struct bytes slice)
{
    return slice.len ? (uint32_t)(slice.at - writer->text) : 0;
}

static uint8_t flags_of(const struct reading *reading)
{
    const struct extent *extent = reading->extent;
    bool borrowed = reading->time_ns == NO_TIME && reading->recorder->last_ns != NO_TIME;
    return (uint8_t)((extent->over ? ODDLINE_RECORD_TRUNCATED : 0) |
                     (extent->multi ? ODDLINE_RECORD_MULTI : 0) |
                     (reading->unfit ? ODDLINE_RECORD_UNPARSED : 0) |
                     (borrowed ? ODDLINE_RECORD_NO_STAMP : 0));
}

/* Looks for the duration where it may stand; whether it counts is what the source has shown until now. */
static void read_duration(struct reading *reading)
{
    const struct recorder *recorder = reading->recorder;
    struct bytes body = reading->body.at      ? reading->body
                        : reading->message.at ? reading->message
                                              : reading->text;
    struct oddline_field field = {.name = (uint32_t)recorder->plan->duration};
    reading->duration = reading->timed ? duration_read(body) : duration_find(body);
    if (duration_ms(&recorder->durations, &reading->duration, &field.number))
        reading->fields[reading->field_count++] = field;
}

static void learn_duration(struct recorder *recorder, const struct duration *found)
{
    size_t len = strlen(recorder->choice);
    if (duration_learn(&recorder->durations, found))
        snprintf(recorder->choice + len, sizeof(recorder->choice) - len, ", durations read");
}

/* What the format found goes into the record, and from here on it happened. */
static void keep(struct reading *reading, struct oddline_record *record)
{
    struct recorder *recorder = reading->recorder;
    record->flags = flags_of(reading);
    if (reading->time_ns != NO_TIME)
        recorder->last_ns = reading->time_ns;
    record->time_ns = recorder->last_ns;
    record->text = offset_of(reading->writer, reading->text);
    record->text_len = (uint32_t)reading->text.len;
    record->message = offset_of(reading->writer, reading->message);
    record->message_len = (uint32_t)reading->message.len;
    record->level = reading->level;
    record->lines = reading->extent->lines;
    if (duration_wanted(reading))
        learn_duration(recorder, &reading->duration);
    if (stamps_take(&recorder->stamps))
        join_forget(&recorder->joiner);
    recorder->counts.records++;
    recorder->counts.unparsed += reading->unfit;
    recorder->counts.truncated += reading->extent->over;
    recorder->counts.no_stamp += (record->flags & ODDLINE_RECORD_NO_STAMP) != 0;
    count_lines(recorder, reading->extent->lines);
}

/* Reads one record into the batch; false when the batch is full. */
static bool add(struct recorder *recorder, struct batch_writer *writer,
                const struct extent *extent)
{
    struct oddline_record *record = batch_record(writer);
    if (!record)
        return false;
    struct reading reading; // not initialised as a whole: its fields are 1.5 KiB
    reading.recorder = recorder;
    reading.writer = writer;
    reading.extent = extent;
    reading.text = (struct bytes){writer->text + extent->begin, extent->end - extent->begin};
    reading.force = writer->record_count == 1;
    reading.time_ns = NO_TIME;
    reading.message = reading.body = (struct bytes){0};
    reading.timed = false;
    reading.level = ODDLINE_LEVEL_NONE;
    reading.unfit = false;
    reading.have = 0;
    reading.field_count = 0;
    stamps_pass(&recorder->stamps);
    int r = formats[recorder->format].read(&reading);
    if (r == 0 && duration_wanted(&reading))
        read_duration(&reading);
    if (r == 0)
        r = copy_fields(&reading, record);
    if (r < 0) {
        batch_unrecord(writer);
        return false;
    }
    keep(&reading, record);
    return true;
}

/* ---- the walk ------------------------------------------------------------------- */

/* Is the sample complete, so that more bytes would not change the choice? */
static bool sample_complete(struct bytes text)
{
    if (text.len >= CHOOSE_BYTES)
        return true;
    size_t at = 0;
    for (int n = 0; n < CHOOSE_LINES; n++) {
        const char *feed = at < text.len ? memchr(text.at + at, '\n', text.len - at) : NULL;
        if (!feed)
            return false;
        at = (size_t)(feed - text.at) + 1;
    }
    return true;
}

/* The rest of the line that crossed the bound. */
static size_t skip_line(struct recorder *recorder, struct bytes text, size_t at, bool final)
{
    struct line line = frame_line(text, at);
    bool joins = recorder->joiner.rule != JOIN_SINGLE && recorder->joiner.rule != JOIN_PARTS;
    if (!line.open || final)
        recorder->skip = joins ? SKIP_LINES : SKIP_NONE;
    recorder->counts.skipped_bytes += line.next - at;
    return line.next;
}

static size_t skip_over(struct recorder *recorder, struct bytes text, size_t at, bool final)
{
    while (recorder->skip != SKIP_NONE && at < text.len) {
        if (recorder->skip == SKIP_LINE) {
            at = skip_line(recorder, text, at, final);
            continue;
        }
        enum join_verdict verdict =
            join_judge(&recorder->joiner, text, frame_line(text, at), final);
        if (verdict == JOIN_UNKNOWN)
            break;
        recorder->skip = verdict == JOIN_BEGINS ? SKIP_NONE : SKIP_LINE;
        if (verdict == JOIN_GOES_ON)
            count_lines(recorder, 1);
    }
    return at;
}

/* Blank lines between records are counted as lines, and that is all; byte order marks not even that. */
static size_t pass_blanks(struct recorder *recorder, struct bytes text, size_t at, bool final)
{
    while (at < text.len && frame_may_pass(text.at[at]) && recorder->skip == SKIP_NONE) {
        size_t mark = frame_mark(text, at);
        if (mark) {
            at += mark;
            continue;
        }
        struct line line = frame_line(text, at);
        if ((line.open && !final) || line.end - line.begin >= FRAME_PEEK ||
            !frame_blank(text, line))
            break;
        count_lines(recorder, 1);
        at = line.next;
    }
    return at;
}

/* What was put off until it is known which records match. */
static void read_heads(const struct recorder *recorder, const struct batch_writer *writer)
{
    head_fn *read = formats[recorder->format].head;
    if (!recorder->plan->heads_of_matches || !read)
        return;
    for (uint32_t i = 0; i < writer->record_count; i++)
        if (writer->records[i].matches)
            read(recorder, writer->text, &writer->records[i]);
}

/* All records that are there, or as many as the batch takes; returns the bytes used. */
static size_t walk(struct recorder *recorder, struct batch_writer *writer, bool final)
{
    struct bytes text = {writer->text, writer->text_len};
    struct extent extent;
    size_t at = 0;
    for (;;) {
        at = skip_over(recorder, text, at, final);
        at = pass_blanks(recorder, text, at, final);
        if (at == text.len || recorder->skip != SKIP_NONE)
            break;
        if (!join_next(&recorder->joiner, text, at, final, &extent) ||
            !add(recorder, writer, &extent))
            break;
        at = extent.next;
        recorder->skip = extent.over ? SKIP_LINE : SKIP_NONE;
    }
    return at;
}

size_t recorder_feed(struct recorder *recorder, struct batch_writer *writer, bool final)
{
    struct bytes text = {writer->text, writer->text_len};
    if (!text.len || (!recorder->chosen && !final && !sample_complete(text)))
        return 0;
    recorder_sample(recorder, text);
    join_forget(&recorder->joiner);
    size_t used = walk(recorder, writer, final);
    search_patterns(recorder, writer);
    read_heads(recorder, writer);
    return used;
}
