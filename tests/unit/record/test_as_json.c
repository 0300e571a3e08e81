/* SPDX-License-Identifier: MIT */
/* Promise: the usual loggers' JSON gives time, level, message and fields by path; anything else is counted. */

#include "unit/record/rig.h"

static void usual_loggers_are_understood(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        const char *time;
        uint8_t level;
        const char *message;
    } rows[] = {
        {"{\"level\":30,\"time\":1700000000123,\"msg\":\"pino\"}", "2023-11-14T22:13:20.123Z",
         9, "pino"},
        {"{\"ts\":1700000000.5,\"level\":\"error\",\"msg\":\"zap\"}", "2023-11-14T22:13:20.5Z",
         17, "zap"},
        {"{\"@timestamp\":\"2024-01-01T00:00:00.5Z\",\"log.level\":\"WARN\",\"message\":"
         "\"ecs\"}",
         "2024-01-01T00:00:00.5Z", 13, "ecs"},
        {"{\"timestamp\":\"2024-06-27 00:00:07.369 "
         "CEST\",\"error_severity\":\"LOG\",\"message\":\"a \\\"b\\\"\\nc\"}",
         "2024-06-26T22:00:07.369Z", 9, "a \"b\"\nc"},
        {"{\"t\":{\"$date\":\"2024-01-01T01:00:00.5+01:00\"},\"s\":\"E\",\"msg\":\"mongo\"}",
         "2024-01-01T00:00:00.5Z", 17, "mongo"},
        {"{\"severityNumber\":21,\"time\":\"2024-01-01T00:00:00Z\",\"message\":\"otel\"}",
         "2024-01-01T00:00:00Z", 21, "otel"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rig rig = rig_of(.format = RECORD_JSON);
        rig_read(&rig, rows[i].line);
        assert_int_equal(rig.count, 1);
        assert_time(rig.records[0].time_ns, rows[i].time);
        assert_int_equal(rig.records[0].level, rows[i].level);
        assert_bytes(rig_message(&rig, 0), rows[i].message);
        assert_bytes(rig_text(&rig, 0), rows[i].line);
        rig_close(&rig);
    }
}

static void fields_are_found_by_path_and_by_key(void **state)
{
    (void)state;
    static const struct record_field fields[] = {
        {"http.status", false}, {"user", true}, {"a.b", true}, {"took", false}, {"gone", true}};
    struct rig rig = rig_of(.format = RECORD_JSON, .fields = fields, .field_count = 5);
    rig_read(&rig, "{\"http\":{\"status\":502},\"user\":\"al\\u00eece\",\"a.b\":\"flat\","
                   "\"took\":\"12.5ms\",\"x\":[1]}\n");
    assert_number(&rig, 0, 0, 502);
    assert_field(&rig, 0, 1,
                 "al\xc3\xae"
                 "ce");
    assert_field(&rig, 0, 2, "flat");
    assert_number(&rig, 0, 3, 12.5);
    assert_int_equal(rig.records[0].field_count, 4);
    rig_close(&rig);
}

static void lines_that_are_no_objects_are_counted(void **state)
{
    (void)state;
    struct rig rig = rig_of(.format = RECORD_JSON);
    rig_read(&rig,
             "{\"time\":\"2024-01-01T00:00:00Z\",\"msg\":\"x\"}\nnot json\n{\"broken\n[1]\n");
    assert_int_equal(rig.count, 4);
    assert_int_equal(recorder_counts(rig.recorder).unparsed, 3);
    assert_true(rig.records[1].flags & ODDLINE_RECORD_UNPARSED);
    assert_bytes(rig_message(&rig, 1), "not json");
    assert_time(rig.records[3].time_ns, "2024-01-01T00:00:00Z");
    rig_close(&rig);
}

static void decoded_text_that_does_not_fit_ends_the_batch(void **state)
{
    (void)state;
    static char text[BATCH_TEXT_BYTES];
    struct rig rig = rig_of(.format = RECORD_JSON);
    size_t at = 0;
    memset(text, 'x', sizeof(text));
    while (at + 30000 < sizeof(text)) {
        memcpy(text + at, "{\"msg\":\"\\n", 10);
        memcpy(text + at + 29996, "\"}\n", 3);
        at += 29999;
    }
    rig.room = batch_begin(&rig.writer, 0, 0, 0);
    memcpy(rig.room, text, at);
    batch_filled(&rig.writer, at);
    rig.writer.decoded_max = 65000; // as when most of the room is taken
    assert_int_equal(recorder_feed(rig.recorder, &rig.writer, true), 2 * 29999);
    assert_int_equal(rig.writer.record_count, 2);
    assert_int_equal(recorder_counts(rig.recorder).records, 2);
    rig.room = batch_begin(&rig.writer, 0, 0, 0);
    memcpy(rig.room, text, 29999);
    batch_filled(&rig.writer, 29999);
    rig.writer.decoded_max = 10; // the only record of a batch does without
    assert_int_equal(recorder_feed(rig.recorder, &rig.writer, true), 29999);
    rig.count = rig.writer.record_count;
    assert_int_equal(rig.count, 1);
    assert_true(bytes_starts_with(rig_message(&rig, 0), "\\nxxx"));
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(usual_loggers_are_understood),
        cmocka_unit_test(fields_are_found_by_path_and_by_key),
        cmocka_unit_test(lines_that_are_no_objects_are_counted),
        cmocka_unit_test(decoded_text_that_does_not_fit_ends_the_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
