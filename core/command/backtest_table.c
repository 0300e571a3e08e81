/* SPDX-License-Identifier: MIT */

#include "command/backtest.h"

#include "base/clock.h"
#include "base/json_put.h"
#include "base/screen.h"
#include "deliver/console.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const int64_t week_ns = 7 * 86400 * NS_PER_S;

static double pages_a_week(const struct backtest_run *run, const struct backtest_row *row)
{
    double span = (double)(run->result.last_ns - run->result.first_ns);
    return run->result.first_ns == NO_TIME || span <= 0
               ? (double)NAN
               : (double)row->pages * (double)week_ns / span;
}

/* ---- one row ------------------------------------------------------------ */

static const char *ratio(double value, char text[16])
{
    snprintf(text, 16, isnan(value) ? "-" : "%.2f", value);
    return text;
}

static void head(FILE *out)
{
    fprintf(out, "%-22s %9s %6s %6s %8s %5s %5s %7s %9s %5s %8s %10s\n", "", "found", "recall",
            "prompt", "findings", "hits", "false", "neutral", "precision", "F1", "delay",
            "pages/week");
}

static void print_row(const struct backtest_view *view, const char *name,
                      const struct backtest_run *run, const struct backtest_row *row)
{
    char found[48], recall[16], prompt[16], precision[16], f1[16], pages[16];
    char delay[CLOCK_TEXT_SIZE] = "-";
    snprintf(found, sizeof(found), "%zu/%zu", row->found, row->labels);
    if (row->delay_ns != NO_TIME)
        clock_format_duration(row->delay_ns, delay);
    fprintf(view->out, "%-22.22s %9s %6s %6s %8zu %5zu %5zu %7zu %9s %5s %8s %10s\n", name,
            found, ratio(row->recall, recall), ratio(row->prompt_recall, prompt),
            row->hits + row->false_alarms + row->neutral, row->hits, row->false_alarms,
            row->neutral, ratio(row->precision, precision), ratio(row->f1, f1), delay,
            ratio(pages_a_week(run, row), pages));
}

static void json_row(const struct backtest_view *view, const char *detector,
                     const struct backtest_run *run, const struct backtest_row *row)
{
    struct buffer line = {0};
    struct json json = {.out = &line};
    const struct {
        const char *name;
        double value;
    } numbers[] = {
        {"raise", run->raise},
        {"labels", (double)row->labels},
        {"found", (double)row->found},
        {"recall", row->recall},
        {"prompt_recall", row->prompt_recall},
        {"hits", (double)row->hits},
        {"false_alarms", (double)row->false_alarms},
        {"neutral", (double)row->neutral},
        {"precision", row->precision},
        {"f1", row->f1},
        {"delay_seconds",
         row->delay_ns == NO_TIME ? (double)NAN : (double)row->delay_ns / (double)NS_PER_S},
        {"pages", (double)row->pages},
        {"pages_per_week", pages_a_week(run, row)},
    };
    json_begin(&json, '{');
    json_put_text(&json, "config", run->path);
    json_put_text(&json, "detector", detector);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        json_put_double(&json, numbers[i].name, numbers[i].value);
    }
    json_end(&json, '}');
    buffer_char(&line, '\n');
    fwrite(line.at, 1, line.len, view->out);
    buffer_free(&line);
}

/* `detector` NULL: in all. */
static void show_row(const struct backtest_view *view, const char *detector,
                     const struct backtest_run *run)
{
    struct backtest_row row;
    char name[64];
    backtest_score(&run->findings, view->labels, &view->rules, detector, &row);
    snprintf(name, sizeof(name), "%s%s%s%s", detector ? "  " : "",
             detector ? detector : "in all", *run->mark ? "  " : "", run->mark);
    if (view->json)
        json_row(view, detector, run, &row);
    else
        print_row(view, name, run, &row);
}

/* ---- tables ------------------------------------------------------------- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Who found anything, in alphabetical order. */
static size_t list_detectors(const struct backtest_run *runs, size_t run_count,
                             const char *ret[BACKTEST_DETECTORS_MAX])
{
    size_t count = 0;
    for (size_t r = 0; r < run_count; r++)
        for (size_t i = 0; i < runs[r].findings.count; i++) {
            const char *name = runs[r].findings.at[i].detector;
            size_t at = 0;
            while (at < count && strcmp(ret[at], name) != 0)
                at++;
            if (at == count && count < BACKTEST_DETECTORS_MAX)
                ret[count++] = name;
        }
    if (count)
        qsort(ret, count, sizeof(*ret), by_text);
    return count;
}

