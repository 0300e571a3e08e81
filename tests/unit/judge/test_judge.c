/* SPDX-License-Identifier: MIT */
/*
 * Promise: the frames of a ring become findings: records are observed once and before their window, windows are judged in order
 * of index, gaps and broken detectors are said, and the same frames give the same findings.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/judge.h"

#include "base/check.h"
#include "base/log.h"
#include "ring/batch.h"
#include "stage.h"

#include <stdlib.h>

enum { FAKER, EWMA, PATTERNS, SILENCE, PLUGINS };
static const char *const files[PLUGINS] = {
    [FAKER] = BINARY_DIR "/tests/fake/faker.so",
    [EWMA] = BINARY_DIR "/detectors/ewma.so",
    [PATTERNS] = BINARY_DIR "/detectors/pattern.so",
    [SILENCE] = BINARY_DIR "/detectors/silence.so",
};
static struct plugin *plugins[PLUGINS];
static struct notes notes;
static struct judge_stream stream;
static struct ring *ring;
static struct batch_writer writer;
static struct judge *judge;

static int load_all(void **state)
{
    (void)state;
    return stage_load(files, plugins, PLUGINS);
}

static int unload_all(void **state)
{
    (void)state;
    return stage_unload(plugins, PLUGINS);
}

static void deliver(void *context, struct finding *finding)
{
    notes_take(context, finding);
}

static void open_judge(const struct judge_use *uses, size_t count, bool live)
{
    static const struct finding_pair pair = {"host.name", "web1"};
    memset(&notes, 0, sizeof(notes));
    stream = stage_stream();
    stream.uses = uses;
    stream.use_count = count;
    assert_int_equal(ring_create(8 << 20, 1, &ring, NULL), 0);
    struct judge_options options = {.ring = ring,
                                    .isolation = ISOLATION_NONE,
                                    .live = live,
                                    .resource = {&pair, 1},
                                    .config_hash = 42,
                                    .deliver = deliver,
                                    .context = &notes};
    assert_int_equal(judge_create(&options, &judge), 0);
    assert_int_equal(judge_add(judge, 3, &stream), 0);
    assert_int_equal(judge_start(judge, NULL), 0);
    assert_int_equal(batch_writer_init(&writer, ring, NULL), 0);
}

static void close_judge(void)
{
    judge_free(judge);
    batch_writer_free(&writer);
    ring_destroy(ring);
}

/* Everything in the ring; false when the last was RING_END. */
static bool drain(void)
{
    bool more = true;
    while (ring_peek(ring, 0))
        more = judge_step(judge, 0);
    return more;
}

static void put_notice(void)
{
    struct stream_notice *notice = ring_reserve(ring, sizeof(*notice));
    *notice = (struct stream_notice){.stream = 3, .window_ns = STAGE_LENGTH};
    ring_commit(ring, RING_STREAM, sizeof(*notice));
}

static void put_batch(uint64_t seq, uint32_t count)
{
    char *text = batch_begin(&writer, 3, 1, 0);
    memcpy(text, "x\n", 2);
    batch_filled(&writer, 2);
    for (uint32_t i = 0; i < count; i++) {
        struct oddline_record *record = batch_record(&writer);
        record->seq = seq + i;
        record->text_len = 1;
    }
    writer.span = 7; // of the source, with what is between its records
    batch_commit(&writer);
}

static void put_window_of(uint64_t nth, double errors, uint64_t repeat, uint32_t flags)
{
    static struct stage_closed closed;
    struct stage_record record = {ERRORS, 10 * nth, "app.log", "it broke"};
    stage_close(&closed, nth, &record, errors > 0);
    closed.head.stream = 3;
    closed.head.repeat = repeat;
    closed.head.flags = flags;
    closed.values[ERRORS] = errors;
    closed.counts[ERRORS] = (uint64_t)errors;
    memcpy(ring_reserve(ring, sizeof(closed)), &closed, sizeof(closed));
    ring_commit(ring, RING_WINDOW, sizeof(closed));
}

