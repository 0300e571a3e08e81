/* SPDX-License-Identifier: MIT */
/* line.h - the beginning of a record, kept to be quoted and compared. Plain numbers and bytes: it may be part of a saved state. */
#ifndef KIT_LINE_H
#define KIT_LINE_H

#include <oddline/detector.h>

#include <stdbool.h>

enum { LINE_BYTES = 120 };

struct line {
    uint32_t len;
    char text[LINE_BYTES]; /* not NUL-terminated */
};

/* What a record says in its first line. */
struct line line_of(const oddline_batch *batch, const oddline_record *record);
/* Word by word: does most of one line stand in the other, at the same place? */
bool line_is_kin(const struct line *a, const struct line *b);

#endif /* KIT_LINE_H */
