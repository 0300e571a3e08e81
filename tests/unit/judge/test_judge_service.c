/* SPDX-License-Identifier: MIT */
/*
 * Promise: a judge counts the streams of a service together and says the same when it is handed on, live or after the fact, at any mark; and a
 * burn whose objective is gone is said to be over at the first snapshot, unless that was said before.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/judge.h"

#include "base/log.h"
#include "stage.h"

enum { WEB, API, MEMBERS, STORY = 900, OUTAGE = 600 };

static const char *const names[MEMBERS] = {"web", "api"};
static struct judge_stream streams[MEMBERS], shop;
static struct judge_slo terms[MEMBERS];
static struct ring *ring;
static struct judge *judge;
static struct notes notes;
static struct buffer packed;
static size_t known; /* times that somebody asked whether it was said */
static bool is_known;

static int begin(void **state)
{
    (void)state;
    log_setup(LOG_QUIET, 0);
    memset(&notes, 0, sizeof(notes));
    known = 0;
    is_known = false;
    shop = (struct judge_stream){.name = "shop"};
    for (int m = 0; m < MEMBERS; m++) {
        terms[m] = (struct judge_slo){.name = "checkout",
                                      .hash = 1,
                                      .objective = 0.99,
                                      .period_ns = 30 * 86400 * NS_PER_S,
                                      .series = m == WEB ? ERRORS : WARNINGS,
                                      .service = &shop};
        streams[m] = stage_stream();
        streams[m].name = names[m];
        streams[m].hash = 5 + (uint64_t)m;
        streams[m].slos = &terms[m];
        streams[m].slo_count = 1;
    }
    return ring_create(8 << 20, 1, &ring, NULL);
}

static int end(void **state)
{
    (void)state;
    judge_free(judge);
    judge = NULL;
    ring_destroy(ring);
    buffer_free(&packed);
    return 0;
}

static void deliver(void *context, struct finding *finding)
{
    (void)context;
    notes_take(&notes, finding);
}

static void mark(void *context, const struct mark *mark)
{
    (void)context;
    buffer_clear(&packed);
    if (mark->flags & MARK_SNAPSHOT)
        judge_pack(judge, &packed);
}

static bool told(void *context, const struct finding *finding)
{
    (void)context;
    known++;
    assert_int_equal(finding->status, FINDING_RESOLVED);
    return is_known;
}

static void start(bool live)
{
    struct judge_options options = {.ring = ring,
                                    .isolation = ISOLATION_NONE,
                                    .live = live,
                                    .deliver = deliver,
                                    .mark = mark,
                                    .told = told};
    assert_int_equal(judge_create(&options, &judge), 0);
    for (uint32_t m = 0; m < MEMBERS; m++)
        assert_int_equal(judge_add(judge, m, &streams[m]), 0);
    if (packed.len)
        assert_int_equal(judge_unpack(judge, buffer_bytes(&packed)), 0);
    assert_int_equal(judge_start(judge, NULL), 0);
}

static void drain(void)
{
    while (ring_peek(ring, 0))
        judge_step(judge, 0);
}

static void put_mark(uint32_t flags)
{
    struct mark *frame = ring_reserve(ring, sizeof(*frame));
    *frame = (struct mark){.number = 1, .flags = flags};
    ring_commit(ring, RING_MARK, sizeof(*frame));
    drain();
}

static void put_stream(uint32_t member)
{
    struct stream_notice *notice = ring_reserve(ring, sizeof(*notice));
    *notice = (struct stream_notice){.stream = member, .window_ns = STAGE_LENGTH};
    ring_commit(ring, RING_STREAM, sizeof(*notice));
    drain();
}

/* 30 requests a minute of each; ten minutes of outage in both. */
static void put_window(uint32_t member, uint64_t nth)
{
    struct stage_closed closed;
    bool bad = nth >= OUTAGE && nth < OUTAGE + 10;
    struct stage_record record = {terms[member].series, nth, names[member], "lost"};
    stage_close(&closed, nth, &record, bad);
    closed.head.stream = member;
    closed.head.records = 30;
    closed.values[record.series] = 30;
    closed.counts[record.series] = bad ? 30 : 0;
    memcpy(ring_reserve(ring, sizeof(closed)), &closed, sizeof(closed));
    ring_commit(ring, RING_WINDOW, sizeof(closed));
    drain();
}

/* Handed on every so many minutes, in the middle of one. */
static void tell(uint64_t from, uint64_t until, uint64_t every)
{
    for (uint64_t nth = from; nth < until; nth++)
        for (uint32_t m = 0; m < MEMBERS; m++) {
            put_window(m, nth);
            put_mark(0);
            if (!every || m || nth % every != every - 1)
                continue;
            put_mark(MARK_SNAPSHOT);
            judge_free(judge);
            start(true);
            for (uint32_t s = 0; s < MEMBERS; s++)
                put_stream(s);
        }
}