static void put_window(uint64_t nth, double errors)
{
    put_window_of(nth, errors, 1, 0);
    drain();
}

static void put_gap_of(const char *path, uint64_t offset, int64_t time_ns)
{
    char text[64];
    CHECK(strlen(path) == 7);
    snprintf(text, sizeof(text), "%sno permission", path);
    struct gap *gap = ring_reserve(ring, sizeof(*gap) + sizeof(text));
    *gap = (struct gap){.stream = 3,
                        .offset = offset,
                        .bytes = 4096,
                        .time_ns = time_ns,
                        .path = sizeof(*gap),
                        .path_len = 7,
                        .reason = sizeof(*gap) + 7,
                        .reason_len = 13};
    memcpy(gap + 1, text, sizeof(text));
    ring_commit(ring, RING_GAP, sizeof(*gap) + sizeof(text));
}

static void put_gap(uint64_t offset, int64_t time_ns)
{
    put_gap_of("app.log", offset, time_ns);
}

static const uint32_t on_errors[] = {ERRORS};

static void judge_observes_each_record_once_before_its_window(void **state)
{
    (void)state;
    struct judge_use use = {.plugin = plugins[FAKER], .on = on_errors, .on_count = 1};
    open_judge(&use, 1, false);
    stream.policy.warmup = 0;
    put_notice();
    put_batch(0, 3);
    put_batch(3, 2);
    put_window_of(0, 50, 1, 0);
    put_batch(5, 4);
    drain();
    assert_int_equal(notes.count, 1);
    assert_true(notes.told[0].finding.lower == 5); // observed when the window was scored
    assert_true(notes.told[0].finding.upper == 0); // none twice, none out of order
    put_window_of(1, 60, 1, 0);
    drain();
    for (uint64_t n = 2; n < 7; n++)
        put_window(n, 0);
    assert_true(notes.told[1].finding.lower == 9);
    struct judge_counts counts = judge_counts(judge);
    assert_int_equal(counts.batches, 3);
    assert_int_equal(counts.records, 9);
    assert_int_equal(counts.bytes, 21);
    assert_int_equal(counts.windows, 7);
    assert_int_equal(counts.scores, 7);
    assert_int_equal(counts.findings, 2);
    close_judge();
}

static void judge_says_that_a_detector_failed_and_goes_on(void **state)
{
    (void)state;
    static const struct plugin_setting fail = {"fail_at", "30"};
    struct judge_use uses[] = {{.plugin = plugins[FAKER],
                                .settings = &fail,
                                .setting_count = 1,
                                .on = on_errors,
                                .on_count = 1},
                               {.plugin = plugins[EWMA], .on = on_errors, .on_count = 1}};
    open_judge(uses, 2, false);
    put_notice();
    for (uint64_t n = 0; n < 60; n++)
        put_window(n, 1);
    assert_int_equal(notes.count, 2); // and what it means: the windows from there on
    const struct told *told = &notes.told[0];
    assert_int_equal(told->finding.kind, FINDING_PLUGIN);
    assert_int_equal(told->finding.status, FINDING_RESOLVED);
    assert_int_equal(told->finding.route, ROUTE_TICKET);
    assert_string_equal(told->detector, "faker");
    assert_string_equal(told->summary, "faker: checkout: score() failed: it failed");
    assert_int_equal(told->finding.starts_ns, stage_start(31));
    assert_int_equal(judge_counts(judge).plugin_errors, 1);
    told = &notes.told[1];
    assert_int_equal(told->finding.kind, FINDING_GAP);
    assert_int_equal(told->finding.status, FINDING_FIRING);
    assert_int_equal(told->finding.route, ROUTE_LOG);
    assert_int_equal(told->finding.starts_ns, stage_start(30));
    assert_string_equal(told->detector, "faker");
    assert_string_equal(told->summary,
                        "faker cannot score the windows from 2016-12-19T17:04:00.000Z on: "
                        "faker: checkout: score() failed: it failed");
    put_window(60, 300);
    assert_int_equal(notes.count, 3);
    assert_string_equal(notes.told[2].detector, "ewma");
    close_judge();
}

