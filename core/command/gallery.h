/* SPDX-License-Identifier: MIT */
/*
 * gallery.h - the findings of one command: numbered, kept in their last revision, shown in the order they began.
 *
 * JSON goes out at once, each revision a line. For people a finding is shown once, as it ended, and sorted by time: streams
 * are read one after the other, but an incident is seen across them.
 */
#ifndef COMMAND_GALLERY_H
#define COMMAND_GALLERY_H

#include "judge/finding.h"

#include <stdbool.h>
#include <stdio.h>

enum {
    GALLERY_MAX = 20000
}; /* kept for sorting; beyond that the oldest are shown as they come */

struct gallery {
    FILE *out;
    bool json, color;
    int width;
    enum finding_route least; /* not shown: what is less urgent than this */
    uint64_t n;
    size_t shown[ROUTES]; /* findings, not revisions */
    struct picture *pictures;
    size_t count, capacity;
    bool failed; /* `out` took no more */
};

/* The `deliver` callback of a judge; `context` is the gallery. */
void gallery_take(void *context, struct finding *finding);
/* Show what is kept, and forget it. */
void gallery_show(struct gallery *gallery);
void gallery_free(struct gallery *gallery);

#endif /* COMMAND_GALLERY_H */
