/* SPDX-License-Identifier: MIT */
/*
 * trace_draw.c - the way of a transaction on a terminal.
 *
 *      front@web1     +0.000   2.314 s  ████████████████████   0.020 s own   6 records
 *      └ payment      +0.012   2.290 s  ███████████████████    0.040 s own   4 records, 2 errors
 *        └ db@db1     +0.020   2.250 s   ██████████████████    2.250 s own   3 records   ◀ slowest
 *
 * All text of logs is escaped: it can be shown, not obeyed.
 */

#include "base/screen.h"
#include "command/trace.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>

enum { BAR = 28, NAME = 30, SHOWN = 30, WIDTH = 110 };

enum paint { PLAIN, DIM, BOLD, RED, YELLOW };
static const char *const paints[] = {[PLAIN] = "\x1b[0m",
                                     [DIM] = "\x1b[2m",
                                     [BOLD] = "\x1b[1m",
                                     [RED] = "\x1b[1;31m",
                                     [YELLOW] = "\x1b[33m"};

struct drawing {
    const struct trace_collected *c;
    struct buffer out;
    int width;
};

static void paint(struct drawing *d, enum paint which)
{
    if (d->c->request->color)
        buffer_text(&d->out, paints[which]);
}

static double seconds(int64_t ns)
{
    return (double)ns / (double)NS_PER_S;
}

static void pad(struct drawing *d, int columns)
{
    for (int i = 0; i < columns; i++)
        buffer_char(&d->out, ' ');
}

/* `payment@app1`, cut to the columns; returns how many it took. */
static int put_name(struct drawing *d, struct bytes service, struct bytes host, int columns)
{
    int used = screen_text(&d->out, service, columns);
    if (!host.len || columns - used < 3)
        return used;
    buffer_char(&d->out, '@');
    return used + 1 + screen_text(&d->out, host, columns - used - 1);
}

/* ---- hops ------------------------------------------------------------------- */

/* Where of BAR columns an instant lies. */
static int column_of(const struct path *path, int64_t at_ns)
{
    double all = (double)(path->to_ns - path->from_ns);
    return all > 0 ? (int)lround((double)(at_ns - path->from_ns) / all * BAR) : 0;
}

static void put_bar(struct drawing *d, const struct path_hop *hop)
{
    int from = column_of(&d->c->path, hop->from_ns), to = column_of(&d->c->path, hop->to_ns);
    if (from == BAR)
        from--;
    if (to <= from)
        to = from + 1; // however short, it is there
    pad(d, from);
    for (int i = from; i < to; i++)
        buffer_text(&d->out, "█");
    pad(d, BAR - to);
}

static void put_skew(struct drawing *d, const struct path_hop *hop)
{
    if (!hop->skew_ns)
        return;
    paint(d, DIM);
    buffer_printf(&d->out, "   %.3f s outside its caller: clocks differ?",
                  seconds(hop->skew_ns));
    paint(d, PLAIN);
}

static void put_counts(struct drawing *d, const struct path_hop *hop)
{
    buffer_printf(&d->out, "  %9.3f s own  %4" PRIu32 " record%s", seconds(hop->own_ns),
                  hop->steps, hop->steps == 1 ? "" : "s");
    if (hop->errors) {
        paint(d, RED);
        buffer_printf(&d->out, ", %" PRIu32 " error%s", hop->errors,
                      hop->errors == 1 ? "" : "s");
        paint(d, PLAIN);
    }
}

static void put_marks(struct drawing *d, uint32_t which)
{
    if (which == d->c->path.slowest) {
        paint(d, YELLOW);
        buffer_text(&d->out, "  ◀ slowest");
        paint(d, PLAIN);
    }
    if (which == d->c->path.cause) {
        paint(d, RED);
        buffer_text(&d->out, "  ✖ deepest error");
        paint(d, PLAIN);
    }
}

static void put_hop(struct drawing *d, uint32_t which)
{
    const struct path *path = &d->c->path;
    const struct path_hop *hop = &path->hops[which];
    int used = (int)(hop->depth < 8 ? hop->depth : 8) * 2;
    pad(d, used ? used - 2 : 0);
    buffer_text(&d->out, used ? "└ " : "");
    paint(d, BOLD);
    used += put_name(d, hop->service, hop->host, NAME - used);
    paint(d, PLAIN);
    pad(d, NAME - used);
    if (hop->from_ns == NO_TIME) {
        buffer_text(&d->out, "  no time known");
    } else {
        buffer_printf(&d->out, "%+9.3f %9.3f s  ", seconds(hop->from_ns - path->from_ns),
                      seconds(hop->to_ns - hop->from_ns));
        put_bar(d, hop);
    }
    put_counts(d, hop);
    put_marks(d, which);
    put_skew(d, hop);
    buffer_char(&d->out, '\n');
}

/* ---- records ---------------------------------------------------------------- */

/* The first line of a text, in what is left of the terminal's. */
static void put_line(struct drawing *d, struct bytes text, int used)
{
    const char *newline = text.len ? memchr(text.at, '\n', text.len) : NULL;
    size_t len = newline ? (size_t)(newline - text.at) : text.len;
    int left = d->width - used;
    screen_text(&d->out, (struct bytes){text.at, len}, left > 20 ? left : 20);
    if (newline)
        buffer_text(&d->out, " …");
    buffer_char(&d->out, '\n');
}

