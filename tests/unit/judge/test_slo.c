/* SPDX-License-Identifier: MIT */
/*
 * Promise: an SLO says each burn once, to the right route, with its numbers and bad records; it is over when it was calm for a while, never for
 * want of records; mute windows, silences and rules hold for it too; and packed anywhere it says what it would have said.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/slo.h"

#include "base/hash.h"
#include "base/log.h"
#include "stage.h"

#include <stdlib.h>

enum { SECOND = 1 }; /* the SLO's series: WARNINGS */

static const struct finding_pair own_labels[] = {{"team", "shop"}, {"tier", "1"}};
static const struct finding_pair stream_labels[] = {{"team", "nobody"}, {"site", "fra"}};
static struct judge_slo terms;
static struct judge_stream stream;
static struct slos *slos;
static struct notes notes;
static struct silences silences;
static uint64_t minute; /* come to */

static char said_deploy[DEPLOY_NAME_SIZE]; /* of the last delivery, as it was kept */

/* The first revision finds out what came before; the others say what it said. */
static void deliver(void *context, struct finding *finding, struct slo_kept *kept)
{
    (void)context;
    if (!finding->id[0])
        snprintf(kept->past.deploy.version, sizeof(kept->past.deploy.version), "v%zu",
                 notes.count);
    memcpy(said_deploy, kept->past.deploy.version, sizeof(said_deploy));
    notes_take(&notes, finding);
}

static const struct slo_sink sink = {.deliver = deliver, .silences = &silences};
static struct retirees retirees;
static bool kept(const void *context, const char *name)
{
    (void)context;
    (void)name;
    return true;
}
static const struct slo_heirs heirs = {&retirees, kept, NULL};

static int begin(void **state)
{
    (void)state;
    log_setup(LOG_QUIET, 0);
    memset(&notes, 0, sizeof(notes));
    silences.count = 0;
    minute = 0;
    terms = (struct judge_slo){.name = "availability",
                               .hash = 1,
                               .objective = 0.999,
                               .period_ns = 30 * 86400 * NS_PER_S,
                               .series = SECOND,
                               .labels = {own_labels, 2}};
    stream = stage_stream();
    stream.slos = &terms;
    stream.slo_count = 1;
    stream.labels = (struct finding_pairs){stream_labels, 2};
    return slos_create(&stream, &slos);
}

static int end(void **state)
{
    (void)state;
    slos_free(slos);
    slos = NULL;
    retirees_free(&retirees);
    return 0;
}

/* So many minutes, each with `bad` of `total`, and a record that shows it. */
static void run(uint64_t minutes, uint64_t bad, uint64_t total)
{
    static const struct stage_record record = {SECOND, 40, "/var/log/web.log", "GET / 500"};
    for (uint64_t until = minute + minutes; minute < until; minute++) {
        struct stage_closed closed;
        stage_close(&closed, minute, &record, bad > 0);
        closed.head.records = total;
        closed.counts[SECOND] = bad;
        closed.values[SECOND] = (double)total;
        slos_window(slos, &closed.head, 0, &sink);
    }
}

static const struct told *last(void)
{
    assert_true(notes.count > 0);
    return &notes.told[notes.count - 1];
}

/* Packed, and everything else forgotten. */
static void pack_and_go_on(void)
{
    struct buffer bytes = {0};
    slos_pack(slos, &bytes);
    slos_free(slos);
    assert_int_equal(slos_create(&stream, &slos), 0);
    struct unpacker in = {.rest = buffer_bytes(&bytes)};
    slos_unpack(slos, stream.name, &in, &heirs);
    assert_false(in.bad);
    assert_int_equal(in.rest.len, 0);
    buffer_free(&bytes);
}

/* ---- saying ------------------------------------------------------------------------- */

static void calm_service_says_nothing(void **state)
{
    (void)state;
    run(20000, 0, 100);
    assert_int_equal(notes.count, 0);
}

