/* SPDX-License-Identifier: MIT */

/* An entry in hand is acted on: decided, started, tried again, ended. */

#include "act/desk.h"
#include "act/firing.h"
#include "act/member.h"
#include "act/surroundings.h"

#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct bytes text(const char *sentence)
{
    return bytes_of(sentence);
}

static void leave(struct hand *hand, enum ending ending, const char *why)
{
    hand->step = HAND_ENDING;
    hand->ending = ending;
    hand->capped = false;
    snprintf(hand->why, sizeof(hand->why), "%s", why);
}

/* ---- what ended --------------------------------------------------------- */

static int64_t back_off(int attempts)
{
    enum { MOST_S = 60 };
    int64_t s = attempts > 6 ? MOST_S : INT64_C(1) << (attempts - 1);
    return (s < MOST_S ? s : MOST_S) * NS_PER_S;
}

/* Would another attempt help, and is one left? */
static bool once_more(const struct desk *desk, const struct hand *hand)
{
    const struct action *action = desk->action;
    bool refused = action->kind != ACTION_RUN && hand->job.code == POST_REFUSED;
    return !action->at_most_once && !refused && hand->attempts <= action->retries;
}

/* What it said is any bytes: the log escapes them. */
static void log_said(const struct desk *desk, const struct hand *hand)
{
    const struct buffer *said = &hand->job.said;
    if (said->len)
        log_notice("action %s: finding %s: said: %.*s", desk->action->name,
                   hand->letter.finding, (int)said->len, said->at);
}

static void finish(struct desk *desk, struct hand *hand)
{
    struct bytes said = buffer_bytes(&hand->job.said);
    char why[128];
    log_said(desk, hand);
    CRASH_POINT("act-ended");
    if (hand->job.code == 0 && !hand->job.timed_out) {
        desk_say(desk, hand, OUTCOME_DONE, said);
        leave(hand, END_DONE, "");
        return;
    }
    snprintf(why, sizeof(why),
             hand->job.timed_out ? "no end within the time-out" : "exit code %d",
             hand->job.code);
    log_warning("action %s: finding %s: attempt %d failed: %s", desk->action->name,
                hand->letter.finding, hand->attempts, why);
    if (!once_more(desk, hand)) {
        desk_say(desk, hand, OUTCOME_DEAD, said.len ? said : text(why));
        leave(hand, END_DEAD, why);
        return;
    }
    desk_say(desk, hand, OUTCOME_FAILED, said.len ? said : text(why));
    hand->step = HAND_READY;
    hand->due_ns = clock_monotonic_ns() + back_off(hand->attempts);
}

void desk_tend(struct desk *desk)
{
    int64_t now = clock_monotonic_ns();
    for (int i = 0; i < DESK_HANDS; i++) {
        struct hand *hand = &desk->hands[i];
        if (hand->step == HAND_RUNNING && job_tend(&hand->job, now))
            finish(desk, hand);
    }
    if (desk->resend.pid && job_tend(&desk->resend, now) &&
        (desk->resend.code || desk->resend.timed_out))
        log_warning("action %s: what fires could not be sent again: %.*s", desk->action->name,
                    (int)desk->resend.said.len,
                    desk->resend.said.len ? desk->resend.said.at : "");
}

/* ---- starting ----------------------------------------------------------- */

static int start_process(struct desk *desk, struct hand *hand, struct error *reterr)
{
    const struct action *action = desk->action;
    struct surroundings surroundings;
    const char *argv[ACTION_ARGS_MAX + 1] = {NULL};
    for (size_t i = 0; i < action->argv.count && i < ACTION_ARGS_MAX; i++)
        argv[i] = action->argv.at[i];
    surroundings_make(&surroundings, action, &hand->letter, hand->attempts);
    hand->post =
        (struct post){.action = action,
                      .path = action->kind == ACTION_ALERTMANAGER ? "/api/v2/alerts" : "",
                      .key = action->kind == ACTION_POST ? hand->key : NULL};
    struct job_plan plan = {.argv = action->kind == ACTION_RUN ? argv : NULL,
                            .work = post_work,
                            .context = &hand->post,
                            .environment = surroundings.at,
                            .input = buffer_bytes(&hand->body),
                            .timeout_ns = action->timeout_ns};
    if (action->kind != ACTION_RUN) // one URL after the other; each has a time-out of its own
        plan.timeout_ns = (int64_t)action->urls.count * action->timeout_ns + NS_PER_S;
    int r = job_start(&hand->job, &plan, reterr);
    surroundings_free(&surroundings);
    return r;
}

static void start(struct desk *desk, struct hand *hand)
{
    struct error error = {""};
    hand->attempts++;
    if (start_process(desk, hand, &error) == 0) {
        hand->step = HAND_RUNNING;
        CRASH_POINT("act-started");
        return;
    }
    log_warning("action %s: %s", desk->action->name,
                error.text); // no process left: the machine's trouble, not its own
    hand->attempts--;
    hand->due_ns = clock_monotonic_ns() + NS_PER_S;
}

static void set_body(struct hand *hand)
{
    buffer_clear(&hand->body);
    buffer_append(&hand->body, hand->letter.data.at, hand->letter.data.len);
    buffer_char(&hand->body, '\n');
    for (char *p = letter_me(&hand->letter, hand->key); *p; p++)
        if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7f)
            *p = '-';
}

/* ---- deciding ----------------------------------------------------------- */

static void wait_for_hour(struct desk *desk, struct hand *hand, int64_t wait_ns)
{
    hand->due_ns = clock_monotonic_ns() + wait_ns + NS_PER_MS;
    if (!hand->capped)
        desk_say(desk, hand, OUTCOME_WAITING, text("per_hour is reached"));
    hand->capped = true;
}

