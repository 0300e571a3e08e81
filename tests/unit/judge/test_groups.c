/* SPDX-License-Identifier: MIT */
/*
 * Promise: what is said of a group is said with its name, on every host with the same fingerprint; and a slot that another group takes is
 * begun anew: its history, its calibration and what is open about it are not those of the newcomer, also behind a restart.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/judge.h"

#include "base/log.h"
#include "base/pack.h"
#include "stage.h"

#include <stdlib.h>

enum { FAKER, EWMA, PLUGINS, SLOTS = 3 };
static const char *const files[PLUGINS] = {
    [FAKER] = BINARY_DIR "/tests/fake/faker.so",
    [EWMA] = BINARY_DIR "/detectors/ewma.so",
};
static struct plugin *plugins[PLUGINS];
static const struct judge_series slots[SLOTS] = {
    {.name = "hits#0", .is_count = true, .family = "hits", .key_name = "route"},
    {.name = "hits#1", .is_count = true, .family = "hits", .key_name = "route"},
    {.name = "hits#other", .is_count = true, .family = "hits", .key_name = "route"},
};
static const struct judge_series *series = slots;
static const uint32_t on_all[] = {0, 1, 2};
static struct judge_use use;
static struct judge_stream stream;
/* Findings as they were delivered; of more than there is room for the last ones are counted only. */
static struct {
    struct {
        char series[32], key[32], key_name[16], summary[512], reasons[2048],
            id[FINDING_ID_SIZE];
        char raised[512]; /* who else */
        uint64_t fingerprint;
        enum finding_status status;
    } told[8];
    size_t count, ids;
} notes;
static struct ring *ring;
static struct judge *judge;
static struct buffer packed;

static int load_all(void **state)
{
    (void)state;
    return stage_load(files, plugins, PLUGINS);
}

static int unload_all(void **state)
{
    (void)state;
    buffer_free(&packed);
    return stage_unload(plugins, PLUGINS);
}

/* ---- a judge ------------------------------------------------------------------ */

static void add_name(char text[512], const char *name)
{
    size_t len = strlen(text);
    snprintf(text + len, 512 - len, "%s ", name);
}

static void deliver(void *context, struct finding *finding)
{
    (void)context;
    if (!finding->id[0])
        snprintf(finding->id, sizeof(finding->id), "id-%zu", ++notes.ids);
    size_t n = notes.count++, len = 0;
    if (n >= sizeof(notes.told) / sizeof(notes.told[0]))
        return;
    snprintf(notes.told[n].series, sizeof(notes.told[n].series), "%s", finding->series);
    snprintf(notes.told[n].key, sizeof(notes.told[n].key), "%.*s", (int)finding->key.len,
             finding->key.len ? finding->key.at : "");
    snprintf(notes.told[n].key_name, sizeof(notes.told[n].key_name), "%s", finding->key_name);
    snprintf(notes.told[n].summary, sizeof(notes.told[n].summary), "%s", finding->summary);
    snprintf(notes.told[n].id, sizeof(notes.told[n].id), "%s", finding->id);
    for (size_t i = 0; i < finding->reason_count && len < sizeof(notes.told[n].reasons); i++)
        len +=
            (size_t)snprintf(notes.told[n].reasons + len, sizeof(notes.told[n].reasons) - len,
                             "%s\n", finding->reasons[i]);
    notes.told[n].raised[0] = '\0';
    for (size_t i = 0; i < finding->explain.raised_count; i++)
        add_name(notes.told[n].raised, finding->explain.raised[i].series);
    notes.told[n].fingerprint = finding->fingerprint;
    notes.told[n].status = finding->status;
}

static void mark(void *context, const struct mark *mark)
{
    (void)context;
    (void)mark;
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
    struct judge_options options = {
        .ring = ring, .isolation = ISOLATION_NONE, .deliver = deliver, .mark = mark};
    assert_int_equal(judge_create(&options, &judge), 0);
    assert_int_equal(judge_add(judge, 3, &stream), 0);
}

