/* SPDX-License-Identifier: MIT */
/*
 * Promise: the first rule that fits says where a finding goes when it begins, in event time, and what goes with it until it is over, also
 * after a restart; what is early, hushed or capped stays in the log; what a rule sends to the log hides nothing that pages.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/placeholder.h"
#include "judge/verdict.h"

#include "stage.h"

enum { WARM = 100, EVERY_DAY = 127 };

static struct notes notes;
static struct judge_stream stream;
static struct silences silences;
static struct verdict *verdict;
static struct stage_closed closed;
static struct routing_rule rules[4];
static struct finding_pair labels[4][1];

static void deliver(void *context, struct finding *finding)
{
    notes_take(context, finding);
}

static struct verdict *new_verdict(void)
{
    struct verdict *made;
    struct verdict_options options = {
        .stream = &stream, .deliver = deliver, .context = &notes, .silences = &silences};
    assert_int_equal(verdict_create(&options, &made), 0);
    return made;
}

static int set_up(void **state)
{
    (void)state;
    memset(&notes, 0, sizeof(notes));
    memset(&silences, 0, sizeof(silences));
    memset(rules, 0, sizeof(rules));
    stream = stage_stream();
    stream.routing = (struct routing){rules, 0};
    verdict = new_verdict();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    verdict_free(verdict);
    return 0;
}

/* The next rule; it says its name in a label, as those of a configuration do. */
static struct routing_rule *rule(const char *name, enum finding_route route)
{
    size_t i = stream.routing.count++;
    labels[i][0] = (struct finding_pair){ROUTING_LABEL, name};
    rules[i] = (struct routing_rule){.name = name, .route = route, .labels = {labels[i], 1}};
    return &rules[i];
}

static void window(uint64_t nth, const struct opinion *opinions, size_t count)
{
    stage_close(&closed, nth, NULL, 0);
    verdict_window(verdict, &closed.head, nth, opinions, count);
}

static void errors(uint64_t nth, double surprise)
{
    struct opinion opinion = stage_opinion(ERRORS, 100, 1, surprise);
    window(nth, &opinion, 1);
}

static const struct told *told(size_t i)
{
    assert_true(i < notes.count);
    return &notes.told[i];
}

static void assert_told(size_t i, enum finding_route route, const char *label)
{
    assert_int_equal(told(i)->finding.route, route);
    assert_string_equal(told(i)->label, label);
}

/* ---- which rule fits ------------------------------------------------------- */

static const struct routing_rule *asked(enum finding_kind kind, const char *series,
                                        double score)
{
    struct routing_about about = {.kind = kind,
                                  .series = series,
                                  .detector = "ewma",
                                  .score = score,
                                  .at_ns = stage_start(0)};
    return routing_find(&stream.routing, &about);
}

static void first_rule_that_fits_decides(void **state)
{
    (void)state;
    rule("a", ROUTE_LOG)->kinds = 1u << FINDING_DROP;
    rule("b", ROUTE_TICKET);
    rule("c", ROUTE_PAGE);
    assert_ptr_equal(asked(FINDING_SPIKE, "errors", 9), &rules[1]);
    assert_ptr_equal(asked(FINDING_DROP, "errors", 9), &rules[0]);
    stream.routing.count = 1;
    assert_null(asked(FINDING_SPIKE, "errors", 9));
}

static void names_are_patterns_of_which_one_must_fit(void **state)
{
    (void)state;
    static const char *const series[] = {"err*", "lines"}, *const detectors[] = {"ew?a"};
    struct routing_rule *r = rule("a", ROUTE_LOG);
    r->series = (struct routing_globs){series, 2};
    r->detectors = (struct routing_globs){detectors, 1};
    assert_non_null(asked(FINDING_SPIKE, "errors", 9));
    assert_non_null(asked(FINDING_SPIKE, "lines", 9));
    assert_null(asked(FINDING_SPIKE, "line", 9));
    r->detectors.at = series;
    assert_null(asked(FINDING_SPIKE, "errors", 9));
}

