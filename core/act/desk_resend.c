/* SPDX-License-Identifier: MIT */

/* What fires is sent to Alertmanager again, before it takes it for over. */

#include "act/alert.h"
#include "act/desk.h"
#include "act/firing.h"

#include "base/clock.h"

static int start(struct desk *desk, struct error *reterr)
{
    const struct action *action = desk->action;
    int64_t patience = (int64_t)action->urls.count * action->timeout_ns;
    desk->resend_post = (struct post){.action = action, .path = "/api/v2/alerts"};
    struct job_plan plan = {.work = post_work,
                            .context = &desk->resend_post,
                            .timeout_ns =
                                patience > action->resend_ns ? patience : action->resend_ns};
    buffer_clear(&desk->bodies);
    firing_bodies(buffer_bytes(&desk->firing),
                  clock_wall_ns() + ALERT_RESEND_FACTOR * action->resend_ns, &desk->bodies);
    plan.input = buffer_bytes(&desk->bodies);
    return desk->bodies.len ? job_start(&desk->resend, &plan, reterr) : 0;
}

int desk_resend(struct desk *desk, bool away, struct error *reterr)
{
    int64_t now = clock_monotonic_ns();
    if (desk->action->kind != ACTION_ALERTMANAGER || desk->dry_run || desk->resend.pid ||
        now < desk->resend_ns)
        return 0;
    int r = away ? 0 : firing_read(desk->group.server, desk->action, &desk->firing, reterr);
    if (r < 0)
        return r;
    desk->resend_ns = now + desk->action->resend_ns;
    return start(desk, reterr);
}
