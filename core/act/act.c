/* SPDX-License-Identifier: MIT */

#include "act/act.h"

#include "act/desk.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

#include <errno.h>
#include <stdlib.h>

enum {
    WAIT_MS = 500,     /* for something new, when nothing runs */
    LOOK_MS = 20,      /* at what runs */
    BACK_OFF_MS = 100, /* to begin with, when Redis is away */
    BACK_OFF_MOST_MS = 10000,
};

struct act {
    const struct act_options *options;
    struct server server;
    struct trail trail;
    struct desk *desks; /* [action_count] */
    struct pollfd *fds;
    bool away;        /* and that was said */
    int64_t again_ns; /* when to connect again */
    int64_t back_off_ms;
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

static int connect_all(struct act *act, struct error *reterr)
{
    int r = server_open(&act->server, reterr);
    for (size_t i = 0; i < act->options->action_count && r == 0; i++)
        r = desk_connected(&act->desks[i], reterr);
    return r;
}

static void lost(struct act *act, const struct error *error)
{
    redis_link_close(&act->server.link);
    if (!act->away)
        log_warning("act: %s; trying again", error->text);
    act->away = true;
    act->again_ns = clock_monotonic_ns() + act->back_off_ms * NS_PER_MS;
    act->back_off_ms *= 2;
    if (act->back_off_ms > BACK_OFF_MOST_MS)
        act->back_off_ms = BACK_OFF_MOST_MS;
}

static int come_back(struct act *act, struct error *reterr)
{
    if (clock_monotonic_ns() < act->again_ns)
        return -EAGAIN;
    int r = connect_all(act, reterr);
    if (r < 0)
        return r;
    if (act->away)
        log_notice("act: redis answers again");
    act->away = false;
    return 0;
}

/* ---- a turn ------------------------------------------------------------- */

static int work_all(struct act *act, struct error *reterr)
{
    int r = 0;
    for (size_t i = 0; i < act->options->action_count && r == 0; i++) {
        r = desk_work(&act->desks[i], reterr);
        if (r == 0)
            r = desk_resend(&act->desks[i], false, reterr);
    }
    return r;
}

/* Each waits for a part of the time; who runs something does not wait at all. */
static int take_all(struct act *act, struct error *reterr)
{
    int part = WAIT_MS / (int)act->options->action_count, r = 0;
    for (size_t i = 0; i < act->options->action_count && r == 0 && !stopped(act); i++) {
        bool wait = act->desks[i].empty && !act->options->once && !anything_runs(act);
        r = desk_take(&act->desks[i], wait ? part : 0, reterr);
        if (r == 0)
            r = desk_work(&act->desks[i], reterr);
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
    if (r == 0)
        act->back_off_ms = BACK_OFF_MS;
    return r;
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
        if (r < 0 && r != -EAGAIN && act->options->once)
            return error_set(reterr, r, "%s", error.text);
        if (r < 0 && r != -EAGAIN)
            lost(act, &error);
        if (r < 0)
            without_redis(act);
        if (r == 0 && act->options->once && all_done(act))
            return 0;
        if (r < 0 || (nothing_came(act) && (anything_runs(act) || act->options->once)))
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
    struct act act = {.options = options, .back_off_ms = BACK_OFF_MS};
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