static void judge_says_that_bytes_could_not_be_scored(void **state)
{
    (void)state;
    open_judge(NULL, 0, false);
    put_gap(77, NO_TIME); // before anything is known of the stream
    put_notice();
    put_gap(4173, stage_start(9));
    drain();
    assert_int_equal(notes.count, 2);
    const struct told *told = &notes.told[1];
    assert_int_equal(told->finding.kind, FINDING_GAP);
    assert_int_equal(told->finding.status, FINDING_RESOLVED);
    assert_string_equal(told->detector, "core");
    assert_string_equal(told->summary, "app.log: no permission (4096 bytes at offset 4173)");
    assert_true(told->finding.observed == 4096);
    assert_int_equal(told->finding.starts_ns, stage_start(9));
    assert_int_equal(told->finding.ends_ns, stage_start(9));
    close_judge();
}

static void
judge_dates_a_gap_without_a_time_by_the_newest_window_else_by_its_delivery(void **state)
{
    (void)state;
    open_judge(NULL, 0, false);
    put_gap(77, NO_TIME);
    put_notice();
    put_window(0, 10);
    put_gap(78, NO_TIME);
    drain();
    assert_int_equal(notes.count, 2);
    assert_int_equal(notes.told[0].finding.starts_ns, NO_TIME);
    assert_int_equal(notes.told[0].finding.detected_ns, NO_TIME);
    assert_int_equal(notes.told[1].finding.starts_ns, stage_start(1));
    close_judge();
}

static void judge_tells_gaps_of_different_files_apart(void **state)
{
    (void)state;
    open_judge(NULL, 0, false);
    put_gap_of("app.log", 1, stage_start(0));
    put_gap_of("app.log", 2, stage_start(0));
    put_gap_of("web.log", 1, stage_start(0));
    drain();
    uint64_t one = notes.told[0].finding.fingerprint;
    assert_true(one == notes.told[1].finding.fingerprint);
    assert_true(one != notes.told[2].finding.fingerprint);
    close_judge();
}

static void
judge_holds_a_storm_of_gaps_back_before_anything_is_known_of_the_stream(void **state)
{
    (void)state;
    uint32_t cap = judge_policy_default.storm_per_hour;
    open_judge(NULL, 0, false);
    for (uint64_t i = 0; i < 20; i++)
        put_gap(i, NO_TIME);
    drain();
    assert_int_equal(notes.count, cap);
    assert_int_equal(judge_counts(judge).suppressed, 20 - cap);
    assert_int_equal(judge_counts(judge).gaps, 20);
    put_notice();
    put_gap(99, stage_start(0)); // with time a new hour begins
    drain();
    assert_int_equal(notes.count, cap + 1);
    close_judge();
}

static void judge_holds_a_storm_of_gaps_back(void **state)
{
    (void)state;
    open_judge(NULL, 0, false);
    put_notice();
    for (uint64_t i = 0; i < 20; i++)
        put_gap(i, stage_start(i));
    drain();
    assert_int_equal(notes.count, judge_policy_default.storm_per_hour);
    assert_int_equal(judge_counts(judge).suppressed, 20 - judge_policy_default.storm_per_hour);
    close_judge();
}

static void judge_goes_through_a_run_of_empty_windows_one_by_one(void **state)
{
    (void)state;
    struct judge_use use = {.plugin = plugins[SILENCE], .on = on_errors, .on_count = 1};
    open_judge(&use, 1, false);
    put_notice();
    for (uint64_t n = 0; n < 200; n++)
        put_window(n, 10);
    put_window_of(200, 0, 60, ODDLINE_WINDOW_EMPTY);
    drain();
    assert_int_equal(judge_counts(judge).windows, 260);
    assert_true(notes.count >= 1);
    assert_int_equal(notes.told[0].finding.kind, FINDING_SILENCE);
    assert_int_equal(notes.told[0].finding.starts_ns, stage_start(200));
    assert_int_equal(notes_count(&notes, FINDING_FIRING),
                     notes_count(&notes, FINDING_RESOLVED) + 1);
    assert_string_equal(notes.told[0].texts[0], "it broke");
    close_judge();
}

