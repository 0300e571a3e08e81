/* SPDX-License-Identifier: MIT */
/*
 * audit_marks.c - what people said of findings; the last word about one holds.
 */

#include "command/audit.h"

#include "app/marks_file.h"

/* Of one finding, or, without an id, of all that are the same trouble. */
static bool judge_cases(struct audit *audit, const struct said *said,
                        enum audit_verdict verdict)
{
    struct audit_case *one = said->id[0] ? audit_find(audit, said->id) : NULL;
    bool found = one != NULL;
    if (one)
        one->verdict = verdict;
    for (size_t i = 0; i < audit->count && !said->id[0]; i++)
        if (audit->cases[i].fingerprint == said->fingerprint) {
            audit->cases[i].verdict = verdict;
            found = true;
        }
    return found;
}

static void take(void *context, const struct said *said, struct bytes line)
{
    struct audit *audit = context;
    (void)line;
    if (said->kind == SAID_DEPLOY)
        return;
    audit->marks++;
    audit->marks_stray +=
        !judge_cases(audit, said, said->kind == SAID_FALSE ? AUDIT_FALSE : AUDIT_TRUE);
}

int audit_marks(struct audit *audit, const char *path, struct error *reterr)
{
    return marks_read(path, take, audit, &audit->marks_bad, reterr);
}
