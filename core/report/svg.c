/* SPDX-License-Identifier: MIT */
/*
 * svg.c - one series over the span: what was seen, what was expected, when a finding was open, and deployments.
 *
 * The scale begins at zero and is not bent, so that a height is what it looks like.
 */

#include "report/escape.h"
#include "report/pen.h"

#include <math.h>
#include <stdio.h>

enum {
    WIDTH = 960,
    HEIGHT = 210,
    LEFT = 58,
    RIGHT = 16,
    TOP = 26,
    BOTTOM = 28,
    LETTER = 6, /* width of one, about ... */
    LINE = 13,  /* ... and its height */
    NAME_BYTES = 24
};

struct frame {
    const struct report *report;
    const struct report_chart *chart;
    struct buffer *out;
    double low, high; /* of the values */
};

static double x_of(const struct frame *f, int64_t at_ns)
{
    double whole = (double)f->report->until_ns - (double)f->report->since_ns;
    double part = whole > 0 ? ((double)at_ns - (double)f->report->since_ns) / whole : 0;
    return LEFT + fmin(fmax(part, 0), 1) * (WIDTH - LEFT - RIGHT);
}

static double y_of(const struct frame *f, double value)
{
    double part = (value - f->low) / (f->high - f->low);
    return HEIGHT - BOTTOM - fmin(fmax(part, 0), 1) * (HEIGHT - TOP - BOTTOM);
}

static double middle(const struct frame *f, const struct report_point *point)
{
    return (x_of(f, point->start_ns) + x_of(f, point->end_ns)) / 2;
}

/* ---- scales ------------------------------------------------------------------------ */

static double nice(double value)
{
    if (!(value > 0) || value > 1e300)
        return value > 0 ? value : 0;
    double unit = pow(10, floor(log10(value)));
    double part = value / unit;
    return unit * (part <= 1 ? 1 : part <= 2 ? 2 : part <= 5 ? 5 : 10);
}

static void reach(double value, double *low, double *high)
{
    if (!isfinite(value))
        return;
    *low = fmin(*low, value);
    *high = fmax(*high, value);
}

static void set_scale(struct frame *f)
{
    double low = 0, high = 0;
    for (size_t i = 0; i < f->chart->point_count; i++) {
        const struct report_point *point = &f->chart->points[i];
        reach(point->observed, &low, &high);
        reach(point->expected, &low, &high);
        reach(point->lower, &low, &high);
        reach(point->upper, &low, &high);
    }
    f->low = -nice(-low);
    f->high = nice(high);
    if (!(f->high > f->low))
        f->high = f->low + 1;
}

/* Both ends and the middle, or zero, where that lies between them: heights are seen from it. */
static void draw_values(const struct frame *f)
{
    double half = f->low < 0 && f->high > 0 ? 0 : f->low + (f->high - f->low) / 2,
           values[] = {f->low, half, f->high}, last = HEIGHT + TOP;
    char text[WORDS_SIZE];
    for (int i = 0; i <= 2; i++) {
        double y = y_of(f, values[i]);
        buffer_printf(f->out,
                      "<line class=\"%s\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>\n",
                      values[i] == 0 ? "axis" : "grid", LEFT, WIDTH - RIGHT, y, y);
        if (last - y > LINE) // or one would cover the other
            buffer_printf(f->out, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
                          LEFT - 8, y + 4, report_number(values[i], text));
        last = y;
    }
}

static int64_t step_of(int64_t span_ns)
{
    static const int64_t steps_s[] = {1,    5,    10,    30,    60,    300,   600,    1800,
                                      3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800};
    size_t i = 0, last = sizeof(steps_s) / sizeof(steps_s[0]) - 1;
    while (i < last && span_ns / (steps_s[i] * NS_PER_S) > 8)
        i++;
    int64_t step = steps_s[i] * NS_PER_S;
    return span_ns / step > 12 ? span_ns / 12 : step; // more than three months
}