static void start_judge(void)
{
    assert_int_equal(judge_start(judge, NULL), 0);
    struct stream_notice *notice = ring_reserve(ring, sizeof(*notice));
    *notice = (struct stream_notice){.stream = 3, .window_ns = STAGE_LENGTH};
    ring_commit(ring, RING_STREAM, sizeof(*notice));
    drain();
}

static void open_judge(int plugin)
{
    memset(&notes, 0, sizeof(notes));
    use = (struct judge_use){.plugin = plugins[plugin], .on = on_all, .on_count = SLOTS};
    stream = stage_stream();
    stream.series = series;
    stream.series_count = SLOTS;
    stream.uses = &use;
    stream.use_count = 1;
    assert_int_equal(ring_create(8 << 20, 1, &ring, NULL), 0);
    make_judge();
    start_judge();
}

static void close_judge(void)
{
    judge_free(judge);
    ring_destroy(ring);
}

static void restart(void)
{
    struct mark *at = ring_reserve(ring, sizeof(*at));
    *at = (struct mark){.number = 1, .flags = MARK_SNAPSHOT};
    ring_commit(ring, RING_MARK, sizeof(*at));
    drain();
    judge_free(judge);
    make_judge();
    assert_int_equal(judge_unpack(judge, buffer_bytes(&packed)), 0);
    start_judge();
}

/* Another generation, of the same configuration. */
static void reload(void)
{
    struct judge *old = judge;
    judge_finish(old);
    make_judge();
    judge_inherit(judge, old);
    judge_free(old);
    start_judge();
}

/* ---- windows ------------------------------------------------------------------- */

/* Who sits in a slot, and how much of it there is. */
struct sits {
    const char *key; /* "": other; NULL: nobody */
    double value;
    bool fresh;
};

static struct {
    struct stage_closed window;
    struct closed_group groups[SLOTS];
    char keys[SLOTS][16];
} frame;

static void put(uint64_t nth, struct sits a, struct sits b, struct sits c)
{
    const struct sits all[SLOTS] = {a, b, c};
    struct closed *head = &frame.window.head;
    struct stage_record record = {0, 10 * nth, "app.log", "it broke"};
    stage_close(&frame.window, nth, &record, 1);
    head->stream = 3;
    head->series_count = SLOTS;
    head->groups = (uint32_t)((char *)frame.groups - (char *)&frame);
    for (uint32_t i = 0; i < SLOTS; i++) {
        frame.window.values[i] = all[i].key ? all[i].value : NAN;
        frame.window.counts[i] = all[i].key ? (uint64_t)all[i].value : 0;
        if (!all[i].key)
            continue;
        snprintf(frame.keys[i], sizeof(frame.keys[i]), "%s", all[i].key);
        frame.groups[head->group_count++] =
            (struct closed_group){.series = i,
                                  .fresh = all[i].fresh,
                                  .key = (uint32_t)(frame.keys[i] - (char *)&frame),
                                  .key_len = (uint32_t)strlen(all[i].key)};
    }
    memcpy(ring_reserve(ring, sizeof(frame)), &frame, sizeof(frame));
    ring_commit(ring, RING_WINDOW, sizeof(frame));
    drain();
}

static const struct sits nobody = {0};

/* Windows [from, until) in which only the first slot is taken. */
static void put_many(uint64_t from, uint64_t until, const char *key, double value)
{
    for (; from < until; from++)
        put(from, (struct sits){key, value + (double)(from % 3), from == 0}, nobody, nobody);
}

/* ---- names ---------------------------------------------------------------------- */

static void a_finding_has_the_name_of_its_group(void **state)
{
    (void)state;
    open_judge(FAKER);
    put_many(0, 30, "/pay", 0);
    put(30, (struct sits){"/pay", 9, false}, nobody, nobody);
    assert_int_equal(notes.count, 1);
    assert_string_equal(notes.told[0].series, "hits");
    assert_string_equal(notes.told[0].key, "/pay");
    assert_string_equal(notes.told[0].key_name, "route");
    assert_non_null(strstr(notes.told[0].summary, "hits{route=\"/pay\"} at 9"));
    close_judge();
}

