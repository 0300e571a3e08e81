/* SPDX-License-Identifier: MIT */
/*
 * html.c - one page that needs nothing else: no script, nothing loaded, and a policy that forbids both, should anything get by escape.h.
 */

#include "report/escape.h"
#include "report/pen.h"

#include <ctype.h>

static void put(struct pen *pen, const char *html)
{
    buffer_text(pen->out, html);
}

static void text(struct pen *pen, const char *raw)
{
    escape_html(pen->out, raw);
}

static void element(struct pen *pen, const char *open, const char *raw, const char *close)
{
    put(pen, open);
    text(pen, raw);
    put(pen, close);
}

static void begin(struct pen *pen, const char *title, const char *span)
{
    put(pen, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
             "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
             "style-src 'unsafe-inline'; img-src data:\">\n"
             "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
             "<meta name=\"color-scheme\" content=\"light dark\">\n"
             "<meta name=\"referrer\" content=\"no-referrer\">\n");
    element(pen, "<title>", title, "</title>\n<style>");
    put(pen, report_style);
    element(pen,
            "</style>\n</head>\n<body>\n<main>\n<header>\n<p class=\"kicker\">Incident report"
            "</p>\n<h1>",
            title, "</h1>\n");
    element(pen, "<p class=\"span\">", span, "</p>\n</header>\n");
}

/* Headings of sections close the one before, so that a section is one in the outline. */
static void heading(struct pen *pen, int level, const char *raw, const char *tone)
{
    if (level == 2) {
        element(pen, "<h2>", raw, "</h2>\n");
        return;
    }
    put(pen, "<h3>");
    if (tone) {
        buffer_printf(pen->out, "<span class=\"badge %s\">%s</span> ", tone, tone);
    }
    element(pen, "<span>", raw, "</span></h3>\n");
}

static void paragraph(struct pen *pen, const char *raw)
{
    element(pen, "<p>", raw, "</p>\n");
}

static void note(struct pen *pen, const char *raw)
{
    element(pen, "<p class=\"note\">", raw, "</p>\n");
}

static void tiles(struct pen *pen, const struct pen_tile *tile, size_t count)
{
    put(pen, "<ul class=\"tiles\">\n");
    for (size_t i = 0; i < count; i++) {
        buffer_printf(pen->out, "<li class=\"tile %s\"><b>", tile[i].tone);
        element(pen, "", tile[i].value, "</b> <span>");
        element(pen, "", tile[i].label, "</span></li>\n");
    }
    put(pen, "</ul>\n");
}

/* ---- tables ----------------------------------------------------------------------------- */

static void table_begin(struct pen *pen, const struct pen_table *table)
{
    pen->table = table;
    buffer_printf(pen->out, "<div class=\"wide\"><table%s>\n",
                  table->blank ? " class=\"blank\"" : "");
    element(pen, "<caption>", table->caption, "</caption>\n<thead><tr>");
    for (pen->columns = 0; table->columns[pen->columns]; pen->columns++)
        element(pen, "<th scope=\"col\">", table->columns[pen->columns], "</th>");
    put(pen, "</tr></thead>\n<tbody>\n");
}

static void link_or_text(struct pen *pen, const char *raw)
{
    if (!escape_is_link(raw)) {
        text(pen, raw);
        return;
    }
    element(pen, "<a rel=\"noopener noreferrer\" href=\"", raw, "\">");
    element(pen, "", raw, "</a>");
}

/* A path may be broken behind its slashes. */
static void name(struct pen *pen, const char *raw)
{
    put(pen, "<code>");
    while (*raw) {
        size_t len = strcspn(raw, "/");
        len += raw[len] == '/';
        escape_html_bytes(pen->out, (struct bytes){raw, len});
        raw += len;
        if (*raw)
            put(pen, "<wbr>");
    }
    put(pen, "</code>");
}

static void content(struct pen *pen, const struct cell *cell)
{
    if (cell->kind == CELL_CODE && *cell->text)
        name(pen, cell->text);
    else if (cell->kind == CELL_LINK)
        link_or_text(pen, cell->text);
    else if (cell->kind == CELL_BADGE) {
        buffer_printf(pen->out, "<span class=\"badge %s\">", cell->tone);
        element(pen, "", cell->text, "</span>");
    } else
        text(pen, cell->text);
}

static void row(struct pen *pen, const struct cell *cells)
{
    put(pen, "<tr>");
    for (size_t i = 0; i < pen->columns; i++) {
        put(pen, cells[i].kind == CELL_TIME    ? "<td class=\"time\">"
                 : cells[i].kind == CELL_CODE  ? "<td class=\"name\">"
                 : cells[i].kind == CELL_COUNT ? "<td class=\"count\">"
                                               : "<td>");
        content(pen, &cells[i]);
        put(pen, "</td>");
    }
    put(pen, "</tr>\n");
}

static void table_end(struct pen *pen)
{
    put(pen, "</tbody>\n</table></div>\n");
}

/* ---- findings --------------------------------------------------------------------------- */

static void list_begin(struct pen *pen)
{
    put(pen, "<dl>\n");
}

/* Without a name it goes on for the one before. */
static void item(struct pen *pen, const char *name, struct cell cell)
{
    if (*name)
        element(pen, "<dt>", name, "</dt>");
    put(pen, "<dd>");
    content(pen, &cell);
    put(pen, "</dd>\n");
}

static void list_end(struct pen *pen)
{
    put(pen, "</dl>\n");
}

static void code(struct pen *pen, const char *label, const char *raw)
{
    element(pen, "<figure class=\"line\"><figcaption>", label, "</figcaption><pre>");
    escape_html_lines(pen->out, raw);
    put(pen, "</pre></figure>\n");
}

static void card_begin(struct pen *pen)
{
    put(pen, "<article>\n");
}

static void card_end(struct pen *pen)
{
    put(pen, "</article>\n");
}

static void chart(struct pen *pen, const struct report *report, const struct report_chart *c)
{
    size_t nth = ++pen->charts;
    put(pen, "<figure class=\"chart\"><figcaption>");
    buffer_printf(pen->out, "<span class=\"badge %s\">%s</span> ", tone_of(c->route),
                  tone_of(c->route));
    element(pen, "<b>", c->series, "</b> ");
    element(pen, "<code>", c->stream, "</code> ");
    if (*c->key)
        element(pen, "<code class=\"key\">", c->key, "</code> ");
    element(pen, "<span class=\"unit\">", c->unit, "</span></figcaption>\n");
    report_svg(report, c, nth, pen->out);
    put(pen, "</figure>\n");
}

static void room(struct pen *pen, const char *hint)
{
    element(pen, "<div class=\"room\"><p class=\"note\">", hint, "</p></div>\n");
}

static void end(struct pen *pen, const char *colophon)
{
    element(pen, "</main>\n<footer><p>", colophon, "</p></footer>\n</body>\n</html>\n");
}

void report_html(const struct report *report, struct buffer *out)
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
                      .card_begin = card_begin,
                      .card_end = card_end,
                      .room = room,
                      .end = end};
    report_compose(report, &pen);
}
