/* SPDX-License-Identifier: MIT */
/*
 * story.h - a long story that a judge of two streams is told, by the frames of a ring, and that can be handed over to another judge between
 * any two of them: calm, floods, silences of a log and of a person, gaps, deployments, remarks.
 */
#ifndef UNIT_JUDGE_STORY_H
#define UNIT_JUDGE_STORY_H

#include "base/hash.h"
#include "base/pack.h"
#include "deliver/encode.h"
#include "judge/judge.h"
#include "judge/remarks.h"
#include "stage.h"

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

static inline int load_all(void **state)
{
    (void)state;
    if (stage_load(files, plugins, PLUGINS) < 0)
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

static inline int unload_all(void **state)
{
    (void)state;
    ring_destroy(ring);
    return stage_unload(plugins, PLUGINS);
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

static inline int begin(void **state)
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

static inline int end(void **state)
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

static inline void deliver(void *context, struct finding *finding)
{
    (void)context;
    if (!finding->id[0])
        snprintf(finding->id, sizeof(finding->id), "id-%" PRIu64, ++ids);
    finding_encode(finding, &told);
    buffer_char(&told, '\n');
    findings++;
}

static inline void mark(void *context, const struct mark *mark)
{
    (void)context;
    if (!(mark->flags & MARK_SNAPSHOT))
        return;
    buffer_clear(&packed);
    judge_pack(judge, &packed);
}

static inline void drain(void)
{
    while (ring_peek(ring, 0))
        judge_step(judge, 0);
}

static inline void make_judge(void)
{
    judge_free(judge);
    struct judge_options options = {
        .ring = ring, .isolation = ISOLATION_NONE, .deliver = deliver, .mark = mark};
    assert_int_equal(judge_create(&options, &judge), 0);
    for (uint32_t i = 0; i < 2; i++)
        assert_int_equal(judge_add(judge, i + 2, &streams[i]), 0);
}

static inline void start_judge(void)
{
    assert_int_equal(judge_start(judge, NULL), 0);
    for (uint32_t i = 0; i < 2; i++) {
        struct stream_notice *notice = ring_reserve(ring, sizeof(*notice));
        *notice = (struct stream_notice){.stream = i + 2, .window_ns = STAGE_LENGTH};
        ring_commit(ring, RING_STREAM, sizeof(*notice));
    }
    drain();
}

static inline void put_mark(uint32_t flags)
{
    struct mark *at = ring_reserve(ring, sizeof(*at));
    *at = (struct mark){.number = 1, .flags = flags};
    ring_commit(ring, RING_MARK, sizeof(*at));
    drain();
}

/* Another judge goes on from what this one packs. */
static inline void hand_over(void)
{
    put_mark(MARK_SNAPSHOT);
    make_judge();
    assert_int_equal(judge_unpack(judge, buffer_bytes(&packed)), 0);
    start_judge();
}

/* ---- the story ---------------------------------------------------------- */

/* Mostly dull, now and then for the log, a ticket, a page; a flood; a silence. */
static inline double surprise_of(uint64_t nth)
{
    static const double steps[] = {0, 0.4, 1, 0.2, 3.2, 4.4, 0,   0,
                                   7, 6.2, 0, 5,   9,   0.1, 2.5, 0};
    uint64_t hash = hash_join(nth / 2, 3);
    if (nth % 200 > 150 && nth % 200 < 170)
        return hash % 3 ? 0 : 14;
    return nth % 11 < 5 ? steps[hash % 16] : steps[hash % 4];
}

static inline void put_window(uint32_t number, uint64_t nth)
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

static inline void put_gap(uint64_t nth)
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
static inline void put_silence(uint64_t nth)
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
static inline void put_past(uint64_t nth)
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

static inline void tell(uint64_t from, uint64_t until, uint64_t each)
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

static inline struct buffer tell_whole(uint64_t each)
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

static inline void assert_same_text(const struct buffer *a, const struct buffer *b)
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

static inline void assert_says(const struct buffer *text, const char *what)
{
    if (!memmem(text->at, text->len, what, strlen(what)))
        fail_msg("the story never says %s", what);
}

#define STORY_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

#endif /* UNIT_JUDGE_STORY_H */