static void say_runs(const struct backtest_view *view, const struct backtest_run *runs,
                     size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct scan_result *result = &runs[i].result;
        char span[CLOCK_TEXT_SIZE] = "no";
        if (result->first_ns != NO_TIME)
            clock_format_duration(result->last_ns - result->first_ns, span);
        fprintf(view->out, "%s%s%s: %zu streams, %s of log\n", runs[i].mark,
                *runs[i].mark ? " = " : "", runs[i].path, result->streams, span);
    }
}

void backtest_table(const struct backtest_view *view, const struct backtest_run *runs,
                    size_t count)
{
    const char *detectors[BACKTEST_DETECTORS_MAX];
    size_t known = list_detectors(runs, count, detectors);
    if (!view->json) {
        say_runs(view, runs, count);
        head(view->out);
    }
    for (size_t i = 0; i <= known; i++)
        for (size_t r = 0; r < count; r++)
            show_row(view, i ? detectors[i - 1] : NULL, &runs[r]);
}

void backtest_sweep_row(const struct backtest_view *view, const struct backtest_run *run,
                        bool first)
{
    struct backtest_row row;
    char name[48];
    if (view->json) {
        show_row(view, NULL, run);
        return;
    }
    if (first) {
        fprintf(view->out, "\nthresholds of all routes raised by\n");
        head(view->out);
    }
    backtest_score(&run->findings, view->labels, &view->rules, NULL, &row);
    snprintf(name, sizeof(name), "  %+.1f", run->raise);
    print_row(view, name, run, &row);
}

/* ---- what went wrong ---------------------------------------------------- */

static void say_label(const struct backtest_view *view, const char *what,
                      const struct label *label)
{
    struct buffer safe = {0};
    char time[CLOCK_TEXT_SIZE];
    screen_text(&safe, bytes_of(label->name), 0);
    buffer_text(&safe, *label->stream ? "  in " : "");
    screen_text(&safe, bytes_of(label->stream), 0);
    fprintf(view->out, "%s  %s  %.*s\n", what, clock_format(label->start_ns, time),
            (int)safe.len, safe.at);
    buffer_free(&safe);
}

static bool is_found(const struct backtest_view *view, const struct backtest_run *run,
                     const struct label *label)
{
    for (size_t i = 0; i < run->findings.count; i++)
        if (backtest_touches(&run->findings.at[i], label, view->labels, &view->rules))
            return true;
    return false;
}

static void say_false(const struct backtest_view *view, const struct backtest_finding *f)
{
    struct buffer safe = {0};
    char time[CLOCK_TEXT_SIZE];
    screen_text(&safe, bytes_of(f->stream), 0);
    buffer_text(&safe, "  ");
    screen_text(&safe, bytes_of(f->summary), 0);
    fprintf(view->out, "false   %s  %-6s  %s  %.*s\n", clock_format(f->starts_ns, time),
            finding_route_name(f->route), f->detector, (int)safe.len, safe.at);
    buffer_free(&safe);
}

void backtest_worst(const struct backtest_view *view, const struct backtest_run *run,
                    size_t most)
{
    size_t missed = 0, wrong = 0;
    for (size_t i = 0; i < view->labels->count && missed < most; i++) {
        const struct label *label = &view->labels->at[i];
        if (label->may || is_found(view, run, label))
            continue;
        say_label(view, "missed", label);
        missed++;
    }
    for (size_t i = 0; i < run->findings.count && wrong < most; i++) {
        const struct backtest_finding *f = &run->findings.at[i];
        if (backtest_fate(f, view->labels, &view->rules) != FATE_FALSE)
            continue;
        say_false(view, f);
        wrong++;
    }
}

void backtest_differences(const struct backtest_view *view, const struct backtest_run runs[2])
{
    for (size_t i = 0; i < view->labels->count; i++) {
        const struct label *label = &view->labels->at[i];
        bool a = is_found(view, &runs[0], label), b = is_found(view, &runs[1], label);
        if (!label->may && a != b)
            say_label(view, a ? "found only by A" : "found only by B", label);
    }
}