/* See test_burn: 100 of 6000 in the hour, burn 16.7, after one minute of outage. */
static void outage_is_one_page_with_its_numbers(void **state)
{
    (void)state;
    run(14400, 0, 100);
    run(3, 100, 100);
    assert_int_equal(notes.count, 1);
    const struct finding *f = &last()->finding;
    assert_int_equal(f->kind, FINDING_BURN);
    assert_int_equal(f->route, ROUTE_PAGE);
    assert_int_equal(f->status, FINDING_FIRING);
    assert_int_equal(f->starts_ns, stage_start(14400));
    assert_int_equal(f->detected_ns, stage_start(14401) + 500 * NS_PER_MS);
    assert_int_equal(f->window_start_ns, stage_start(14401 - 60));
    assert_int_equal(f->window_end_ns, stage_start(14401));
    assert_true(fabs(f->observed - 100.0 / 6) < 1e-6);
    assert_true(fabs(f->threshold - 14.4) < 1e-6);
    assert_true(isnan(f->score));
    assert_int_equal(f->explain.basis, BASIS_NONE);
    assert_string_equal(last()->detector, "burn");
    assert_string_equal(last()->summary,
                        "SLO availability burns its budget 16.7 times too fast: "
                        "1.67 % bad in 1h, 20 % in 5m, where 0.1 % may be");
    assert_int_equal(told_says(last(), "1h: 100 of 6000 bad (1.67 %), burn rate 16.7"), 1);
    assert_int_equal(told_says(last(), "5m: 100 of 500 bad (20 %), burn rate 200"), 1);
    assert_int_equal(told_says(last(), "2 % of the budget in 1h"), 1);
    // ten days of 100 a minute are a third of 4,320,000, of which 4320 may be bad
    assert_int_equal(told_says(last(), "budget left: 97.7 %, 42m or 4220 bad records of 4320"),
                     1);
    assert_int_equal(f->evidence_count, 1);
    assert_string_equal(last()->texts[0], "GET / 500");
}

/* Its own labels stand before those of the stream, and win. */
static void labels_of_the_slo_come_first(void **state)
{
    (void)state;
    run(14400, 0, 100);
    run(1, 100, 100);
    assert_string_equal(last()->label, "team=shop");
    assert_int_equal(last()->finding.labels.count, 3);
}

/* Ten minutes of outage, then good: the five minutes are clean after five, the rule of 30 minutes is met for the last time after 29. Ten more: 39. */
static void page_is_over_after_ten_calm_minutes(void **state)
{
    (void)state;
    run(14400, 0, 100);
    run(10, 100, 100);
    run(38, 0, 100);
    assert_int_equal(notes.count, 1);
    run(1, 0, 100);
    assert_int_equal(notes.count, 3); // and what the page covered until then is a ticket
    assert_int_equal(notes.told[1].finding.status, FINDING_RESOLVED);
    assert_int_equal(notes.told[1].finding.revision, 1);
    assert_string_equal(notes.told[1].finding.id, notes.told[0].finding.id);
    assert_int_equal(notes.told[1].finding.fingerprint, notes.told[0].finding.fingerprint);
    assert_int_equal(notes.told[2].finding.route, ROUTE_TICKET);
    assert_true(notes.told[2].finding.fingerprint != notes.told[0].finding.fingerprint);
}

/* The service falls silent in the outage: nobody knows whether it is over. */
static void silence_is_not_good(void **state)
{
    (void)state;
    run(14400, 0, 100);
    run(10, 100, 100);
    run(300, 0, 0);
    assert_int_equal(notes_count(&notes, FINDING_RESOLVED), 0);
    run(60, 0, 0); // after six hours nothing is left to judge by
    assert_int_equal(notes_count(&notes, FINDING_RESOLVED), 1);
    assert_int_equal(told_says(&notes.told[1], "no record is left to judge by"), 1);
}

/*
 * 43,200 minutes of 10: 432 bad are allowed. 60 minutes of outage in the middle use 600. It pages, and in minute 44 the budget is gone; when
 * 30 days have passed it comes back, six hours of it at once.
 */
static void budget_that_is_gone_is_a_ticket_until_it_is_back(void **state)
{
    (void)state;
    run(43200, 0, 10);
    run(43, 10, 10);
    assert_int_equal(notes.count, 1);
    run(1, 10, 10);
    assert_int_equal(notes.count, 2);
    assert_int_equal(last()->finding.route, ROUTE_TICKET);
    assert_non_null(strstr(last()->summary, "is gone, stop feature releases: 440 bad records"));
    char id[FINDING_ID_SIZE];
    memcpy(id, last()->finding.id, sizeof(id));
    run(16, 10, 10);
    run(29 * 1440, 0, 10);
    for (size_t i = 0; i < notes.count; i++)
        assert_true(notes.told[i].finding.status == FINDING_FIRING ||
                    strcmp(notes.told[i].finding.id, id) != 0);
    run(1440, 0, 10);
    assert_int_equal(last()->finding.status, FINDING_RESOLVED);
    assert_string_equal(last()->finding.id, id);
    assert_non_null(strstr(last()->summary, "the budget is back: 100 % of it is left"));
}

