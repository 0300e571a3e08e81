/* SPDX-License-Identifier: MIT */
/*
 * budget.c - an error budget, from what the daemon wrote last of it.
 *
 * The ledger itself is the daemon's. What is known from outside: the whole period, and sums over some windows that end where it ends.
 */

#include "report/inner.h"

#include <math.h>

static double number(struct json_value object, const char *path)
{
    return json_number(json_at(object, path), 0);
}

/* "6h", "1d": ours are of one unit. */
static int64_t length_of(const char *window)
{
    int64_t ns;
    return clock_parse_duration(window, &ns, NULL) == 0 ? ns : 0;
}

/* Trouble began so long before the end of the ledger: the shortest window that holds all of it. */
static void take_window(struct report *report, struct json_value rates, int64_t trouble_ns,
                        struct report_budget *budget)
{
    struct json_walk walk = json_walk(rates);
    struct json_value rate;
    struct bytes key;
    int64_t best = 0;
    while (json_next(&walk, &key, &rate)) {
        const char *window = report_text(report, rate, "window");
        int64_t length = length_of(window);
        if (length < trouble_ns || (best && length >= best))
            continue;
        best = length;
        budget->window = window;
        budget->window_bad = json_number(json_at(rate, "bad"), NAN);
    }
}

void report_add_budget(struct report *report, struct json_value slo)
{
    struct report_budget budget = {.name = report_text(report, slo, "slo"),
                                   .stream = report_text(report, slo, "stream"),
                                   .window = "",
                                   .objective = number(slo, "objective"),
                                   .period_s = number(slo, "period_s"),
                                   .total = number(slo, "total"),
                                   .bad = number(slo, "bad"),
                                   .left = number(slo, "budget_left"),
                                   .budget_records = number(slo, "budget_records"),
                                   .window_bad = NAN,
                                   .until_ns = report_time(slo, "until")};
    int64_t since = report_begins(report);
    bool makes_sense = *budget.name && budget.period_s > 0 && budget.period_s < 1e9 &&
                       budget.objective >= 0 && budget.objective <= 100 &&
                       fabs(budget.left) < 1e6;
    if (report->budget_count == REPORT_BUDGETS_MAX || !makes_sense ||
        !report_wants(report, budget.stream))
        return;
    if (since != NO_TIME && budget.until_ns != NO_TIME && budget.until_ns > since)
        take_window(report, json_at(slo, "rates"), budget.until_ns - since, &budget);
    report->budgets[report->budget_count++] = budget;
}
