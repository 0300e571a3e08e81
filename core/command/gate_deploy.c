/* SPDX-License-Identifier: MIT */

#include "command/gate_deploy.h"

#include "base/clock.h"

#include <errno.h>
#include <string.h>

struct looking {
    const char *service, *version; /* version NULL: any */
    struct gate_deploy *found;
};

static void look(void *context, const struct said *said, struct bytes line)
{
    struct looking *l = context;
    struct gate_deploy *d = l->found;
    (void)line;
    if (said->kind != SAID_DEPLOY || strcmp(said->service, l->service) != 0)
        return;
    if (d->count == COURT_DEPLOYS)
        memmove(d->all, d->all + 1, --d->count * sizeof(d->all[0]));
    d->all[d->count++] = said->time_ns;
    bool meant = !l->version || strcmp(said->version, l->version) == 0;
    if (!meant || (d->time_ns != NO_TIME && said->time_ns < d->time_ns))
        return;
    d->time_ns = said->time_ns;
    memcpy(d->version, said->version, sizeof(d->version));
}

/* "5m" is so long ago; else a time. */
static int parse_time(const char *word, int64_t now_ns, int64_t *ret)
{
    int64_t span;
    if (clock_parse_duration(word, &span, NULL) < 0)
        return clock_parse(word, ret, NULL);
    *ret = now_ns - span;
    return 0;
}

int gate_deploy_find(const char *marks, const char *service, const char *word,
                     struct gate_deploy *ret, struct error *reterr)
{
    int64_t now_ns = clock_wall_ns();
    struct gate_deploy found = {.time_ns = NO_TIME};
    struct looking looking = {service, word && strcmp(word, "mark") != 0 ? word : NULL, &found};
    size_t bad;
    int r = marks_read(marks, look, &looking, &bad, reterr);
    if (r < 0)
        return r;
    if (found.time_ns == NO_TIME && looking.version &&
        parse_time(word, now_ns, &found.time_ns) < 0)
        return error_set(reterr, -EINVAL,
                         "--since: '%s' is no time, no duration, and no version of '%s' that "
                         "was marked",
                         word, service);
    if (found.time_ns == NO_TIME)
        return error_set(
            reterr, -ENODATA,
            "%s: no deployment of '%s' is marked: run oddline mark deploy, or give "
            "--since TIME",
            marks, service);
    if (found.time_ns > now_ns)
        return error_set(reterr, -EINVAL, "gate: the deployment lies in the future");
    *ret = found;
    return 0;
}

int64_t gate_deploy_end(const struct gate_deploy *deploy, int64_t until_ns)
{
    for (size_t i = 0; i < deploy->count; i++)
        if (deploy->all[i] > deploy->time_ns && deploy->all[i] < until_ns)
            until_ns = deploy->all[i];
    return until_ns;
}
