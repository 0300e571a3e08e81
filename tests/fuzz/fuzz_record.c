/* SPDX-License-Identifier: MIT */
/*
 * Promise: any bytes in any format become records that lie within their batch, every byte is used at the end, and the
 * records do not depend on where the bytes were cut.
 *
 * Input: `F M CC DD bytes...`: format, rule for several lines, two places to cut at (two bytes each).
 */

#include "fuzz.h"

#include "base/check.h"
#include "base/clock.h"
#include "record/record.h"

#include <stdio.h>
#include <stdlib.h>

enum { HEADER = 6, FORMATS = RECORD_REGEX + 1, RULES = 6, SMALL = 100 };

static struct ring *ring;
static struct batch_writer writer;
static struct record_plan *plans[FORMATS][RULES];

static void open_once(void)
{
    if (ring)
        return;
    CHECK(ring_create(8 << 20, 1, &ring, NULL) == 0);
    CHECK(batch_writer_init(&writer, ring, NULL) == 0);
}

/* Rules 0 to 2 for several lines, and again with records of at most SMALL bytes. */
static const struct record_plan *plan_of(uint8_t format, uint8_t rule)
{
    static const char *const starts[] = {NULL, "", "^\\S"};
    static const struct record_field fields[] = {{"status", false},
                                                 {"msg", true},
                                                 {"http.method", true},
                                                 {"bytes", false},
                                                 {"duration", false}};
    struct record_plan **plan = &plans[format][rule];
    struct record_options options = {
        .format = (enum record_format)format,
        .regex = format == RECORD_REGEX ? "^(?<time>\\S+ \\S+) (?<level>\\w+) (?<message>.*?)"
                                          "( status=(?<status>\\d+))?$"
                                        : NULL,
        .multiline_start = starts[rule % 3],
        .bytes_max = rule >= 3 ? SMALL : 0,
        .fields = fields,
        .field_count = format == RECORD_REGEX ? 1 : sizeof(fields) / sizeof(fields[0]),
        .duration = format == RECORD_REGEX ? 0 : sizeof(fields) / sizeof(fields[0]), // the last
    };
    struct error error = {""};
    if (!*plan && record_plan_create(&options, plan, &error) < 0) {
        fprintf(stderr, "%s\n", error.text);
        abort();
    }
    return *plan;
}

static const char *slice(const struct oddline_batch *batch, uint32_t at, uint32_t len)
{
    CHECK(len <= writer.text_len + writer.decoded_len &&
          at <= writer.text_len + writer.decoded_len - len);
    return batch->text + at;
}

static void describe_fields(const struct oddline_batch *batch,
                            const struct oddline_record *record, struct buffer *out)
{
    CHECK(record->fields + record->field_count <= writer.field_count);
    for (uint32_t i = 0; i < record->field_count; i++) {
        const struct oddline_field *f = &batch->fields[record->fields + i];
        buffer_printf(out, " %u=", f->name);
        if (f->is_text)
            buffer_append(out, slice(batch, f->text, f->text_len), f->text_len);
        else
            buffer_printf(out, "%a", f->number);
    }
}

static void describe(const struct oddline_batch *batch, const struct oddline_record *r,
                     uint64_t offset, struct buffer *out)
{
    CHECK(r->lines >= 1 && r->level <= 24);
    buffer_printf(out, "%llu+%u lines %u time %lld level %u flags %u: ",
                  (unsigned long long)(offset + r->text), r->text_len, r->lines,
                  (long long)r->time_ns, r->level, r->flags);
    buffer_append(out, slice(batch, r->text, r->text_len), r->text_len);
    buffer_text(out, " | ");
    buffer_append(out, slice(batch, r->message, r->message_len), r->message_len);
    describe_fields(batch, r, out);
    buffer_char(out, '\n');
}

/* Feeds from *at on what has come up to `end`, as often as something is used. */
static void feed_until(struct recorder *recorder, struct bytes text, size_t end, uint64_t *at,
                       struct buffer *out)
{
    bool final = end == text.len;
    size_t used = 1;
    while (used > 0 && *at < end) {
        char *room = batch_begin(&writer, 0, 0, *at);
        size_t len = end - *at < BATCH_TEXT_BYTES ? end - *at : BATCH_TEXT_BYTES;
        memcpy(room, text.at + *at, len);
        batch_filled(&writer, len);
        used = recorder_feed(recorder, &writer, final && len == end - *at);
        CHECK(used <= len);
        const struct oddline_batch batch = batch_draft(&writer).seen;
        for (uint32_t i = 0; i < batch.count; i++)
            describe(&batch, &batch.records[i], *at, out);
        *at += used;
    }
    CHECK(!final || *at == end);
}

static void run(const struct record_plan *plan, struct bytes text, const size_t cuts[2],
                struct buffer *out)
{
    struct recorder *recorder;
    uint64_t at = 0;
    CHECK(recorder_create(plan, INT64_C(1718400000) * NS_PER_S, &recorder) == 0);
    recorder_sample(recorder, text);
    for (int i = 0; i < 2; i++)
        if (cuts[i] > at && cuts[i] < text.len)
            feed_until(recorder, text, cuts[i], &at, out);
    feed_until(recorder, text, text.len, &at, out);
    struct record_counts counts = recorder_counts(recorder);
    buffer_printf(out, "%llu records, %llu lines, %llu truncated, %llu skipped\n",
                  (unsigned long long)counts.records, (unsigned long long)counts.lines,
                  (unsigned long long)counts.truncated,
                  (unsigned long long)counts.skipped_bytes);
    recorder_free(recorder);
}

static void show(const char *name, const struct buffer *records, size_t from)
{
    fprintf(stderr, "\n%s:\n", name);
    fwrite(records->at + from, 1, records->len - from, stderr);
}

/* Both from the record on in which they differ first. */
static void show_difference(const struct buffer *whole, const struct buffer *cut)
{
    size_t from = 0;
    for (size_t i = 0; i < whole->len && i < cut->len && whole->at[i] == cut->at[i]; i++)
        from = whole->at[i] == '\n' ? i + 1 : from;
    show("at once", whole, from);
    show("cut", cut, from);
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < HEADER)
        return 0;
    open_once();
    struct bytes text = {(const char *)data + HEADER, size - HEADER};
    const struct record_plan *plan =
        plan_of((uint8_t)(data[0] - '0') % FORMATS, (uint8_t)(data[1] - '0') % RULES);
    size_t a = (data[2] << 8 | data[3]) % (text.len + 1);
    size_t b = (data[4] << 8 | data[5]) % (text.len + 1);
    struct buffer whole = {0}, cut = {0};
    run(plan, text, (size_t[2]){0, 0}, &whole);
    run(plan, text, (size_t[2]){a < b ? a : b, a < b ? b : a}, &cut);
    if (!bytes_equal(buffer_bytes(&whole), buffer_bytes(&cut)))
        show_difference(&whole, &cut);
    buffer_free(&whole);
    buffer_free(&cut);
    return 0;
}
