/* SPDX-License-Identifier: MIT */
/*
 * Promise: a judge that goes on from packed bytes says, byte for byte, what the one before would have said; bytes that are torn or not ours
 * are refused as a whole and leave a judge that begins cold.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/judge.h"
#include "judge/remarks.h"

#include "base/hash.h"
#include "base/log.h"
#include "base/pack.h"
#include "deliver/encode.h"
#include "stage.h"

#include <errno.h>
#include <stdlib.h>

enum { FAKER, FAKER_ALL, EWMA, SILENCE, PLUGINS, STORY = 700 };
static const char *const files[PLUGINS] = {
    [FAKER] = BINARY_DIR "/tests/fake/faker.so",
    [FAKER_ALL] = BINARY_DIR "/tests/fake/faker_all.so",
    [EWMA] = BINARY_DIR "/detectors/ewma.so",
    [SILENCE] = BINARY_DIR "/detectors/silence.so",
};
static struct plugin *plugins[PLUGINS];
static const uint32_t on_errors[] = {ERRORS}, on_three[] = {ERRORS, WARNINGS, PATTERN},
                      on_ratio[] = {RATIO};
static const struct plugin_setting raw = {"raw", "true"}, fail = {"fail_at", "10"};
static struct judge_use uses[5], failing;
static struct judge_stream streams[2];
static struct ring *ring;
static struct judge *judge;
static struct buffer told, packed;
static uint64_t ids;
static size_t findings;
static double more; /* warnings than the story has */

static int load_all(void **state)
{
    (void)state;
    log_setup(LOG_QUIET, 0);
    for (size_t i = 0; i < PLUGINS; i++)
        if (plugin_load(files[i], "", &plugins[i], NULL) < 0)
            return -1;
    uses[0] = (struct judge_use){.plugin = plugins[FAKER], .on = on_errors, .on_count = 1};
    uses[1] = (struct judge_use){.plugin = plugins[EWMA], .on = on_three, .on_count = 3};
    uses[2] = (struct judge_use){.plugin = plugins[FAKER_ALL],
                                 .settings = &raw,
                                 .setting_count = 1,
                                 .on = on_three,
                                 .on_count = 3};
    uses[3] = (struct judge_use){.plugin = plugins[SILENCE], .on = on_ratio, .on_count = 1};
    uses[4] = (struct judge_use){
        .plugin = plugins[FAKER], .on = on_errors, .on_count = 1, .shadow = true};
    failing = (struct judge_use){.plugin = plugins[FAKER],
                                 .settings = &fail,
                                 .setting_count = 1,
                                 .on = on_errors,
                                 .on_count = 1};
    return ring_create(8 << 20, 1, &ring, NULL);
}

static int unload_all(void **state)
{
    (void)state;
    ring_destroy(ring);
    for (size_t i = 0; i < PLUGINS; i++)
        plugin_free(plugins[i]);
    return 0;
}

/* Routes, labels and annotations that only a rule knows; the second one is for most. */
static const char *const pattern[] = {"warn*"};
static const struct finding_pair rule_labels[] = {{"rule", "warned"}, {"team", "money"}},
                                 rule_notes[] = {{"runbook_url",
                                                  "https://r/{series}?{starts_ms}"}},
                                 rest_labels[] = {{"rule", "rest"}};
static const struct routing_rule rules[] = {
    {.name = "warned",
     .series = {pattern, 1},
     .route = ROUTE_LOG,
     .labels = {rule_labels, 2},
     .annotations = {rule_notes, 1}},
    {.name = "rest", .route = ROUTE_TICKET, .labels = {rest_labels, 1}}};

static int begin(void **state)
{
    (void)state;
    ids = findings = 0;
    for (size_t i = 0; i < 2; i++) {
        streams[i] = stage_stream();
        streams[i].hash = 7 + i;
        streams[i].uses = uses;
        streams[i].use_count = 5;
        streams[i].policy.hold = 1 + (uint32_t)i;
        streams[i].policy.storm_per_hour = 3;
        streams[i].policy.resolve_after = 3;
    }
    streams[1].name = "billing";
    streams[1].routing = (struct routing){rules, 2};
    return 0;
}