/*
 * 432 bad are allowed. 20 on the first day and 420 on the tenth: gone. When the first ones are a period old, 12 of 432 are left, 2.8 %: not enough to
 * say that it is back. When the others are, it is.
 */
static void budget_is_not_back_with_the_first_record(void **state)
{
    (void)state;
    run(20, 1, 10);
    run(9 * 1440 - 20, 0, 10);
    run(420, 1, 10);
    run(21 * 1440 - 420, 0, 10);
    bool gone = false;
    for (size_t i = 0; i < notes.count; i++)
        gone |= strstr(notes.told[i].summary, "is gone") != NULL;
    assert_true(gone);
    run(6 * 1440, 0, 10);
    for (size_t i = 0; i < notes.count; i++)
        assert_null(strstr(notes.told[i].summary, "is back"));
    run(6 * 1440, 0, 10);
    assert_non_null(strstr(last()->summary, "is back"));
}

static void one_bad_of_one_says_nothing(void **state)
{
    (void)state;
    for (int night = 0; night < 30; night++) {
        run(1439, 0, 0);
        run(1, 1, 1);
    }
    for (size_t i = 0; i < notes.count; i++)
        assert_non_null(strstr(notes.told[i].summary, "is gone")); // all of 30 were bad
}

/* ---- where it goes --------------------------------------------------------------------- */

static void silenced_burn_is_kept_for_the_log_and_said_when_that_ends(void **state)
{
    (void)state;
    silences.count = 1;
    silences.at[0] = (struct silence){.id = 7,
                                      .from_ns = stage_start(0),
                                      .until_ns = stage_start(14410),
                                      .series = "availability",
                                      .reason = "moving",
                                      .author = "ann"};
    run(14400, 0, 100);
    run(10, 100, 100);
    assert_int_equal(notes.count, 1);
    assert_int_equal(last()->finding.route, ROUTE_LOG);
    assert_string_equal(last()->label, "silenced=moving");
    run(1, 100, 100);
    assert_int_equal(notes.count, 3);
    assert_int_equal(notes.told[1].finding.route, ROUTE_PAGE);
    assert_int_equal(notes.told[1].finding.status, FINDING_FIRING);
    assert_int_equal(notes.told[1].finding.starts_ns, notes.told[0].finding.starts_ns);
    assert_int_equal(notes.told[2].finding.status, FINDING_RESOLVED);
    assert_string_equal(notes.told[2].finding.id, notes.told[0].finding.id);
    assert_int_equal(told_says(&notes.told[2], "replaced_by id-2"), 1);
}

static void rule_of_the_configuration_may_send_it_elsewhere(void **state)
{
    (void)state;
    static const struct finding_pair labels[] = {{"rule", "burns"}, {"team", "rule"}};
    static const struct routing_rule rule = {.name = "burns",
                                             .kinds = 1u << FINDING_BURN,
                                             .route = ROUTE_TICKET,
                                             .labels = {labels, 2}};
    stream.routing = (struct routing){&rule, 1};
    run(14400, 0, 100);
    run(1, 100, 100);
    assert_int_equal(last()->finding.route, ROUTE_TICKET);
    assert_string_equal(last()->label, "team=shop");
    assert_int_equal(last()->finding.labels.count, 3); // team, tier; rule
    static const struct routing_rule later = {.name = "later", .route = ROUTE_LOG};
    stream.routing = (struct routing){&later, 1};
    run(10, 0, 0);
    run(60, 0, 100);
    assert_int_equal(notes.told[1].finding.status, FINDING_RESOLVED);
    assert_int_equal(notes.told[1].finding.route, ROUTE_TICKET); // it never changes
}

/* ---- time ------------------------------------------------------------------------------- */

