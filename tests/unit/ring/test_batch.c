/* SPDX-License-Identifier: MIT */
/* Promise: what was put into a batch is what a reader sees, wherever it is mapped; a full batch says NULL, not more. */

#include "ring/batch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct ring *ring;
static struct batch_writer writer;

static int open_both(void **state)
{
    (void)state;
    assert_int_equal(ring_create(4 << 20, 1, &ring, NULL), 0);
    return batch_writer_init(&writer, ring, NULL);
}

static int close_both(void **state)
{
    (void)state;
    batch_writer_free(&writer);
    ring_destroy(ring);
    return 0;
}

static void begin(const char *text)
{
    char *room = batch_begin(&writer, 3, 7, 1000);
    assert_non_null(room);
    memcpy(room, text, strlen(text));
    batch_filled(&writer, strlen(text));
}

static void batch_refuses_a_ring_that_is_too_small(void **state)
{
    (void)state;
    struct ring *small = NULL;
    struct batch_writer w;
    struct error error = {""};
    assert_int_equal(ring_create(64 * 1024, 1, &small, NULL), 0);
    assert_int_equal(batch_writer_init(&w, small, &error), -EINVAL);
    assert_non_null(strstr(error.text, "too small"));
    ring_destroy(small);
}

/* The frame is copied elsewhere first: every number in it must be relative to the payload. */
static void batch_reaches_the_reader_as_it_was_built(void **state)
{
    (void)state;
    begin("one\ntwo\n");
    struct oddline_record *one = batch_record(&writer);
    assert_int_equal(one->time_ns, 0);
    *one = (struct oddline_record){.time_ns = 11, .text = 0, .text_len = 3, .field_count = 2};
    struct oddline_field *fields = batch_fields(&writer, 2);
    fields[0] = (struct oddline_field){.name = 1, .number = 2.5};
    uint32_t at = 0;
    char *decoded = batch_decoded(&writer, 10, &at);
    memcpy(decoded, "DECODED", 7);
    batch_decoded_trim(&writer, 3);
    fields[1] = (struct oddline_field){.name = 2, .is_text = 1, .text = at, .text_len = 7};
    struct oddline_record *two = batch_record(&writer);
    two->text = 4;
    two->text_len = 3;
    two->fields = 2;
    assert_int_equal(batch_draft(&writer).seen.count, 2);
    batch_commit(&writer);

    const struct ring_frame *frame = ring_peek(ring, 0);
    assert_int_equal(frame->kind, RING_BATCH);
    struct batch *copy = malloc(frame->size - sizeof(*frame));
    memcpy(copy, ring_payload(frame), frame->size - sizeof(*frame));
    ring_release(ring, 0);
    assert_int_equal(copy->stream, 3);
    assert_int_equal(copy->source, 7);
    assert_int_equal(copy->offset, 1000);
    assert_int_equal(copy->text_len, 15);
    assert_int_equal(copy->record_count, 2);
    assert_int_equal(copy->field_count, 2);
    assert_int_equal(copy->records % 8, 0);
    assert_int_equal(copy->fields % 8, 0);
    assert_int_equal(frame->size - sizeof(*frame), copy->fields + 2 * sizeof(*fields));
    struct oddline_batch view = batch_view(copy);
    assert_int_equal(view.size, sizeof(view));
    assert_memory_equal(view.text + view.records[0].text, "one", 3);
    assert_memory_equal(view.text + view.records[1].text, "two", 3);
    assert_memory_equal(view.text + view.fields[1].text, "DECODED", 7);
    assert_true(view.fields[0].number == 2.5);
    assert_int_equal(view.records[0].time_ns, 11);
    free(copy);
}

static void batch_of_nothing_publishes_nothing(void **state)
{
    (void)state;
    uint64_t head = ring_head(ring);
    begin("no record came of this");
    batch_commit(&writer);
    begin("a record that was taken back");
    batch_record(&writer);
    batch_unrecord(&writer);
    batch_commit(&writer);
    assert_int_equal(ring_head(ring), head);
    assert_null(ring_peek(ring, 0));
}