static int end(void **state)
{
    (void)state;
    judge_free(judge);
    judge = NULL;
    buffer_free(&told);
    buffer_free(&packed);
    while (ring_peek(ring, 0))
        ring_release(ring, 0);
    return 0;
}

static void deliver(void *context, struct finding *finding)
{
    (void)context;
    if (!finding->id[0])
        snprintf(finding->id, sizeof(finding->id), "id-%" PRIu64, ++ids);
    finding_encode(finding, &told);
    buffer_char(&told, '\n');
    findings++;
}

static void mark(void *context, const struct mark *mark)
{
    (void)context;
    if (!(mark->flags & MARK_SNAPSHOT))
        return;
    buffer_clear(&packed);
    judge_pack(judge, &packed);
}

static void drain(void)
{
    while (ring_peek(ring, 0))
        judge_step(judge, 0);
}

static void make_judge(void)
{
    judge_free(judge);
    struct judge_options options = {
        .ring = ring, .isolation = ISOLATION_NONE, .deliver = deliver, .mark = mark};
    assert_int_equal(judge_create(&options, &judge), 0);
    for (uint32_t i = 0; i < 2; i++)
        assert_int_equal(judge_add(judge, i + 2, &streams[i]), 0);
}

static void start_judge(void)
{
    assert_int_equal(judge_start(judge, NULL), 0);
    for (uint32_t i = 0; i < 2; i++) {
        struct stream_notice *notice = ring_reserve(ring, sizeof(*notice));
        *notice = (struct stream_notice){.stream = i + 2, .window_ns = STAGE_LENGTH};
        ring_commit(ring, RING_STREAM, sizeof(*notice));
    }
    drain();
}

static void put_mark(uint32_t flags)
{
    struct mark *at = ring_reserve(ring, sizeof(*at));
    *at = (struct mark){.number = 1, .flags = flags};
    ring_commit(ring, RING_MARK, sizeof(*at));
    drain();
}

/* Another judge goes on from what this one packs. */
static void hand_over(void)
{
    put_mark(MARK_SNAPSHOT);
    make_judge();
    assert_int_equal(judge_unpack(judge, buffer_bytes(&packed)), 0);
    start_judge();
}

/* ---- the story ---------------------------------------------------------- */

/* Mostly dull, now and then for the log, a ticket, a page; a flood; a silence. */
static double surprise_of(uint64_t nth)
{
    static const double steps[] = {0, 0.4, 1, 0.2, 3.2, 4.4, 0,   0,
                                   7, 6.2, 0, 5,   9,   0.1, 2.5, 0};
    uint64_t hash = hash_join(nth / 2, 3);
    if (nth % 200 > 150 && nth % 200 < 170)
        return hash % 3 ? 0 : 14;
    return nth % 11 < 5 ? steps[hash % 16] : steps[hash % 4];
}

static void put_window(uint32_t number, uint64_t nth)
{
    static struct stage_closed closed;
    bool silent = nth % 180 > 165;
    struct stage_record records[] = {
        {ERRORS, 10 * nth, "app.log", "it broke"},
        {WARNINGS, 10 * nth + 3, nth % 2 ? "web.log" : "app.log", "it may break"}};
    stage_close(&closed, nth, records, silent ? 0 : (uint32_t)(nth % 3));
    closed.head.stream = number;
    closed.head.repeat = nth % 97 == 90 ? 3 : 1;
    closed.values[ERRORS] = silent ? 0 : surprise_of(nth + number);
    closed.values[WARNINGS] =
        silent ? 0 : (double)(hash_join(nth, 5) % 9 + nth % 70 / 66 * 90) + more;
    closed.values[RATIO] = silent ? 0 : (double)(5 + nth % 3);
    closed.values[PATTERN] = silent ? 0 : (double)(hash_join(nth, 6) % 4 + nth % 83 / 80 * 50);
    for (size_t i = 0; i < STAGE_SERIES; i++)
        closed.counts[i] = (uint64_t)closed.values[i];
    memcpy(ring_reserve(ring, sizeof(closed)), &closed, sizeof(closed));
    ring_commit(ring, RING_WINDOW, sizeof(closed));
    drain();
}

