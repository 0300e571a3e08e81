/* SPDX-License-Identifier: MIT */

#include "gate/question.h"

#include <math.h>

/* Doubling the slow ones is what about a fifth more time for everything does to a usual mixture of durations. */
const struct question questions[GATE_QUESTIONS] = {
    [GATE_ERRORS] = {.name = "errors", .times = 1.5}, /* plus: what the operator tolerates */
    [GATE_SLOW_95] = {.name = "slow_p95", .times = 2, .plus = 0.02},
    [GATE_SLOW_99] = {.name = "slow_p99", .times = 2, .plus = 0.01},
    [GATE_RATE] = {.name = "rate", .times = 0.5, .is_rate = true},
    [GATE_FRESH] = {.name = "new_templates", .times = 2, .plus = 0.1},
};

enum { DOUBT = 10 };

/* ---- from cells to tallies ---------------------------------------------- */

static struct tally tally_of(const struct asking *asking, const struct gate_cell *cell,
                             double seconds)
{
    switch (asking->question) {
    case GATE_ERRORS:
        return (struct tally){(double)cell->bad, (double)cell->records};
    case GATE_SLOW_95:
    case GATE_SLOW_99:
        return (struct tally){(double)quantile_above(&cell->durations, asking->slow),
                              (double)cell->durations.count};
    case GATE_RATE:
        return (struct tally){(double)(asking->requests ? cell->requests : cell->records),
                              seconds};
    case GATE_FRESH:
    case GATE_QUESTIONS:
        break;
    }
    return (struct tally){cell->fresh > 0, cell->records > 0};
}

/* The first `windows` of a side (of before: all) as tallies; returns how many. */
static size_t question_tallies(const struct asking *asking, const struct gate_side *side,
                               size_t windows, struct tally ret[GATE_WINDOWS_MAX])
{
    size_t count = windows < side->count ? windows : side->count;
    for (size_t i = 0; i < count; i++)
        ret[i] = tally_of(asking, &side->cells[i], side->seconds);
    return count;
}

/* ---- one pair ------------------------------------------------------------ */

/* Before and after of one pair, as bounds. `strict`: after without the window that speaks most against it. */
struct weighed {
    struct tally before, after;
    double spread;
    struct bound was, is, strict;
};

static struct tally add_up(const struct tally *tallies, size_t count)
{
    struct tally sum = {0, 0};
    for (size_t i = 0; i < count; i++) {
        sum.part += tallies[i].part;
        sum.all += tallies[i].all;
    }
    return sum;
}

/* Which window is the furthest on the bad side of what was. */
static struct tally worst(const struct tally *tallies, size_t count, double usual, bool is_rate)
{
    struct tally found = {0, 0};
    double most = 0;
    for (size_t i = 0; i < count; i++) {
        double off = tallies[i].part - usual * tallies[i].all;
        if (is_rate)
            off = -off;
        if (off <= most)
            continue;
        most = off;
        found = tallies[i];
    }
    return found;
}

static struct bound bound_after(const struct asking *asking, const struct weighed *w,
                                struct tally tally)
{
    double part = tally.part / w->spread, all = tally.all / w->spread;
    if (!questions[asking->question].is_rate)
        return bound_share(part, all, asking->alpha, !asking->once);
    if (asking->once)
        return bound_rate_fixed(part, all, asking->alpha);
    double guess = fmax(w->before.part, 1) / fmax(w->before.all, 1e-9);
    return bound_rate(part, all, guess, asking->alpha);
}

static void weigh_before(const struct asking *asking, const struct tally *tallies, size_t count,
                         struct weighed *w)
{
    bool is_rate = questions[asking->question].is_rate;
    w->before = add_up(tallies, count);
    w->spread = is_rate ? spread_rate(tallies, count) : spread_share(tallies, count);
    double part = w->before.part / w->spread, all = w->before.all / w->spread;
    w->was = is_rate ? bound_rate_fixed(part, all, asking->alpha)
                     : bound_share(part, all, asking->alpha, false);
}

/* A log that reaches back less far than asked begins where it begins. */
static size_t first_spoken(const struct gate_side *side)
{
    size_t at = 0;
    while (at < side->count && !side->cells[at].records)
        at++;
    return at < side->count ? at : 0;
}

