/* SPDX-License-Identifier: MIT */
/*
 * firing.h - what fires, for an Alertmanager that forgets whatever is not sent again.
 *
 *      act:firing:ACTION   finding id ─▶ `epoch n F|R until`, labels, rest, end; a line each
 *
 * It lives in Redis, so that a start, or a peer, goes on where another stopped; the last look at it is kept for when Redis is
 * away. A resolved one stays for six hours, so that a firing that was late does not light it again, and is told again for fifteen
 * minutes, as a peer may just be sending what it knew of before. The labels are those of the
 * first time, whatever the configuration says later: with others, the alert could never be resolved.
 */
#ifndef ACT_FIRING_H
#define ACT_FIRING_H

#include "act/action.h"
#include "act/letter.h"
#include "act/server.h"

enum {
    FIRING_FULL = 1,
    FIRING_MAX = 4096,       /* alerts of one action */
    FIRING_BODY = 64,        /* alerts in one POST */
    FIRING_DAYS = 7,         /* a finding that nobody speaks of any more */
    FIRING_BYTES = 64 << 20, /* of all of them */
};

struct firing_news {
    const struct letter *letter;
    bool only_known; /* it counts only for what is remembered already */
};

/*
 * Remember what the letter says and append the alert to `out`, as a body of its own.
 *   Returns  0; FIRING_FULL when there was no room to remember it; -EALREADY when something newer is known of the finding, or nothing; -errno of Redis
 */
int firing_enter(struct server *server, const struct action *action,
                 const struct firing_news *news, struct buffer *out, struct error *reterr);
/* Read all that fires into `out`, a record of three lines (labels, rest, end or nothing) each; forget
 * what is long over. */
int firing_read(struct server *server, const struct action *action, struct buffer *out,
                struct error *reterr);
/* Turn such records into bodies, one a line, that hold until `ends_ns`. */
void firing_bodies(struct bytes records, int64_t ends_ns, struct buffer *out);

#endif /* ACT_FIRING_H */