static void put_gap(uint64_t nth)
{
    struct gap *gap = ring_reserve(ring, sizeof(*gap) + 8);
    *gap = (struct gap){.stream = 2,
                        .offset = nth,
                        .bytes = 9,
                        .time_ns = NO_TIME,
                        .path = sizeof(*gap),
                        .path_len = 4,
                        .reason = sizeof(*gap) + 4,
                        .reason_len = 4};
    memcpy(gap + 1, "a.lggone", 8);
    ring_commit(ring, RING_GAP, sizeof(*gap) + 8);
    drain();
}

/* Somebody silences a series of one of the streams for 30 windows. */
static void put_silence(uint64_t nth)
{
    static struct silences silences;
    struct buffer bytes = {0};
    silences.count = 1;
    silences.at[0] = (struct silence){.id = nth + 1,
                                      .from_ns = stage_start(nth),
                                      .until_ns = stage_start(nth + 30),
                                      .series = "errors",
                                      .reason = "known",
                                      .author = "ann"};
    silences_pack(&silences, &bytes);
    struct silences_notice *notice = ring_reserve(ring, sizeof(*notice) + bytes.len);
    notice->bytes = bytes.len;
    memcpy(notice + 1, bytes.at, bytes.len);
    ring_commit(ring, RING_SILENCES, sizeof(*notice) + bytes.len);
    buffer_free(&bytes);
    drain();
}

/* Somebody says that the last findings were false, and what was deployed; and a log tells of another one. */
static void put_past(uint64_t nth)
{
    struct remarks *remarks = calloc(1, sizeof(*remarks));
    struct buffer bytes = {0};
    struct deploy deploy = {.time_ns = stage_start(nth),
                            .service = "checkout",
                            .version = "v1",
                            .url = "https://x"};
    struct remark remark = {.kind = REMARK_FALSE, .text = "backup"};
    deploys_add(&remarks->deploys, &deploy);
    for (uint64_t i = ids > 20 ? ids - 20 : 1; i <= ids; i++) {
        snprintf(remark.id, sizeof(remark.id), "id-%" PRIu64, i);
        remarks_add(remarks, &remark);
    }
    remarks_pack(remarks, &bytes);
    struct remarks_notice *notice = ring_reserve(ring, sizeof(*notice) + bytes.len);
    notice->bytes = bytes.len;
    memcpy(notice + 1, bytes.at, bytes.len);
    ring_commit(ring, RING_REMARKS, sizeof(*notice) + bytes.len);
    struct deploy_notice *found = ring_reserve(ring, sizeof(*found));
    *found = (struct deploy_notice){.stream = 3, .time_ns = stage_start(nth) + 7};
    snprintf(found->version, sizeof(found->version), "v%d", (int)nth);
    ring_commit(ring, RING_DEPLOY, sizeof(*found));
    remarks_free(remarks);
    free(remarks);
    buffer_free(&bytes);
    drain();
}

static void tell(uint64_t from, uint64_t until, uint64_t each)
{
    for (uint64_t nth = from; nth < until; nth++) {
        if (nth % 70 == 31)
            put_past(nth);
        if (nth % 60 == 25)
            put_silence(nth);
        for (uint32_t number = 2; number < 4; number++) {
            put_window(number, nth);
            if (each && nth % each == 0)
                hand_over();
        }
        if (nth % 50 == 13)
            put_gap(nth);
        nth += nth % 97 == 90 ? 2 : 0; // that one stood for three
    }
}

static struct buffer tell_whole(uint64_t each)
{
    buffer_clear(&told);
    ids = findings = 0;
    make_judge();
    start_judge();
    tell(0, STORY, each);
    struct buffer whole = {0};
    buffer_append(&whole, told.at, told.len);
    buffer_char(&whole, '\0');
    return whole;
}