static void draw_times(const struct frame *f)
{
    int64_t since = f->report->since_ns, until = f->report->until_ns,
            step = step_of(until - since);
    bool days = until - since > 86400 * NS_PER_S, seconds = step < 60 * NS_PER_S;
    if (step <= 0)
        return;
    int64_t first = since - since % step;
    for (int64_t at = first < since ? first + step : first; at <= until; at += step) {
        struct civil t = clock_civil(at);
        char text[WORDS_SIZE];
        if (days)
            snprintf(text, sizeof(text), "%02d-%02d %02d:%02d", t.month, t.day, t.hour,
                     t.minute);
        else
            snprintf(text, sizeof(text), seconds ? "%02d:%02d:%02d" : "%02d:%02d", t.hour,
                     t.minute, t.second);
        double x = x_of(f, at), half = (double)strlen(text) * LETTER / 2;
        buffer_printf(f->out,
                      "<line class=\"axis\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>"
                      "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
                      x, x, HEIGHT - BOTTOM, HEIGHT - BOTTOM + 4, fmin(x, WIDTH - half),
                      HEIGHT - BOTTOM + 17, text);
    }
}

/* ---- what was expected ------------------------------------------------------------- */

static bool has_band(const struct report_point *point)
{
    return isfinite(point->lower) && isfinite(point->upper);
}

/* A band holds until the next one; the first one from the beginning. */
static void draw_band(const struct frame *f, size_t i, int64_t from_ns)
{
    const struct report_chart *chart = f->chart;
    const struct report_point *point = &chart->points[i];
    int64_t until_ns =
        i + 1 < chart->point_count ? chart->points[i + 1].start_ns : f->report->until_ns;
    double x = x_of(f, from_ns), wide = x_of(f, until_ns) - x;
    if (has_band(point)) {
        double top = y_of(f, point->upper), bottom = y_of(f, point->lower);
        buffer_printf(
            f->out,
            "<rect class=\"band\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>"
            "<path class=\"bound\" d=\"M%.1f %.1fh%.1fM%.1f %.1fh%.1f\"/>\n",
            x, top, wide, fmax(bottom - top, 1), x, top, wide, x, bottom, wide);
    }
    if (isfinite(point->expected))
        buffer_printf(f->out, "<path class=\"expected\" d=\"M%.1f %.1fh%.1f\"/>\n", x,
                      y_of(f, point->expected), wide);
}

static void draw_expected(const struct frame *f)
{
    int64_t from = f->report->since_ns;
    for (size_t i = 0; i < f->chart->point_count; i++) {
        if (i)
            from = f->chart->points[i].start_ns;
        draw_band(f, i, from);
    }
}

/* ---- what was seen ------------------------------------------------------------------- */

static void draw_open(const struct frame *f)
{
    for (size_t i = 0; i < f->chart->finding_count; i++) {
        const struct report_finding *finding = f->chart->findings[i];
        struct report_stay stay = report_stay(f->report, finding);
        double x = x_of(f, stay.from_ns), wide = x_of(f, stay.until_ns) - x;
        buffer_printf(
            f->out,
            "<rect class=\"open %s\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>\n",
            report_route_name(finding->route), x, TOP, fmax(wide, 1), HEIGHT - TOP - BOTTOM);
    }
}

/* From the nearer bound, or from zero, to the value. */
static void draw_mark(const struct frame *f, const struct report_point *point)
{
    const char *route = report_route_name(point->route);
    double x = middle(f, point), y = y_of(f, point->observed), from = 0;
    if (has_band(point))
        from = point->observed > point->upper   ? point->upper
               : point->observed < point->lower ? point->lower
                                                : point->observed;
    buffer_printf(f->out,
                  "<line class=\"stem %s\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>"
                  "<circle class=\"mark %s\" cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\"/>\n",
                  route, x, x, y_of(f, from), y, route, x, y);
}

static const struct report_point *farthest(const struct report_chart *chart)
{
    const struct report_point *best = &chart->points[0];
    for (size_t i = 1; i < chart->point_count; i++) {
        const struct report_point *point = &chart->points[i];
        double far = fabs(point->observed - (isfinite(point->expected) ? point->expected : 0));
        double so_far = fabs(best->observed - (isfinite(best->expected) ? best->expected : 0));
        if (far > so_far)
            best = point;
    }
    return best;
}

