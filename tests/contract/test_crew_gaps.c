/* SPDX-License-Identifier: MIT */
/*
 * Promise: what a detector in a worker could not score is a gap that is said: once when it begins, once when it ends, with the windows,
 * how many they were and why; it is counted for each plugin. A state that is older than the log is one too, said when a replay is over.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crew_rig.h"

#include "base/log.h"
#include "judge/judge.h"

#include <math.h>

enum { WINDOWS = 80, VILLAIN = 2, EWMA = 0, NOTES_MAX = 64 };

static struct rig rig; /* its ring, and its frames */
static struct judge *judge;
static struct judge_stream stream;
static struct judge_use uses[2];
static struct plugin_setting settings[4];
static struct buffer packed;
static struct {
    enum finding_kind kind;
    enum finding_status status;
    enum finding_route route;
    int64_t starts_ns, ends_ns;
    double observed;
    char id[FINDING_ID_SIZE], detector[32], summary[512];
} notes[NOTES_MAX];
static size_t note_count;

static void deliver(void *context, struct finding *finding)
{
    (void)context;
    assert_true(note_count < NOTES_MAX);
    if (!finding->id[0])
        snprintf(finding->id, sizeof(finding->id), "id-%zu", note_count);
    notes[note_count].kind = finding->kind;
    notes[note_count].status = finding->status;
    notes[note_count].route = finding->route;
    notes[note_count].starts_ns = finding->starts_ns;
    notes[note_count].ends_ns = finding->ends_ns;
    notes[note_count].observed = finding->observed;
    memcpy(notes[note_count].id, finding->id, sizeof(finding->id));
    snprintf(notes[note_count].detector, 32, "%s", finding->detector);
    snprintf(notes[note_count++].summary, 512, "%s", finding->summary);
}

static void mark(void *context, const struct mark *at)
{
    (void)context;
    if (!(at->flags & MARK_SNAPSHOT))
        return;
    buffer_clear(&packed);
    judge_pack(judge, &packed);
}

static void drain(void)
{
    while (ring_peek(rig.ring, 0))
        judge_step(judge, 0);
}

static void put_mark(uint32_t flags)
{
    struct mark *at = ring_reserve(rig.ring, sizeof(*at));
    *at = (struct mark){.number = 1, .flags = flags};
    ring_commit(rig.ring, RING_MARK, sizeof(*at));
    drain();
}

static void open_judge(const char *deed, const char *where, const char *at, const char *every)
{
    static const struct judge_series series[] = {{.name = "lines"}, {.name = "errors"}};
    static const uint32_t on = 0;
    const struct plugin_setting all[] = {
        {"deed", deed}, {"where", where}, {"at", at}, {"every", every}};
    memcpy(settings, all, sizeof(all));
    uses[0] = (struct judge_use){.plugin = rig_far[EWMA], .on = &on, .on_count = 1};
    uses[1] = (struct judge_use){.plugin = rig_far[VILLAIN],
                                 .settings = settings,
                                 .setting_count = deed ? 4 : 0,
                                 .on = &on,
                                 .on_count = 1};
    stream = (struct judge_stream){.name = "left",
                                   .series = series,
                                   .series_count = 2,
                                   .uses = uses,
                                   .use_count = 2,
                                   .policy = judge_policy_default};
    stream.policy.thresholds[ROUTE_LOG] = 1e9; // only gaps are of interest
    stream.policy.thresholds[ROUTE_TICKET] = stream.policy.thresholds[ROUTE_PAGE] = 1e9;
    assert_int_equal(ring_create(65536, 1, &rig.ring, NULL), 0);
    struct judge_options options = {
        .ring = rig.ring, .worker_exe = RIG_EXE, .deliver = deliver, .mark = mark};
    assert_int_equal(judge_create(&options, &judge), 0);
    assert_int_equal(judge_add(judge, 0, &stream), 0);
    note_count = 0;
}

static void start_judge(void)
{
    assert_int_equal(judge_start(judge, NULL), 0);
    assert_true(rig_put_notice(&rig, 0));
    drain();
}

static void close_judge(void)
{
    judge_free(judge);
    ring_destroy(rig.ring);
}

static void judge_says_each_run_of_windows_that_a_worker_could_not_score(void **state)
{
    (void)state;
    open_judge("abort", "score", "40", "25");
    start_judge();
    for (int window = 0; window < WINDOWS; window++) {
        assert_true(rig_put_window(&rig, 0, window));
        drain();
    }
    size_t gaps = 0, first = 0;
    for (size_t i = 0; i < note_count; i++) {
        assert_string_equal(notes[i].detector, "villain");
        if (notes[i].kind != FINDING_GAP)
            continue;
        int64_t at = (gaps < 2 ? 40 : 65) * DRIVE_WINDOW_NS;
        assert_int_equal(notes[i].route, ROUTE_LOG);
        assert_int_equal(notes[i].starts_ns, at);
        assert_true(notes[i].observed == 1);
        assert_non_null(strstr(notes[i].summary, "SIGABRT"));
        if (gaps++ % 2 == 0) {
            first = i;
            assert_int_equal(notes[i].status, FINDING_FIRING);
            continue;
        }
        assert_int_equal(notes[i].status, FINDING_RESOLVED);
        assert_int_equal(notes[i].ends_ns, at + DRIVE_WINDOW_NS);
        assert_string_equal(notes[i].id, notes[first].id);
        assert_non_null(strstr(notes[i].summary, "villain could not score 1 window from "));
    }
    assert_int_equal(gaps, 4);
    struct buffer text = {0};
    struct json json = {.out = &text};
    json_begin(&json, '{');
    judge_report(judge, &json);
    json_end(&json, '}');
    buffer_char(&text, '\0');
    assert_non_null(strstr(text.at, "\"plugin_gaps_by_id\":{\"villain\":2}"));
    buffer_free(&text);
    close_judge();
}

static void judge_says_that_a_state_is_older_than_the_log_when_the_replay_is_over(void **state)
{
    (void)state;
    open_judge("abort", "save", "0", "1");
    start_judge();
    put_mark(MARK_SNAPSHOT);
    close_judge();
    open_judge(NULL, NULL, NULL, NULL);
    assert_int_equal(judge_unpack(judge, buffer_bytes(&packed)), 0);
    start_judge();
    put_mark(0); // of a block that was there before
    assert_int_equal(note_count, 0);
    put_mark(MARK_REPLAYED);
    assert_int_equal(note_count, 1);
    put_mark(0);
    assert_int_equal(note_count, 1);
    assert_int_equal(notes[0].kind, FINDING_GAP);
    assert_string_equal(notes[0].detector, "villain");
    assert_non_null(strstr(notes[0].summary, "older than the log"));
    close_judge();
    buffer_free(&packed);
}

static int setup(void **state)
{
    log_setup(LOG_QUIET, 0);
    return rig_setup(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judge_says_each_run_of_windows_that_a_worker_could_not_score),
        cmocka_unit_test(judge_says_that_a_state_is_older_than_the_log_when_the_replay_is_over),
    };
    return cmocka_run_group_tests(tests, setup, rig_teardown);
}