/* Windows of 10 s: the first bad one, 100 of 3690 in the hour, would do; it is asked at the end of the minute. */
static void rules_are_asked_once_a_unit_of_the_period(void **state)
{
    (void)state;
    struct stage_closed closed;
    for (uint64_t i = 0; i < 6 * 1440; i++) {
        stage_close(&closed, 0, NULL, 0);
        closed.head.start_ns = stage_start(0) + (int64_t)i * 10 * NS_PER_S;
        closed.head.end_ns = closed.head.start_ns + 10 * NS_PER_S;
        bool bad = i >= 6 * 1430;
        closed.head.records = 100;
        closed.head.index = i;
        closed.values[SECOND] = bad ? 100 : 10;
        closed.counts[SECOND] = bad ? 100 : 0;
        slos_window(slos, &closed.head, 0, &sink);
        assert_int_equal(notes.count > 0, i >= 6 * 1431 - 1);
    }
}

/* 5 of the last 60 minutes lie in a gap: what was read of them counts, their time does not. */
static void gap_makes_its_window_unknown(void **state)
{
    (void)state;
    struct buffer text = {0};
    struct json json = {.out = &text};
    run(30, 0, 100);
    slos_gap(slos, stage_start(30) + 5);
    run(1, 0, 50);
    run(29, 0, 100);
    json_begin(&json, '[');
    slos_report(slos, &json);
    json_end(&json, ']');
    buffer_char(&text, '\0');
    assert_non_null(strstr(text.at, "\"watched_s\":3600,\"unknown_s\":60,"));
    assert_non_null(strstr(text.at, "\"total\":5950,"));
    buffer_free(&text);
}

/* ---- going on ------------------------------------------------------------------------------ */

/* A story with everything in it, told by one, and by one who is packed and unpacked now and then. */
static void tell(uint64_t every)
{
    static const struct {
        uint64_t minutes, bad, total;
    } story[] = {{3000, 0, 10}, {7, 10, 10}, {15, 0, 10},   {9, 0, 0},     {90, 0, 10},
                 {500, 1, 20},  {5, 9, 9},   {2000, 0, 10}, {3000, 1, 300}};
    for (size_t i = 0; i < sizeof(story) / sizeof(story[0]); i++)
        for (uint64_t m = 0; m < story[i].minutes; m++) {
            run(1, story[i].bad, story[i].total);
            if (every && minute % every == 0)
                pack_and_go_on();
        }
}

static void packed_anywhere_it_says_the_same(void **state)
{
    (void)state;
    static struct notes whole;
    tell(0);
    whole = notes;
    assert_true(whole.count > 4);
    for (uint64_t every = 1; every < 60; every = every * 3 + 1) {
        end(NULL);
        begin(NULL);
        tell(every);
        assert_int_equal(notes.count, whole.count);
        for (size_t i = 0; i < whole.count; i++) {
            assert_string_equal(notes.told[i].summary, whole.told[i].summary);
            assert_string_equal(notes.told[i].texts[0], whole.told[i].texts[0]);
            assert_string_equal(notes.told[i].reasons[3], whole.told[i].reasons[3]);
            assert_int_equal(notes.told[i].finding.fingerprint,
                             whole.told[i].finding.fingerprint);
            assert_int_equal(notes.told[i].finding.starts_ns, whole.told[i].finding.starts_ns);
            assert_int_equal(notes.told[i].finding.ends_ns, whole.told[i].finding.ends_ns);
            assert_int_equal(notes.told[i].finding.route, whole.told[i].finding.route);
            assert_string_equal(notes.told[i].finding.id, whole.told[i].finding.id);
        }
    }
}

static void what_came_before_it_is_kept_for_its_revisions(void **state)
{
    (void)state;
    run(14400, 0, 100);
    run(3, 100, 100);
    assert_int_equal(notes.count, 1);
    assert_string_equal(said_deploy, "v0");
    said_deploy[0] = '\0';
    pack_and_go_on();
    run(100, 0, 100);
    assert_int_equal(last()->finding.status, FINDING_RESOLVED);
    assert_string_equal(said_deploy, "v0");
}

