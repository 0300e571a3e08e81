/* SPDX-License-Identifier: MIT */
/*
 * Promise: burn rates, budgets and the rules of the SRE workbook, against numbers worked by hand; little traffic says nothing, and the time that
 * a budget lasts is the time at which it is gone.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/burn.h"

#include "base/clock.h"

#include <math.h>
#include <string.h>

#define MINUTE (60 * NS_PER_S)
#define DAY    (1440 * MINUTE)
#define START  (INT64_C(19783) * DAY)

enum { PAGE_FAST, PAGE_SLOW, TICKET_FAST, TICKET_SLOW };

/* 99.9 % of 30 days. */
static struct burn_terms terms;
static struct ledger ledger;
static int64_t minute; /* come to */

static int begin(void **state)
{
    (void)state;
    terms = (struct burn_terms){.allowed = 0.001, .period_ns = 30 * DAY};
    ledger_begin(&ledger, terms.period_ns);
    minute = 0;
    return 0;
}

static void add(int64_t minutes, uint64_t bad, uint64_t total)
{
    for (int64_t end = minute + minutes; minute < end; minute++)
        ledger_add(&ledger, &(struct ledger_window){.start_ns = START + minute * MINUTE,
                                                    .end_ns = START + (minute + 1) * MINUTE,
                                                    .bad = bad,
                                                    .total = total,
                                                    .known = total > 0});
}

static struct burn_stand stand(int rule)
{
    return burn_stand(&terms, &burn_rules[rule], &ledger);
}

static void near(double value, double wanted)
{
    if (!(fabs(value - wanted) <= 1e-6 * fabs(wanted)))
        fail_msg("%.17g is not %.17g", value, wanted);
}

/* ---- rates --------------------------------------------------------------------- */

/* 2 % of 720 h in 1 h: 0.02 * 720 = 14.4; 0.05 * 720 / 6 = 6; 0.1 * 720 / 24 = 3; 0.1 * 720 / 72 = 1. */
static void rates_are_those_of_the_workbook(void **state)
{
    (void)state;
    near(burn_rate(&burn_rules[PAGE_FAST]), 14.4);
    near(burn_rate(&burn_rules[PAGE_SLOW]), 6);
    near(burn_rate(&burn_rules[TICKET_FAST]), 3);
    near(burn_rate(&burn_rules[TICKET_SLOW]), 1);
}

/* One hour of 100 records a minute, 30 of 6000 bad: 0.5 %, five times 0.1 %. Watched for a whole hour, so that is its burn. */
static void burn_is_the_bad_share_over_the_allowed_one(void **state)
{
    (void)state;
    add(30, 0, 100);
    add(30, 1, 100);
    struct ledger_sum hour = ledger_sum(&ledger, 60);
    near(burn_of(&terms, &hour, 60), 5);
}

/* The same over 6 h, of which 1 h was watched: a sixth of it. */
static void burn_is_scaled_down_by_what_was_not_watched(void **state)
{
    (void)state;
    add(30, 0, 100);
    add(30, 1, 100);
    struct ledger_sum sum = ledger_sum(&ledger, 360);
    near(burn_of(&terms, &sum, 360), 5.0 / 6);
}

/* But an unknown hour between scales nothing: bad over total of what is known, 30 of 6000 again. */
static void unknown_time_is_neither_good_nor_bad(void **state)
{
    (void)state;
    add(300, 0, 0);
    add(30, 0, 100);
    add(30, 1, 100);
    struct ledger_sum sum = ledger_sum(&ledger, 360);
    near(burn_of(&terms, &sum, 360), 5);
    assert_int_equal(sum.unknown_ns, 300 * MINUTE);
    add(1440, 0, 0);
    sum = ledger_sum(&ledger, 360);
    assert_true(isnan(burn_of(&terms, &sum, 360)));
}

/* ---- chances --------------------------------------------------------------------- */

