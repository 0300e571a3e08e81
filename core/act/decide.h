/* SPDX-License-Identifier: MIT */
/*
 * decide.h - may an action act on a finding, and what became of it: each one script, so that it is one step.
 *
 *      act:did:ACTION:ME      `begun TOKEN ENTRY`, then `done`; a week long. Who finds another's token knows that it may have been
 *                             done; who finds his own never got the answer, and has not
 *      act:cool:ACTION:…      who acted last on this fingerprint, for the length of the cooldown
 *      act:hour:ACTION        who acted in the last hour, by the server's clock: it holds across peers and restarts
 *      dead                   what could not be done
 */
#ifndef ACT_DECIDE_H
#define ACT_DECIDE_H

#include "act/action.h"
#include "act/group.h"

enum decision {
    DECIDE_GO,   /* act: it is noted as begun */
    DECIDE_DONE, /* it was done before: the same entry came twice */
    DECIDE_MAYBE, /* at most once: it was begun before, by somebody who did not come to the end */
    DECIDE_COOL, /* its fingerprint was acted on within the cooldown */
    DECIDE_WAIT, /* enough for this hour */
};

struct verdict_of {
    enum decision decision;
    int64_t wait_ns; /* of DECIDE_WAIT */
};

int decide_begin(struct server *server, const struct action *action,
                 const struct letter *letter, struct verdict_of *ret, struct error *reterr);

enum ending { END_SKIPPED, END_DONE, END_DEAD, END_MAYBE };
/* Noted and acknowledged; of a dead one, and one that may have been done, a dead letter is written. */
struct end_note {
    enum ending ending;
    const char *why;
    int attempts;
};
int decide_end(struct group *group, const struct action *action, const struct letter *letter,
               const struct end_note *note, struct error *reterr);

enum { DECIDE_DEAD_MAX = 10000, DECIDE_MEMORY_DAYS = 7 };

#endif /* ACT_DECIDE_H */
