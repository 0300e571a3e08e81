/* SPDX-License-Identifier: MIT */
/*
 * Promise: a trouble finds the deployment before it and the same trouble earlier, with what people said of it; what is remembered is
 * bounded, the oldest going first; and comes back from bytes as it was, or not at all.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "judge/past.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct past *past;
static struct buffer bytes;

static int set_up(void **state)
{
    (void)state;
    past = calloc(1, sizeof(*past));
    return past ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    past_free(past);
    free(past);
    buffer_free(&bytes);
    return 0;
}

static struct deploy deploy_of(int64_t time_s, const char *service, const char *version)
{
    struct deploy deploy = {.time_ns = time_s * NS_PER_S};
    snprintf(deploy.service, sizeof(deploy.service), "%s", service);
    snprintf(deploy.version, sizeof(deploy.version), "%s", version);
    return deploy;
}

static void find(int64_t time_s, const char *service, const char *version)
{
    struct deploy deploy = deploy_of(time_s, service, version);
    past_found(past, &deploy);
}

static void add(struct deploys *deploys, int64_t time_s, const char *service)
{
    struct deploy deploy = deploy_of(time_s, service, "v1");
    deploys_add(deploys, &deploy);
}

/* The version before a trouble of a minute that began then; "" when there is none. */
static const char *before(int64_t starts_s, const char *service)
{
    const struct deploy *deploy =
        past_deploy(past, service, starts_s * NS_PER_S, (starts_s + 60) * NS_PER_S);
    return deploy ? deploy->version : "";
}

static void tell(const struct remarks *remarks)
{
    buffer_clear(&bytes);
    remarks_pack(remarks, &bytes);
    assert_int_equal(past_remark(past, buffer_bytes(&bytes)), 0);
}

/* ---- deployments --------------------------------------------------------- */

static void trouble_finds_the_newest_deployment_of_its_service_before_it(void **state)
{
    (void)state;
    find(100000, "app", "v1");
    find(100500, "app", "v2");
    find(100400, "billing", "b9");
    find(101060, "app", "v3");
    assert_string_equal(before(101000, "app"), "v2");
    assert_string_equal(before(100499, "app"), "v2"); // in the minute that it spoilt
    assert_string_equal(before(100440, "app"), "v1");
    assert_string_equal(before(101000, "billing"), "b9");
    assert_string_equal(before(101000, "other"), "");
    assert_string_equal(before(99000, "app"), "");
}

static void deployment_is_named_for_six_hours(void **state)
{
    (void)state;
    find(100000, "app", "v1");
    assert_string_equal(before(100000 + 6 * 3600, "app"), "v1");
    assert_string_equal(before(100001 + 6 * 3600, "app"), "");
    assert_null(past_deploy(past, "app", NO_TIME, NO_TIME + 60));
}

static void process_that_is_started_again_is_no_deployment(void **state)
{
    (void)state;
    find(1000, "app", "v1");
    find(2000, "app", "v1");
    find(2500, "billing", "v1");
    assert_int_equal(past->found.count, 2);
    assert_int_equal(deploys_at(&past->found, 0)->time_ns, 1000 * NS_PER_S);
    find(3000, "app", "v2");
    find(4000, "app", "v1"); // and back
    assert_int_equal(past->found.count, 4);
}

static void
deployment_that_is_marked_and_found_is_one_and_the_marked_one_says_more(void **state)
{
    (void)state;
    struct remarks *remarks = calloc(1, sizeof(*remarks));
    struct deploy marked = deploy_of(1000, "app", "v2");
    snprintf(marked.url, sizeof(marked.url), "https://ci.example/2");
    deploys_add(&remarks->deploys, &marked);
    tell(remarks);
    find(1005, "app", "v2");
    assert_string_equal(past_deploy(past, "app", 2000 * NS_PER_S, 2060 * NS_PER_S)->url,
                        "https://ci.example/2");
    find(1500, "app", "v3");
    assert_string_equal(before(2000, "app"), "v3");
    assert_string_equal(before(1100, "app"), "v2");
    remarks_free(remarks);
    free(remarks);
}