static void torn_bytes_are_refused_and_leave_nothing(void **state)
{
    (void)state;
    struct buffer bytes = {0};
    run(3000, 0, 10);
    run(7, 10, 10);
    slos_pack(slos, &bytes);
    for (size_t len = 0; len < bytes.len; len += 1 + len / 50) {
        struct unpacker in = {.rest = {bytes.at, len}};
        slos_forget(slos);
        slos_unpack(slos, stream.name, &in, &heirs);
        assert_true(in.bad);
    }
    for (size_t i = 0; i < bytes.len;
         i += 1 + i / 100) { // or they are wrong, and it goes on living
        char kept = bytes.at[i];
        bytes.at[i] = (char)(kept ^ 0x41);
        struct unpacker in = {.rest = buffer_bytes(&bytes)};
        slos_forget(slos);
        slos_unpack(slos, stream.name, &in, &heirs);
        bytes.at[i] = kept;
    }
    buffer_free(&bytes);
}

static void budget_goes_on_as_long_as_it_means_the_same(void **state)
{
    (void)state;
    struct slos *next;
    run(14400, 0, 100);
    run(2, 100, 100);
    static struct judge_slo again, other;
    static struct judge_stream changed;
    again = terms;
    changed = stream;
    again.series = WARNINGS;
    changed.hash = 99;
    changed.slos = &again;
    assert_int_equal(slos_create(&changed, &next), 0);
    slos_inherit(next, slos, &heirs);
    slos_free(slos);
    slos = next;
    run(10, 0, 100);
    run(60, 0, 100);
    assert_int_equal(notes_count(&notes, FINDING_RESOLVED), 1); // the page that was open before
    notes.count = 0;
    other = again;
    other.hash = 2; // another objective
    changed.slos = &other;
    assert_int_equal(slos_create(&changed, &next), 0);
    slos_inherit(next, slos, &heirs);
    slos_free(slos);
    slos = next;
    run(1, 4, 100);
    struct buffer text = {0};
    struct json json = {.out = &text};
    slos_report(slos, &json);
    buffer_char(&text, '\0');
    assert_non_null(strstr(text.at, "\"bad\":4,\"total\":100,\"watched_s\":60"));
    buffer_free(&text);
}

/* ---- SLOs that are no more ------------------------------------------------------------------ */

static struct slo_sink say_to(void *context, const struct judge_stream *of)
{
    (void)context;
    assert_string_equal(of->name, "checkout");
    return sink;
}

/* It pages; then its SLO is no more, or another. Handed on directly, or as bytes. */
static void change_while_it_pages(const struct judge_slo *now, bool packed)
{
    struct buffer bytes = {0};
    static struct judge_stream changed;
    run(14400, 0, 100);
    run(2, 100, 100);
    assert_int_equal(notes.count, 1);
    changed = stream;
    changed.labels.count = 0;
    changed.slos = now;
    changed.slo_count = now != NULL;
    struct slos *old = slos;
    assert_int_equal(slos_create(&changed, &slos), 0);
    if (packed) {
        slos_pack(old, &bytes);
        struct unpacker in = {.rest = buffer_bytes(&bytes)};
        slos_unpack(slos, "checkout", &in, &heirs);
        assert_false(in.bad);
    } else {
        slos_inherit(slos, old, &heirs);
    }
    slos_free(old);
    buffer_free(&bytes);
    assert_int_equal(notes.count, 1); // not before it can become durable
    for (int i = 0; i < 2; i++)       // and once
        retirees_say(&retirees, say_to, NULL);
}

static void is_over_since(const char *why)
{
    assert_int_equal(notes.count, 2);
    assert_int_equal(last()->finding.status, FINDING_RESOLVED);
    assert_int_equal(last()->finding.revision, 1);
    assert_string_equal(last()->finding.id, notes.told[0].finding.id);
    assert_int_equal(last()->finding.fingerprint, notes.told[0].finding.fingerprint);
    assert_int_equal(last()->finding.route, ROUTE_PAGE);
    assert_int_equal(last()->finding.ends_ns, stage_start(14402));
    assert_int_equal(last()->finding.labels.count, 3); // as when it fired
    assert_string_equal(last()->label, notes.told[0].label);
    assert_int_equal(told_says(last(), why), 1);
    assert_string_equal(said_deploy, "v0");
}

static void burn_of_a_removed_objective_is_over_once(void **state)
{
    for (int packed = 0; packed < 2; packed++) {
        end(state);
        begin(state);
        change_while_it_pages(NULL, packed);
        is_over_since("over: the objective is removed");
        run(100, 0, 100);
        assert_int_equal(notes.count, 2);
    }
}

