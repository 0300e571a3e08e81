/* SPDX-License-Identifier: MIT */

#include "command/gate_deploy.h"

#include "base/clock.h"
#include "command/gate_told.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KNOWN_MAX = 4096, DAYS_BACK = 8 }; /* a week ago, and what was before that */

/* One deployment, or what may be one. */
struct known {
    int64_t time_ns;
    size_t turn; /* in which it came to be known */
    bool marked;
    char version[DEPLOY_NAME_SIZE];
};

struct looking {
    const char *service;
    struct known *at; /* [count] of KNOWN_MAX */
    size_t count, turn;
};

/* ---- all of them ---------------------------------------------------------------- */

static int older_first(const void *a, const void *b)
{
    const struct known *x = a, *y = b;
    if (x->time_ns != y->time_ns)
        return x->time_ns < y->time_ns ? -1 : 1;
    return x->turn < y->turn ? -1 : 1;
}

/* In the order of time, without restarts. */
static void settle(struct looking *l)
{
    size_t kept = 0;
    qsort(l->at, l->count, sizeof(*l->at), older_first);
    for (size_t i = 0; i < l->count; i++)
        if (l->at[i].marked || kept == 0 ||
            strcmp(l->at[kept - 1].version, l->at[i].version) != 0)
            l->at[kept++] = l->at[i];
    l->count = kept;
}

static void add(struct looking *l, int64_t time_ns, const char *version, bool marked)
{
    if (l->count == KNOWN_MAX)
        settle(l);
    if (l->count == KNOWN_MAX) {
        memmove(l->at, l->at + KNOWN_MAX / 2, KNOWN_MAX / 2 * sizeof(*l->at));
        l->count = KNOWN_MAX / 2;
    }
    struct known *known = &l->at[l->count++];
    *known = (struct known){.time_ns = time_ns, .turn = l->turn++, .marked = marked};
    snprintf(known->version, sizeof(known->version), "%s", version);
}

static void take_mark(void *context, const struct said *said, struct bytes line)
{
    struct looking *l = context;
    (void)line;
    if (said->kind == SAID_DEPLOY && strcmp(said->service, l->service) == 0)
        add(l, said->time_ns, said->version, true);
}

static void take_told(void *context, int64_t time_ns, const char *version)
{
    add(context, time_ns, version, false);
}

static int look(const struct gate_deploy_wish *wish, int64_t now_ns, struct looking *l,
                struct arena *arena, struct error *reterr)
{
    size_t bad;
    int64_t back_ns = DAYS_BACK * 86400 * NS_PER_S + wish->baseline_ns;
    const struct gate_telling telling = {.wish = wish->wish,
                                         .span = {now_ns - back_ns, now_ns},
                                         .take = take_told,
                                         .context = l};
    int r = marks_read(wish->marks, take_mark, l, &bad, reterr);
    if (r == 0)
        r = gate_told(&telling, arena, reterr);
    settle(l);
    return r;
}

/* ---- the one that is meant ------------------------------------------------------- */

/* "5m" is so long ago; else a time. */
static int parse_time(const char *word, int64_t now_ns, int64_t *ret)
{
    int64_t span;
    if (clock_parse_duration(word, &span, NULL) < 0)
        return clock_parse(word, ret, NULL);
    *ret = now_ns - span;
    return 0;
}

/* The newest, or the newest of that version. */
static void pick(const struct looking *l, const char *version, struct gate_deploy *found)
{
    size_t from = l->count > COURT_DEPLOYS ? l->count - COURT_DEPLOYS : 0;
    for (size_t i = from; i < l->count; i++)
        found->all[found->count++] = l->at[i].time_ns;
    for (size_t i = 0; i < l->count; i++) {
        if (version && strcmp(l->at[i].version, version) != 0)
            continue;
        found->time_ns = l->at[i].time_ns;
        memcpy(found->version, l->at[i].version, sizeof(found->version));
    }
}

static int choose(const struct gate_deploy_wish *wish, const struct looking *l, int64_t now_ns,
                  struct gate_deploy *ret, struct error *reterr)
{
    const char *word = wish->word && strcmp(wish->word, "mark") != 0 ? wish->word : NULL;
    struct gate_deploy found = {.time_ns = NO_TIME};
    pick(l, word, &found);
    if (found.time_ns == NO_TIME && word && parse_time(word, now_ns, &found.time_ns) < 0)
        return error_set(reterr, -EINVAL,
                         "--since: '%s' is no time, no duration, and no version of '%s' that "
                         "was marked, or that a log tells of",
                         word, l->service);
    if (found.time_ns == NO_TIME)
        return error_set(
            reterr, -ENODATA,
            "%s: no deployment of '%s' is marked: run oddline mark deploy, or give "
            "--since TIME",
            wish->marks, l->service);
    if (found.time_ns > now_ns)
        return error_set(reterr, -EINVAL, "gate: the deployment lies in the future");
    *ret = found;
    return 0;
}

int gate_deploy_find(const struct gate_deploy_wish *wish, struct arena *arena,
                     struct gate_deploy *ret, struct error *reterr)
{
    int64_t now_ns = clock_wall_ns();
    struct looking looking = {.service = wish->wish->service,
                              .at = calloc(KNOWN_MAX, sizeof(*looking.at))};
    if (!looking.at)
        return error_set(reterr, -ENOMEM, "gate: out of memory");
    int r = look(wish, now_ns, &looking, arena, reterr);
    if (r == 0)
        r = choose(wish, &looking, now_ns, ret, reterr);
    free(looking.at);
    return r;
}

int64_t gate_deploy_end(const struct gate_deploy *deploy, int64_t until_ns)
{
    for (size_t i = 0; i < deploy->count; i++)
        if (deploy->all[i] > deploy->time_ns && deploy->all[i] < until_ns)
            until_ns = deploy->all[i];
    return until_ns;
}