static int decide(struct desk *desk, struct hand *hand, struct error *reterr)
{
    struct verdict_of verdict;
    int r = decide_begin(desk->group.server, desk->action, &hand->letter, &verdict, reterr);
    if (r < 0)
        return r;
    switch (verdict.decision) {
    case DECIDE_GO:
        hand->begun = true;
        hand->capped = false;
        CRASH_POINT("act-begun");
        break;
    case DECIDE_WAIT:
        wait_for_hour(desk, hand, verdict.wait_ns);
        break;
    case DECIDE_COOL:
        desk_say(desk, hand, OUTCOME_COOLDOWN, text("its fingerprint was acted on"));
        leave(hand, END_SKIPPED, "");
        break;
    case DECIDE_DONE:
        desk_say(desk, hand, OUTCOME_DUPLICATE, text("done before"));
        leave(hand, END_SKIPPED, "");
        break;
    case DECIDE_MAYBE:
        desk_say(desk, hand, OUTCOME_MAYBE, text("begun before, and no end is known"));
        leave(hand, END_MAYBE, "begun before, and no end is known");
        break;
    }
    return 0;
}

/* Is something said of the same trouble just now, which would arrive behind what is new? That it fires, or that it had ended. */
static bool is_told(const struct desk *desk, const struct letter *letter)
{
    size_t len = strlen(letter->fingerprint);
    return len && desk->bodies.len &&
           memmem(desk->bodies.at, desk->bodies.len, letter->fingerprint, len);
}

static int begin_alert(struct desk *desk, struct hand *hand, struct error *reterr)
{
    if (desk->resend.pid && is_told(desk, &hand->letter)) {
        hand->due_ns = clock_monotonic_ns() + 50 * NS_PER_MS;
        return 0;
    }
    buffer_clear(&hand->body);
    struct firing_news news = {&hand->letter, hand->unasked};
    int r = firing_enter(desk->group.server, desk->action, &news, &hand->body, reterr);
    if (r == -EALREADY) {
        if (!hand->unasked)
            desk_say(desk, hand, OUTCOME_STALE, text("something newer was sent"));
        leave(hand, END_SKIPPED, "");
        return 0;
    }
    if (r < 0)
        return r;
    if (r == FIRING_FULL && !desk->full)
        log_warning("action %s: finding %s: %d findings are remembered already: what fires "
                    "beyond them is sent once, and ends by itself",
                    desk->action->name, hand->letter.finding, FIRING_MAX);
    desk->full = r == FIRING_FULL;
    hand->begun = true;
    CRASH_POINT("act-begun");
    return 0;
}

/* The first time that it is looked at. */
static int begin(struct desk *desk, struct hand *hand, struct error *reterr)
{
    if (hand->letter.bad) {
        desk_say(desk, hand, OUTCOME_DEAD, text("not a finding"));
        leave(hand, END_DEAD, "not a finding");
        return 0;
    }
    if (desk->dry_run && !hand->unasked)
        desk_say(desk, hand, OUTCOME_DRY_RUN, text("nothing was done"));
    if (desk->dry_run) {
        leave(hand, END_SKIPPED, "");
        return 0;
    }
    if (desk->action->kind == ACTION_ALERTMANAGER)
        return begin_alert(desk, hand, reterr);
    set_body(hand);
    return decide(desk, hand, reterr);
}

/* ---- turns -------------------------------------------------------------- */

/* Of one fingerprint, one after the other. */
static bool is_first(const struct desk *desk, const struct hand *hand)
{
    for (int i = 0; i < DESK_HANDS; i++) {
        const struct hand *other = &desk->hands[i];
        if (other->step != HAND_FREE && other->turn < hand->turn &&
            strcmp(other->letter.fingerprint, hand->letter.fingerprint) == 0)
            return false;
    }
    return true;
}

static struct hand *next_ready(struct desk *desk)
{
    struct hand *next = NULL;
    int64_t now = clock_monotonic_ns();
    for (int i = 0; i < DESK_HANDS; i++) {
        struct hand *hand = &desk->hands[i];
        if (hand->step == HAND_READY && hand->due_ns <= now && is_first(desk, hand) &&
            (!next || hand->turn < next->turn))
            next = hand;
    }
    return next;
}

static int end_one(struct desk *desk, struct hand *hand, struct error *reterr)
{
    struct end_note note = {hand->ending, hand->why, hand->attempts};
    int r = desk->options->dry_run
                ? group_ack(&desk->group, &hand->letter, reterr)
                : decide_end(&desk->group, desk->action, &hand->letter, &note, reterr);
    if (r < 0)
        return r;
    hand->step = HAND_FREE;
    CRASH_POINT("act-acked");
    return 0;
}

int desk_end(struct desk *desk, struct error *reterr)
{
    int r = 0;
    for (int i = 0; i < DESK_HANDS && r == 0; i++)
        if (desk->hands[i].step == HAND_ENDING)
            r = end_one(desk, &desk->hands[i], reterr);
    return r;
}

int desk_work(struct desk *desk, struct error *reterr)
{
    int r = desk_end(desk, reterr);
    struct hand *hand;
    while (r == 0 && desk_count(desk, HAND_RUNNING) < desk->action->at_once &&
           (hand = next_ready(desk))) {
        if (!hand->begun)
            r = begin(desk, hand, reterr);
        if (r == 0 && hand->begun && hand->step == HAND_READY)
            start(desk, hand);
        if (r == 0)
            r = desk_end(desk, reterr);
    }
    return r;
}