static void weigh(const struct asking *asking, const struct gate_pair *pair, struct weighed *w)
{
    struct tally tallies[GATE_WINDOWS_MAX];
    bool is_rate = questions[asking->question].is_rate;
    size_t count = question_tallies(asking, &pair->before, GATE_WINDOWS_MAX, tallies);
    size_t from = first_spoken(&pair->before);
    if (asking->question == GATE_FRESH)
        from += (count - from) / 2; // what was new at first says nothing: all was
    weigh_before(asking, tallies + from, count - from, w);
    count = question_tallies(asking, &pair->after, asking->windows, tallies);
    w->after = add_up(tallies, count);
    double usual = w->before.all > 0 ? w->before.part / w->before.all : 0;
    struct tally out = worst(tallies, count, usual, is_rate);
    w->is = bound_after(asking, w, w->after);
    w->strict = bound_after(asking, w,
                            (struct tally){w->after.part - out.part, w->after.all - out.all});
}

/* ---- limits ---------------------------------------------------------------- */

static double tolerated(const struct asking *asking, double was)
{
    const struct question *q = &questions[asking->question];
    double plus = asking->question == GATE_ERRORS ? asking->tolerate : q->plus;
    return q->is_rate ? was * q->times : fmin(1, fmax(was * q->times, was + plus));
}

/* What after is compared with. */
struct usual {
    double likely;
    struct bound surely;
};

static double value_of(struct tally tally)
{
    return tally.all > 0 ? tally.part / tally.all : 0;
}

/* Beyond it is surely worse than what was, and by more than is tolerated of what was most likely. */
static double limit_of(const struct asking *asking, const struct usual *usual)
{
    double most = tolerated(asking, usual->likely);
    return questions[asking->question].is_rate ? fmin(usual->surely.low, most)
                                               : fmax(usual->surely.high, most);
}

/* Has the pair anything to say on the question? */
static bool answers(const struct weighed *w)
{
    return w->before.all > 0 && w->after.all > 0;
}

/* Three errors that have nothing to do with each other add up like the sides of a box. */
static double diagonal(double a, double b, double c)
{
    return sqrt(a * a + b * b + c * c);
}

/* Had the service changed as the control group did: difference in differences. */
static struct usual moved(const struct weighed *s, const struct weighed *control)
{
    double was = value_of(s->before), then = value_of(control->before),
           now = value_of(control->after), likely = fmin(1, fmax(0, was + now - then));
    double down = diagonal(was - s->was.low, now - control->is.low, control->was.high - then);
    double up = diagonal(s->was.high - was, control->is.high - now, then - control->was.low);
    return (struct usual){likely, {fmax(0, likely - down), fmin(1, likely + up)}};
}

/* The same for rates, which change by a factor. */
static struct usual scaled(const struct weighed *s, const struct weighed *control)
{
    double was = value_of(s->before), then = value_of(control->before),
           now = value_of(control->after), likely = was * now / then;
    if (!(likely > 0) || !isfinite(likely))
        return (struct usual){0, {0, INFINITY}};
    double down = diagonal(log(was / s->was.low), log(now / control->is.low),
                           log(control->was.high / then));
    double up = diagonal(log(s->was.high / was), log(control->is.high / now),
                         log(then / control->was.low));
    return (struct usual){likely, {likely * exp(-down), likely * exp(up)}};
}

static struct usual usual_of(const struct asking *asking, const struct weighed *service)
{
    struct usual plain = {value_of(service->before), service->was};
    struct weighed control;
    if (!asking->gate->controlled || asking->question == GATE_FRESH)
        return plain; // what the control group said too is not new
    weigh(asking, &asking->gate->control, &control);
    return !answers(&control)                    ? plain
           : questions[asking->question].is_rate ? scaled(service, &control)
                                                 : moved(service, &control);
}

static bool beyond(const struct asking *asking, const struct weighed *w, double limit)
{
    return questions[asking->question].is_rate ? w->strict.high < limit : w->strict.low > limit;
}

/*
 * What was, had it changed as on that day of reference: for the worse, a change for the better asks for nothing. As it was most
 * likely, not surely: a day of little traffic shall not excuse everything.
 */
