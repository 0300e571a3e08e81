/* SPDX-License-Identifier: MIT */

#include "act/act.h"

#include "act/desk.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

#include <errno.h>
#include <stdlib.h>

enum {
    WAIT_MS = 500, /* for something new, when nothing runs */
    LOOK_MS = 20,  /* at what runs */
};
/* come_back(): it is not time yet. No errno: a server that loads its data set answers -EAGAIN. */
enum { NOT_YET = 1 };

struct act {
    const struct act_options *options;
    struct server server;
    struct trail trail;
    struct desk *desks; /* [action_count] */
    struct pollfd *fds;
    bool away;          /* and that was said */
    struct pause pause; /* until it is time to connect again */
};

static bool stopped(const struct act *act)
{
    return *act->options->stop != 0;
}

static bool anything_runs(const struct act *act)
{
    for (size_t i = 0; i < act->options->action_count; i++)
        if (desk_runs(&act->desks[i]))
            return true;
    return false;
}

static bool joined_any(const struct act *act)
{
    for (size_t i = 0; i < act->options->action_count; i++)
        if (act->desks[i].joined)
            return true;
    return false;
}

static void tend(struct act *act)
{
    for (size_t i = 0; i < act->options->action_count; i++)
        desk_tend(&act->desks[i]);
}

/* Sleep until something that runs has something to say, at most `ms`. */
static void nap(struct act *act, int ms)
{
    nfds_t count = 0;
    for (size_t i = 0; i < act->options->action_count; i++)
        count += (nfds_t)desk_fds(&act->desks[i], act->fds + count);
    poll(act->fds, count, ms);
}

/* ---- Redis comes and goes ----------------------------------------------- */

static void lost(struct act *act, const struct error *error)
{
    redis_link_close(&act->server.link);
    for (size_t i = 0; i < act->options->action_count; i++)
        act->desks[i].joined = false;
    if (!act->away)
        log_warning("act: %s; trying again", error->text);
    act->away = true;
    pause_grow(&act->pause);
}

static int come_back(struct act *act, struct error *reterr)
{
    if (!pause_over(&act->pause))
        return NOT_YET;
    return server_open(&act->server, reterr);
}

/* ---- a turn ------------------------------------------------------------- */

static int work(struct desk *desk, struct error *reterr)
{
    int r = desk->joined ? 0 : desk_join(desk, reterr);
    if (r == 0)
        r = desk_work(desk, reterr);
    return r == 0 ? desk_resend(desk, false, reterr) : r;
}

/*
 * What the server refuses one action holds up no other: a key of its own that holds something else, a permission. Without a
 * connection, or with --once, it is the end of the turn.
 */
static int ail(const struct act *act, struct desk *desk, int r, struct error *reterr)
{
    if (!act->server.link.context || act->options->once)
        return r;
    if (!desk->ails)
        log_warning("action %s: %s; trying again", desk->action->name, reterr->text);
    desk->ails = desk->empty = true;
    desk->joined = false;
    pause_grow(&desk->pause);
    return 0;
}

static void recover(struct desk *desk)
{
    if (desk->ails)
        log_notice("action %s: redis takes it again", desk->action->name);
    desk->ails = false;
    desk->pause = (struct pause){0};
}

/* One that ails and has to wait; what fires still does. */
static bool rests(struct desk *desk)
{
    struct error error;
    if (pause_over(&desk->pause))
        return false;
    if (desk_resend(desk, true, &error) < 0)
        log_warning("action %s: %s", desk->action->name, error.text);
    return true;
}

static int work_all(struct act *act, struct error *reterr)
{
    int r = 0;
    for (size_t i = 0; i < act->options->action_count && r == 0; i++) {
        struct desk *desk = &act->desks[i];
        r = rests(desk) ? 0 : work(desk, reterr);
        if (r < 0)
            r = ail(act, desk, r, reterr);
    }
    return r;
}

/* Take, and begin with it. Only now the server has done all that an action asks of it. */
static int take(struct desk *desk, int wait_ms, struct error *reterr)
{
    int r = desk_take(desk, wait_ms, reterr);
    if (r == 0)
        r = desk_work(desk, reterr);
    if (r == 0)
        recover(desk);
    return r;
}

