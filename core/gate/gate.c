/* SPDX-License-Identifier: MIT */

#include "gate/gate.h"

#include "gate/question.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A leak or a cold cache shows late: no release passes before a third of the time is over, however much it is used. */
enum { PASS_EARLIEST = 3 };

static const char *const states[] = {
    [GATE_ABSENT] = "absent", [GATE_OPEN] = "open", [GATE_SUSPECT] = "suspect",
    [GATE_PASSED] = "passed", [GATE_HELD] = "held", [GATE_FAILED] = "failed"};
static const char *const verdicts[] = {
    [GATE_PASS] = "pass", [GATE_FAIL] = "fail", [GATE_UNSURE] = "inconclusive"};

const char *gate_question_name(enum gate_question question)
{
    return questions[question].name;
}

const char *gate_state_name(enum gate_state state)
{
    return states[state];
}

const char *gate_verdict_name(enum gate_verdict verdict)
{
    return verdicts[verdict];
}

struct gate_total gate_sum(const struct gate_side *side, size_t windows)
{
    struct gate_total sum = {0};
    for (size_t i = 0; i < side->count && i < windows; i++) {
        const struct gate_cell *cell = &side->cells[i];
        sum.records += cell->records;
        sum.requests += cell->requests;
        sum.bad += cell->bad;
        sum.fresh += cell->fresh;
    }
    return sum;
}

bool gate_speaks(const struct gate_case *gate, const struct gate_pair *pair, size_t windows)
{
    return gate_sum(&pair->before, pair->before.count).records >= gate->samples_min &&
           gate_sum(&pair->after, windows).records >= gate->samples_min;
}

void gate_durations(const struct gate_side *side, size_t windows, struct quantile *ret)
{
    *ret = (struct quantile){0};
    for (size_t i = 0; i < side->count && i < windows; i++)
        quantile_merge(ret, &side->cells[i].durations);
}

void gate_prepare(struct gate_case *gate)
{
    struct quantile before;
    gate_durations(&gate->service.before, gate->service.before.count, &before);
    gate->slow_95 = quantile_value(&before, 0.95);
    gate->slow_99 = quantile_value(&before, 0.99);
}

/* ---- the questions ---------------------------------------------------------- */

/* Two bounds each, of before and of after; the questions share alpha evenly. */
static double alpha_of(const struct gate_case *gate, size_t asked)
{
    return gate->alpha / (double)(2 * asked);
}

static void ask_all(const struct gate_case *gate, const struct gate_total *before,
                    struct gate_result *result)
{
    bool timed = !isnan(gate->slow_95);
    struct asking asking = {.gate = gate,
                            .windows = result->windows,
                            .tolerate = gate->tolerate,
                            .requests = before->requests >= gate->samples_min,
                            .alpha =
                                alpha_of(gate, timed ? GATE_QUESTIONS : GATE_QUESTIONS - 2)};
    for (int q = 0; q < GATE_QUESTIONS; q++) {
        bool is_slow = q == GATE_SLOW_95 || q == GATE_SLOW_99;
        asking.question = (enum gate_question)q;
        asking.slow = q == GATE_SLOW_95 ? gate->slow_95 : gate->slow_99;
        if (!is_slow || timed)
            question_answer(&asking, &result->answers[q]);
    }
}

static size_t count_of(const struct gate_result *result, enum gate_state state)
{
    size_t count = 0;
    for (int q = 0; q < GATE_QUESTIONS; q++)
        count += result->answers[q].state == state;
    return count;
}

/* ---- the verdict -------------------------------------------------------------- */

static double value_of(struct tally tally)
{
    return tally.all > 0 ? tally.part / tally.all : 0;
}

static void name_those(const struct gate_result *result, enum gate_state state,
                       const char *what, char text[256])
{
    size_t len = (size_t)snprintf(text, 256, "%s:", what);
    const char *comma = " ";
    for (int q = 0; q < GATE_QUESTIONS && len < 190; q++) {
        if (result->answers[q].state != state)
            continue;
        const struct gate_answer *answer = &result->answers[q];
        double unit = questions[q].is_rate ? 1 : 100;
        len += (size_t)snprintf(text + len, 256 - len, "%s%s %.3g %s (%.3g before)", comma,
                                questions[q].name, unit * value_of(answer->after),
                                questions[q].is_rate ? "/s" : "%",
                                unit * value_of(answer->before));
        comma = ", ";
    }
}

static bool too_little(const struct gate_case *gate, struct gate_result *result)
{
    const char *when = result->records_before < gate->samples_min  ? "before"
                       : result->records_after < gate->samples_min ? "after"
                                                                   : NULL;
    if (!when)
        return false;
    uint64_t records = *when == 'b' ? result->records_before : result->records_after;
    if (records)
        snprintf(result->reason, sizeof(result->reason),
                 "too little traffic: %llu records %s the deployment, %llu are needed",
                 (unsigned long long)records, when, (unsigned long long)gate->samples_min);
    else
        snprintf(result->reason, sizeof(result->reason),
                 "no traffic: 0 records %s the deployment, %llu are needed", when,
                 (unsigned long long)gate->samples_min);
    return true;
}

static void say_open(const struct gate_result *result, char text[256])
{
    size_t passed = count_of(result, GATE_PASSED), open = count_of(result, GATE_OPEN);
    snprintf(text, 256, "nothing is surely worse; %zu of %zu surely within the limits", passed,
             passed + open);
}

static void decide(const struct gate_case *gate, bool last, struct gate_result *result)
{
    size_t held = count_of(result, GATE_HELD), suspect = count_of(result, GATE_SUSPECT),
           open = count_of(result, GATE_OPEN);
    bool early = result->windows * PASS_EARLIEST >= gate->service.after.count;
    result->verdict = GATE_UNSURE;
    if (count_of(result, GATE_FAILED)) {
        result->verdict = GATE_FAIL;
        result->final = true;
        name_those(result, GATE_FAILED, "surely worse", result->reason);
    } else if (too_little(gate, result)) {
        result->final = last || result->records_before < gate->samples_min;
    } else if (held) {
        result->final = last;
        name_those(result, GATE_HELD, "worse, but so it was at this hour on another day",
                   result->reason);
    } else if (suspect) {
        result->final = last;
        name_those(result, GATE_SUSPECT, "likely worse, but not surely", result->reason);
    } else {
        result->final = last || (early && open == 0);
        result->verdict = result->final ? GATE_PASS : GATE_UNSURE;
        say_open(result, result->reason);
    }
}

/* Without enough of a control group it is as if there were none. */
static bool control_counts(const struct gate_case *gate, size_t windows)
{
    return gate->controlled && gate_speaks(gate, &gate->control, windows);
}

void gate_look(const struct gate_case *gate, size_t windows, bool last, struct gate_result *ret)
{
    struct gate_case asked = *gate;
    const struct gate_pair *service = &gate->service;
    struct gate_total before = gate_sum(&service->before, service->before.count);
    asked.controlled = control_counts(gate, windows);
    asked.day_count = asked.controlled ? 0 : gate->day_count;
    *ret = (struct gate_result){.windows = windows,
                                .controlled = asked.controlled,
                                .records_before = before.records,
                                .records_after = gate_sum(&service->after, windows).records};
    for (size_t i = 0; i < asked.day_count; i++)
        ret->days += gate_speaks(gate, &gate->days[i], windows);
    ask_all(&asked, &before, ret);
    decide(&asked, last, ret);
}
