/* SPDX-License-Identifier: MIT */
/*
 * pen.h - what a format has to be able to write; compose.c says what is written.
 *
 *      compose.c ──▶ pen ──▶ html.c or markdown.c ──▶ escape.h
 *
 * All text handed to a pen is as it was stored: the pen escapes it.
 */
#ifndef REPORT_PEN_H
#define REPORT_PEN_H

#include "report/inner.h"

enum cell_kind {
    CELL_TEXT,
    CELL_CODE,  /* a name out of a log */
    CELL_TIME,  /* must not be broken */
    CELL_COUNT, /* a number: to the right */
    CELL_BADGE, /* a route or a moment, in its colour */
    CELL_LINK,  /* a URL, if it is one */
};
/* `tone` of a badge is one of page, ticket, log, good, deploy, quiet. */
struct cell {
    enum cell_kind kind;
    const char *text, *tone;
};

enum { PEN_COLUMNS_MAX = 8 };
struct pen_table {
    const char *caption;
    const char *columns[PEN_COLUMNS_MAX]; /* ends with NULL */
    bool blank;                           /* to be filled in by hand */
};

/* A number to be seen at once. */
struct pen_tile {
    const char *value, *label, *tone;
};

struct pen {
    struct buffer *out;
    void (*begin)(struct pen *pen, const char *title, const char *span);
    void (*heading)(struct pen *pen, int level, const char *text, const char *tone);
    void (*paragraph)(struct pen *pen, const char *text);
    void (*note)(struct pen *pen, const char *text); /* smaller */
    void (*tiles)(struct pen *pen, const struct pen_tile *tiles, size_t count);
    void (*table_begin)(struct pen *pen, const struct pen_table *table);
    void (*row)(struct pen *pen, const struct cell *cells);
    void (*table_end)(struct pen *pen);
    void (*list_begin)(struct pen *pen);
    void (*item)(struct pen *pen, const char *name, struct cell cell); /* name "": none */
    void (*list_end)(struct pen *pen);
    void (*code)(struct pen *pen, const char *label, const char *text);
    void (*chart)(struct pen *pen, const struct report *report,
                  const struct report_chart *chart);
    void (*card_begin)(struct pen *pen); /* a part that is kept together on a page */
    void (*card_end)(struct pen *pen);
    void (*room)(struct pen *pen, const char *hint); /* to write into */
    void (*end)(struct pen *pen, const char *colophon);
    /* their own */
    const struct pen_table *table;
    size_t columns, charts;
};

void report_compose(const struct report *report, struct pen *pen);
/* sections.c, tables.c, cards.c */
void compose_impact(const struct report *report, struct pen *pen);
void compose_timeline(const struct report *report, struct pen *pen);
void compose_first(const struct report *report, struct pen *pen);
void compose_cards(const struct report *report, struct pen *pen);
void compose_before(const struct report *report, struct pen *pen);
const char *tone_of(enum report_route route);
/* "and 12 more" unless 0. */
void compose_more(struct pen *pen, size_t more, const char *what);

/* svg.c */
void report_svg(const struct report *report, const struct report_chart *chart, size_t nth,
                struct buffer *out);
/* style.c */
extern const char report_style[];

#endif /* REPORT_PEN_H */
