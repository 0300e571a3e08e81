/* SPDX-License-Identifier: MIT */

/* Entries come to a desk: what was ours before, what others left, what is new. */

#include "act/desk.h"

#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"

#include <inttypes.h>
#include <string.h>

enum { PER_STREAM = 4 }; /* a dozen findings of 1 MiB are the most that an answer may be */

/* The entries of one reply, on their way to hands. */
struct coming {
    struct desk *desk;
    bool fresh; /* never given to anybody: in order */
};

static struct hand *free_hand(struct desk *desk)
{
    for (int i = 0; i < DESK_HANDS; i++)
        if (desk->hands[i].step == HAND_FREE)
            return &desk->hands[i];
    return NULL;
}

static bool in_hand(const struct desk *desk, const struct hand *new)
{
    for (int i = 0; i < DESK_HANDS; i++) {
        const struct hand *hand = &desk->hands[i];
        if (hand != new && hand->step != HAND_FREE &&
            hand->letter.stream ==
                new->letter.stream &&strcmp(hand->letter.id, new->letter.id) == 0)
            return true;
    }
    return false;
}

/* A hole is one only for who is alone in the group: peers see what we do not. */
static int enter(struct desk *desk, const struct letter *letter, struct error *reterr)
{
    uint64_t before = seen_enter(&desk->seen, letter);
    int alone = before ? group_alone(&desk->group, letter->stream, reterr) : 0;
    if (alone > 0)
        log_warning(
            "action %s: host %s: findings are missing in %s: what came before n %" PRIu64
            " is n %" PRIu64 ", and the last one seen was %" PRIu64,
            desk->action->name, letter->host, desk->group.keys[letter->stream], letter->n,
            letter->prev, before);
    return alone < 0 ? alone : 0;
}

/* A score may fall below what was asked for when it ends; the alert has to end all the same. */
static bool may_end_alert(const struct desk *desk, const struct letter *letter)
{
    return desk->action->kind == ACTION_ALERTMANAGER && strcmp(letter->status, "resolved") == 0;
}

static void keep_hand(struct desk *desk, struct hand *hand)
{
    hand->step = HAND_READY;
    hand->turn = ++desk->turn;
    hand->due_ns = 0;
    hand->begun = hand->capped = false;
    hand->attempts = 0;
    CRASH_POINT("act-taken");
}

static int take(void *context, const redisReply *reply, int stream, struct error *reterr)
{
    struct coming *coming = context;
    struct desk *desk = coming->desk;
    struct hand *hand = free_hand(desk);
    struct letter *letter;
    if (!hand)
        return 0; // it stays ours, and comes again when it is looked for
    letter = &hand->letter;
    if (!letter_read(reply, stream, letter) || in_hand(desk, hand))
        return 0;
    if (letter->trimmed) {
        log_warning("%s: entry %s was trimmed before it was acted on", desk->group.keys[stream],
                    letter->id);
        desk_say(desk, hand, OUTCOME_TRIMMED, (struct bytes){NULL, 0});
        return group_ack(&desk->group, letter, reterr);
    }
    int r = coming->fresh && !letter->bad ? enter(desk, letter, reterr) : 0;
    hand->unasked = !letter->bad && !action_wants(desk->action, buffer_bytes(&letter->data));
    if (r == 0 && hand->unasked && !may_end_alert(desk, letter))
        return group_ack(&desk->group, letter, reterr);
    keep_hand(desk, hand);
    return r;
}

/* ---- rounds ------------------------------------------------------------- */

static int room_for(const struct desk *desk)
{
    int room = desk_count(desk, HAND_FREE) / desk->group.count;
    return room < PER_STREAM ? room : PER_STREAM;
}

bool desk_read_all(const struct desk *desk)
{
    return room_for(desk) == 0 || (desk->empty && !desk->group.behind);
}

static int claim(struct desk *desk, struct error *reterr)
{
    struct coming coming = {desk, false};
    struct group_taker taker = {take, &coming};
    int came = 0;
    for (int i = 0; i < desk->group.count; i++) {
        if (desk_count(desk, HAND_FREE) < GROUP_CLAIM_COUNT)
            return 0;
        int r = group_claim(&desk->group, i, desk->options->claim_after_ns, &taker, reterr);
        if (r < 0)
            return r;
        came |= r > 0 || strcmp(desk->group.claimed[i], "0-0") != 0;
    }
    if (!came) // else there may be more
        desk->claim_ns = clock_monotonic_ns() + desk->options->claim_after_ns / 2;
    return 0;
}

/* What is in hand is not idle, or peers would take it for left. */
static int keep(struct desk *desk, struct error *reterr)
{
    int r = 0;
    for (int i = 0; i < DESK_HANDS && r == 0; i++)
        if (desk->hands[i].step != HAND_FREE)
            r = group_keep(&desk->group, &desk->hands[i].letter, reterr);
    desk->keep_ns = clock_monotonic_ns() + desk->options->claim_after_ns / 4;
    return r;
}

int desk_take(struct desk *desk, int block_ms, struct error *reterr)
{
    int64_t now = clock_monotonic_ns();
    int room = room_for(desk), r = now >= desk->keep_ns ? keep(desk, reterr) : 0;
    bool ours = desk->group.behind;
    struct coming coming = {desk, !ours};
    struct group_taker taker = {take, &coming};
    struct group_round round = {ours ? GROUP_OURS : GROUP_NEW, room, ours ? 0 : block_ms};
    if (r == 0 && room > 0)
        r = group_read(&desk->group, &round, &taker, reterr);
    else if (r == 0 && block_ms > 0)
        poll(NULL, 0, block_ms); // the hands are full of what waits
    if (r < 0)
        return r;
    desk->empty = room == 0 || (!ours && r == 0);
    if (!desk->group.behind && now >= desk->claim_ns && !desk->options->dry_run)
        r = claim(desk, reterr);
    return r < 0 ? r : 0;
}