static void assert_same_text(const struct buffer *a, const struct buffer *b)
{
    size_t i = 0, line = 0;
    while (i < a->len && i < b->len && a->at[i] == b->at[i]) {
        line = a->at[i] == '\n' ? i + 1 : line;
        i++;
    }
    if (i < a->len || i < b->len)
        fail_msg("other findings:\n%.600s\n%.600s", a->at + line,
                 b->at + (line < b->len ? line : 0));
}

static void assert_says(const struct buffer *text, const char *what)
{
    if (!memmem(text->at, text->len, what, strlen(what)))
        fail_msg("the story never says %s", what);
}

static void judge_says_the_same_when_it_is_handed_over_at_every_window(void **state)
{
    (void)state;
    struct buffer whole = tell_whole(0);
    struct judge_counts counts = judge_counts(judge);
    static const char *const all[] = {"firing",
                                      "resolved",
                                      "replaced_by",
                                      "\"page\"",
                                      "\"ticket\"",
                                      "\"log\"",
                                      "shadow",
                                      "\"silence\"",
                                      "\"gap\"",
                                      "\"suppressed\":1",
                                      "ewma",
                                      "faker-all",
                                      "\"silenced\":\"known\"",
                                      "capped",
                                      "\"deploy\":{\"version\":\"v1\",\"service\":\"checkout\"",
                                      ",\"service\":\"billing\",\"seconds_before\":",
                                      "\"seen_before\":{\"id\":\"id-",
                                      "\"marked_false\":\"backup\""};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        assert_says(&whole, all[i]);
    assert_true(findings > 60 && counts.suppressed > 3);
    struct buffer parts = tell_whole(1);
    assert_same_text(&whole, &parts);
    struct judge_counts again = judge_counts(judge);
    assert_memory_equal(&counts, &again, sizeof(counts));
    buffer_free(&whole);
    buffer_free(&parts);
}

static void judge_packs_the_same_bytes_when_it_has_unpacked_them(void **state)
{
    (void)state;
    make_judge();
    start_judge();
    tell(0, 171, 0);
    put_mark(MARK_SNAPSHOT);
    struct buffer first = packed;
    packed = (struct buffer){0};
    make_judge();
    assert_int_equal(judge_unpack(judge, buffer_bytes(&first)), 0);
    start_judge();
    put_mark(MARK_SNAPSHOT);
    assert_int_equal(first.len, packed.len);
    assert_memory_equal(first.at, packed.at, packed.len);
    buffer_free(&first);
}

/* ---- what is not the same any more -------------------------------------- */

static void
judge_offers_a_stream_that_was_configured_anew_only_what_detectors_know(void **state)
{
    (void)state;
    make_judge();
    start_judge();
    tell(0, 300, 0);
    put_mark(MARK_SNAPSHOT);
    uint64_t windows = judge_counts(judge).windows;
    streams[0].hash++;
    make_judge();
    assert_int_equal(judge_unpack(judge, buffer_bytes(&packed)), 0);
    start_judge();
    assert_int_equal(judge_counts(judge).windows, windows);
    buffer_clear(&told);
    more = 5000; // ewma knows what is usual
    put_window(2, 300);
    more = 0;
    assert_says(&told, "warnings at 50");
    assert_says(&told, "ewma: warnings at");
}

static void judge_begins_cold_with_other_detectors(void **state)
{
    (void)state;
    make_judge();
    start_judge();
    tell(0, 100, 0);
    put_mark(MARK_SNAPSHOT);
    streams[0].use_count = 4; // nobody on trial, and the hash does not tell
    make_judge();
    assert_int_equal(judge_unpack(judge, buffer_bytes(&packed)), 0);
    start_judge();
    tell(100, 120, 0);
}