static void judge_gives_each_finding_what_is_known_of_the_program(void **state)
{
    (void)state;
    struct judge_use use = {.plugin = plugins[FAKER], .on = on_errors, .on_count = 1};
    for (int live = 0; live < 2; live++) {
        open_judge(&use, 1, live);
        put_notice();
        put_window(30, 50);
        assert_int_equal(notes.count, 1);
        assert_int_equal(notes.told[0].finding.config_hash, 42);
        assert_int_equal(notes.told[0].finding.resource.count, 1);
        assert_true(notes.told[0].finding.detected_ns ==
                    (live ? NO_TIME : stage_start(31) + 500 * NS_PER_MS));
        close_judge();
    }
}

static void judge_stops_at_the_end(void **state)
{
    (void)state;
    open_judge(NULL, 0, false);
    put_notice();
    assert_true(drain());
    ring_reserve(ring, 8);
    ring_commit(ring, RING_END, 0);
    assert_false(drain());
    close_judge();
}

static void tell_a_story(void)
{
    put_notice();
    for (uint64_t n = 0; n < 400; n++) {
        double errors = (double)(n * 7919 % 13);
        if (n % 130 > 120)
            errors += 200;
        put_window_of(n, n % 150 > 140 ? 0 : errors, 1, 0);
        if (n % 50 == 7)
            put_gap(n, stage_start(n));
        drain();
    }
}

static void judge_finds_the_same_in_the_same_frames(void **state)
{
    (void)state;
    struct judge_use uses[] = {{.plugin = plugins[EWMA], .on = on_errors, .on_count = 1},
                               {.plugin = plugins[PATTERNS], .on = on_errors, .on_count = 1},
                               {.plugin = plugins[SILENCE], .on = on_errors, .on_count = 1}};
    static struct notes first;
    open_judge(uses, 3, false);
    tell_a_story();
    first = notes;
    close_judge();
    open_judge(uses, 3, false);
    tell_a_story();
    assert_true(notes.count > 10);
    assert_int_equal(notes.count, first.count);
    for (size_t i = 0; i < notes.count; i++) {
        const struct told *a = &first.told[i], *b = &notes.told[i];
        assert_string_equal(a->summary, b->summary);
        assert_memory_equal(a->reasons, b->reasons, sizeof(a->reasons));
        assert_memory_equal(a->texts, b->texts, sizeof(a->texts));
        assert_int_equal(a->finding.fingerprint, b->finding.fingerprint);
        assert_memory_equal(&a->finding.score, &b->finding.score, sizeof(double));
        assert_int_equal(a->finding.detected_ns, b->finding.detected_ns);
    }
    close_judge();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judge_observes_each_record_once_before_its_window),
        cmocka_unit_test(judge_says_that_a_detector_failed_and_goes_on),
        cmocka_unit_test(judge_says_that_bytes_could_not_be_scored),
        cmocka_unit_test(
            judge_dates_a_gap_without_a_time_by_the_newest_window_else_by_its_delivery),
        cmocka_unit_test(judge_tells_gaps_of_different_files_apart),
        cmocka_unit_test(judge_holds_a_storm_of_gaps_back),
        cmocka_unit_test(
            judge_holds_a_storm_of_gaps_back_before_anything_is_known_of_the_stream),
        cmocka_unit_test(judge_goes_through_a_run_of_empty_windows_one_by_one),
        cmocka_unit_test(judge_gives_each_finding_what_is_known_of_the_program),
        cmocka_unit_test(judge_stops_at_the_end),
        cmocka_unit_test(judge_finds_the_same_in_the_same_frames),
    };
    return cmocka_run_group_tests(tests, load_all, unload_all);
}
