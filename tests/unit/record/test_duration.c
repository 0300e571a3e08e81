/* SPDX-License-Identifier: MIT */
/*
 * Promise: how long something took is read where a record says so in words, in whatever unit and format; a limit, a plan, a date, a
 * size or a version is not taken for it; and a source that says nothing of the kind is soon left alone.
 */

#include "record/duration.h"
#include "unit/record/rig.h"

#include <math.h>
#include <stdlib.h>

static void durations_are_read_by_word_and_unit(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double ms;
        enum duration_mode found;
    } rows[] = {
        {"duration: 123.456 ms  statement: SELECT 1", 123.456, DURATION_NAMED},
        {"I/O timings: read: 9.5 ms; user: 0.02 s, elapsed: 0.25 s", 250, DURATION_NAMED},
        {"request took 123 ms", 123, DURATION_NAMED},
        {"took about 1.5s to finish", 1500, DURATION_NAMED},
        {"done in 1.2s", 1200, DURATION_NAMED},
        {"Completed 200 OK in 16ms (Views: 0.1ms)", 16, DURATION_NAMED},
        {"ParNew GC in 223ms.  Heap is 5 MB", 223, DURATION_NAMED},
        {"threads were stopped: 0.0001250 seconds", 0.125, DURATION_NAMED},
        {"latency=250us x=1", 0.25, DURATION_NAMED},
        {"latency of 3 \xc2\xb5s", 0.003, DURATION_NAMED},
        {"{\"duration_ms\":12,\"x\":1}", 12, DURATION_NAMED},
        {"{\"responseTimeMs\": \"12.5\"}", 12.5, DURATION_NAMED},
        {"{\"elapsed\":1.5e-05,\"unit\":\"s\"}", 1.5e-05, DURATION_NAMED},
        {"elapsed_seconds=0.5", 500, DURATION_NAMED},
        {"Elapsed: 2 minutes", 120000, DURATION_NAMED},
        {"took=1m2.5s", 62500, DURATION_NAMED},
        {"status: 200 len: 1893 time: 0.2477829", 0.2477829, DURATION_NAMED},
        {"# Query_time: 12.345  Lock_time: 0.0001", 12.345, DURATION_NAMED},
        {"1234 ms: bolt-session neo4j - MATCH (n)", 1234, DURATION_ANY},
        {"[GC pause (young), 0.0123 secs]", 12.3, DURATION_ANY},
        {"Pause Young 24M->4M(256M) 5.123ms", 5.123, DURATION_ANY},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct duration got = duration_find(bytes_of(rows[i].text));
        if (got.found != rows[i].found || fabs(got.value - rows[i].ms) > 1e-9 * rows[i].ms)
            fail_msg("'%s': got %g (%d)", rows[i].text, got.value, got.found);
    }
}

static void what_was_not_measured_is_no_duration(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "no numbers at all",
        "timeout of 60000 ms",
        "session timeout = 30000 ms",
        "exceeds the limit: 500 ms",
        "slower than 500 ms",
        "dropped in last 5000 ms",
        "every 30 seconds",
        "retrying in 5 seconds",
        "connect again in 500 ms",
        "at 12:30:45.123 s",
        "2016-12-19 16:31:46,725",
        "time=1700000000.123",
        "time: 1700000000",
        "{\"time\":\"2016-12-19T16:31:46Z\",\"pid\":12}",
        "started in 2016",
        "3 in 10 packets",
        "10.0.0.1 ms",
        "took-5ms-off",
        "cost=0.42..8.44 rows=1",
        "uptime: 500",
        "5 ms/op",
        "12 MS2 x",
        "24M->4M(256M)",
        "in 10M",
        "r5ms",
        "1,234 ms",
        "v1.2.3",
        "30 s",
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct duration got = duration_find(bytes_of(rows[i]));
        if (got.found != DURATION_OFF)
            fail_msg("'%s': got %g (%d)", rows[i], got.value, got.found);
    }
}

static void a_record_cut_anywhere_is_not_looked_at_behind_its_end(void **state)
{
    (void)state;
    static const char text[] = "took about 1m2.5e-05s, \"latency_ms\": 12.5 in 1.5 seconds";
    for (size_t len = 0; len < sizeof(text); len++) {
        char *exact = malloc(len ? len : 1);
        memcpy(exact, text, len);
        duration_find((struct bytes){exact, len});
        duration_read((struct bytes){exact, len});
        free(exact);
    }
}

/* ---- a source ------------------------------------------------------------------- */

static const struct record_field wanted[] = {{.name = "duration"}};
enum { DURATION };

/* `count` records with SS for the second, of which every `share`-th (0: none) says how long it took; returns how many have the field. */
static uint32_t feed(struct rig *rig, const char *with, const char *without, int count,
                     int share)
{
    struct buffer text = {0};
    uint32_t found = 0;
    for (int i = 0; i < count; i++) {
        const char *line = share && i % share == 0 ? with : without,
                   *second = strstr(line, "SS");
        buffer_printf(&text, "%.*s%02d%s\n", (int)(second - line), line, i % 60, second + 2);
    }
    assert_int_equal(rig_feed(rig, buffer_bytes(&text), true), text.len);
    for (uint32_t i = 0; i < rig->count; i++)
        found += rig_field(rig, i, DURATION) != NULL;
    buffer_free(&text);
    return found;
}

#define PLAIN "2016-12-19 16:31:SS INFO nothing of note"
#define TIMED "2016-12-19 16:31:SS INFO a.B: sent to 10.0.0.1 in 5 ms"