static void open_streams(void)
{
    for (uint32_t m = 0; m < MEMBERS; m++)
        put_stream(m);
}

static void judge_says_the_same_of_a_service_when_it_is_handed_on(void **state)
{
    static struct notes whole;
    start(true);
    open_streams();
    tell(0, STORY, 0);
    whole = notes;
    assert_int_equal(whole.count, 2); // a page and its end
    assert_string_equal(whole.told[0].stream, "shop");
    assert_int_equal(whole.told[0].finding.evidence_count, 2);
    for (uint64_t every = 1; every < 400; every = 7 * every + 2) {
        end(state);
        begin(state);
        start(true);
        open_streams();
        tell(0, STORY, every);
        assert_int_equal(notes.count, whole.count);
        for (size_t i = 0; i < whole.count; i++) {
            assert_string_equal(notes.told[i].summary, whole.told[i].summary);
            assert_string_equal(notes.told[i].finding.id, whole.told[i].finding.id);
            assert_int_equal(notes.told[i].finding.ends_ns, whole.told[i].finding.ends_ns);
        }
    }
}

/* As a scan reads them. */
static void judge_says_the_same_of_a_service_one_stream_after_the_other(void **state)
{
    static struct notes whole;
    start(true);
    open_streams();
    tell(0, STORY, 0);
    whole = notes;
    end(state);
    begin(state);
    start(false);
    for (uint32_t m = 0; m < MEMBERS; m++) {
        put_stream(m);
        for (uint64_t nth = 0; nth < STORY; nth++)
            put_window(m, nth);
    }
    ring_reserve(ring, 0);
    ring_commit(ring, RING_END, 0);
    drain();
    assert_int_equal(notes.count, whole.count);
    for (size_t i = 0; i < whole.count; i++) {
        assert_string_equal(notes.told[i].summary, whole.told[i].summary);
        assert_int_equal(notes.told[i].finding.starts_ns, whole.told[i].finding.starts_ns);
        assert_int_equal(notes.told[i].finding.ends_ns, whole.told[i].finding.ends_ns);
    }
}

/* One log ends before the outage of the other: what waits for it is said at the end. */
static void end_of_a_scan_waits_for_nobody(void **state)
{
    (void)state;
    start(false);
    for (uint32_t m = 0; m < MEMBERS; m++) {
        put_stream(m);
        for (uint64_t nth = 0; nth < (m == WEB ? STORY : OUTAGE - 100); nth++)
            put_window(m, nth);
    }
    assert_int_equal(notes.count, 0);
    ring_reserve(ring, 0);
    ring_commit(ring, RING_END, 0);
    drain();
    assert_int_equal(notes.count, 2);
}

/* Killed while it pages; then the configuration knows no such objective. */
static void restart_without_the_objective(void)
{
    start(true);
    open_streams();
    tell(0, OUTAGE + 10, 0);
    put_mark(MARK_SNAPSHOT);
    assert_int_equal(notes.count, 1);
    judge_free(judge);
    streams[WEB].slo_count = streams[API].slo_count = 0;
    start(true);
    put_mark(0);
    put_mark(MARK_REPLAYED);
    assert_int_equal(notes.count, 1); // what is replayed was before the change
    put_mark(MARK_SNAPSHOT);
    put_mark(MARK_SNAPSHOT);
    assert_int_equal(known, 1);
}

static void burn_without_an_objective_is_over_at_the_first_snapshot(void **state)
{
    (void)state;
    restart_without_the_objective();
    assert_int_equal(notes.count, 2);
    assert_int_equal(notes.told[1].finding.status, FINDING_RESOLVED);
    assert_string_equal(notes.told[1].finding.id, notes.told[0].finding.id);
    assert_string_equal(notes.told[1].stream, "shop");
    assert_int_equal(told_says(&notes.told[1], "the objective is removed"), 1);
}

/* Killed between the block that said it and the snapshot without it. */
static void end_that_was_said_is_not_said_again(void **state)
{
    (void)state;
    is_known = true;
    restart_without_the_objective();
    assert_int_equal(notes.count, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(judge_says_the_same_of_a_service_when_it_is_handed_on),
        TEST(judge_says_the_same_of_a_service_one_stream_after_the_other),
        TEST(end_of_a_scan_waits_for_nobody),
        TEST(burn_without_an_objective_is_over_at_the_first_snapshot),
        TEST(end_that_was_said_is_not_said_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