/* Another period as well: its ledger is of another kind, and what is claimed is read all the same. */
static void burn_of_a_redefined_objective_is_over_once(void **state)
{
    for (int packed = 0; packed < 2; packed++) {
        end(state);
        begin(state);
        static struct judge_slo other;
        other = terms;
        other.hash = 2;
        other.period_ns = 7 * 86400 * NS_PER_S;
        change_while_it_pages(&other, packed);
        is_over_since("over: the objective is redefined");
    }
}

static void calm_objective_that_is_removed_says_nothing(void **state)
{
    (void)state;
    struct judge_stream changed = stream;
    run(100, 0, 100);
    changed.slo_count = 0;
    struct slos *next;
    assert_int_equal(slos_create(&changed, &next), 0);
    slos_inherit(next, slos, &heirs);
    slos_free(next);
    assert_null(retirees.first);
}

/* ---- of a service ------------------------------------------------------------------------------ */

enum { WEB, API, MEMBERS };
static struct judge_stream service;
static struct slos *shop;
static struct slo_share shares[MEMBERS];
static const char *const member_names[MEMBERS] = {"web", "api"};

static void open_service(bool patient)
{
    service = (struct judge_stream){.name = "shop"};
    assert_int_equal(slos_create(&service, &shop), 0);
    slos_add(shop, &terms, patient);
    for (int m = 0; m < MEMBERS; m++)
        weave_strand(slos_weave(shop, 0), member_names[m]);
    for (int m = 0; m < MEMBERS; m++)
        shares[m] =
            (struct slo_share){.slos = shop,
                               .strand = weave_number(slos_weave(shop, 0), member_names[m]),
                               .series = m == WEB ? SECOND : ERRORS};
    for (int i = 0; i < WEAVE_MARKS; i++)
        slos_mark(shop, &sink);
}

/* What a minute of both was: the service is bad now and then, silent in one stream or both, in a gap. */
static void hear(int member, uint64_t at)
{
    static const struct stage_record records[MEMBERS] = {
        {SECOND, 40, "/var/log/web.log", "GET / 500"}, {ERRORS, 7, "/var/log/api.log", "lost"}};
    struct stage_closed closed;
    bool silent = member == API ? at % 1000 > 900 : at % 1500 < 20;
    uint64_t total = silent ? 0 : member == WEB ? 60 : 40, bad = 0;
    if (at >= 2000 && at < 2012)
        bad = member == WEB ? total : total / 2;
    else if (at > 3000 && at % 7 == 0)
        bad = total ? 1 : 0;
    stage_close(&closed, at, &records[member], bad > 0);
    closed.head.records = total;
    closed.counts[shares[member].series] = bad;
    closed.values[shares[member].series] = (double)total;
    if (at == 1234 && member == WEB)
        weave_gap(slos_weave(shop, 0), shares[WEB].strand, stage_start(at) + 3);
    slos_share(&shares[member], &closed.head, 0, &sink);
}

static void report_of(struct buffer *out)
{
    struct json json = {.out = out};
    json_begin(&json, '[');
    slos_report(shop, &json);
    json_end(&json, ']');
    buffer_char(out, '\0');
}

static void pack_service(void)
{
    struct buffer bytes = {0};
    struct slos *old = shop;
    slos_pack(old, &bytes);
    open_service(false);
    struct unpacker in = {.rest = buffer_bytes(&bytes)};
    slos_unpack(shop, "shop", &in, &heirs);
    assert_false(in.bad);
    slos_free(old);
    buffer_free(&bytes);
}

enum { SIDE_BY_SIDE, ONE_AFTER_THE_OTHER, IN_TURNS, PACKED, WAYS };

static void tell_service(int way, struct buffer *report)
{
    const uint64_t whole = 6000;
    open_service(way == ONE_AFTER_THE_OTHER);
    uint64_t turn = way == ONE_AFTER_THE_OTHER ? whole : way == IN_TURNS ? 333 : 1;
    for (uint64_t at = 0; at < whole; at += turn)
        for (int m = 0; m < MEMBERS; m++) {
            for (uint64_t i = at; i < at + turn && i < whole; i++)
                hear(m, i);
            if (way == PACKED && at % 501 == 0)
                pack_service();
        }
    slos_end(shop, &sink);
    report_of(report);
    slos_free(shop);
}