static void
of_too_many_deployments_the_oldest_goes_but_not_the_last_of_its_service(void **state)
{
    (void)state;
    struct deploys deploys = {0};
    add(&deploys, 1, "rare");
    for (int64_t i = 2; i < DEPLOYS_MAX + 10; i++)
        add(&deploys, i, "app");
    assert_int_equal(deploys.count, DEPLOYS_MAX);
    assert_non_null(deploys_last(&deploys, "rare", 0, INT64_MAX));
    assert_int_equal(deploys_at(&deploys, 1)->time_ns, 11 * NS_PER_S);
    deploys_trim(&deploys, 64, 0);
    assert_int_equal(deploys.count, 65);
    deploys_trim(&deploys, 64, INT64_MAX);
    assert_int_equal(deploys.count, 2);
    assert_int_equal(deploys_at(&deploys, 1)->time_ns, (DEPLOYS_MAX + 9) * NS_PER_S);
    assert_int_equal(deploys.evicted, 9);
    deploys_free(&deploys);
}

/* A pattern that takes every record for a version of some service: the others keep theirs, and each record costs microseconds. */
static void service_with_random_versions_drives_out_its_own(void **state)
{
    (void)state;
    char name[32];
    for (int64_t i = 0; i < 20; i++) {
        find(100 * i, "steady", i % 2 ? "v1" : "v2");
        snprintf(name, sizeof(name), "s%d", (int)i);
        find(100 * i, name, "v1");
    }
    for (int i = 0; i < 200000; i++) {
        snprintf(name, sizeof(name), "build-%d", i);
        find(2000 + i, "noisy", name);
    }
    assert_int_equal(past->found.count, DEPLOYS_MAX);
    assert_int_equal(past->found.evicted, 200000 + 40 - DEPLOYS_MAX);
    for (int64_t i = 0; i < 20; i++) {
        assert_string_equal(before(100 * i, "steady"), i % 2 ? "v1" : "v2");
        snprintf(name, sizeof(name), "s%d", (int)i);
        assert_string_equal(before(100 * i, name), "v1");
    }
    assert_string_equal(before(201999, "noisy"), "build-199999");
}

/* Services that are each heard of once: the oldest go, and what is kept is what was told. */
static void of_too_many_services_the_oldest_goes(void **state)
{
    (void)state;
    char name[32];
    for (int i = 0; i < 3 * DEPLOYS_MAX; i++) {
        snprintf(name, sizeof(name), "s%d", i);
        find(i, name, name);
    }
    assert_int_equal(past->found.count, DEPLOYS_MAX);
    for (size_t i = 0; i < DEPLOYS_MAX; i++) {
        snprintf(name, sizeof(name), "s%zu", 2 * DEPLOYS_MAX + i);
        assert_string_equal(deploys_at(&past->found, i)->service, name);
        assert_string_equal(deploys_at(&past->found, i)->version, name);
    }
}

static void deployments_told_of_late_lie_in_the_order_of_time(void **state)
{
    (void)state;
    struct deploys deploys = {0};
    for (int64_t i = 0; i < 100; i++)
        add(&deploys, i * 37 % 100, "app");
    for (int64_t i = 0; i < 100; i++)
        assert_int_equal(deploys_at(&deploys, i)->time_ns, i * NS_PER_S);
    deploys_free(&deploys);
}

/* ---- incidents ----------------------------------------------------------- */

/* What came before one that begins now. */
static struct before recall(uint64_t fingerprint)
{
    struct incident_name name = {fingerprint, 0, INT64_MAX};
    struct before ret;
    past_recall(past, &name, &ret);
    return ret;
}

static void note(uint64_t fingerprint, const char *id, int64_t starts_ns)
{
    struct incident_name name = {fingerprint, 0, starts_ns};
    past_note(past, &name, id);
}

static void trouble_that_comes_again_is_counted_with_its_last_time(void **state)
{
    (void)state;
    assert_int_equal(recall(7).count, 0);
    note(7, "a", 100);
    past_end(past, "a", 200);
    note(7, "b", 300);
    assert_int_equal(recall(7).count, 2);
    assert_string_equal(recall(7).id, "b");
    assert_int_equal(recall(7).ends_ns, NO_TIME); // it goes on
    past_end(past, "a", 250);                     // an old one changes nothing
    assert_int_equal(recall(7).ends_ns, NO_TIME);
    past_end(past, "b", 400);
    assert_int_equal(recall(7).starts_ns, 300);
    assert_int_equal(recall(7).ends_ns, 400);
}

