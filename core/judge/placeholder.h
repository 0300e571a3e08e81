/* SPDX-License-Identifier: MIT */
/*
 * placeholder.h - annotations with blanks in them: `https://grafana.example/d/logs?var-stream={stream}&from={starts_ms}`.
 *
 * A blank is a name in braces; `{{` stands for one brace, and a brace before anything else for itself. What goes in comes from the
 * configuration, from marks and from the numbers of the finding, never from its evidence or key: whoever can write a log line
 * must not write a link that somebody follows at night. In text that begins with http:// or https:// whatever is put in is
 * percent-encoded, and the version of a deployment, of which a log may have told, everywhere.
 */
#ifndef JUDGE_PLACEHOLDER_H
#define JUDGE_PLACEHOLDER_H

#include "judge/finding.h"

enum { PLACEHOLDER_TEXT_MAX = 1024 };

/* Names that are there for every finding; besides them, those of its labels and of the resource. */
extern const char *const placeholder_names[];
extern const size_t placeholder_name_count;

/* A piece of an annotation: text as it is, or a name. */
struct placeholder_piece {
    struct bytes text;
    bool is_name;
};
/* Takes a piece from the front of *text; false when nothing is left. */
bool placeholder_next(const char **text, struct placeholder_piece *ret);

/* Room for the annotations of one finding; the finding borrows it. */
struct placeholder_room {
    struct finding_pair pairs[FINDING_PAIRS_MAX];
    char text[FINDING_PAIRS_MAX][PLACEHOLDER_TEXT_MAX + 1];
};
/* Fill in the blanks of its annotations. A name that is not known to this finding leaves nothing. */
void placeholder_fill(struct finding *finding, struct placeholder_room *room);

#endif /* JUDGE_PLACEHOLDER_H */