static void a_source_is_read_once_a_bout_has_shown_it(void **state)
{
    (void)state;
    struct rig rig =
        rig_of(.format = RECORD_TEXT, .fields = wanted, .field_count = 1, .duration = 1);
    assert_int_equal(feed(&rig, TIMED, PLAIN, DURATION_BOUT, 10), 0);
    assert_non_null(strstr(recorder_choice(rig.recorder), ", durations read"));
    assert_int_equal(feed(&rig, TIMED, PLAIN, 100, 10), 10);
    assert_number(&rig, 0, DURATION, 5);
    rig_close(&rig);
}

static void a_source_that_has_hardly_any_is_left_alone_and_looked_at_again(void **state)
{
    (void)state;
    struct rig rig =
        rig_of(.format = RECORD_TEXT, .fields = wanted, .field_count = 1, .duration = 1);
    assert_int_equal(feed(&rig, TIMED, PLAIN, 950, 30), 0);
    assert_int_equal(feed(&rig, TIMED, PLAIN, 50, 1), 0); // nobody looks
    assert_null(strstr(recorder_choice(rig.recorder), "durations"));
    assert_int_equal(feed(&rig, TIMED, PLAIN, DURATION_BOUT, 1), 0);
    assert_int_equal(feed(&rig, TIMED, PLAIN, 50, 1), 50);
    rig_close(&rig);
}

static void numbers_without_a_unit_mean_the_same_all_the_time(void **state)
{
    (void)state;
    struct rig rig =
        rig_of(.format = RECORD_LOGFMT, .fields = wanted, .field_count = 1, .duration = 1);
    feed(&rig, "time=2016-12-19T16:31:SSZ msg=a duration=0.5", PLAIN, DURATION_BOUT, 1);
    feed(&rig, "time=2016-12-19T16:31:SSZ msg=a duration=2", PLAIN, 1, 1);
    assert_number(&rig, 0, DURATION, 2000);
    rig_close(&rig);
    rig = rig_of(.format = RECORD_LOGFMT, .fields = wanted, .field_count = 1, .duration = 1);
    feed(&rig, "time=2016-12-19T16:31:SSZ msg=a duration=500", PLAIN, DURATION_BOUT, 1);
    feed(&rig, "time=2016-12-19T16:31:SSZ msg=a duration=2", PLAIN, 1, 1);
    assert_number(&rig, 0, DURATION, 2);
    rig_close(&rig);
}

static void every_format_has_a_place_for_it(void **state)
{
    (void)state;
    static const struct {
        enum record_format format;
        const char *line;
        double ms;
    } rows[] = {
        {RECORD_JSON, "{\"time\":\"2016-12-19T16:31:SSZ\",\"msg\":\"m\",\"took_ms\":7}", 7},
        {RECORD_JSON,
         "{\"time\":\"2016-12-19T16:31:SSZ\",\"message\":\"a\\nuser: 1 s, elapsed: 0.02 s\"}",
         20},
        {RECORD_DOCKER,
         "{\"log\":\"{\\\"latency_ms\\\":7}\\n\",\"stream\":\"o\",\"time\":\"2016-12-19T16:31:"
         "SS"
         "Z\"}",
         7},
        {RECORD_CRI, "2016-12-19T16:31:SSZ stdout F it took 7 ms", 7},
        {RECORD_SYSLOG, "<13>Jan  1 00:00:SS host app: it took 7 ms", 7},
        {RECORD_COMBINED,
         "10.0.0.1 - - [10/Oct/2000:13:55:SS -0700] \"GET /in/5ms HTTP/1.0\" 200 9 \"-\" "
         "\"x\" 0.25",
         250},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rig rig =
            rig_of(.format = rows[i].format, .fields = wanted, .field_count = 1, .duration = 1);
        feed(&rig, rows[i].line, PLAIN, DURATION_BOUT, 1);
        assert_int_equal(feed(&rig, rows[i].line, PLAIN, 1, 1), 1);
        assert_number(&rig, 0, DURATION, rows[i].ms);
        rig_close(&rig);
    }
}

/* Packed at every record of the first two bouts, it goes on as it would have. */
static void what_a_source_has_shown_survives_a_restart(void **state)
{
    (void)state;
    for (int share = 1; share <= 40; share += 39)
        for (int cut = 0; cut < 2 * DURATION_BOUT; cut += 7) {
            struct rig rig = rig_of(.format = RECORD_TEXT, .fields = wanted, .field_count = 1,
                                    .duration = 1);
            struct buffer saved = {0};
            struct recorder *fresh;
            uint32_t found = cut ? feed(&rig, TIMED, PLAIN, cut, share) : 0;
            recorder_pack(rig.recorder, &saved);
            struct unpacker in = {.rest = buffer_bytes(&saved)};
            assert_int_equal(recorder_create(rig.plan, RIG_FILE_TIME, &fresh), 0);
            assert_int_equal(recorder_unpack(fresh, &in), 0);
            recorder_free(rig.recorder);
            rig.recorder = fresh;
            found += feed(&rig, TIMED, PLAIN, 3 * DURATION_BOUT - cut, share);
            assert_int_equal(found, share == 1 ? 2 * DURATION_BOUT : 0);
            buffer_free(&saved);
            rig_close(&rig);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_are_read_by_word_and_unit),
        cmocka_unit_test(what_was_not_measured_is_no_duration),
        cmocka_unit_test(a_record_cut_anywhere_is_not_looked_at_behind_its_end),
        cmocka_unit_test(a_source_is_read_once_a_bout_has_shown_it),
        cmocka_unit_test(a_source_that_has_hardly_any_is_left_alone_and_looked_at_again),
        cmocka_unit_test(numbers_without_a_unit_mean_the_same_all_the_time),
        cmocka_unit_test(every_format_has_a_place_for_it),
        cmocka_unit_test(what_a_source_has_shown_survives_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
