/* SPDX-License-Identifier: MIT */
/*
 * desk.h - one action at work: its group, the entries in its hands, and what runs for them.
 *
 *      group ──entry──▶ READY ──decide, start──▶ RUNNING ──it ended──▶ ENDING ──noted, acknowledged──▶ gone
 *                         ▲──back-off, or the hour's limit──┘
 *
 * What waits stays in a hand, and when the hands are full nothing more is read: the stream is the backlog. Of one
 * fingerprint only the first in hand is at work, so a resolve never overtakes its firing. Every turn that needs Redis may
 * fail and is taken again; what runs goes on meanwhile.
 *
 *      desk.c  the turns      desk_take.c  entries come      desk_work.c  an entry is acted on      desk_resend.c
 */
#ifndef ACT_DESK_H
#define ACT_DESK_H

#include "act/act.h"
#include "act/decide.h"
#include "act/group.h"
#include "act/job.h"
#include "act/pause.h"
#include "act/post.h"
#include "act/seen.h"
#include "act/trail.h"

enum { DESK_HANDS = 2 * ACTION_AT_ONCE_MAX };

enum hand_step { HAND_FREE, HAND_READY, HAND_RUNNING, HAND_ENDING };

struct hand {
    enum hand_step step;
    struct letter letter;
    uint64_t turn;  /* who came first */
    int64_t due_ns; /* READY: not before */
    bool begun;     /* decided: what follows are further attempts */
    bool capped;    /* it waits for the hour */
    bool
        unasked; /* a resolve that the conditions do not name: only for what was sent as firing */
    int attempts;
    enum ending ending;
    char why[256];
    char key[LETTER_ME]; /* Idempotency-Key */
    struct post post;
    struct buffer body; /* what the process is fed */
    struct job job;
};

struct desk {
    const struct action *action;
    const struct act_options *options;
    struct trail *trail; /* lent */
    struct group group;
    struct hand hands[DESK_HANDS];
    struct seen seen;
    uint64_t turn;
    int64_t claim_ns, keep_ns, resend_ns; /* when next */
    bool dry_run;
    bool joined, met; /* its group is there; it was there before, in this run */
    bool full;        /* more fires than is remembered, and that was said */
    bool ails;        /* the server refuses what it asks, and that was said */
    struct pause pause;
    bool empty; /* nothing came at the last look, or there was no room for it */
    struct job resend;
    struct post resend_post;
    struct buffer firing, bodies;
};

/* Lends `options`, `trail`, `server`. The consumer's group is named, not made yet. */
void desk_setup(struct desk *desk, const struct act_options *options, size_t which,
                struct server *server, struct trail *trail);
void desk_free(struct desk *desk); /* what runs is killed */

/* After each connecting, and when the server refused something: its group, and what was in its hands before. */
int desk_join(struct desk *desk, struct error *reterr);
/* Look after what runs. No Redis. */
void desk_tend(struct desk *desk);
/* Note what ended, start what may start. */
int desk_work(struct desk *desk, struct error *reterr);
/* Only note what ended. */
int desk_end(struct desk *desk, struct error *reterr);
/* Take what is new, waiting for it at most `block_ms`; what was ours; what others left. */
int desk_take(struct desk *desk, int block_ms, struct error *reterr);
/* Send again what fires, when it is time; `away`: from memory, as Redis cannot be asked. */
int desk_resend(struct desk *desk, bool away, struct error *reterr);

int desk_fds(const struct desk *desk, struct pollfd *fds);
bool desk_runs(const struct desk *desk);     /* anything at all */
bool desk_read_all(const struct desk *desk); /* nothing came, or nothing more can be taken */
bool desk_holds(const struct desk *desk);    /* an entry that is not waiting for the hour */

/* ---- between its files -------------------------------------------------- */

int desk_count(const struct desk *desk, enum hand_step step);
void desk_say(struct desk *desk, const struct hand *hand, enum outcome outcome,
              struct bytes detail);

#endif /* ACT_DESK_H */