/* P8: read one after the other as in a scan, or side by side as they grow. */
static void service_says_the_same_in_whatever_order_its_streams_come(void **state)
{
    static struct notes whole;
    struct buffer first = {0}, other = {0};
    tell_service(SIDE_BY_SIDE, &first);
    whole = notes;
    assert_true(whole.count > 4);
    // 80 bad ones; of web 60 a minute, of api, which was silent, 40 in the last: 3640 in 1 h, 340 in 5 m
    assert_string_equal(whole.told[0].summary,
                        "SLO availability burns its budget 22 times too fast: "
                        "2.2 % bad in 1h, 23.5 % in 5m, where 0.1 % may be");
    assert_int_equal(whole.told[0].finding.evidence_count, 2); // of both
    for (int way = ONE_AFTER_THE_OTHER; way < WAYS; way++) {
        end(state);
        begin(state);
        buffer_clear(&other);
        tell_service(way, &other);
        assert_string_equal(other.at, first.at);
        assert_int_equal(notes.count, whole.count);
        for (size_t i = 0; i < whole.count; i++) {
            assert_string_equal(notes.told[i].summary, whole.told[i].summary);
            assert_string_equal(notes.told[i].texts[0], whole.told[i].texts[0]);
            assert_string_equal(notes.told[i].reasons[0], whole.told[i].reasons[0]);
            assert_int_equal(notes.told[i].finding.starts_ns, whole.told[i].finding.starts_ns);
            assert_int_equal(notes.told[i].finding.ends_ns, whole.told[i].finding.ends_ns);
        }
    }
    buffer_free(&first);
    buffer_free(&other);
}

/* The name of the service stands where that of a stream does. */
static void finding_of_a_service_is_in_its_name(void **state)
{
    (void)state;
    struct buffer report = {0};
    tell_service(SIDE_BY_SIDE, &report);
    assert_string_equal(notes.told[0].stream, "shop");
    assert_non_null(strstr(report.at, "\"stream\":\"shop\",\"service\":\"shop\""));
    buffer_free(&report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(calm_service_says_nothing, begin, end),
        cmocka_unit_test_setup_teardown(outage_is_one_page_with_its_numbers, begin, end),
        cmocka_unit_test_setup_teardown(labels_of_the_slo_come_first, begin, end),
        cmocka_unit_test_setup_teardown(page_is_over_after_ten_calm_minutes, begin, end),
        cmocka_unit_test_setup_teardown(silence_is_not_good, begin, end),
        cmocka_unit_test_setup_teardown(budget_that_is_gone_is_a_ticket_until_it_is_back, begin,
                                        end),
        cmocka_unit_test_setup_teardown(budget_is_not_back_with_the_first_record, begin, end),
        cmocka_unit_test_setup_teardown(one_bad_of_one_says_nothing, begin, end),
        cmocka_unit_test_setup_teardown(
            silenced_burn_is_kept_for_the_log_and_said_when_that_ends, begin, end),
        cmocka_unit_test_setup_teardown(rule_of_the_configuration_may_send_it_elsewhere, begin,
                                        end),
        cmocka_unit_test_setup_teardown(rules_are_asked_once_a_unit_of_the_period, begin, end),
        cmocka_unit_test_setup_teardown(gap_makes_its_window_unknown, begin, end),
        cmocka_unit_test_setup_teardown(packed_anywhere_it_says_the_same, begin, end),
        cmocka_unit_test_setup_teardown(what_came_before_it_is_kept_for_its_revisions, begin,
                                        end),
        cmocka_unit_test_setup_teardown(torn_bytes_are_refused_and_leave_nothing, begin, end),
        cmocka_unit_test_setup_teardown(budget_goes_on_as_long_as_it_means_the_same, begin,
                                        end),
        cmocka_unit_test_setup_teardown(burn_of_a_removed_objective_is_over_once, begin, end),
        cmocka_unit_test_setup_teardown(burn_of_a_redefined_objective_is_over_once, begin, end),
        cmocka_unit_test_setup_teardown(calm_objective_that_is_removed_says_nothing, begin,
                                        end),
        cmocka_unit_test_setup_teardown(
            service_says_the_same_in_whatever_order_its_streams_come, begin, end),
        cmocka_unit_test_setup_teardown(finding_of_a_service_is_in_its_name, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
