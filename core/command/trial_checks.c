/* SPDX-License-Identifier: MIT */

#include "command/trial_checks.h"

#include "base/clock.h"
#include "base/hash.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SOME_FRAMES = 200 };

struct cast_options trial_options(const struct trial_child *child)
{
    return (struct cast_options){.plugin = child->plugin,
                                 .reel = child->reel,
                                 .stream = child->stream,
                                 .call = &child->report->call};
}

static void note_digest(struct trial_child *child, const struct trace *trace)
{
    child->report->digest = hash_join(child->report->digest, trace_hash(trace));
}

/* ---- label and parameters ----------------------------------------------- */

static int check_label(struct trial_child *child, struct error *reterr)
{
    const struct oddline_plugin *label = plugin_label(child->plugin);
    const char *path = plugin_path(child->plugin), *slash = strrchr(path, '/');
    const char *file = slash ? slash + 1 : path;
    char wanted[64];
    snprintf(wanted, sizeof(wanted), "%s.so", label->id);
    if (strcmp(file, wanted) != 0)
        return error_set(reterr, -EINVAL,
                         "the file is called %s: under its id it is found as %s only", file,
                         wanted);
    for (uint32_t i = 0; i < label->param_count; i++) {
        const char *help = label->params[i].help;
        if (help[strlen(help) - 1] != '.')
            return error_set(reterr, -EINVAL,
                             "parameter %s: the help is no sentence: no full stop",
                             label->params[i].name);
    }
    return 0;
}

static int check_defaults(struct trial_child *child, struct error *reterr)
{
    const struct cast_options options = trial_options(child);
    struct trace trace = {0};
    int r = cast_show_all(&options, &trace, reterr);
    note_digest(child, &trace);
    trace_free(&trace);
    return r;
}

/* An end of the range as a person would write it; false for what has no range. */
static bool write_end(const oddline_param *param, int end, char *text, size_t size)
{
    oddline_value value = end ? param->max : param->min;
    switch (param->type) {
    case ODDLINE_F64:
        snprintf(text, size, "%.17g", value.f64);
        return true;
    case ODDLINE_I64:
        snprintf(text, size, "%" PRId64, value.i64);
        return true;
    case ODDLINE_DURATION:
        snprintf(text, size, "%" PRId64 "ns", value.i64);
        return true;
    case ODDLINE_BOOL:
        snprintf(text, size, "%d", end);
        return true;
    default:
        return false;
    }
}

static int try_setting(const struct trial_child *child, const struct plugin_setting *setting,
                       struct error *reterr)
{
    struct cast_options options = trial_options(child);
    struct cast cast;
    struct error why;
    options.setting = setting;
    int r = cast_open(&cast, &options, &why);
    if (r == 0) {
        r = cast_run(&cast, SOME_FRAMES, &why);
        cast_close(&cast);
        trace_free(&cast.trace);
    }
    return r < 0 ? error_set(reterr, r, "with %s=%s, inside its range: %s", setting->name,
                             setting->value, why.text)
                 : 0;
}

static int check_ranges(struct trial_child *child, struct error *reterr)
{
    const struct oddline_plugin *label = plugin_label(child->plugin);
    char text[64];
    int r = 0, tried = 0;
    for (uint32_t i = 0; i < label->param_count; i++)
        for (int end = 0; end < 2 && r == 0; end++) {
            const struct plugin_setting setting = {label->params[i].name, text};
            if (!write_end(&label->params[i], end, text, sizeof(text)))
                continue;
            r = try_setting(child, &setting, reterr);
            tried++;
        }
    if (r == 0 && tried == 0) {
        error_set(reterr, 0, "no parameter has a range");
        return TRIAL_NOTHING;
    }
    return r;
}

/* ---- windows that are in no log ----------------------------------------- */

static int invent_many(struct cast *cast, double value, uint32_t flags, int count,
                       struct error *reterr)
{
    int r = 0;
    while (count-- > 0 && r == 0)
        r = cast_invent(cast, value, flags, reterr);
    return r;
}