static void batch_is_full_at_its_bounds(void **state)
{
    (void)state;
    uint32_t at;
    assert_non_null(batch_begin(&writer, 0, 0, 0));
    batch_filled(&writer, BATCH_TEXT_BYTES);
    memset(writer.text, 'x', BATCH_TEXT_BYTES);
    for (int i = 0; i < BATCH_RECORDS; i++)
        batch_record(&writer)->seq = (uint64_t)i;
    assert_null(batch_record(&writer));
    assert_non_null(batch_fields(&writer, BATCH_FIELDS - 1));
    assert_null(batch_fields(&writer, 2)); // all or nothing
    assert_null(batch_fields(&writer, UINT32_MAX));
    assert_non_null(batch_fields(&writer, 1));
    assert_null(batch_fields(&writer, 1));
    memset(writer.fields, 0, BATCH_FIELDS * sizeof(*writer.fields));
    assert_non_null(batch_decoded(&writer, BATCH_TEXT_BYTES, &at));
    assert_int_equal(at, BATCH_TEXT_BYTES);
    memset(writer.text + at, 'y', BATCH_TEXT_BYTES);
    assert_null(batch_decoded(&writer, 1, &at));
    batch_commit(&writer); // the fullest batch there can be fits into what was reserved
    const struct batch *batch = ring_payload(ring_peek(ring, 0));
    struct oddline_batch view = batch_view(batch);
    assert_int_equal(view.count, BATCH_RECORDS);
    assert_int_equal(view.records[BATCH_RECORDS - 1].seq, BATCH_RECORDS - 1);
    assert_int_equal(view.text[BATCH_TEXT_BYTES - 1], 'x');
    assert_int_equal(view.text[2 * BATCH_TEXT_BYTES - 1], 'y');
    ring_release(ring, 0);
}

static void batch_decodes_nothing_before_it_is_filled(void **state)
{
    (void)state;
    uint32_t at;
    assert_non_null(batch_begin(&writer, 0, 0, 0));
    assert_null(batch_decoded(&writer, 1, &at)); // file bytes would land on it
    batch_filled(&writer, 0);
    assert_non_null(batch_decoded(&writer, 1, &at));
    assert_int_equal(at, 0);
}

static void batch_starts_empty_again(void **state)
{
    (void)state;
    begin("first");
    batch_record(&writer)->level = 9;
    batch_fields(&writer, 5);
    begin("second"); // the first is given up
    assert_int_equal(batch_draft(&writer).seen.count, 0);
    struct oddline_record *record = batch_record(&writer);
    assert_int_equal(record->level, 0); // zeroed, though the slot was used before
    batch_commit(&writer);
    const struct batch *batch = ring_payload(ring_peek(ring, 0));
    assert_int_equal(batch->field_count, 0);
    assert_int_equal(batch->text_len, 6);
    ring_release(ring, 0);
}

static void batch_begins_only_when_the_ring_has_room(void **state)
{
    (void)state;
    int count = 0;
    while (batch_begin(&writer, 0, 0, 0)) {
        batch_filled(&writer, BATCH_TEXT_BYTES);
        batch_record(&writer);
        batch_commit(&writer);
        count++;
    }
    assert_true(count > 10);
    assert_int_equal(ring_wait_room(ring, batch_room(), 0), 0);
    while (ring_peek(ring, 0)) {
        ring_release(ring, 0);
        count--;
    }
    assert_int_equal(count, 0);
    assert_int_equal(ring_wait_room(ring, batch_room(), 0), 1);
    assert_non_null(batch_begin(&writer, 0, 0, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batch_refuses_a_ring_that_is_too_small),
        cmocka_unit_test(batch_reaches_the_reader_as_it_was_built),
        cmocka_unit_test(batch_of_nothing_publishes_nothing),
        cmocka_unit_test(batch_is_full_at_its_bounds),
        cmocka_unit_test(batch_decodes_nothing_before_it_is_filled),
        cmocka_unit_test(batch_starts_empty_again),
        cmocka_unit_test(batch_begins_only_when_the_ring_has_room),
    };
    return cmocka_run_group_tests(tests, open_both, close_both);
}