static uint64_t fingerprint(const char *key, int slot)
{
    struct sits it = {key, 0, true}, dull = {"/dull", 0, true};
    open_judge(FAKER);
    for (uint64_t nth = 0; nth < 31; nth++) {
        it.value = nth == 30 ? 9 : 0;
        put(nth, slot == 0 ? it : dull, slot == 1 ? it : nobody, slot == 2 ? it : nobody);
        it.fresh = dull.fresh = false;
    }
    assert_int_equal(notes.count, 1);
    close_judge();
    return notes.told[0].fingerprint;
}

static void the_fingerprint_is_that_of_the_group_and_not_of_its_slot(void **state)
{
    (void)state;
    uint64_t pay = fingerprint("/pay", 0);
    assert_true(pay == fingerprint("/pay", 1));
    assert_true(pay != fingerprint("/cart", 1));
    assert_true(pay != fingerprint("", 2));
}

static void groups_of_two_series_have_fingerprints_of_their_own(void **state)
{
    (void)state;
    static const struct judge_series more[SLOTS] = {
        {.name = "hits#0", .is_count = true, .family = "hits", .key_name = "route"},
        {.name = "fails#0", .is_count = true, .family = "fails", .key_name = "route"},
        {.name = "fails#other", .is_count = true, .family = "fails", .key_name = "route"},
    };
    uint64_t fingerprints[2];
    for (int which = 0; which < 2; which++) {
        series = more;
        open_judge(FAKER);
        for (uint64_t nth = 0; nth < 31; nth++)
            put(nth, (struct sits){"/pay", nth == 30 && which == 0 ? 9 : 0, nth == 0},
                (struct sits){"/pay", nth == 30 && which == 1 ? 9 : 0, nth == 0}, nobody);
        assert_int_equal(notes.count, 1);
        fingerprints[which] = notes.told[0].fingerprint;
        close_judge();
    }
    series = slots;
    assert_true(fingerprints[0] != fingerprints[1]);
}

static void those_that_sit_nowhere_are_the_others(void **state)
{
    (void)state;
    open_judge(FAKER);
    for (uint64_t nth = 0; nth < 31; nth++)
        put(nth, nobody, nobody, (struct sits){"", nth == 30 ? 9 : 0, nth == 0});
    assert_int_equal(notes.count, 1);
    assert_string_equal(notes.told[0].series, "hits");
    assert_string_equal(notes.told[0].key, "");
    assert_non_null(strstr(notes.told[0].summary, "hits{other} at 9"));
    close_judge();
}

static void all_groups_together_are_one_finding(void **state)
{
    (void)state;
    open_judge(FAKER);
    for (uint64_t nth = 0; nth < 31; nth++)
        put(nth, (struct sits){"/a", nth == 30 ? 9 : 0, nth == 0},
            (struct sits){"/b", nth == 30 ? 8 : 0, nth == 0}, nobody);
    assert_int_equal(notes.count, 1);
    assert_string_equal(notes.told[0].key, "/a");
    assert_non_null(strstr(notes.told[0].reasons, "hits{route=\"/b\"}"));
    close_judge();
}

/* ---- a slot that another group takes ------------------------------------------------ */

static void a_new_group_is_not_judged_by_the_history_of_the_old_one(void **state)
{
    (void)state;
    for (int fresh = 0; fresh < 2; fresh++) {
        open_judge(EWMA);
        put_many(0, 100, "/big", 1000);
        put(100, (struct sits){"/small", 2, fresh}, nobody, nobody);
        put_many(101, 110, "/small", 2);
        assert_int_equal(notes.count > 0, !fresh); // without it there is something to see
        put_many(110, 200, "/small", 2);
        notes.count = 0;
        put_many(200, 202, "/small", 500);
        assert_true(notes.count > 0); // and it is learnt
        assert_null(strstr(notes.told[0].reasons, "hits#0"));
        close_judge();
    }
}