static void score_is_compared_as_written_and_none_fits_nothing(void **state)
{
    (void)state;
    static const struct {
        enum routing_compare compare;
        bool below, equal, above;
    } cases[] = {{ROUTING_GE, false, true, true},
                 {ROUTING_GT, false, false, true},
                 {ROUTING_LE, true, true, false},
                 {ROUTING_LT, true, false, false},
                 {ROUTING_ANY, true, true, true}};
    struct routing_rule *r = rule("a", ROUTE_LOG);
    r->score = 8;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        r->compare = cases[i].compare;
        assert_int_equal(asked(FINDING_SPIKE, "x", 7.9) != NULL, cases[i].below);
        assert_int_equal(asked(FINDING_SPIKE, "x", 8) != NULL, cases[i].equal);
        assert_int_equal(asked(FINDING_SPIKE, "x", 8.1) != NULL, cases[i].above);
        assert_int_equal(asked(FINDING_GAP, "", NAN) != NULL, cases[i].compare == ROUTING_ANY);
    }
}

/* The windows [from, until) of any day. */
static struct mute hours_of(uint64_t from, uint64_t until)
{
    struct civil a = clock_civil(stage_start(from)), b = clock_civil(stage_start(until));
    return (struct mute){.days = EVERY_DAY,
                         .from_min = a.hour * 60 + a.minute,
                         .until_min = b.hour * 60 + b.minute};
}

static void hours_are_those_of_the_window_it_begins_in(void **state)
{
    (void)state;
    struct mute hours = hours_of(WARM, WARM + 5);
    rule("a", ROUTE_LOG)->hours = &hours;
    errors(WARM + 4, 50);
    assert_told(0, ROUTE_LOG, "rule=a");
    struct routing_about undated = {.series = "", .detector = "", .at_ns = NO_TIME};
    assert_null(routing_find(&stream.routing, &undated));
}

/* ---- what becomes of a finding ------------------------------------------------ */

static void rule_makes_it_milder_or_harder_and_it_stays_so(void **state)
{
    (void)state;
    static const enum finding_route routes[] = {ROUTE_LOG, ROUTE_TICKET, ROUTE_PAGE};
    static const double surprises[] = {50, 3.2};
    for (size_t i = 0; i < 6; i++) {
        verdict_free(verdict);
        set_up(state);
        rule("a", routes[i % 3]);
        errors(WARM, surprises[i / 3]);
        for (uint64_t n = WARM + 1; n < WARM + 10; n++)
            errors(n, 0);
        assert_int_equal(notes.count, 2);
        assert_told(0, routes[i % 3], "rule=a");
        assert_told(1, routes[i % 3], "rule=a"); // when it is over, too
        assert_int_equal(told(1)->finding.status, FINDING_RESOLVED);
        assert_int_equal(told(0)->finding.explain.route, i < 3 ? ROUTE_PAGE : ROUTE_LOG);
        assert_true(told(0)->finding.threshold == (i < 3 ? 6.0 : 3.0));
    }
}

static void rule_without_a_route_only_adds_its_labels(void **state)
{
    (void)state;
    rule("a", ROUTES);
    errors(WARM, 50);
    assert_told(0, ROUTE_PAGE, "rule=a");
}

static void rule_has_no_say_in_what_is_not_odd(void **state)
{
    (void)state;
    rule("a", ROUTE_PAGE);
    errors(WARM, 2.9);
    assert_int_equal(notes.count, 0);
}

static void page_of_a_mild_score_goes_on_while_that_is_odd(void **state)
{
    (void)state;
    rule("a", ROUTE_PAGE);
    for (uint64_t n = WARM; n < WARM + 20; n++)
        errors(n, 3.2);
    assert_int_equal(notes.count, 1);
}

static void early_windows_are_for_the_log_whatever_a_rule_says(void **state)
{
    (void)state;
    rule("a", ROUTE_PAGE);
    errors(5, 50);
    assert_told(0, ROUTE_LOG, "rule=a");
}

static void silenced_page_of_a_rule_is_kept_for_the_log(void **state)
{
    (void)state;
    rule("a", ROUTE_PAGE);
    silences.count = 1;
    silences.at[0] = (struct silence){.id = 7,
                                      .from_ns = stage_start(WARM),
                                      .until_ns = stage_start(WARM + 2),
                                      .reason = "moving",
                                      .author = "ann"};
    errors(WARM, 3.2);
    assert_told(0, ROUTE_LOG, "silenced=moving");
    errors(WARM + 1, 3.2);
    errors(WARM + 2, 3.2); // it ended, the trouble did not
    assert_told(1, ROUTE_PAGE, "rule=a");
}

