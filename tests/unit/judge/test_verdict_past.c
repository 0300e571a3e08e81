/* SPDX-License-Identifier: MIT */
/*
 * Promise: what a finding said of the deployment before it, and of the same trouble earlier, it says in every revision; an escalation
 * is the same trouble and no earlier one; detectors on trial make no incidents.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "verdict_rig.h"

#include <stdlib.h>

static struct past *past;
/* What the findings said, copied: it is lent for the call only. */
static struct {
    char version[32], id[FINDING_ID_SIZE];
    uint64_t count;
    int64_t ends_ns;
} said[64];
static char postmortem[64]; /* of the last one */

static void deliver(void *context, struct finding *finding)
{
    size_t i = notes.count % 64;
    notes_take(context, finding);
    snprintf(said[i].version, sizeof(said[i].version), "%s",
             finding->deploy.version ? finding->deploy.version : "");
    snprintf(said[i].id, sizeof(said[i].id), "%s",
             finding->before.id ? finding->before.id : "");
    said[i].count = finding->before.count;
    said[i].ends_ns = finding->before.ends_ns;
    snprintf(postmortem, sizeof(postmortem), "%s",
             finding->before.postmortem ? finding->before.postmortem : "");
}

static void make(bool apart)
{
    struct verdict_options options = {
        .stream = &stream, .deliver = deliver, .context = &notes, .past = past, .apart = apart};
    verdict_free(verdict);
    assert_int_equal(verdict_create(&options, &verdict), 0);
}

static int set_up(void **state)
{
    (void)state;
    memset(&notes, 0, sizeof(notes));
    memset(said, 0, sizeof(said));
    stream = stage_stream();
    past = calloc(1, sizeof(*past));
    if (past)
        make(false);
    return past ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    verdict_free(verdict);
    verdict = NULL;
    past_free(past);
    free(past);
    return 0;
}

/* A trouble of one window, and its end. */
static void trouble(uint64_t nth)
{
    errors(nth, 50);
    calm_until(nth + 1, nth + 7);
}

static void deploy(int64_t at_ns, const char *service, const char *version)
{
    struct deploy one = {.time_ns = at_ns};
    snprintf(one.service, sizeof(one.service), "%s", service);
    snprintf(one.version, sizeof(one.version), "%s", version);
    past_found(past, &one);
}

static void deployment_stands_in_every_revision(void **state)
{
    (void)state;
    deploy(stage_start(WARM) - 30 * NS_PER_S, "checkout", "v1");
    errors(WARM, 50);
    deploy(stage_start(WARM) - 10 * NS_PER_S, "checkout", "v2"); // told of too late
    calm_until(WARM + 1, WARM + 7);
    assert_int_equal(notes.count, 2);
    assert_string_equal(said[0].version, "v1");
    assert_string_equal(said[1].version, "v1");
}

static void
deployment_in_the_window_that_it_spoilt_counts_and_a_later_one_does_not(void **state)
{
    (void)state;
    deploy(stage_start(WARM + 1), "checkout", "v2");
    trouble(WARM);
    assert_string_equal(said[0].version, "");
    deploy(stage_start(WARM + 50) + 59 * NS_PER_S, "checkout", "v3");
    trouble(WARM + 50);
    assert_string_equal(said[2].version, "v3");
}

static void service_of_the_resource_comes_before_that_of_the_stream(void **state)
{
    (void)state;
    deploy(stage_start(WARM) - 30, "checkout", "of the stream");
    deploy(stage_start(WARM) - 20, "shop", "of the resource");
    deploy(stage_start(WARM) - 10, "named", "as configured");
    trouble(WARM);
    assert_string_equal(said[0].version, "of the stream");
    stream.service = "named";
    trouble(WARM + 43);
    assert_string_equal(said[2].version, "as configured");
    snprintf(past->service, sizeof(past->service), "shop");
    trouble(WARM + 91);
    assert_string_equal(said[4].version, "of the resource");
}

static void same_trouble_again_names_the_last_time_and_how_often(void **state)
{
    (void)state;
    trouble(WARM);
    trouble(WARM + 43);
    trouble(WARM + 111);
    assert_int_equal(notes.count, 6);
    assert_int_equal(said[0].count, 0);
    assert_int_equal(said[1].count, 0); // it is not its own past
    assert_int_equal(said[2].count, 1);
    assert_string_equal(said[2].id, "id-1");
    assert_int_equal(said[2].ends_ns, stage_start(WARM + 1));
    for (size_t i = 4; i < 6; i++) {
        assert_int_equal(said[i].count, 2);
        assert_string_equal(said[i].id, "id-2");
    }
}

static void what_was_new_once_is_the_same_as_the_spike_that_follows(void **state)
{
    (void)state;
    struct opinion opinion = stage_opinion(ERRORS, 100, 0, 50);
    opinion.score.kind = ODDLINE_NEW;
    window(WARM, opinion);
    calm_until(WARM + 1, WARM + 7);
    trouble(WARM + 43);
    assert_true(notes.told[0].finding.fingerprint != notes.told[2].finding.fingerprint);
    assert_int_equal(said[2].count, 1);
    assert_string_equal(said[2].id, "id-1");
    // people may speak of either
    for (size_t i = 0; i < 2; i++) {
        past->remarks.count = 1;
        past->remarks.at[0] =
            (struct remark){.kind = REMARK_POSTMORTEM,
                            .fingerprint = notes.told[2 * i].finding.fingerprint,
                            .text = "https://pm/1"};
        trouble(WARM + 91 + 37 * i);
        assert_string_equal(postmortem, "https://pm/1");
    }
}

static void other_trouble_has_no_such_past(void **state)
{
    (void)state;
    trouble(WARM);
    struct opinion other = stage_opinion(WARNINGS, 100, 1, 50);
    window(WARM + 43, other);
    assert_int_equal(said[2].count, 0);
}

static void escalation_is_the_same_trouble(void **state)
{
    (void)state;
    trouble(WARM);
    errors(WARM + 43, 4.5); // a ticket
    errors(WARM + 44, 50);  // a page takes its place
    assert_int_equal(notes.count, 5);
    assert_int_equal(notes.told[3].finding.route, ROUTE_PAGE);
    for (size_t i = 2; i < 5; i++) {
        assert_int_equal(said[i].count, 1);
        assert_string_equal(said[i].id, "id-1");
    }
    calm_until(WARM + 45, WARM + 52);
    trouble(WARM + 111);
    assert_int_equal(said[6].count, 2);
    assert_string_equal(said[6].id, "id-3");
    assert_int_equal(said[6].ends_ns, stage_start(WARM + 45));
}

static void detector_on_trial_makes_no_incident(void **state)
{
    (void)state;
    deploy(stage_start(WARM) - 30, "checkout", "v1");
    make(true);
    trouble(WARM);
    assert_string_equal(said[0].version, "v1");
    make(false);
    trouble(WARM + 43);
    assert_int_equal(said[2].count, 0);
    stream.policy.every = true;
    errors(WARM + 50, 50);
    assert_int_equal(said[4].count, 0);
    assert_int_equal(past->incidents[0].count, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(deployment_stands_in_every_revision),
        TEST(deployment_in_the_window_that_it_spoilt_counts_and_a_later_one_does_not),
        TEST(service_of_the_resource_comes_before_that_of_the_stream),
        TEST(same_trouble_again_names_the_last_time_and_how_often),
        TEST(what_was_new_once_is_the_same_as_the_spike_that_follows),
        TEST(other_trouble_has_no_such_past),
        TEST(escalation_is_the_same_trouble),
        TEST(detector_on_trial_makes_no_incident),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
