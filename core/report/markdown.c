/* SPDX-License-Identifier: MIT */
/*
 * markdown.c - the same for a wiki, to be written on in. A chart becomes a table of its numbers.
 */

#include "report/escape.h"
#include "report/pen.h"

#include <stdio.h>

enum { CHART_ROWS_MAX = 20 };

static void put(struct pen *pen, const char *markdown)
{
    buffer_text(pen->out, markdown);
}

static void text(struct pen *pen, const char *raw)
{
    escape_markdown(pen->out, raw);
}

static void line(struct pen *pen, const char *open, const char *raw, const char *close)
{
    put(pen, open);
    text(pen, raw);
    put(pen, close);
}

static void begin(struct pen *pen, const char *title, const char *span)
{
    line(pen, "# ", title, "\n\n");
    line(pen, "", span, "\n\n");
}

static void heading(struct pen *pen, int level, const char *raw, const char *tone)
{
    put(pen, level == 2 ? "## " : "### ");
    if (tone)
        buffer_printf(pen->out, "%s: ", tone);
    line(pen, "", raw, "\n\n");
}

static void paragraph(struct pen *pen, const char *raw)
{
    line(pen, "", raw, "\n\n");
}

static void note(struct pen *pen, const char *raw)
{
    line(pen, "*", raw, "*\n\n");
}

static void tiles(struct pen *pen, const struct pen_tile *tile, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        line(pen, i ? " · **" : "**", tile[i].value, "** ");
        text(pen, tile[i].label);
    }
    put(pen, "\n\n");
}

/* ---- tables -------------------------------------------------------------------------------- */

static void table_begin(struct pen *pen, const struct pen_table *table)
{
    pen->table = table;
    line(pen, "**", table->caption, "**\n\n|");
    for (pen->columns = 0; table->columns[pen->columns]; pen->columns++)
        line(pen, " ", table->columns[pen->columns], " |");
    put(pen, "\n|");
    for (size_t i = 0; i < pen->columns; i++)
        put(pen, " --- |");
    put(pen, "\n");
}

static void content(struct pen *pen, const struct cell *cell)
{
    bool link = cell->kind == CELL_LINK && escape_is_link(cell->text);
    if (link)
        buffer_printf(pen->out, "<%s>", cell->text); // nothing in it needs to be escaped
    else
        text(pen, cell->text);
}

static void row(struct pen *pen, const struct cell *cells)
{
    put(pen, "|");
    for (size_t i = 0; i < pen->columns; i++) {
        put(pen, " ");
        content(pen, &cells[i]);
        put(pen, " |");
    }
    put(pen, "\n");
}

static void table_end(struct pen *pen)
{
    put(pen, "\n");
}

/* ---- findings ------------------------------------------------------------------------------- */

static void list_begin(struct pen *pen)
{
    (void)pen;
}

static void item(struct pen *pen, const char *name, struct cell cell)
{
    if (*name)
        line(pen, "- ", name, ": ");
    else
        put(pen, "  - ");
    content(pen, &cell);
    put(pen, "\n");
}

static void list_end(struct pen *pen)
{
    put(pen, "\n");
}

static void code(struct pen *pen, const char *label, const char *raw)
{
    line(pen, "", label, "\n\n");
    escape_markdown_code(pen->out, raw);
}

static void nothing(struct pen *pen)
{
    (void)pen;
}

static void chart(struct pen *pen, const struct report *report, const struct report_chart *c)
{
    static const struct pen_table table = {
        "Windows", {"Window", "Observed", "Expected", "From", "To"}, false};
    size_t shown = c->point_count < CHART_ROWS_MAX ? c->point_count : CHART_ROWS_MAX;
    (void)report;
    put(pen, "### ");
    line(pen, "", c->series, " of ");
    line(pen, "", c->stream, ", ");
    line(pen, "", c->unit, "\n\n");
    if (*c->key)
        line(pen, "", c->key, "\n\n");
    table_begin(pen, &table);
    for (size_t i = 0; i < shown; i++) {
        const struct report_point *p = &c->points[i];
        char t[5][WORDS_SIZE];
        struct cell cells[] = {{CELL_TIME, report_when(p->start_ns, t[0]), NULL},
                               {CELL_COUNT, report_number(p->observed, t[1]), NULL},
                               {CELL_COUNT, report_number(p->expected, t[2]), NULL},
                               {CELL_COUNT, report_number(p->lower, t[3]), NULL},
                               {CELL_COUNT, report_number(p->upper, t[4]), NULL}};
        row(pen, cells);
    }
    table_end(pen);
    compose_more(pen, c->point_count - shown, "windows");
}

static void room(struct pen *pen, const char *hint)
{
    note(pen, hint);
}

static void end(struct pen *pen, const char *colophon)
{
    put(pen, "\n---\n\n");
    line(pen, "", colophon, "\n");
}

void report_markdown(const struct report *report, struct buffer *out)
{
    struct pen pen = {.out = out,
                      .begin = begin,
                      .heading = heading,
                      .paragraph = paragraph,
                      .note = note,
                      .tiles = tiles,
                      .table_begin = table_begin,
                      .row = row,
                      .table_end = table_end,
                      .list_begin = list_begin,
                      .item = item,
                      .list_end = list_end,
                      .code = code,
                      .chart = chart,
                      .card_begin = nothing,
                      .card_end = nothing,
                      .room = room,
                      .end = end};
    report_compose(report, &pen);
}