static void storm_cap_holds_back_pages_of_a_rule_too(void **state)
{
    (void)state;
    stream.policy.storm_per_hour = 1;
    stream.policy.resolve_after = 1;
    rule("a", ROUTE_PAGE);
    for (uint64_t n = WARM; n < WARM + 4; n++)
        errors(n, n % 2 ? 0 : 3.2);
    assert_told(0, ROUTE_PAGE, "rule=a");
    assert_told(2, ROUTE_LOG, "capped=more than 1 an hour");
}

static void what_a_rule_sends_to_the_log_hides_nothing_that_pages(void **state)
{
    (void)state;
    static const char *const warnings[] = {"warnings"};
    rule("quiet", ROUTE_LOG)->series = (struct routing_globs){warnings, 1};
    struct opinion two[] = {stage_opinion(WARNINGS, 900, 1, 80),
                            stage_opinion(ERRORS, 100, 1, 7)};
    window(WARM, two, 2);
    assert_told(0, ROUTE_PAGE, "");
    assert_non_null(strstr(told(0)->summary, "errors"));
}

static void trouble_goes_on_while_anything_of_it_is_as_odd_as_before(void **state)
{
    (void)state;
    static const char *const warnings[] = {"warnings"};
    rule("loud", ROUTE_PAGE)->series = (struct routing_globs){warnings, 1};
    errors(WARM, 7);
    struct opinion two[] = {stage_opinion(WARNINGS, 10, 1, 3.2),
                            stage_opinion(ERRORS, 100, 1, 5.5)};
    for (uint64_t n = WARM + 1; n < WARM + 20; n++)
        window(n, two, 2);
    assert_int_equal(notes.count, 1);
}

static void page_fires_when_the_hours_of_a_rule_end_and_the_trouble_does_not(void **state)
{
    (void)state;
    struct mute hours = hours_of(WARM, WARM + 3);
    rule("night", ROUTE_LOG)->hours = &hours;
    for (uint64_t n = WARM; n < WARM + 4; n++)
        errors(n, 50);
    assert_int_equal(notes.count, 3);
    assert_told(0, ROUTE_LOG, "rule=night");
    assert_told(1, ROUTE_PAGE, "");
    assert_told(2, ROUTE_LOG, "rule=night");
    assert_int_equal(told_says(told(2), "replaced_by"), 1);
    errors(WARM + 1440, 50); // the next night does not change what is open
    assert_int_equal(notes.count, 3);
}

/* ---- from run to run -------------------------------------------------------------- */

/* That the finding itself keeps it is shown with the whole judge, in test_judge_state.c. */
static void rule_is_known_again_by_its_number(void **state)
{
    (void)state;
    bool bad = false;
    rule("a", ROUTE_LOG);
    rule("b", ROUTE_LOG);
    for (size_t i = 0; i < 2; i++)
        assert_ptr_equal(
            routing_numbered(&stream.routing, routing_number(&stream.routing, &rules[i]), &bad),
            &rules[i]);
    assert_null(routing_numbered(&stream.routing, routing_number(&stream.routing, NULL), &bad));
    assert_false(bad);
    assert_null(routing_numbered(&stream.routing, 3, &bad));
    assert_true(bad);
}

/* ---- what goes into annotations ------------------------------------------------------ */

static const char *filled(const char *blank, struct finding *finding)
{
    static struct placeholder_room room;
    struct finding_pair pair = {"a", blank};
    finding->annotations = (struct finding_pairs){&pair, 1};
    placeholder_fill(finding, &room);
    return finding->annotations.at[0].value;
}

static struct finding example(void)
{
    static const struct finding_pair resource[] = {{"service.name", "shop"},
                                                   {"host.name", "web1"}},
                                     team[] = {{"team", "pay & go/x~y"}};
    return (struct finding){.stream = "check out",
                            .series = "slow",
                            .key = {"key", 3},
                            .detector = "ewma",
                            .kind = FINDING_SHIFT,
                            .route = ROUTE_TICKET,
                            .fingerprint = 0x9f2c41d07a55be01,
                            .starts_ns = STAGE_START,
                            .ends_ns = STAGE_START + NS_PER_S,
                            .deploy = {.version = "v1.2"},
                            .labels = {team, 1},
                            .resource = {resource, 2}};
}