/* Scores of a plugin that are no surprises: dull for the one are a sensation for the other. */
static void calibration_begins_anew_too(void **state)
{
    (void)state;
    static const struct plugin_setting raw = {"raw", "true"};
    open_judge(FAKER);
    use.settings = &raw;
    use.setting_count = 1;
    judge_free(judge);
    make_judge();
    start_judge();
    put_many(0, 300, "/dull", 1);
    notes.count = 0;
    put(300, (struct sits){"/loud", 5000, true}, nobody, nobody);
    put_many(301, 320, "/loud", 5000);
    assert_int_equal(notes.count, 0);
    close_judge();
}

static void end_of_open(void (*between)(void))
{
    open_judge(FAKER);
    put_many(0, 30, "/pay", 0);
    put(30, (struct sits){"/pay", 9, false}, (struct sits){"/cart", 8, true}, nobody);
    assert_int_equal(notes.count, 1);
    uint64_t fingerprint = notes.told[0].fingerprint;
    if (between)
        between();
    put(31, (struct sits){"/new", 0, true}, (struct sits){"/cart", 8, false}, nobody);
    assert_int_equal(notes.count, 3);
    assert_int_equal(notes.told[1].status, FINDING_RESOLVED);
    assert_string_equal(notes.told[1].key, "/pay");
    assert_string_equal(notes.told[1].id, notes.told[0].id);
    assert_true(notes.told[1].fingerprint == fingerprint);
    assert_non_null(strstr(notes.told[1].reasons, "another group took its place"));
    assert_int_equal(notes.told[2].status, FINDING_FIRING); // what goes on is one of its own
    assert_string_equal(notes.told[2].key, "/cart");
    assert_null(strstr(notes.told[2].reasons, "/new"));
    close_judge();
}

static void who_agreed_and_gave_way_is_not_named_as_who_came(void **state)
{
    (void)state;
    open_judge(FAKER);
    put_many(0, 30, "/pay", 0);
    put(30, (struct sits){"/pay", 8, false}, (struct sits){"/cart", 9, true}, nobody);
    assert_string_equal(notes.told[0].key, "/cart");
    assert_string_equal(notes.told[0].raised, "hits{route=\"/pay\"} ");
    for (uint64_t nth = 31; nth < 40; nth++)
        put(nth, (struct sits){"/new", 0, nth == 31}, (struct sits){"/cart", 0, false}, nobody);
    assert_int_equal(notes.count, 2);
    assert_int_equal(notes.told[1].status, FINDING_RESOLVED);
    assert_string_equal(notes.told[1].raised, "");
    close_judge();
}

static void what_is_open_about_a_group_ends_with_its_name(void **state)
{
    (void)state;
    end_of_open(NULL);
}

static void also_behind_a_restart(void **state)
{
    (void)state;
    end_of_open(restart);
}

static void also_in_another_generation(void **state)
{
    (void)state;
    end_of_open(reload);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_finding_has_the_name_of_its_group),
        cmocka_unit_test(the_fingerprint_is_that_of_the_group_and_not_of_its_slot),
        cmocka_unit_test(groups_of_two_series_have_fingerprints_of_their_own),
        cmocka_unit_test(those_that_sit_nowhere_are_the_others),
        cmocka_unit_test(all_groups_together_are_one_finding),
        cmocka_unit_test(a_new_group_is_not_judged_by_the_history_of_the_old_one),
        cmocka_unit_test(calibration_begins_anew_too),
        cmocka_unit_test(who_agreed_and_gave_way_is_not_named_as_who_came),
        cmocka_unit_test(what_is_open_about_a_group_ends_with_its_name),
        cmocka_unit_test(also_behind_a_restart),
        cmocka_unit_test(also_in_another_generation),
    };
    return cmocka_run_group_tests(tests, load_all, unload_all);
}