static void draw_peak(const struct frame *f)
{
    const struct report_point *point = farthest(f->chart);
    double x = middle(f, point);
    bool left = x > WIDTH - 120;
    char text[WORDS_SIZE];
    buffer_printf(f->out,
                  "<text class=\"peak\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n",
                  left ? x - 8 : x + 8, fmax(y_of(f, point->observed) + 4, TOP + 4),
                  left ? "end" : "start", report_number(point->observed, text));
}

/* Its beginning, cut between two characters. */
static struct bytes name_of(const char *version)
{
    size_t len = strlen(version);
    if (len > NAME_BYTES)
        for (len = NAME_BYTES; len > 0 && ((unsigned char)version[len] & 0xc0) == 0x80;)
            len--;
    return (struct bytes){version, len};
}

/* At its line where there is room behind the one before, which ended at `behind`; returns where the next may begin. */
static double draw_name(const struct frame *f, const char *version, double x, double behind)
{
    struct bytes name = name_of(version);
    double wide = (double)(name.len + 1) * LETTER, from = fmin(x, WIDTH - wide);
    if (from < behind)
        return behind;
    buffer_printf(f->out, "<text class=\"deployed\" x=\"%.1f\" y=\"%d\">", from, TOP - 11);
    escape_html_bytes(f->out, name);
    buffer_text(f->out, "</text>\n");
    return from + wide;
}

/* All of them, though not two lines where one is seen: a page has room for so many. */
static void draw_deploys(const struct frame *f)
{
    double behind = 0, last = 0;
    for (size_t i = 0; i < f->report->deploy_count; i++) {
        const struct report_deploy *deploy = &f->report->deploys[i];
        double x = x_of(f, deploy->time_ns);
        if (!report_inside(f->report, deploy->time_ns) || x - last < 2)
            continue;
        last = x;
        buffer_printf(
            f->out,
            "<line class=\"deploy-line\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>\n", x, x,
            TOP - 6, HEIGHT - BOTTOM);
        behind = draw_name(f, deploy->version, x, behind);
    }
}

/* ---- in words -------------------------------------------------------------------------- */

static void describe(const struct frame *f, size_t nth)
{
    const struct report_point *point = farthest(f->chart);
    char value[WORDS_SIZE], lower[WORDS_SIZE], upper[WORDS_SIZE], when[WORDS_SIZE],
        count[WORDS_SIZE];
    buffer_printf(f->out, "<title id=\"c%zut\">", nth);
    escape_html(f->out, f->chart->series);
    buffer_text(f->out, " of ");
    escape_html(f->out, f->chart->stream);
    buffer_printf(f->out,
                  "</title><desc id=\"c%zud\">%s; the farthest from what was expected is %s "
                  "at %s",
                  nth, report_plural(f->chart->point_count, "window", count),
                  report_number(point->observed, value), report_when(point->start_ns, when));
    if (has_band(point))
        buffer_printf(f->out, ", where %s to %s was expected",
                      report_number(point->lower, lower), report_number(point->upper, upper));
    buffer_text(f->out, ".</desc>\n");
}

void report_svg(const struct report *report, const struct report_chart *chart, size_t nth,
                struct buffer *out)
{
    struct frame frame = {.report = report, .chart = chart, .out = out};
    set_scale(&frame);
    buffer_printf(out,
                  "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-labelledby=\"c%zut c%zud\">\n",
                  WIDTH, HEIGHT, nth, nth);
    describe(&frame, nth);
    draw_open(&frame);
    draw_values(&frame);
    draw_times(&frame);
    draw_expected(&frame);
    draw_deploys(&frame);
    for (size_t i = 0; i < chart->point_count; i++)
        draw_mark(&frame, &chart->points[i]);
    draw_peak(&frame);
    buffer_text(out, "</svg>\n");
}