static void placeholders_are_filled_from_finding_labels_and_resource(void **state)
{
    (void)state;
    static const struct {
        const char *blank, *text;
    } cases[] = {
        {"{stream} {kind} {route} {status}", "check out shift ticket firing"},
        {"{fingerprint}/{starts_ms}", "9f2c41d07a55be01/1482165240000"},
        {"{starts_at}", "2016-12-19T16:34:00.000Z"},
        {"{ends_at} {ends_ms}", "now now"},
        {"{service.name} {host.name} {team} {deploy.version}", "shop web1 pay & go/x~y v1.2"},
        {"{series}", "slow"},
        {"{key}{evidence}", ""},
        {"{{stream} { {} {a b} }", "{stream} { {} {a b} }"},
        {"https://g/{stream}?t={team}&{{x}",
         "https://g/check%20out?t=pay%20%26%20go%2Fx~y&{x}"},
        {"see http://g/{stream}", "see http://g/check out"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct finding finding = example();
        assert_string_equal(filled(cases[i].blank, &finding), cases[i].text);
    }
    struct finding over = example();
    over.status = FINDING_RESOLVED;
    assert_string_equal(filled("{ends_ms}", &over), "1482165241000");
    over.deploy.version = NULL;
    over.resource.count = 0;
    assert_string_equal(filled("{deploy.version}|{service.name}", &over), "|check out");
}

static void value_that_becomes_a_link_is_encoded_from_there_on(void **state)
{
    (void)state;
    struct finding finding = example();
    struct finding_pair base[] = {{"base", "https://g.example"}};
    finding.labels = (struct finding_pairs){base, 1};
    assert_string_equal(filled("{base}/{stream}", &finding), "https://g.example/check%20out");
}

static void version_that_a_log_told_of_is_encoded_everywhere(void **state)
{
    (void)state;
    struct finding finding = example();
    finding.deploy.version = "https://evil.example/";
    assert_string_equal(filled("after {deploy.version}", &finding),
                        "after https%3A%2F%2Fevil.example%2F");
}

static void long_values_are_cut_between_characters_of_a_link(void **state)
{
    (void)state;
    char value[3000];
    memset(value, ' ', sizeof(value));
    value[sizeof(value) - 1] = '\0';
    struct finding finding = example();
    finding.stream = value;
    const char *text = filled("https://g/{stream}", &finding);
    assert_true(strlen(text) <= PLACEHOLDER_TEXT_MAX);
    assert_string_equal(text + strlen(text) - 3, "%20");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(first_rule_that_fits_decides),
        TEST(names_are_patterns_of_which_one_must_fit),
        TEST(score_is_compared_as_written_and_none_fits_nothing),
        TEST(hours_are_those_of_the_window_it_begins_in),
        TEST(rule_makes_it_milder_or_harder_and_it_stays_so),
        TEST(rule_without_a_route_only_adds_its_labels),
        TEST(rule_has_no_say_in_what_is_not_odd),
        TEST(page_of_a_mild_score_goes_on_while_that_is_odd),
        TEST(early_windows_are_for_the_log_whatever_a_rule_says),
        TEST(silenced_page_of_a_rule_is_kept_for_the_log),
        TEST(storm_cap_holds_back_pages_of_a_rule_too),
        TEST(what_a_rule_sends_to_the_log_hides_nothing_that_pages),
        TEST(trouble_goes_on_while_anything_of_it_is_as_odd_as_before),
        TEST(page_fires_when_the_hours_of_a_rule_end_and_the_trouble_does_not),
        TEST(rule_is_known_again_by_its_number),
        TEST(placeholders_are_filled_from_finding_labels_and_resource),
        TEST(value_that_becomes_a_link_is_encoded_from_there_on),
        TEST(version_that_a_log_told_of_is_encoded_everywhere),
        TEST(long_values_are_cut_between_characters_of_a_link),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