/* Open, perhaps show the reel, then what `follow` invents. */
static int then_invent(const struct trial_child *child, size_t frames,
                       int (*follow)(struct cast *cast, struct error *reterr),
                       struct error *reterr)
{
    const struct cast_options options = trial_options(child);
    struct cast cast;
    int r = cast_open(&cast, &options, reterr);
    if (r < 0)
        return r;
    r = cast_run(&cast, frames, reterr);
    if (r == 0)
        r = follow(&cast, reterr);
    cast_close(&cast);
    trace_free(&cast.trace);
    return r;
}

static int cold_and_warm(const struct trial_child *child,
                         int (*follow)(struct cast *cast, struct error *reterr),
                         struct error *reterr)
{
    int r = then_invent(child, 0, follow, reterr);
    return r < 0 ? r : then_invent(child, CAST_ALL, follow, reterr);
}

static int follow_empty(struct cast *cast, struct error *reterr)
{
    int r = invent_many(cast, 0, ODDLINE_WINDOW_EMPTY, 200, reterr);
    return r < 0 ? r : invent_many(cast, 7, 0, 20, reterr);
}

static int check_empty(struct trial_child *child, struct error *reterr)
{
    return cold_and_warm(child, follow_empty, reterr);
}

static int follow_nan(struct cast *cast, struct error *reterr)
{
    int r = invent_many(cast, NAN, 0, 100, reterr);
    for (int i = 0; i < 100 && r == 0; i++)
        r = cast_invent(cast, i % 3 ? 5 : NAN, 0, reterr);
    return r;
}

static int check_nan(struct trial_child *child, struct error *reterr)
{
    return cold_and_warm(child, follow_nan, reterr);
}

static int follow_wild(struct cast *cast, struct error *reterr)
{
    static const double wild[] = {1e308, -1e308, 0,    1e-308, 9007199254740993.0,
                                  -0.0,  1e15,   -2.5, 0.25};
    const size_t count = sizeof(wild) / sizeof(*wild);
    int r = 0;
    for (size_t i = 0; i < 400 && r == 0; i++)
        r = cast_invent(cast, wild[(i * 5 + i / count) % count], 0, reterr);
    return r;
}

static int check_wild(struct trial_child *child, struct error *reterr)
{
    return cold_and_warm(child, follow_wild, reterr);
}

/* ---- the same again ----------------------------------------------------- */

static int check_same(struct trial_child *child, struct error *reterr)
{
    const struct cast_options options = trial_options(child);
    struct trace once = {0}, again = {0};
    int r = cast_show_all(&options, &once, reterr);
    if (r == 0)
        r = cast_show_all(&options, &again, reterr);
    if (r == 0)
        r = trace_compare(&once, &again, 0, "shown twice", reterr);
    note_digest(child, &once);
    trace_free(&once);
    trace_free(&again);
    return r;
}

/* b goes through the same log at half the speed, and ends early; a must not notice. */
static int interleave(struct cast *a, struct cast *b, struct error *reterr)
{
    const size_t frames = a->options.stream->frames;
    int r = 0;
    for (size_t i = 0; !cast_is_over(a) && r == 0; i++) {
        r = cast_step(a, reterr);
        if (r == 0 && i % 2 == 0 && i < frames / 4 * 3)
            r = cast_step(b, reterr);
        if (i == frames / 4 * 3)
            cast_close(b);
    }
    return r;
}

static int check_apart(struct trial_child *child, struct error *reterr)
{
    const struct cast_options options = trial_options(child);
    struct trace alone = {0};
    struct cast a = {.count = 0}, b = {.count = 0};
    int r = cast_show_all(&options, &alone, reterr);
    if (r == 0)
        r = cast_open(&a, &options, reterr);
    if (r == 0)
        r = cast_open(&b, &options, reterr);
    if (r == 0)
        r = interleave(&a, &b, reterr);
    if (r == 0)
        r = trace_compare(&alone, &a.trace, 0, "with another instance beside it", reterr);
    cast_close(&a);
    cast_close(&b);
    trace_free(&a.trace);
    trace_free(&b.trace);
    trace_free(&alone);
    return r;
}