static double shifted(const struct asking *asking, const struct weighed *day, double was)
{
    double then = value_of(day->before), now = value_of(day->after);
    return !questions[asking->question].is_rate ? was + fmax(0, now - then)
           : then > 0                           ? was * fmin(1, now / then)
                                                : was;
}

struct days {
    size_t asked, showing, explaining;
};

/* A day *shows* the change when, with it, after is not surely beyond the limit; it *explains* it when nothing is left to explain. */
static void ask_day(const struct asking *asking, const struct weighed *w, size_t number,
                    struct days *days, struct gate_answer *answer)
{
    const struct gate_pair *pair = &asking->gate->days[number];
    struct weighed day;
    if (!gate_speaks(asking->gate, pair, asking->windows))
        return;
    weigh(asking, pair, &day);
    if (!answers(&day))
        return;
    days->asked++;
    if (beyond(asking, w, shifted(asking, &day, answer->limit)))
        return;
    double is = value_of(w->after),
           most = tolerated(asking, shifted(asking, &day, value_of(w->before)));
    days->showing++;
    days->explaining += questions[asking->question].is_rate ? is >= most : is <= most;
    answer->shown_by |= 1u << number;
}

/* It is beyond the limit. Is that the release, or the hour? */
static void ask_days(const struct asking *asking, const struct weighed *w,
                     struct gate_answer *answer)
{
    struct days days = {0};
    if (asking->question != GATE_FRESH) // what was said on those days is not new
        for (size_t i = 0; i < asking->gate->day_count; i++)
            ask_day(asking, w, i, &days, answer);
    answer->by_clock = days.explaining >= 2 && days.explaining == days.asked;
    answer->state = !days.showing ? GATE_FAILED : answer->by_clock ? GATE_PASSED : GATE_HELD;
}

/* Windows with something new count against a release; that there is next to nothing new speaks for it. */
static bool within(const struct asking *asking, const struct weighed *w,
                   const struct usual *usual)
{
    if (asking->question != GATE_FRESH)
        return questions[asking->question].is_rate
                   ? w->is.low >= tolerated(asking, usual->surely.high)
                   : w->is.high <= tolerated(asking, usual->surely.low);
    struct gate_total after = gate_sum(&asking->gate->service.after, asking->windows);
    struct bound share =
        bound_share((double)after.fresh, (double)after.records, asking->alpha, true);
    return share.high <= asking->tolerate;
}

/* A new sentence said now and then is told, and no more. */
static bool matters(const struct asking *asking)
{
    struct gate_total after = gate_sum(&asking->gate->service.after, asking->windows);
    return asking->question == GATE_FRESH
               ? (double)after.fresh >= asking->tolerate * (double)after.records
               : after.records >= asking->gate->samples_min || asking->question != GATE_RATE;
}

/* Would it be beyond its limit for somebody who may be wrong more often? */
static bool is_suspect(const struct asking *asking)
{
    struct asking doubting = *asking;
    struct weighed w;
    doubting.once = true; // it is of consequence only at the end
    doubting.alpha = fmin(asking->alpha * DOUBT, 0.1);
    weigh(&doubting, &asking->gate->service, &w);
    struct usual usual = usual_of(&doubting, &w);
    return beyond(&doubting, &w, limit_of(&doubting, &usual));
}

void question_answer(const struct asking *asking, struct gate_answer *ret)
{
    struct weighed w;
    weigh(asking, &asking->gate->service, &w);
    struct usual usual = usual_of(asking, &w);
    *ret = (struct gate_answer){.state = GATE_OPEN,
                                .before = w.before,
                                .after = w.after,
                                .before_bound = w.was,
                                .after_bound = w.is,
                                .limit = limit_of(asking, &usual),
                                .spread = w.spread};
    if (!(w.before.all > 0) || (asking->question != GATE_RATE && !(w.after.all > 0)))
        return; // nothing to compare with, or nothing to compare
    if (beyond(asking, &w, ret->limit) && matters(asking))
        ask_days(asking, &w, ret);
    else if (within(asking, &w, &usual))
        ret->state = GATE_PASSED;
    else if (matters(asking) && is_suspect(asking))
        ret->state = GATE_SUSPECT;
}
