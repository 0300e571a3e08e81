/* SPDX-License-Identifier: MIT */
/*
 * burn.h - how fast an error budget is used up, and which of the rules for that are met.
 *
 *      burn = share of bad records / share that the objective allows        1: the budget lasts exactly a period
 *
 *      | route  | share of the budget | in  | and still in | burn | a chance below |
 *      | page   |  2 %                | 1 h | 5 m          | 14.4 | 1e-6           |
 *      | page   |  5 %                | 6 h | 30 m         | 6    | 1e-6           |
 *      | ticket | 10 %                | 1 d | 2 h          | 3    | 1e-4           |
 *      | ticket | 10 %                | 3 d | 6 h          | 1    | 1e-4           |
 *
 * The windows are those of a period of 30 days, and the same shares of any other (ledger.h): the burns stay, and what a rule says
 * of the budget does.
 *
 * Little traffic: a burn of 1000 may be one record. So the long window must hold BURN_BAD_LEAST bad ones and the short one two,
 * and so many must be unlikely if the service were exactly as good as its objective: the Chernoff bound of the binomial tail, which is
 * never too small. At a burn of 1 the last rule would otherwise fire every other day.
 *
 * What was not watched yet is taken as neither used nor allowed: a burn over a window that began before the first record is
 * scaled down by the part that was watched. Thus the rules say from the first hour on which share of the budget is used.
 *
 * Sources: Beyer, Murphy, Rensin, Kawahara, Thorne: The Site Reliability Workbook, ch. 5 "Alerting on SLOs", 2018. Chernoff: A measure
 * of asymptotic efficiency for tests of a hypothesis based on the sum of observations, 1952.
 */
#ifndef JUDGE_BURN_H
#define JUDGE_BURN_H

#include "judge/ledger.h"

#include <stdbool.h>

enum { BURN_RULES = 4, BURN_SPANS = 7, BURN_BAD_LEAST = 5, BURN_BAD_STILL = 2 };

/* What an SLO claims: each is a finding of its own. */
enum burn_claim { BURN_PAGE, BURN_TICKET, BURN_GONE, BURN_CLAIMS };

struct burn_terms {
    double allowed; /* share of bad records that the objective leaves, above 0 */
    int64_t period_ns;
    uint64_t min_total; /* records in the long window below which nothing is said */
};

struct burn_rule {
    enum burn_claim claim;
    uint32_t long_units, short_units;
    double share;  /* of the budget in the long window */
    double chance; /* under the objective, at most */
};
extern const struct burn_rule burn_rules[BURN_RULES];
/* The burn from which a rule is met: 14.4 for 2 % in 1 h of 30 d. */
double burn_rate(const struct burn_rule *rule);

/* The spans that people look at: 5 m, 30 m, 1 h, 2 h, 6 h, 1 d, 3 d of 30 d. */
extern const uint32_t burn_spans[BURN_SPANS];

/* The burn of a sum over `units`; NaN when it has no record. */
double burn_of(const struct burn_terms *terms, const struct ledger_sum *sum, uint32_t units);
/* So many bad ones, or more, are no likelier than this at the allowed share. */
double burn_chance(uint64_t bad, uint64_t total, double allowed);

/* How one rule stands. */
struct burn_stand {
    struct ledger_sum longer, shorter;
    double long_burn, short_burn, chance;
    bool over;  /* both burns are over the rate */
    bool fires; /* and it is no accident */
    bool blind; /* nothing came in the short window: neither good nor bad */
};
struct burn_stand burn_stand(const struct burn_terms *terms, const struct burn_rule *rule,
                             const struct ledger *ledger);

/* The budget of the period that ends with the newest window. */
struct burn_budget {
    struct ledger_sum sum;
    double records; /* bad ones that it allows, at the traffic so far */
    double left;    /* share of it; below 0: more than all of it is used */
    double daily;   /* burn over 1 d */
    int64_t
        out_ns; /* when nothing will be left if that goes on; NO_TIME: not within a period */
};
struct burn_budget burn_budget(const struct burn_terms *terms, const struct ledger *ledger);

/* "5m", "1h", "3d": a span of time in the largest unit that divides it. Returns `text`. */
enum { BURN_TEXT_SIZE = 40 };
char *burn_span_text(int64_t ns, char text[BURN_TEXT_SIZE]);

#endif /* JUDGE_BURN_H */
