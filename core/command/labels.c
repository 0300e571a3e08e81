/* SPDX-License-Identifier: MIT */

#include "command/labels.h"

#include "base/clock.h"

#include <errno.h>
#include <fnmatch.h>
#include <string.h>

enum column { STREAM, START, END, NAME, KIND, COLUMNS, CELLS_MAX = 32 };
static const char *const column_names[COLUMNS] = {"stream", "start", "end", "name", "kind"};

/* The file while it is read. */
struct reading {
    const char *name;
    struct labels *labels;
    int line;
    int at[COLUMNS]; /* which cell is which column; -1: there is none */
    struct error *reterr;
};

static int complain(const struct reading *r, const char *what, const char *text)
{
    return error_set(r->reterr, -EINVAL, "%s:%d: %s%s", r->name, r->line, what, text);
}

/* ---- cells -------------------------------------------------------------- */

/* A quoted cell, unquoted in place; returns what follows the closing quote, NULL when there is none. */
static char *unquote(char *text)
{
    char *to = text;
    for (char *p = text + 1; *p; p++) {
        if (*p == '"' && p[1] != '"') {
            *to = '\0';
            return p + 1;
        }
        p += *p == '"'; // two stand for one
        *to++ = *p;
    }
    return NULL;
}

/* Cuts a line into cells, in place; -1 when a quote is never closed or a cell goes on behind it. */
static int cut_cells(char *line, char *cells[CELLS_MAX])
{
    int count = 0;
    line[strcspn(line, "\r\n")] = '\0';
    while (line && count < CELLS_MAX) {
        char *rest;
        cells[count++] = line;
        if (*line == '"')
            rest = unquote(line);
        else
            rest = line + strcspn(line, ",");
        if (!rest || (*rest && *rest != ','))
            return -1;
        line = *rest ? rest + 1 : NULL;
        *rest = '\0';
    }
    return count;
}

static int read_header(struct reading *r, char *cells[CELLS_MAX], int count)
{
    for (int column = 0; column < COLUMNS; column++) {
        r->at[column] = -1;
        for (int i = 0; i < count; i++)
            if (strcmp(cells[i], column_names[column]) == 0)
                r->at[column] = i;
        if (r->at[column] < 0 && column != KIND)
            return complain(r,
                            "the first line must name the columns stream,start,end,name; "
                            "there is no ",
                            column_names[column]);
    }
    return 0;
}

static int read_time(const struct reading *r, const char *text, int64_t *ret)
{
    struct error why;
    return clock_parse(text, ret, &why) < 0 ? complain(r, "", why.text) : 0;
}

static int read_label(struct reading *r, char *cells[CELLS_MAX], int count)
{
    const char *text[COLUMNS];
    for (int column = 0; column < COLUMNS; column++) {
        int at = r->at[column];
        if (at >= count)
            return complain(r, "a value is missing: ", column_names[column]);
        text[column] = at < 0 ? "" : cells[at];
    }
    struct labels *labels = r->labels;
    struct label label = {.stream = arena_text(&labels->arena, bytes_of(text[STREAM])),
                          .name = arena_text(&labels->arena, bytes_of(text[NAME])),
                          .may = strcmp(text[KIND], "may") == 0,
                          .line = r->line};
    if (*text[KIND] && !label.may && strcmp(text[KIND], "must") != 0)
        return complain(r, "kind must be `must` or `may`, and not ", text[KIND]);
    if (read_time(r, text[START], &label.start_ns) < 0 ||
        read_time(r, text[END], &label.end_ns) < 0)
        return -EINVAL;
    if (label.end_ns < label.start_ns)
        return complain(r, "it ends before it starts: ", text[END]);
    if (labels->count == LABELS_MAX)
        return complain(r, "there are more than 10000 labels", "");
    labels->at[labels->count++] = label;
    return 0;
}

static int read_line(struct reading *r, char *line)
{
    char *cells[CELLS_MAX];
    int count = cut_cells(line, cells);
    if (count < 0)
        return complain(r, "a quote is not closed, or text follows it", "");
    if (count == 1 && !*cells[0])
        return 0; // a blank line
    return r->at[NAME] < 0 ? read_header(r, cells, count) : read_label(r, cells, count);
}

int labels_read(const char *name, FILE *in, struct labels *ret, struct error *reterr)
{
    struct labels labels = {0};
    struct reading reading = {
        .name = name, .labels = &labels, .at = {-1, -1, -1, -1, -1}, .reterr = reterr};
    char line[LABELS_LINE_MAX];
    int r = 0;
    labels.at = arena_alloc(&labels.arena, LABELS_MAX, sizeof(*labels.at));
    while (r == 0 && fgets(line, sizeof(line), in)) {
        reading.line++;
        r = !strchr(line, '\n') && !feof(in) ? complain(&reading, "the line is too long", "")
                                             : read_line(&reading, line);
    }
    if (r == 0 && ferror(in))
        r = error_set(reterr, -EIO, "%s: cannot be read: %s", name, strerror(errno));
    if (r == 0 && labels.count == 0)
        r = error_set(reterr, -EINVAL, "%s: no label in it", name);
    if (r < 0) {
        labels_free(&labels);
        return r;
    }
    *ret = labels;
    return 0;
}

void labels_free(struct labels *labels)
{
    arena_free(&labels->arena);
    *labels = (struct labels){0};
}

bool label_is_of(const struct label *label, const char *stream, const char *configured)
{
    const char *slash = strrchr(stream, '/');
    return !*label->stream || fnmatch(label->stream, stream, 0) == 0 ||
           fnmatch(label->stream, slash ? slash + 1 : stream, 0) == 0 ||
           (configured && fnmatch(label->stream, configured, 0) == 0);
}
