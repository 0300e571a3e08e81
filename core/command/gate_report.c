/* SPDX-License-Identifier: MIT */
/* The verdict for people: what is new first, then the numbers, then the sentence. */

#include "command/gate_report.h"

#include "base/clock.h"
#include "base/screen.h"

#include <inttypes.h>
#include <math.h>

enum { TOLD_MAX = 8, NUMBER = 32 };

/* Nothing that a record says may mean something to a terminal. */
static void say(FILE *out, const char *before, struct bytes text)
{
    struct buffer shown = {0};
    screen_text(&shown, text, 240);
    fprintf(out, "%s%.*s\n", before, (int)shown.len, shown.at ? shown.at : "");
    buffer_free(&shown);
}

static void say_news(const struct gate_report *report, FILE *out)
{
    const struct news *news[TOLD_MAX];
    size_t count = newsroom_list(&report->court->news, report->court->looked, news, TOLD_MAX);
    if (count)
        fprintf(out, "new since the deployment: %zu template%s\n", count,
                count == 1 ? "" : "s");
    for (size_t i = 0; i < count && i < TOLD_MAX; i++) {
        fprintf(out, "  %s  %" PRIu64 " records, in %" PRIu64 " windows  ",
                news[i]->trouble ? "trouble" : "told   ", news[i]->told, news[i]->windows);
        say(out, "", news_text(news[i]));
        say(out, "           ", (struct bytes){news[i]->example, news[i]->example_len});
    }
}

/* "3.12 %" or "41.2 /s"; "-" for what is not known. */
static const char *number(double value, bool is_rate, char text[NUMBER])
{
    if (!isfinite(value))
        snprintf(text, NUMBER, "-");
    else if (is_rate)
        snprintf(text, NUMBER, "%.3g /s", value);
    else
        snprintf(text, NUMBER, "%.3g %%", 100 * value);
    return text;
}

static double value_of(struct tally tally)
{
    return tally.all > 0 ? tally.part / tally.all : NAN;
}

static void say_answer(const struct gate_report *report, enum gate_question question, FILE *out)
{
    const struct gate_answer *answer = &report->court->result.answers[question];
    bool is_rate = question == GATE_RATE;
    char before[NUMBER], after[NUMBER], low[NUMBER], high[NUMBER], limit[NUMBER];
    if (answer->state == GATE_ABSENT)
        return;
    fprintf(out, "  %-14s %10s %10s   %9s to %-9s %s %-10s %s", gate_question_name(question),
            number(value_of(answer->before), is_rate, before),
            number(value_of(answer->after), is_rate, after),
            number(answer->after_bound.low, is_rate, low),
            number(answer->after_bound.high, is_rate, high), is_rate ? "least" : "most ",
            number(answer->limit, is_rate, limit), gate_state_name(answer->state));
    for (size_t i = 0; i < report->court->gate.day_count; i++)
        if (answer->shown_by >> i & 1)
            fprintf(out, ", as %d day%s ago", report->court->days[i],
                    report->court->days[i] == 1 ? "" : "s");
    fprintf(out, "\n");
}

static void say_durations(const struct gate_report *report, FILE *out)
{
    static const double shares[] = {0.5, 0.95, 0.99};
    const struct court *court = report->court;
    struct quantile before, after;
    gate_durations(&court->gate.service.before, SIZE_MAX, &before);
    gate_durations(&court->gate.service.after, court->looked, &after);
    for (size_t i = 0; before.count && i < 3; i++) {
        fprintf(out, "  p%.0f %22.4g ms", 100 * shares[i], quantile_value(&before, shares[i]));
        if (after.count)
            fprintf(out, " %7.4g ms", quantile_value(&after, shares[i]));
        fprintf(out, "\n");
    }
}

static void say_table(const struct gate_report *report, FILE *out)
{
    fprintf(out, "  %-14s %10s %10s   %22s   %s\n", "", "before", "after",
            "after is surely within", "limit");
    for (int q = 0; q < GATE_QUESTIONS; q++)
        say_answer(report, (enum gate_question)q, out);
    say_durations(report, out);
}

static void say_what(const struct gate_report *report, FILE *out)
{
    const struct court *court = report->court;
    char at[CLOCK_TEXT_SIZE], before[CLOCK_TEXT_SIZE], wait[CLOCK_TEXT_SIZE];
    struct buffer name = {0};
    screen_text(&name, bytes_of(report->service), 0);
    if (*report->version)
        buffer_char(&name, ' ');
    screen_text(&name, bytes_of(report->version), 0);
    fprintf(out, "%.*s, deployed %s; %s before against %s after, in %zu file%s\n",
            (int)name.len, name.at, clock_format(court->terms.since_ns, at),
            clock_format_duration(court->terms.baseline_ns, before),
            clock_format_duration(court->terms.until_ns - court->terms.since_ns, wait),
            report->files, report->files == 1 ? "" : "s");
    buffer_free(&name);
    fprintf(out, "%" PRIu64 " records before, %" PRIu64 " after", court->result.records_before,
            court->result.records_after);
    if (court->timeless)
        fprintf(out, "; %" PRIu64 " have no time and do not count", court->timeless);
    if (court->terms.controlled)
        fprintf(out, "; %s",
                court->result.controlled ? "with a control group"
                                         : "the control group has too few records to count");
    else if (court->result.days)
        fprintf(out, "; %zu day%s of reference", court->result.days,
                court->result.days == 1 ? "" : "s");
    fprintf(out, "\n");
}

void gate_report_text(const struct gate_report *report, FILE *out)
{
    const struct court *court = report->court;
    char heard[CLOCK_TEXT_SIZE];
    say_news(report, out);
    say_what(report, out);
    say_table(report, out);
    if (report->dry) {
        bool fails = court->result.verdict == GATE_FAIL;
        fprintf(out, "by now it %s: %s\n", fails ? "would fail" : "would not have failed",
                court->result.reason);
        fprintf(out, "dry run: would look at each window until %s after the deployment",
                clock_format_duration(court->terms.until_ns - court->terms.since_ns, heard));
        if (report->on_fail)
            say(out, ", and when it fails run: ", bytes_of(report->on_fail));
        else
            fprintf(out, "\n");
        return;
    }
    fprintf(out, "%s after %s: %s\n", gate_verdict_name(court->result.verdict),
            clock_format_duration(court_heard_ns(court), heard), court->result.reason);
}
