/* SPDX-License-Identifier: MIT */

#include "act/desk.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>

int desk_count(const struct desk *desk, enum hand_step step)
{
    int count = 0;
    for (int i = 0; i < DESK_HANDS; i++)
        count += desk->hands[i].step == step;
    return count;
}

bool desk_runs(const struct desk *desk)
{
    return desk->resend.pid || desk_count(desk, HAND_RUNNING) > 0;
}

bool desk_holds(const struct desk *desk)
{
    for (int i = 0; i < DESK_HANDS; i++)
        if (desk->hands[i].step != HAND_FREE && !desk->hands[i].capped)
            return true;
    return false;
}

int desk_fds(const struct desk *desk, struct pollfd *fds)
{
    int count = job_fds(&desk->resend, fds);
    for (int i = 0; i < DESK_HANDS; i++)
        if (desk->hands[i].step == HAND_RUNNING)
            count += job_fds(&desk->hands[i].job, fds + count);
    return count;
}

/* What a POST said begins with `HTTP status`; the last one counts. */
static int http_status(const struct buffer *said)
{
    int status = -1;
    struct bytes left = buffer_bytes(said);
    while (left.len > 5) {
        if (memcmp(left.at, "HTTP ", 5) == 0) {
            status = 0;
            for (size_t i = 5; i < left.len && left.at[i] >= '0' && left.at[i] <= '9' && i < 8;
                 i++)
                status = 10 * status + left.at[i] - '0';
        }
        const char *end = memchr(left.at, '\n', left.len);
        size_t len = end ? (size_t)(end - left.at) + 1 : left.len;
        left = (struct bytes){left.at + len, left.len - len};
    }
    return status;
}

void desk_say(struct desk *desk, const struct hand *hand, enum outcome outcome,
              struct bytes detail)
{
    bool is_http = desk->action->kind != ACTION_RUN;
    bool attempted =
        hand->attempts > 0 &&
        (outcome == OUTCOME_DONE || outcome == OUTCOME_FAILED || outcome == OUTCOME_DEAD);
    struct trail_line line = {.action = desk->action->name,
                              .letter = &hand->letter,
                              .outcome = outcome,
                              .attempt = attempted ? hand->attempts : 0,
                              .duration_ns = hand->job.took_ns,
                              .code = !attempted ? -1
                                      : is_http  ? http_status(&hand->job.said)
                                                 : hand->job.code,
                              .is_http = is_http,
                              .detail = detail};
    trail_write(desk->trail, &line);
}

void desk_setup(struct desk *desk, const struct act_options *options, size_t which,
                struct server *server, struct trail *trail)
{
    struct group *group = &desk->group;
    desk->action = &options->actions[which];
    desk->options = options;
    desk->trail = trail;
    desk->dry_run = options->dry_run || desk->action->dry_run;
    group->server = server;
    group->consumer = options->consumer;
    snprintf(group->name, sizeof(group->name), "%s:%s%s", options->consumer_group,
             desk->action->name, options->dry_run ? ":dry-run" : "");
    for (int route = 0; route < ROUTES; route++) {
        const char *name = finding_route_name((enum finding_route)route);
        if (!action_reads(desk->action, name))
            continue;
        server_key(server, group->keys[group->count], "%s", name);
        group->route[group->count++] = route;
    }
}

int desk_join(struct desk *desk, struct error *reterr)
{
    int64_t from = clock_wall_ns() - desk->options->since_ns;
    int r = group_make(&desk->group, from, reterr);
    if (r == 0 && desk->options->dry_run && !desk->met) {
        // a trial that was killed left its group behind: where that stood says nothing
        r = group_destroy(&desk->group, reterr);
        r = r < 0 ? r : group_make(&desk->group, from, reterr);
    }
    if (r < 0)
        return r;
    desk->claim_ns = desk->keep_ns = 0;
    desk->empty = false;
    desk->joined = desk->met = true;
    return 0;
}

void desk_free(struct desk *desk)
{
    job_free(&desk->resend);
    buffer_free(&desk->firing);
    buffer_free(&desk->bodies);
    for (int i = 0; i < DESK_HANDS; i++) {
        job_free(&desk->hands[i].job);
        letter_free(&desk->hands[i].letter);
        buffer_free(&desk->hands[i].body);
    }
}
