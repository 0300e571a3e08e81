/* SPDX-License-Identifier: MIT */
/*
 * regex.h - one compiled PCRE2 pattern, bounded.
 *
 * PCRE2's match limit restarts at every start offset, so a pattern may still cost limit x line length; match, depth
 * and heap limits are set low, and only the first REGEX_SUBJECT_BYTES of a subject are searched. A search that hits
 * a limit is a *counted error*, never "no match"; after REGEX_STRIKES of them the pattern is quarantined: it no longer runs.
 * Patterns are bytes, not UTF-8, as log lines are.
 */
#ifndef BASE_REGEX_H
#define BASE_REGEX_H

#include "base/bytes.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct regex;

enum {
    REGEX_SUBJECT_BYTES = 16384, /* a longer line is matched up to here */
    REGEX_TIMED = 64,
    REGEX_STRIKES = 16,    /* limit errors before quarantine */
    REGEX_GROUPS_MAX = 32, /* capture groups a pattern may have */
};

/* Owns: the caller, until regex_free(). The error names the pattern and the offset where it broke. */
int regex_compile(const char *pattern, struct regex **ret, struct error *reterr);
void regex_free(struct regex *regex); /* accepts NULL */

/*
 * Does it match anywhere? 1 yes, 0 no, -EOVERFLOW when a limit was hit (counted), -ECANCELED in quarantine.
 * Thread   one at a time per regex (the match data is inside)
 */
int regex_match(struct regex *regex, struct bytes subject);

/*
 * The same from byte `offset` of the subject on; what stands before it is context for anchors and lookbehinds. With
 * `cut` the subject is only the beginning of a longer text: REGEX_UNDECIDED when a match may begin at group 0 and go on
 * behind the end, which is then not searched further.
 */
enum { REGEX_UNDECIDED = 2 };
int regex_match_from(struct regex *regex, struct bytes subject, size_t offset, bool cut);

/* After a match: the bytes of group `group` (0 = all of it); {NULL, 0} when it took no part. */
struct bytes regex_group(const struct regex *regex, struct bytes subject, int group);
/* The number of a named group, or -1. */
int regex_group_number(const struct regex *regex, const char *name);

struct regex_health {
    uint64_t searches, limit_errors;
    uint64_t timed, timed_ns; /* every REGEX_TIMED-th search is timed */
    bool quarantined;
};
struct regex_health regex_health(const struct regex *regex);
const char *regex_text(const struct regex *regex);

/* Is the JIT compiler at work here? */
bool regex_has_jit(void);

#endif /* BASE_REGEX_H */