static void trouble_is_not_its_own_past(void **state)
{
    (void)state;
    struct before ret;
    note(7, "a", 100);
    past_end(past, "a", 200);
    past_recall(past, &(struct incident_name){7, 0, 100}, &ret);
    assert_int_equal(ret.count, 0);
    note(7, "b", 300);
    past_recall(past, &(struct incident_name){7, 0, 300}, &ret);
    assert_int_equal(ret.count, 1);
    assert_string_equal(ret.id, "a");
    assert_int_equal(ret.ends_ns, 200);
}

static void what_fires_once_more_since_it_got_worse_is_the_same(void **state)
{
    (void)state;
    note(7, "mild", 100);
    assert_true(past_knows(past, &(struct incident_name){7, 0, 100}));
    assert_false(past_knows(past, &(struct incident_name){7, 0, 101}));
    note(7, "worse", 100);
    past_end(past, "mild", 150);
    assert_int_equal(recall(7).count, 1);
    assert_string_equal(recall(7).id, "worse");
    assert_int_equal(recall(7).ends_ns, NO_TIME);
}

/* As when a silence ends while it goes on: the loud one takes the place of the hushed one, which then resolves. */
static void one_that_takes_the_place_of_another_is_the_one_that_is_remembered(void **state)
{
    (void)state;
    struct incident_name name = {7, 0, 100};
    struct finding hushed = {.id = "hushed", .status = FINDING_FIRING},
                   loud = {.id = "loud", .status = FINDING_FIRING};
    past_told(past, &name, &hushed, true);
    past_told(past, &name, &loud, true);
    hushed.status = loud.status = FINDING_RESOLVED;
    hushed.ends_ns = 150;
    loud.ends_ns = 200;
    past_told(past, &name, &hushed, false);
    assert_int_equal(recall(7).ends_ns, NO_TIME);
    past_told(past, &name, &loud, false);
    assert_int_equal(recall(7).count, 1);
    assert_string_equal(recall(7).id, "loud");
    assert_int_equal(recall(7).ends_ns, 200);
}

static void of_too_many_fingerprints_the_one_seen_longest_ago_is_forgotten(void **state)
{
    (void)state;
    for (uint64_t i = 1; i <= PAST_MAX; i++)
        note(i, "x", 100);
    note(1, "y", 200);
    note(PAST_MAX + 1, "z", 300);
    assert_int_equal(past->count, PAST_MAX);
    assert_int_equal(recall(1).count, 2);
    assert_int_equal(recall(2).count, 0);
    assert_int_equal(recall(3).count, 1);
    assert_int_equal(recall(PAST_MAX + 1).count, 1);
}

/* ---- remarks ------------------------------------------------------------- */

static struct remarks *said;

static void say(enum remark_kind kind, uint64_t fingerprint, const char *id, const char *text)
{
    struct remark remark = {.kind = kind, .fingerprint = fingerprint};
    snprintf(remark.id, sizeof(remark.id), "%s", id);
    snprintf(remark.text, sizeof(remark.text), "%s", text);
    remarks_add(said, &remark);
}

static int set_up_said(void **state)
{
    said = calloc(1, sizeof(*said));
    return set_up(state);
}

static int tear_down_said(void **state)
{
    remarks_free(said);
    free(said);
    return tear_down(state);
}

static void post_mortem_of_a_finding_is_that_of_its_fingerprint(void **state)
{
    (void)state;
    note(7, "id-1", 100);
    say(REMARK_POSTMORTEM, 0, "id-1", "https://pm/1");
    tell(said);
    assert_string_equal(recall(7).postmortem, "https://pm/1");
    note(7, "id-2", 200);
    say(REMARK_FALSE, 0, "nobody", "");
    tell(said); // id-1 is not the last one any more, and still known
    assert_string_equal(recall(7).postmortem, "https://pm/1");
    assert_false(recall(7).was_false);
    note(8, "id-3", 300);
    assert_string_equal(recall(8).postmortem, "");
}