/* The bound lies above the binomial tail, which is summed here term by term, and within a factor of its square root of variance. */
static void chance_is_never_too_small(void **state)
{
    (void)state;
    static const struct {
        uint64_t bad, total;
    } cases[] = {{1, 1}, {2, 10}, {5, 60}, {5, 5}, {10, 1000}, {40, 20000}, {150, 100000}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        double n = (double)cases[i].total, p = 0.001, tail = 0;
        for (uint64_t k = cases[i].bad; k <= cases[i].total && k < cases[i].bad + 400; k++)
            tail += exp(lgamma(n + 1) - lgamma((double)k + 1) - lgamma(n - (double)k + 1) +
                        (double)k * log(p) + (n - (double)k) * log1p(-p));
        double bound = burn_chance(cases[i].bad, cases[i].total, p);
        assert_true(bound >= tail * (1 - 1e-9));
        assert_true(bound <= tail * 30);
    }
    near(burn_chance(1, 1, 0.001), 0.001); // all of n: exactly p^n
    near(burn_chance(1, 1000, 0.001), 1);  // as many as are allowed
    near(burn_chance(0, 0, 0.001), 1);
}

/* ---- rules ------------------------------------------------------------------------- */

/*
 * Ten clean days of 100 a minute, then all bad. After one minute the hour holds 100 of 6000 bad, 1.67 %, burn 16.7, and five minutes 100 of
 * 500: both over 14.4, so it pages at once. At a tenth of that, ten minutes later, it would: see below.
 */
static void total_outage_pages_after_a_minute(void **state)
{
    (void)state;
    add(14400, 0, 100);
    assert_false(stand(PAGE_FAST).fires);
    add(1, 100, 100);
    near(stand(PAGE_FAST).long_burn, 100.0 / 6);
    near(stand(PAGE_FAST).short_burn, 200);
    assert_true(stand(PAGE_FAST).fires);
}

/*
 * A tenth bad: burn 100. The hour reaches 14.4 at 86.4 of 6000: after 8.64 minutes, so at the end of the ninth. The five minutes are full of it
 * by then: burn 100.
 */
static void outage_of_a_tenth_pages_after_nine_minutes(void **state)
{
    (void)state;
    add(14400, 0, 100);
    add(8, 10, 100);
    near(stand(PAGE_FAST).long_burn, 80 / 6.0);
    assert_false(stand(PAGE_FAST).fires);
    add(1, 10, 100);
    near(stand(PAGE_FAST).long_burn, 15);
    assert_true(stand(PAGE_FAST).fires);
}

/* 864 of 60,000 bad in the hour are 1.44 %: exactly 14.4, which fires; one less does not. */
static void rule_is_met_exactly_at_its_rate(void **state)
{
    (void)state;
    add(14400, 0, 1000);
    add(59, 0, 1000);
    add(1, 864, 1000);
    near(stand(PAGE_FAST).long_burn, 14.4);
    assert_true(stand(PAGE_FAST).fires);
    begin(NULL);
    add(14400, 0, 1000);
    add(59, 0, 1000);
    add(1, 863, 1000);
    assert_false(stand(PAGE_FAST).fires);
}

/* It was bad, it is not any more: the hour is still over 14.4, the five minutes are clean. */
static void what_is_over_does_not_page(void **state)
{
    (void)state;
    add(14400, 0, 100);
    add(10, 100, 100);
    assert_true(stand(PAGE_FAST).fires);
    add(5, 0, 100);
    assert_true(stand(PAGE_FAST).long_burn > 14.4);
    near(stand(PAGE_FAST).short_burn + 1, 1);
    assert_false(stand(PAGE_FAST).fires);
}

/* Burn 7 for 6 h: 0.7 % of 1000 a minute. Under 14.4, over 6: it pages by the second rule once 7 * t / 360 reaches 6, t = 308.6 minutes. */
static void slow_outage_pages_by_the_second_rule(void **state)
{
    (void)state;
    add(14400, 0, 1000);
    add(308, 7, 1000);
    assert_false(stand(PAGE_FAST).fires);
    assert_false(stand(PAGE_SLOW).fires);
    add(1, 7, 1000);
    assert_false(stand(PAGE_FAST).fires);
    assert_true(stand(PAGE_SLOW).fires);
}

/*
 * Twice the budget, 0.2 %, for days: the fourth rule reaches 1 at 2 * t = 4320 minutes, 36 h, where 4320 of 4.32 million are bad, which is as many as the
 * objective expects. For a chance of 1e-4 it takes 4320 * (1 + e) with 4320 * e^2 / 2 = ln 10000: e = 6.5 %, 38 h 20 m. No page ever.
 */
static void twice_the_budget_is_a_ticket_after_38_hours(void **state)
{
    (void)state;
    add(14400, 0, 1000);
    int64_t fired = 0;
    for (int64_t m = 1; m <= 4320; m++) {
        add(1, 2, 1000);
        assert_false(stand(PAGE_FAST).fires || stand(PAGE_SLOW).fires ||
                     stand(TICKET_FAST).fires);
        if (!fired && stand(TICKET_SLOW).fires)
            fired = m;
    }
    assert_in_range(fired, 2270, 2330);
}

