/* SPDX-License-Identifier: MIT */
/*
 * labels.h - what people know to have happened: the truth that a back-test is held against.
 *
 *      stream,start,end,name[,kind]
 *      checkout,2026-03-02 09:45:00,2026-03-02 09:50:00,bank timed out
 *      *,2026-03-02T02:00:00Z,2026-03-02T04:00:00Z,nightly copy,may
 *
 * The first line names the columns, in any order; others are ignored. Times as everywhere, UTC unless they say otherwise. `stream` is the
 * name of a stream or a pattern (`*`, `web-*`); empty means all. `kind` is `must` (it has to be found; the default) or `may` (finding it is
 * neither right nor wrong). Values may be quoted as spreadsheets do.
 */
#ifndef COMMAND_LABELS_H
#define COMMAND_LABELS_H

#include "base/arena.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { LABELS_MAX = 10000, LABELS_LINE_MAX = 8192 };

struct label {
    const char *stream, *name;
    int64_t start_ns, end_ns;
    bool may;
    int line;
};

struct labels {
    struct arena arena; /* owns all of it */
    struct label *at;   /* [count], in the order of the file */
    size_t count;
};

/*
 * `name` stands in errors, which are `name:line: sentence`.
 *   Owns     the caller, until labels_free(); `ret` is untouched on failure
 */
int labels_read(const char *name, FILE *in, struct labels *ret, struct error *reterr);
void labels_free(struct labels *labels);

/* Is the label about a stream of one of these names? The configured one may be NULL. */
bool label_is_of(const struct label *label, const char *stream, const char *configured);

#endif /* COMMAND_LABELS_H */
