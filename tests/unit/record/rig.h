/* SPDX-License-Identifier: MIT */
/*
 * rig.h - a recorder with a ring behind it, for the tests of the record room.
 *
 *      struct rig rig = rig_of(.format = RECORD_JSON);
 *      rig_read(&rig, "{...}\n");          all of it at once, and nothing follows
 *      rig.records[0], rig_message(&rig, 0)
 */
#ifndef TESTS_UNIT_RECORD_RIG_H
#define TESTS_UNIT_RECORD_RIG_H

#include "base/clock.h"
#include "record/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { RIG_RING_BYTES = 8 << 20 };

struct rig {
    struct ring *ring;
    struct batch_writer writer;
    struct record_plan *plan;
    struct recorder *recorder;
    char *room;
    const struct oddline_record *records;
    const struct oddline_field *fields;
    uint32_t count;
};

#define RIG_FILE_TIME (INT64_C(1718400000) * NS_PER_S) /* 2024-06-14T21:20:00Z */

static inline struct rig rig_open(struct record_options options)
{
    struct rig rig = {0};
    struct error error = {""};
    if (record_plan_create(&options, &rig.plan, &error) != 0)
        fail_msg("%s", error.text);
    assert_int_equal(recorder_create(rig.plan, RIG_FILE_TIME, &rig.recorder), 0);
    assert_int_equal(ring_create(RIG_RING_BYTES, 1, &rig.ring, &error), 0);
    assert_int_equal(batch_writer_init(&rig.writer, rig.ring, &error), 0);
    rig.records = rig.writer.records;
    rig.fields = rig.writer.fields;
    return rig;
}
#define rig_of(...) rig_open((struct record_options){__VA_ARGS__})

static inline void rig_close(struct rig *rig)
{
    batch_writer_free(&rig->writer);
    ring_destroy(rig->ring);
    recorder_free(rig->recorder);
    record_plan_free(rig->plan);
}

/* Feeds `text` as one batch; the records of it stay until the next. Returns what was used. */
static inline size_t rig_feed(struct rig *rig, struct bytes text, bool final)
{
    rig->room = batch_begin(&rig->writer, 0, 0, 0);
    assert_non_null(rig->room);
    memcpy(rig->room, text.at, text.len);
    batch_filled(&rig->writer, text.len);
    size_t used = recorder_feed(rig->recorder, &rig->writer, final);
    rig->count = rig->writer.record_count;
    return used;
}

static inline void rig_read(struct rig *rig, const char *text)
{
    assert_int_equal(rig_feed(rig, bytes_of(text), true), strlen(text));
}

static inline struct bytes rig_text(const struct rig *rig, uint32_t i)
{
    assert_true(i < rig->count);
    return (struct bytes){rig->room + rig->records[i].text, rig->records[i].text_len};
}

static inline struct bytes rig_message(const struct rig *rig, uint32_t i)
{
    assert_true(i < rig->count);
    return (struct bytes){rig->room + rig->records[i].message, rig->records[i].message_len};
}

static inline void assert_bytes(struct bytes got, const char *want)
{
    if (!bytes_is(got, want))
        fail_msg("got '%.*s', want '%s'", (int)got.len, got.at ? got.at : "", want);
}

static inline void assert_time(int64_t got, const char *want)
{
    int64_t ns = NO_TIME;
    char text[CLOCK_TEXT_SIZE];
    assert_int_equal(clock_parse(want, &ns, NULL), 0);
    if (got != ns)
        fail_msg("got %s, want %s", got == NO_TIME ? "no time" : clock_format(got, text), want);
}

/* Field `name` of record `i`, or NULL. */
static inline const struct oddline_field *rig_field(const struct rig *rig, uint32_t i,
                                                    uint32_t name)
{
    const struct oddline_record *record = &rig->records[i];
    for (uint32_t k = 0; k < record->field_count; k++)
        if (rig->fields[record->fields + k].name == name)
            return &rig->fields[record->fields + k];
    return NULL;
}

static inline void assert_number(const struct rig *rig, uint32_t i, uint32_t name, double want)
{
    const struct oddline_field *field = rig_field(rig, i, name);
    assert_non_null(field);
    assert_false(field->is_text);
    assert_true(field->number >= want - 1e-9 && field->number <= want + 1e-9);
}

static inline void assert_field(const struct rig *rig, uint32_t i, uint32_t name,
                                const char *want)
{
    const struct oddline_field *field = rig_field(rig, i, name);
    assert_non_null(field);
    assert_true(field->is_text);
    assert_bytes((struct bytes){rig->room + field->text, field->text_len}, want);
}

/* All there is to say of the records of the last feed, which began at `offset` of the source; one line each. */
static inline void rig_describe(const struct rig *rig, size_t offset, struct buffer *out)
{
    for (uint32_t i = 0; i < rig->count; i++) {
        const struct oddline_record *r = &rig->records[i];
        struct bytes text = rig_text(rig, i), message = rig_message(rig, i);
        buffer_printf(out, "%zu+%u lines %u time %lld level %u flags %u matches %llu: ",
                      offset + r->text, r->text_len, r->lines, (long long)r->time_ns, r->level,
                      r->flags, (unsigned long long)r->matches);
        buffer_append(out, text.at, text.len);
        buffer_text(out, " | ");
        buffer_append(out, message.at, message.len);
        for (uint32_t k = 0; k < r->field_count; k++) {
            const struct oddline_field *f = &rig->fields[r->fields + k];
            buffer_printf(out, " %u=%a ", f->name, f->number);
            buffer_append(out, rig->room + f->text, f->text_len);
        }
        buffer_char(out, '\n');
    }
}

/* Both from the line on in which they differ first. */
static inline void assert_described(const struct buffer *got, const struct buffer *want,
                                    const char *where, size_t cut)
{
    size_t from = 0;
    if (bytes_equal(buffer_bytes(got), buffer_bytes(want)))
        return;
    for (size_t i = 0; i < got->len && i < want->len && got->at[i] == want->at[i]; i++)
        from = want->at[i] == '\n' ? i + 1 : from;
    fail_msg("%s, cut at %zu:\ngot  %.*s\nwant %.*s", where, cut, (int)(got->len - from),
             got->at + from, (int)(want->len - from), want->at + from);
}

#endif /* TESTS_UNIT_RECORD_RIG_H */