static void judge_ends_a_gap_that_began_in_the_run_before(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        streams[i].uses = &failing;
        streams[i].use_count = 1;
        streams[i].hash += 10;
    }
    make_judge();
    start_judge();
    tell(8, 15, 0);
    buffer_char(&told, '\0');
    assert_int_equal(findings, 5); // the plugin and its gap of each stream, and a file's gap
    assert_non_null(strstr(told.at, "faker cannot score the windows from 2016-12-19T16:44:00"));
    hand_over();
    buffer_clear(&told);
    put_window(2, 15);
    buffer_char(&told, '\0');
    assert_int_equal(findings, 6);
    assert_non_null(strstr(told.at, "\"id\":\"id-2\""));
    assert_non_null(strstr(told.at, "faker could not score 5 windows from "
                                    "2016-12-19T16:44:00.000Z to 2016-12-19T16:49:00.000Z: "
                                    "faker: checkout: score() failed: it failed"));
    put_window(2, 16);
    assert_int_equal(findings, 6);
}

/* ---- torn --------------------------------------------------------------- */

/* Whatever was taken before the end is forgotten again: a story told now is that of a fresh judge. */
static void assert_cold(const struct buffer *fresh)
{
    start_judge();
    buffer_clear(&told);
    ids = findings = 0;
    tell(0, 60, 0);
    struct buffer now = {0};
    buffer_append(&now, told.at, told.len);
    assert_same_text(fresh, &now);
    buffer_free(&now);
}

static void set_hash(char *bytes, size_t len)
{
    uint64_t hash = hash_bytes((struct bytes){bytes + 8, len - 8});
    memcpy(bytes, &hash, 8);
}

static void judge_refuses_torn_bytes_and_begins_cold(void **state)
{
    (void)state;
    struct buffer fresh = {0};
    make_judge();
    assert_cold(&told); // makes the text that the others have to be like
    buffer_append(&fresh, told.at, told.len);
    tell(60, 155, 0);
    put_mark(MARK_SNAPSHOT);
    for (size_t len = 0; len < packed.len; len += 1 + len / 40) {
        char *cut = memcpy(malloc(len + 1), packed.at, len);
        struct bytes bytes = {cut, len};
        make_judge();
        assert_int_equal(judge_unpack(judge, bytes), -EBADMSG);
        if (len > 12) { // and with a hash that says it is right
            set_hash(cut, len);
            assert_int_equal(judge_unpack(judge, bytes), -EBADMSG);
            assert_cold(&fresh);
        }
        free(cut);
    }
    buffer_free(&fresh);
}

static void judge_survives_flipped_bytes_that_its_hash_does_not_show(void **state)
{
    (void)state;
    make_judge();
    start_judge();
    tell(0, 155, 0);
    put_mark(MARK_SNAPSHOT);
    struct buffer good = packed;
    packed = (struct buffer){0};
    char *copy = malloc(good.len);
    for (size_t i = 0; i < good.len; i += 1 + i / 256) {
        memcpy(copy, good.at, good.len);
        copy[i] = (char)(copy[i] ^ 1 << i % 8);
        struct bytes bytes = {copy, good.len};
        make_judge();
        assert_int_equal(judge_unpack(judge, bytes), -EBADMSG);
        set_hash(copy, good.len);
        judge_unpack(judge, bytes); // it may be taken for true
        start_judge();
        tell(155, 165, 0);
        put_mark(MARK_SNAPSHOT);
    }
    free(copy);
    buffer_free(&good);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(judge_says_the_same_when_it_is_handed_over_at_every_window),
        TEST(judge_packs_the_same_bytes_when_it_has_unpacked_them),
        TEST(judge_offers_a_stream_that_was_configured_anew_only_what_detectors_know),
        TEST(judge_begins_cold_with_other_detectors),
        TEST(judge_ends_a_gap_that_began_in_the_run_before),
        TEST(judge_refuses_torn_bytes_and_begins_cold),
        TEST(judge_survives_flipped_bytes_that_its_hash_does_not_show),
    };
    return cmocka_run_group_tests(tests, load_all, unload_all);
}