/* The same SLO over 7 days, of units of 14 s: 2330 of them, 9 h, are to 7 days what 2330 minutes are to 30. */
static void other_periods_have_the_same_rules_in_their_own_time(void **state)
{
    (void)state;
    terms.period_ns = 7 * DAY;
    ledger_begin(&ledger, terms.period_ns);
    for (int64_t i = 0; i < 43200 + 2330; i++)
        ledger_add(&ledger, &(struct ledger_window){.start_ns = START + i * 14 * NS_PER_S,
                                                    .end_ns = START + (i + 1) * 14 * NS_PER_S,
                                                    .bad = i >= 43200 ? 2 : 0,
                                                    .total = 1000,
                                                    .known = true});
    assert_true(stand(TICKET_SLOW).fires);
    assert_false(stand(TICKET_FAST).fires);
}

/* ---- little traffic ----------------------------------------------------------------- */

/* One request an hour, and it fails: burn 1000 in all windows, one bad record. */
static void one_bad_of_one_never_pages(void **state)
{
    (void)state;
    add(1439, 0, 0);
    add(1, 1, 1);
    assert_true(stand(PAGE_FAST).over);
    for (int rule = 0; rule < BURN_RULES; rule++)
        assert_false(stand(rule).fires);
}

/* Two of ten at night, in a day of silence: chance 1e-4 or so, and that is one client who tried twice. */
static void two_bad_of_ten_at_night_never_page(void **state)
{
    (void)state;
    add(1430, 0, 0);
    add(8, 0, 1);
    add(2, 1, 1);
    near(stand(PAGE_FAST).long_burn, 200);
    for (int rule = 0; rule < BURN_RULES; rule++)
        assert_false(stand(rule).fires);
}

/* Four at once, and all of them fail: a chance of 1e-12, and an anecdote. With the fifth it is none. */
static void four_bad_ones_are_an_anecdote(void **state)
{
    (void)state;
    add(1439, 0, 0);
    add(1, 4, 4);
    assert_true(stand(PAGE_FAST).over);
    assert_true(stand(PAGE_FAST).chance < 1e-11);
    for (int rule = 0; rule < BURN_RULES; rule++)
        assert_false(stand(rule).fires);
    add(1, 1, 1);
    assert_true(stand(PAGE_FAST).fires);
}

/* But a request every six minutes, of which all fail, is an outage: the fifth is at minute 30 and pages, by the rule of 30 minutes. */
static void outage_at_ten_an_hour_pages_with_the_fifth(void **state)
{
    (void)state;
    for (int i = 0; i < 240; i++) {
        add(5, 0, 0);
        add(1, 0, 1);
    }
    for (int i = 1; i <= 5; i++) {
        add(5, 0, 0);
        add(1, 1, 1);
        assert_int_equal(stand(PAGE_FAST).fires || stand(PAGE_SLOW).fires, i == 5);
    }
}

/* Of an outage that is over the long window is still full: one bad record, alone in its five minutes, does not page again. */
static void straggler_after_an_outage_does_not_page_again(void **state)
{
    (void)state;
    add(1440, 0, 1);
    add(20, 1, 1);
    add(20, 0, 0);
    add(1, 1, 1);
    assert_true(stand(PAGE_FAST).over);
    assert_false(stand(PAGE_FAST).fires);
}

/* 40 records in the hour, 6 of them bad, where 50 are asked for; with 10 more, and 2 of these bad, there are. */
static void nothing_is_said_below_min_total(void **state)
{
    (void)state;
    terms.min_total = 50;
    add(1440, 0, 0);
    add(34, 0, 1);
    add(6, 1, 1);
    assert_true(stand(PAGE_FAST).over);
    assert_false(stand(PAGE_FAST).fires);
    add(8, 0, 1);
    add(2, 1, 1);
    assert_true(stand(PAGE_FAST).fires);
}

/* ---- the budget ----------------------------------------------------------------------- */

