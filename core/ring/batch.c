/* SPDX-License-Identifier: MIT */

#include "ring/batch.h"

#include "base/check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const size_t records_bytes = BATCH_RECORDS * sizeof(struct oddline_record);
static const size_t fields_bytes = BATCH_FIELDS * sizeof(struct oddline_field);
static const size_t more_bytes = (size_t)BATCH_RECORDS * BATCH_MORE * sizeof(uint64_t);

/* Decoding never makes text longer, so the room for it is as large as the text, and a little for what is joined. */
enum { DECODED_BYTES = BATCH_TEXT_BYTES };

static size_t align8(size_t n)
{
    return (n + 7) & ~(size_t)7;
}

size_t batch_room(void)
{
    return sizeof(struct batch) + BATCH_TEXT_BYTES + DECODED_BYTES + 8 + records_bytes +
           fields_bytes;
}

int batch_writer_init(struct batch_writer *writer, struct ring *ring, struct error *reterr)
{
    if (batch_room() > ring_payload_max(ring))
        return error_set(reterr, -EINVAL,
                         "ring: too small for one batch; at least %zu bytes are needed",
                         2 * batch_room() + 4096);
    struct oddline_record *records = malloc(records_bytes);
    struct oddline_field *fields = malloc(fields_bytes);
    uint64_t *more = malloc(more_bytes);
    if (!records || !fields || !more) {
        free(records);
        free(fields);
        free(more);
        return error_set(reterr, -ENOMEM, "batch: out of memory");
    }
    *writer =
        (struct batch_writer){.ring = ring, .records = records, .fields = fields, .more = more};
    return 0;
}

void batch_writer_free(struct batch_writer *writer)
{
    free(writer->records);
    free(writer->fields);
    free(writer->more);
    *writer = (struct batch_writer){0};
}

char *batch_begin(struct batch_writer *writer, uint32_t stream, uint32_t source,
                  uint64_t offset)
{
    writer->batch = ring_reserve(writer->ring, batch_room());
    if (!writer->batch)
        return NULL;
    *writer->batch = (struct batch){
        .stream = stream, .source = source, .offset = offset, .text = sizeof(struct batch)};
    writer->text = (char *)(writer->batch + 1);
    writer->text_len = writer->decoded_len = writer->decoded_max = 0;
    writer->record_count = writer->field_count = 0;
    return writer->text;
}

void batch_filled(struct batch_writer *writer, size_t len)
{
    CHECK(writer->batch && len <= BATCH_TEXT_BYTES);
    writer->text_len = len;
    writer->decoded_len = 0;
    writer->decoded_max = DECODED_BYTES;
}

struct oddline_record *batch_record(struct batch_writer *writer)
{
    if (writer->record_count == BATCH_RECORDS)
        return NULL;
    struct oddline_record *record = &writer->records[writer->record_count++];
    *record = (struct oddline_record){0};
    return record;
}

void batch_unrecord(struct batch_writer *writer)
{
    CHECK(writer->record_count > 0);
    writer->record_count--;
}

struct oddline_field *batch_fields(struct batch_writer *writer, uint32_t count)
{
    if (BATCH_FIELDS - writer->field_count < count)
        return NULL;
    struct oddline_field *fields = &writer->fields[writer->field_count];
    writer->field_count += count;
    return fields;
}

char *batch_decoded(struct batch_writer *writer, size_t len, uint32_t *ret_at)
{
    if (writer->decoded_max - writer->decoded_len < len)
        return NULL;
    size_t at = writer->text_len + writer->decoded_len;
    writer->decoded_len += len;
    *ret_at = (uint32_t)at;
    return writer->text + at;
}

void batch_decoded_trim(struct batch_writer *writer, size_t unused)
{
    CHECK(unused <= writer->decoded_len);
    writer->decoded_len -= unused;
}

uint64_t batch_number(struct batch_writer *writer, uint64_t seq)
{
    for (uint32_t i = 0; i < writer->record_count; i++)
        writer->records[i].seq = seq++;
    return seq;
}

void batch_commit(struct batch_writer *writer)
{
    struct batch *batch = writer->batch;
    CHECK(batch);
    uint64_t span = writer->span;
    writer->batch = NULL;
    writer->span = 0;
    if (writer->record_count == 0) {
        writer->blank += span;
        return; // the reservation is simply made again
    }
    batch->span = span;
    size_t text = writer->text_len + writer->decoded_len;
    size_t records = align8(sizeof(*batch) + text);
    size_t fields = records + writer->record_count * sizeof(struct oddline_record);
    memcpy((char *)batch + records, writer->records, fields - records);
    memcpy((char *)batch + fields, writer->fields,
           writer->field_count * sizeof(struct oddline_field));
    batch->text_len = (uint32_t)text;
    batch->records = (uint32_t)records;
    batch->record_count = writer->record_count;
    batch->fields = (uint32_t)fields;
    batch->field_count = writer->field_count;
    ring_commit(writer->ring, RING_BATCH,
                fields + writer->field_count * sizeof(struct oddline_field));
}

struct batch_draft batch_draft(const struct batch_writer *writer)
{
    return (struct batch_draft){
        .seen = {.size = sizeof(struct batch_draft),
                 .text = writer->text,
                 .records = writer->records,
                 .fields = writer->fields,
                 .count = writer->record_count},
        .more = writer->more,
    };
}

struct oddline_batch batch_view(const struct batch *batch)
{
    const char *base = (const char *)batch;
    return (struct oddline_batch){
        .size = sizeof(struct oddline_batch),
        .text = base + batch->text,
        .records = (const struct oddline_record *)(const void *)(base + batch->records),
        .fields = (const struct oddline_field *)(const void *)(base + batch->fields),
        .count = batch->record_count,
    };
}