/* Seconds since the transaction began. */
static void put_time(struct drawing *d, int64_t at_ns)
{
    if (at_ns == NO_TIME || d->c->path.from_ns == NO_TIME)
        buffer_text(&d->out, "        ?");
    else
        buffer_printf(&d->out, "%+9.3f", seconds(at_ns - d->c->path.from_ns));
}

static struct bytes said_of(const struct path_step *step)
{
    return step->said.len ? step->said : step->text;
}

static void put_step(struct drawing *d, size_t which)
{
    const struct path *path = &d->c->path;
    const struct path_step *step = &path->steps[which];
    put_time(d, step->time_ns);
    buffer_text(&d->out, step->error ? " " : "   ");
    if (step->error) {
        paint(d, RED);
        buffer_text(&d->out, "✖ ");
        paint(d, PLAIN);
    }
    int used = put_name(d, step->service, step->host, 20);
    pad(d, 20 - used + 1);
    put_line(d, said_of(step), 33);
}

static void put_steps(struct drawing *d)
{
    const struct path *path = &d->c->path;
    size_t most = d->c->request->all ? path->step_count : SHOWN;
    buffer_char(&d->out, '\n');
    for (size_t i = 0; i < path->step_count && i < most; i++)
        put_step(d, i);
    if (path->step_count > most)
        buffer_printf(&d->out, "   … and %zu more; --all shows them\n",
                      path->step_count - most);
    if (path->cut)
        buffer_printf(&d->out, "   %" PRIu64 " records over %d were not kept\n", path->cut,
                      PATH_STEPS_MAX);
    if (path->merged)
        buffer_printf(&d->out, "   more than %d spans: some are shown together\n",
                      PATH_HOPS_MAX);
}

/* ---- the first error -------------------------------------------------------- */

static void put_place(struct drawing *d, struct bytes path, uint64_t line)
{
    screen_text(&d->out, path, 0);
    buffer_printf(&d->out, ":%" PRIu64, line);
}

static void put_error(struct drawing *d)
{
    const struct path *path = &d->c->path;
    if (path->first_error == path->step_count)
        return;
    const struct path_step *step = &path->steps[path->first_error];
    buffer_char(&d->out, '\n');
    paint(d, RED);
    buffer_text(&d->out, "first error");
    paint(d, PLAIN);
    buffer_text(&d->out, "  ");
    put_name(d, step->service, step->host, 0x7fff);
    buffer_text(&d->out, "  ");
    put_place(d, step->source, step->line);
    buffer_char(&d->out, '\n');
    for (size_t i = 0; i < d->c->before.count; i++) {
        const struct trace_context *context = &d->c->before.at[i];
        paint(d, DIM);
        buffer_printf(&d->out, "%9" PRIu64 "  ", context->line);
        put_time(d, context->time_ns);
        buffer_text(&d->out, "  ");
        put_line(d,
                 context->said_len ? (struct bytes){context->said, context->said_len}
                                   : (struct bytes){context->text, context->len},
                 22);
        paint(d, PLAIN);
    }
    buffer_printf(&d->out, "%9" PRIu64 "  ", step->line);
    put_time(d, step->time_ns);
    buffer_text(&d->out, "  ");
    put_line(d, said_of(step), 22);
    if (path->cause != PATH_NO_HOP && path->cause != step->hop) {
        buffer_text(&d->out, "deepest error  ");
        put_name(d, path->hops[path->cause].service, path->hops[path->cause].host, 0x7fff);
        buffer_text(&d->out, ": what those above it failed of, if it failed first\n");
    }
}

/* ---- all of it -------------------------------------------------------------- */

static size_t count_services(const struct path *path)
{
    size_t count = 0;
    for (size_t i = 0; i < path->hop_count; i++) {
        size_t same = 0;
        while (same < i && (!bytes_equal(path->hops[same].service, path->hops[i].service) ||
                            !bytes_equal(path->hops[same].host, path->hops[i].host)))
            same++;
        count += same == i;
    }
    return count;
}

static void put_head(struct drawing *d, const char *id)
{
    const struct path *path = &d->c->path;
    size_t services = count_services(path);
    char from[CLOCK_TEXT_SIZE];
    paint(d, BOLD);
    screen_text(&d->out, bytes_of(id), 0);
    paint(d, PLAIN);
    buffer_printf(&d->out, "  %zu record%s of %zu service%s in %zu file%s", path->step_count,
                  path->step_count == 1 ? "" : "s", services, services == 1 ? "" : "s",
                  d->c->files, d->c->files == 1 ? "" : "s");
    if (path->from_ns != NO_TIME)
        buffer_printf(&d->out, ", %.3f s from %s", seconds(path->to_ns - path->from_ns),
                      clock_format(path->from_ns, from));
    buffer_text(&d->out, "\n\n");
}

int trace_draw(const struct trace_collected *collected, const char *id,
               const struct trace_totals *totals)
{
    const struct trace_request *request = collected->request;
    struct drawing d = {.c = collected, .width = request->width ? request->width : WIDTH};
    (void)totals;
    put_head(&d, id);
    for (uint32_t i = 0; i < collected->path.hop_count; i++)
        put_hop(&d, i);
    put_error(&d);
    put_steps(&d);
    size_t n = fwrite(d.out.at, 1, d.out.len, request->out);
    bool whole = n == d.out.len && fflush(request->out) == 0;
    buffer_free(&d.out);
    return whole ? 0 : -EIO;
}