/* 30 days of 10 a minute: 432,000, of which 432 may be bad. 108 are: three quarters are left, 324 records, 32.4 of 43.2 minutes. */
static void budget_left_is_what_was_not_used(void **state)
{
    (void)state;
    add(10 * 1440, 0, 10);
    add(108, 1, 10);
    add(20 * 1440 - 108, 0, 10);
    struct burn_budget budget = burn_budget(&terms, &ledger);
    assert_int_equal(budget.sum.total, 432000);
    assert_int_equal(budget.sum.bad, 108);
    near(budget.records, 432);
    near(budget.left, 0.75);
}

/* 432 bad: nothing is left, to the last record. */
static void budget_is_gone_with_the_last_record_it_allows(void **state)
{
    (void)state;
    add(10 * 1440, 0, 10);
    add(432, 1, 10);
    add(20 * 1440 - 432, 0, 10);
    assert_true(fabs(burn_budget(&terms, &ledger).left) < 1e-9);
    assert_int_equal(burn_budget(&terms, &ledger).out_ns, ledger.until_ns);
}

/* The first day, 14,400 records, 36 of them bad: at this traffic the period has 432,000 and allows 432. 1/12 is used. */
static void budget_of_a_young_slo_is_that_of_the_traffic_so_far(void **state)
{
    (void)state;
    add(1404, 0, 10);
    add(36, 1, 10);
    struct burn_budget budget = burn_budget(&terms, &ledger);
    near(budget.records, 432);
    near(budget.left, 1 - 1 / 12.0);
}

/* Half of the period is unknown: it allows nothing, and uses nothing. 216,000 records allow 216; 54 are bad. */
static void unknown_time_allows_nothing(void **state)
{
    (void)state;
    add(54, 1, 10);
    add(15 * 1440 - 54, 0, 10);
    add(15 * 1440, 0, 0);
    struct burn_budget budget = burn_budget(&terms, &ledger);
    near(budget.records, 216);
    near(budget.left, 0.75);
    assert_int_equal(budget.sum.unknown_ns, 15 * DAY);
}

/*
 * 28 clean days, two at twice the allowed rate: 2 * 2/30 = 13.3 % are used. The last day burns at 2, so the other 86.7 % last 13 days; nothing
 * comes back before, since what was bad is two days old.
 */
static void budget_lasts_as_long_as_the_last_day_says(void **state)
{
    (void)state;
    add(28 * 1440, 0, 1000);
    add(2 * 1440, 2, 1000);
    struct burn_budget budget = burn_budget(&terms, &ledger);
    near(budget.left, 1 - 4 / 30.0);
    near(budget.daily, 2);
    near((double)(budget.out_ns - ledger.until_ns), 13.0 * (double)DAY);
}

/* Half the allowed rate for ever: what is used comes back, and it is never gone. */
static void budget_that_comes_back_as_fast_never_ends(void **state)
{
    (void)state;
    add(30 * 1440, 1, 2000);
    struct burn_budget budget = burn_budget(&terms, &ledger);
    near(budget.left, 0.5);
    assert_int_equal(budget.out_ns, NO_TIME);
}

/*
 * An outage used 27 / 30 of the budget 29 days ago, and the last day burns at 0.5: 0.5 / 30 more. 2.5 / 30 are left, which is 5 days at that rate; but
 * tomorrow the outage comes back, and then it lasts. Had the outage been 10 days ago, it would be gone in 5 days.
 */
static void outage_of_last_month_comes_back_in_time(void **state)
{
    (void)state;
    add(1440, 27, 1000);
    add(28 * 1440, 0, 1000);
    add(720, 1, 1000);
    add(720, 0, 1000);
    near(burn_budget(&terms, &ledger).daily, 0.5);
    assert_int_equal(burn_budget(&terms, &ledger).out_ns, NO_TIME);
    begin(NULL);
    add(19 * 1440, 0, 1000);
    add(1440, 27, 1000);
    add(9 * 1440, 0, 1000);
    add(720, 1, 1000);
    add(720, 0, 1000);
    near(burn_budget(&terms, &ledger).left, 2.5 / 30);
    near((double)(burn_budget(&terms, &ledger).out_ns - ledger.until_ns), 5.0 * (double)DAY);
}

static void spans_are_said_in_their_largest_unit(void **state)
{
    (void)state;
    static const struct {
        int64_t minutes;
        const char *text;
    } cases[] = {{5, "5m"}, {60, "1h"}, {90, "90m"}, {1440, "1d"}, {43200, "30d"}};
    char text[BURN_TEXT_SIZE];
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(burn_span_text(cases[i].minutes * MINUTE, text), cases[i].text);
    assert_string_equal(burn_span_text(70 * NS_PER_S, text), "70s");
}

