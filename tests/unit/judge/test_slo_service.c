/* SPDX-License-Identifier: MIT */
/*
 * Promise: an SLO of a service says the same in whatever order its streams come, also packed anywhere; and a burn whose objective is removed or redefined
 * is over, said once, with what it said when it fired.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "slo_rig.h"

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