/* Each waits for a part of the time; who runs something does not wait at all. */
static int take_all(struct act *act, struct error *reterr)
{
    int part = WAIT_MS / (int)act->options->action_count, r = 0;
    for (size_t i = 0; i < act->options->action_count && r == 0 && !stopped(act); i++) {
        struct desk *desk = &act->desks[i];
        bool wait = desk->empty && !act->options->once && !anything_runs(act);
        r = desk->joined ? take(desk, wait ? part : 0, reterr) : 0;
        if (r < 0)
            r = ail(act, desk, r, reterr);
    }
    return r;
}

static int turn(struct act *act, struct error *reterr)
{
    int r = act->server.link.context ? 0 : come_back(act, reterr);
    if (r == 0)
        r = work_all(act, reterr);
    if (r == 0)
        r = take_all(act, reterr);
    if (r != 0)
        return r;
    if (act->away && joined_any(act))
        log_notice("act: redis answers again");
    act->away = act->away && !joined_any(act);
    act->pause = (struct pause){0};
    return 0;
}

/* Redis is away, or it is not time to ask again: what fires still does. */
static void without_redis(struct act *act)
{
    struct error error;
    for (size_t i = 0; i < act->options->action_count; i++)
        if (desk_resend(&act->desks[i], true, &error) < 0)
            log_warning("action %s: %s", act->desks[i].action->name, error.text);
}

static bool nothing_came(const struct act *act)
{
    for (size_t i = 0; i < act->options->action_count; i++)
        if (!act->desks[i].empty)
            return false;
    return true;
}

static bool all_done(const struct act *act)
{
    for (size_t i = 0; i < act->options->action_count; i++) {
        const struct desk *desk = &act->desks[i];
        if (desk_runs(desk) || desk_holds(desk) || !desk_read_all(desk))
            return false;
    }
    return true;
}

/* ---- the whole ---------------------------------------------------------- */

/* What runs may end, and is noted; what does not end in time is killed, and comes again. */
static void wind_up(struct act *act)
{
    struct error error;
    int64_t end = clock_monotonic_ns() + ACT_STOP_S * NS_PER_S;
    while (anything_runs(act) && clock_monotonic_ns() < end) {
        nap(act, LOOK_MS);
        tend(act);
    }
    for (size_t i = 0; i < act->options->action_count && act->server.link.context; i++)
        if (desk_end(&act->desks[i], &error) < 0 ||
            (act->options->dry_run && group_destroy(&act->desks[i].group, &error) < 0))
            log_warning("act: %s", error.text);
}

static int loop(struct act *act, struct error *reterr)
{
    while (!stopped(act)) {
        struct error error = {""};
        int r = turn(act, &error);
        if (r < 0 && act->options->once)
            return error_set(reterr, r, "%s", error.text);
        if (r < 0)
            lost(act, &error);
        if (r != 0)
            without_redis(act);
        if (r == 0 && act->options->once && all_done(act))
            return 0;
        if (r != 0 || !joined_any(act) ||
            (nothing_came(act) && (anything_runs(act) || act->options->once)))
            nap(act, LOOK_MS);
        tend(act);
    }
    return 0;
}

static int set_up(struct act *act, struct error *reterr)
{
    size_t count = act->options->action_count;
    int r = server_setup(&act->server, &act->options->redis, reterr);
    if (r == 0)
        r = trail_open(&act->trail, act->options->audit, reterr);
    if (r < 0)
        return r;
    act->desks = calloc(count, sizeof(*act->desks));
    act->fds = calloc(count * JOB_FDS * (DESK_HANDS + 1), sizeof(*act->fds));
    if (!act->desks || !act->fds)
        memory_gone();
    for (size_t i = 0; i < count; i++)
        desk_setup(&act->desks[i], act->options, i, &act->server, &act->trail);
    return 0;
}

int act_run(const struct act_options *options, struct error *reterr)
{
    struct act act = {.options = options};
    int r = set_up(&act, reterr);
    if (r == 0)
        r = loop(&act, reterr);
    if (act.desks)
        wind_up(&act);
    for (size_t i = 0; act.desks && i < options->action_count; i++)
        desk_free(&act.desks[i]);
    free(act.desks);
    free(act.fds);
    trail_free(&act.trail);
    server_free(&act.server);
    return r;
}