static void last_remark_wins_and_may_be_on_the_other_fingerprint(void **state)
{
    (void)state;
    struct before ret;
    note(7, "id-1", 100);
    say(REMARK_POSTMORTEM, 70, "", "https://pm/0");
    say(REMARK_POSTMORTEM, 70, "", "https://pm/1");
    say(REMARK_FALSE, 70, "", "backup");
    tell(said);
    assert_string_equal(recall(7).postmortem, "");
    past_recall(past, &(struct incident_name){7, 70, 200}, &ret);
    assert_string_equal(ret.postmortem, "https://pm/1");
    assert_true(ret.was_false);
    assert_string_equal(ret.false_reason, "backup");
}

static void of_too_many_remarks_the_oldest_goes(void **state)
{
    (void)state;
    for (uint64_t i = 1; i <= REMARKS_MAX + 1; i++)
        say(REMARK_FALSE, i, "", "");
    assert_int_equal(said->count, REMARKS_MAX);
    assert_null(remarks_find(said, REMARK_FALSE, 1, ""));
    assert_non_null(remarks_find(said, REMARK_FALSE, 2, ""));
    assert_non_null(remarks_find(said, REMARK_FALSE, REMARKS_MAX + 1, ""));
    assert_null(remarks_find(said, REMARK_POSTMORTEM, 2, ""));
}

static void torn_remarks_change_nothing(void **state)
{
    (void)state;
    add(&said->deploys, 1000, "app");
    say(REMARK_FALSE, 7, "id", "why");
    note(7, "id", 100);
    tell(said);
    for (size_t len = 0; len < bytes.len; len++)
        assert_int_equal(past_remark(past, (struct bytes){bytes.at, len}), -EBADMSG);
    assert_true(recall(7).was_false);
    assert_string_equal(before(1000, "app"), "v1");
}

/* ---- as bytes ------------------------------------------------------------ */

static void past_comes_back_as_it_was_or_is_refused(void **state)
{
    (void)state;
    struct past *other = calloc(1, sizeof(*other));
    struct buffer again = {0};
    add(&said->deploys, 1000, "app");
    say(REMARK_POSTMORTEM, 7, "", "https://pm/1");
    tell(said);
    find(2000, "app", "v2");
    past->found.evicted = 3;
    note(7, "id-1", 100);
    past_end(past, "id-1", 150);
    buffer_clear(&bytes);
    past_pack(past, &bytes);
    struct unpacker in = {.rest = buffer_bytes(&bytes)};
    past_unpack(&in, other);
    assert_false(in.bad);
    assert_int_equal(in.rest.len, 0);
    past_pack(other, &again);
    assert_true(bytes_equal(buffer_bytes(&bytes), buffer_bytes(&again)));
    for (size_t len = 0; len < bytes.len; len++) {
        in = (struct unpacker){.rest = {bytes.at, len}};
        past_unpack(&in, other);
        assert_true(in.bad);
    }
    past_forget(other);
    assert_int_equal(other->count + other->found.count + other->remarks.count, 0);
    buffer_free(&again);
    past_free(other);
    free(other);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define SAID(name) cmocka_unit_test_setup_teardown(name, set_up_said, tear_down_said)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(trouble_finds_the_newest_deployment_of_its_service_before_it),
        TEST(deployment_is_named_for_six_hours),
        TEST(process_that_is_started_again_is_no_deployment),
        TEST(deployment_that_is_marked_and_found_is_one_and_the_marked_one_says_more),
        TEST(of_too_many_deployments_the_oldest_goes_but_not_the_last_of_its_service),
        TEST(service_with_random_versions_drives_out_its_own),
        TEST(of_too_many_services_the_oldest_goes),
        TEST(deployments_told_of_late_lie_in_the_order_of_time),
        TEST(trouble_that_comes_again_is_counted_with_its_last_time),
        TEST(trouble_is_not_its_own_past),
        TEST(one_that_takes_the_place_of_another_is_the_one_that_is_remembered),
        TEST(what_fires_once_more_since_it_got_worse_is_the_same),
        TEST(of_too_many_fingerprints_the_one_seen_longest_ago_is_forgotten),
        SAID(post_mortem_of_a_finding_is_that_of_its_fingerprint),
        SAID(last_remark_wins_and_may_be_on_the_other_fingerprint),
        SAID(of_too_many_remarks_the_oldest_goes),
        SAID(torn_remarks_change_nothing),
        SAID(past_comes_back_as_it_was_or_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