/* ---- at exactly the objective ----------------------------------------------------------- */

/* Reproducible noise. */
static uint64_t seed;

static double uniform(void)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(seed >> 11) / 0x1p53;
}

/* Bad ones of n at p, by their gaps. */
static uint64_t draw(uint64_t n, double p)
{
    uint64_t bad = 0;
    for (double at = floor(log(1 - uniform()) / log1p(-p)); at < (double)n;
         at += 1 + floor(log(1 - uniform()) / log1p(-p)))
        bad++;
    return bad;
}

/*
 * 20 times 30 days of a service that is exactly as good as its objective, at 2 to 2000 records a minute: no page. The rules of tickets, of which
 * the last is met at a burn of 1, fire in fewer than one month in ten. Without the test of chance it would be every month.
 */
static void service_that_meets_its_objective_exactly_never_pages(void **state)
{
    (void)state;
    static const uint64_t traffic[] = {2, 20, 200, 2000};
    int pages = 0, tickets = 0, bare = 0;
    for (uint64_t month = 0; month < 20; month++) {
        bool fired[BURN_RULES] = {false}, met = false;
        seed = month * 977 + 1;
        begin(NULL);
        for (int64_t m = 0; m < 43200; m++) {
            uint64_t n = traffic[month % 4];
            add(1, draw(n, 0.001), n);
            for (int rule = 0; rule < BURN_RULES; rule++) {
                struct burn_stand s = stand(rule);
                fired[rule] |= s.fires;
                met |= rule == TICKET_SLOW && s.over;
            }
        }
        pages += fired[PAGE_FAST] || fired[PAGE_SLOW];
        tickets += fired[TICKET_FAST] || fired[TICKET_SLOW];
        bare += met;
    }
    print_message(
        "20 months at the objective: %d with a page, %d with a ticket (%d by the bare "
        "rule of 3 d)\n",
        pages, tickets, bare);
    assert_int_equal(pages, 0);
    assert_true(tickets <= 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(rates_are_those_of_the_workbook, begin),
        cmocka_unit_test_setup(burn_is_the_bad_share_over_the_allowed_one, begin),
        cmocka_unit_test_setup(burn_is_scaled_down_by_what_was_not_watched, begin),
        cmocka_unit_test_setup(unknown_time_is_neither_good_nor_bad, begin),
        cmocka_unit_test_setup(chance_is_never_too_small, begin),
        cmocka_unit_test_setup(total_outage_pages_after_a_minute, begin),
        cmocka_unit_test_setup(outage_of_a_tenth_pages_after_nine_minutes, begin),
        cmocka_unit_test_setup(rule_is_met_exactly_at_its_rate, begin),
        cmocka_unit_test_setup(what_is_over_does_not_page, begin),
        cmocka_unit_test_setup(slow_outage_pages_by_the_second_rule, begin),
        cmocka_unit_test_setup(twice_the_budget_is_a_ticket_after_38_hours, begin),
        cmocka_unit_test_setup(other_periods_have_the_same_rules_in_their_own_time, begin),
        cmocka_unit_test_setup(one_bad_of_one_never_pages, begin),
        cmocka_unit_test_setup(two_bad_of_ten_at_night_never_page, begin),
        cmocka_unit_test_setup(four_bad_ones_are_an_anecdote, begin),
        cmocka_unit_test_setup(outage_at_ten_an_hour_pages_with_the_fifth, begin),
        cmocka_unit_test_setup(straggler_after_an_outage_does_not_page_again, begin),
        cmocka_unit_test_setup(nothing_is_said_below_min_total, begin),
        cmocka_unit_test_setup(budget_left_is_what_was_not_used, begin),
        cmocka_unit_test_setup(budget_is_gone_with_the_last_record_it_allows, begin),
        cmocka_unit_test_setup(budget_of_a_young_slo_is_that_of_the_traffic_so_far, begin),
        cmocka_unit_test_setup(unknown_time_allows_nothing, begin),
        cmocka_unit_test_setup(budget_lasts_as_long_as_the_last_day_says, begin),
        cmocka_unit_test_setup(budget_that_comes_back_as_fast_never_ends, begin),
        cmocka_unit_test_setup(outage_of_last_month_comes_back_in_time, begin),
        cmocka_unit_test_setup(spans_are_said_in_their_largest_unit, begin),
        cmocka_unit_test_setup(service_that_meets_its_objective_exactly_never_pages, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