static int check_cuts(struct trial_child *child, struct error *reterr)
{
    struct cast_options options = trial_options(child);
    struct trace whole = {0}, cut = {0};
    if (!plugin_label(child->plugin)->observe) {
        error_set(reterr, 0, "it reads no records");
        return TRIAL_NOTHING;
    }
    int r = cast_show_all(&options, &whole, reterr);
    options.cut = CUT_PIECES;
    if (r == 0)
        r = cast_show_all(&options, &cut, reterr);
    if (r == 0)
        r = trace_compare(&whole, &cut, 0,
                          "with the same records in smaller batches, each gone after the call",
                          reterr);
    trace_free(&whole);
    trace_free(&cut);
    return r;
}

/* ---- the table ---------------------------------------------------------- */

const struct trial_check trial_checks[] = {
    {"its label is sane", check_label},
    {"it opens with its defaults and scores these logs", check_defaults},
    {"it opens at both ends of each range", check_ranges},
    {"it bears empty windows", check_empty},
    {"it bears windows without a value", check_nan},
    {"its scores are finite and never negative, whatever the values", check_wild},
    {"the same windows give the same scores, to the bit", check_same},
    {"instances do not touch each other", check_apart},
    {"it goes on from a saved state as if nothing had been", trial_check_state},
    {"it starts cold from a state that is not its own", trial_check_spoilt},
    {"it does not notice how records are cut into batches", check_cuts},
};
const size_t trial_check_count = sizeof(trial_checks) / sizeof(trial_checks[0]);

/* What it takes to look at the clock twice: a score may take no longer than that. */
static int64_t clock_reading_ns(void)
{
    int64_t least = INT64_MAX;
    for (int i = 0; i < 1000; i++) {
        int64_t begun = clock_monotonic_ns(), took = clock_monotonic_ns() - begun;
        least = took < least ? took : least;
    }
    return least;
}

/* Resident memory, in KiB; -1 when nobody says. No stdio: it would take memory, and more calls than are allowed here. */
static int64_t resident_kib(int statm)
{
    char text[128];
    unsigned long size, resident;
    ssize_t len = statm < 0 ? -1 : read(statm, text, sizeof(text) - 1);
    if (len <= 0)
        return -1;
    text[len] = '\0';
    return sscanf(text, "%lu %lu", &size, &resident) == 2
               ? (int64_t)resident * sysconf(_SC_PAGESIZE) / 1024
               : -1;
}

/* The first cast takes what is taken once: pages of code, the arena of malloc(). It stays, or the second would sit in its place. */
static int measure_second(struct trial_child *child, const struct cast_options *options,
                          struct cast *cast, struct error *reterr)
{
    struct trial_report *report = child->report;
    int64_t before = resident_kib(child->statm[0]);
    int r = cast_open(cast, options, reterr);
    if (r == 0)
        r = cast_run(cast, CAST_ALL, reterr);
    int64_t after = resident_kib(child->statm[1]);
    if (before >= 0 && after >= before) // not on the second stream: read once is read
        report->memory_kib = after - before;
    report->instances = cast->count;
    return r;
}

int trial_measure(struct trial_child *child, struct error *reterr)
{
    struct trial_cost *cost = &child->report->cost, ignored = {0};
    struct cast_options options = trial_options(child);
    struct cast warm = {.count = 0}, cast = {.count = 0};
    uint64_t windows = cost->windows;
    options.cost = &ignored;
    int r = cast_open(&warm, &options, reterr);
    if (r == 0)
        r = cast_run(&warm, SOME_FRAMES, reterr);
    options.cost = cost;
    if (r == 0)
        r = measure_second(child, &options, &cast, reterr);
    cast_close(&cast);
    cast_close(&warm);
    int64_t clocks = (int64_t)(cost->windows - windows) * clock_reading_ns();
    cost->score_ns = cost->score_ns > clocks ? cost->score_ns - clocks : 0;
    return r;
}
