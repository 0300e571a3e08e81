/* SPDX-License-Identifier: MIT */
/*
 * join.h - decides which lines are one record.
 *
 * A record is only handed out when its end is certain: a line that begins the next one was seen, or nothing follows.
 * Whether a line begins a record is judged from its first FRAME_PEEK bytes, and only when these are here or the line is complete.
 * So the same bytes give the same records however they arrive, and what waits is at most bytes_max + FRAME_PEEK + 2.
 */
#ifndef RECORD_JOIN_H
#define RECORD_JOIN_H

#include "base/regex.h"
#include "record/frame.h"
#include "record/place.h"

enum join_rule {
    JOIN_SINGLE, /* each line is a record; blank ones are passed over */
    JOIN_STAMP, /* a record begins with a line that carries a stamp where this source carries it */
    JOIN_INDENT, /* ...that is not indented */
    JOIN_START,  /* ...that matches a pattern */
    JOIN_PARTS, /* containers: partial lines of one stream go on with the next line, as long as the bound allows */
};

/* Names the stream ('o', 'e') of a line that is only a part, with `*ret_part` false when it is whole. */
typedef char join_part_fn(struct bytes line, bool *ret_part);

struct joiner {
    enum join_rule rule;
    size_t bytes_max;
    struct stamps *stamps; /* JOIN_STAMP */
    places allowed;
    struct regex *start; /* JOIN_START */
    join_part_fn *part;  /* JOIN_PARTS */
    /* The line that ended the record before: it is the first of the next one. Its stamp was read then. */
    struct line ahead; /* begin is SIZE_MAX: none */
    size_t stamped_at; /* where the line with the newest stamp begins; SIZE_MAX: nowhere */
    struct stamp
        stamps_read[2]; /* that of the record being joined, and that of the line ahead */
    unsigned newest;    /* which of the two was read last */
};

/* One record in the text. */
struct extent {
    size_t begin, end; /* without the last line's ending and blank lines behind it */
    size_t next;       /* first byte behind it */
    uint32_t lines;
    bool multi;   /* more than one line that is not blank */
    bool over;    /* it is longer than the bound: what follows belongs to it still */
    bool judged;  /* its first line was searched for a stamp */
    bool stamped; /* ...and had one */
    const struct stamp *stamp; /* if so; lent until the next record is asked for */
};

/* The record at `at`; false: not all of it is here yet. `final`: nothing follows. */
bool join_next(struct joiner *joiner, struct bytes text, size_t at, bool final,
               struct extent *ret);

enum join_verdict { JOIN_UNKNOWN, JOIN_BEGINS, JOIN_GOES_ON };
/* Does `line` begin a record? For a record that is being skipped. */
enum join_verdict join_judge(struct joiner *joiner, struct bytes text, struct line line,
                             bool final);
/* Call when the text is another one, or when years are inferred from another stamp. */
void join_forget(struct joiner *joiner);

#endif /* RECORD_JOIN_H */
