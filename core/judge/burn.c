/* SPDX-License-Identifier: MIT */

#include "judge/burn.h"

#include "base/clock.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

const struct burn_rule burn_rules[BURN_RULES] = {
    {BURN_PAGE, 60, 5, 0.02, 1e-6},
    {BURN_PAGE, 360, 30, 0.05, 1e-6},
    {BURN_TICKET, 1440, 120, 0.10, 1e-4},
    {BURN_TICKET, 4320, 360, 0.10, 1e-4},
};
const uint32_t burn_spans[BURN_SPANS] = {5, 30, 60, 120, 360, 1440, 4320};
enum { DAY_UNITS = 1440 };

double burn_rate(const struct burn_rule *rule)
{
    return rule->share * LEDGER_UNITS / rule->long_units;
}

double burn_of(const struct burn_terms *terms, const struct ledger_sum *sum, uint32_t units)
{
    double length = (double)terms->period_ns * units / LEDGER_UNITS;
    double watched = fmin((double)sum->span_ns / length, 1);
    return sum->total ? (double)sum->bad / (double)sum->total / terms->allowed * watched : NAN;
}

/* exp(-n D(bad/n || allowed)), D being the relative entropy. */
double burn_chance(uint64_t bad, uint64_t total, double allowed)
{
    double n = (double)total, q = total ? (double)bad / n : 0;
    if (q <= allowed)
        return 1;
    double entropy = q * log(q / allowed);
    if (q < 1)
        entropy += (1 - q) * log((1 - q) / (1 - allowed));
    return exp(-n * entropy);
}

/* A rate is met when it is reached: 0.02 * 43200 / 60 need not be 14.4 to the last bit. */
static bool reaches(double burn, double rate)
{
    return burn >= rate * (1 - 1e-9);
}

struct burn_stand burn_stand(const struct burn_terms *terms, const struct burn_rule *rule,
                             const struct ledger *ledger)
{
    struct burn_stand s = {.longer = ledger_sum(ledger, rule->long_units),
                           .shorter = ledger_sum(ledger, rule->short_units)};
    double rate = burn_rate(rule);
    s.long_burn = burn_of(terms, &s.longer, rule->long_units);
    s.short_burn = burn_of(terms, &s.shorter, rule->short_units);
    s.chance = burn_chance(s.longer.bad, s.longer.total, terms->allowed);
    s.blind = s.shorter.total == 0;
    s.over = reaches(s.long_burn, rate) && reaches(s.short_burn, rate);
    s.fires = s.over && s.longer.bad >= BURN_BAD_LEAST && s.shorter.bad >= BURN_BAD_STILL &&
              s.longer.total >= terms->min_total && s.chance <= rule->chance;
    return s;
}

/* ---- the budget ----------------------------------------------------------- */

/*
 * When the budget is used up if `daily` goes on: what is bad from now on adds to it, what was bad a period ago comes back. Step by step, since an
 * outage comes back all at once.
 */
static int64_t runs_out(const struct burn_terms *terms, const struct ledger *ledger,
                        const struct burn_budget *budget)
{
    uint64_t ages[LEDGER_COARSE];
    double step = (double)terms->period_ns / LEDGER_COARSE;
    double left = budget->left * budget->records;
    double use = budget->daily * budget->records / LEDGER_COARSE;
    if (!(budget->left > 0))
        return ledger->until_ns;
    ledger_ages(ledger, ages);
    for (int i = 0; i < LEDGER_COARSE && use > 0; i++) {
        if (left - use <= 0)
            return ledger->until_ns + (int64_t)(step * (i + left / use));
        left += (double)ages[i] - use;
    }
    return NO_TIME;
}

struct burn_budget burn_budget(const struct burn_terms *terms, const struct ledger *ledger)
{
    struct burn_budget b = {.sum = ledger_sum(ledger, LEDGER_UNITS), .out_ns = NO_TIME};
    struct ledger_sum day = ledger_sum(ledger, DAY_UNITS);
    double watched = fmin((double)b.sum.span_ns / (double)terms->period_ns, 1);
    double burn = burn_of(terms, &b.sum, LEDGER_UNITS);
    b.records = watched > 0 ? (double)b.sum.total * terms->allowed / watched : 0;
    b.left = isnan(burn) ? 1 : 1 - burn;
    b.daily = burn_of(terms, &day, DAY_UNITS);
    if (b.sum.total)
        b.out_ns = runs_out(terms, ledger, &b);
    return b;
}

char *burn_span_text(int64_t ns, char text[BURN_TEXT_SIZE])
{
    static const struct {
        int64_t s;
        const char *name;
    } units[] = {{86400, "d"}, {3600, "h"}, {60, "m"}};
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        int64_t length = units[i].s * NS_PER_S;
        if (ns >= length && ns % length == 0) {
            snprintf(text, BURN_TEXT_SIZE, "%" PRId64 "%s", ns / length, units[i].name);
            return text;
        }
    }
    return clock_format_duration(ns, text);
}
