/* SPDX-License-Identifier: MIT */

#include "host/message.h"

#include "base/pack.h"
#include "ring/closed.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

enum { FLAGS_KNOWN = ODDLINE_SCORE_WARMING | ODDLINE_SCORE_SURPRISE | ODDLINE_SCORE_ACCEPTED };

/* A seat of this minder that is still alive, or NULL. */
static struct crew_seat *seat_of(const struct minder *minder, uint32_t number)
{
    struct crew *crew = minder->crew;
    if (number >= crew->seat_count || crew->seats[number].minder != minder->number ||
        crew->seats[number].dead)
        return NULL;
    return &crew->seats[number];
}

/* A sentence from a stranger: bounded, printable by whoever prints. */
static void bury(struct minder *minder, uint32_t number, struct bytes sentence)
{
    char text[MINDER_REASON_SIZE];
    struct crew *crew = minder->crew;
    snprintf(text, sizeof(text), "%.*s",
             (int)(sentence.len < sizeof(text) ? sentence.len : sizeof(text) - 1),
             sentence.at ? sentence.at : "");
    crew->seats[number].dead = true;
    memcpy(crew->seats[number].why, text, sizeof(text));
    crew->options.complain(crew->options.context, CREW_SEAT, number, text);
}

/*
 * The frame that begins at `position` or, with `ends`, ends there; NULL when there is none that can be spoken of now. The minder holds
 * all frames from `saved` on.
 */
static const struct ring_frame *frame_of(const struct minder *minder, uint64_t position,
                                         bool ends)
{
    const struct ring *ring = minder->crew->options.ring;
    const struct ring_frame *frame = NULL;
    uint64_t at = minder->saved;
    while (at < position && at < ring_head(ring)) {
        if (frame && at > minder->crew->position && minder_is_cut(frame))
            return NULL; // it had to save there, and the judge still wants that
        frame = ring_at(ring, at);
        at += frame->size;
    }
    return at != position ? NULL : ends ? frame : ring_at(ring, at);
}

/* A worker opens its seats ahead of the judge: one that takes over from what it saved then has to know. */
static int take_opened(struct minder *minder, uint64_t position, struct unpacker *in)
{
    uint32_t number = unpack_u32(in), good = unpack_u32(in);
    struct bytes sentence = unpack_bytes(in);
    struct crew_seat *seat = seat_of(minder, number);
    const struct ring_frame *frame = in->bad ? NULL : frame_of(minder, position, false);
    const struct stream_notice *notice = frame ? ring_payload(frame) : NULL;
    if (!seat || !frame || frame->kind != RING_STREAM || notice->stream != seat->stream)
        return -EBADMSG;
    if (!seat->window_ns) {
        seat->window_ns = seat->options.window_ns = notice->window_ns;
        seat->opened_at = position;
    }
    if (!good)
        bury(minder, number, sentence);
    return 0;
}

static int take_failed(struct minder *minder, struct unpacker *in)
{
    uint32_t number = unpack_u32(in);
    struct bytes sentence = unpack_bytes(in);
    if (in->bad || !seat_of(minder, number))
        return -EBADMSG;
    bury(minder, number, sentence);
    return 0;
}

/* Is it the next part that can come? The first of a seat behind the others, or more of the same. */
static bool follows(struct minder *minder, uint32_t number, uint32_t at, size_t len)
{
    const struct crew_seat *seat = &minder->crew->seats[number];
    if (at)
        return number + 1 == minder->saving_next && at == seat->coming.len && len;
    return number >= minder->saving_next;
}

static int take_state(struct minder *minder, uint64_t position, struct unpacker *in)
{
    uint32_t number = unpack_u32(in), at = unpack_u32(in), total = unpack_u32(in);
    struct bytes part = unpack_bytes(in);
    struct crew_seat *seat = seat_of(minder, number);
    if (in->bad || !seat || total > INSTANCE_STATE_MAX ||
        part.len > total - (at < total ? at : total))
        return -EBADMSG;
    if (minder->saving == UINT64_MAX)
        minder->saving = position;
    if (position != minder->saving || !follows(minder, number, at, part.len))
        return -EBADMSG;
    minder->saving_next = number + 1;
    seat->coming_at = position;
    if (at == 0)
        buffer_clear(&seat->coming);
    buffer_append(&seat->coming, part.at, part.len);
    return 0;
}

/*
 * All states of a position came: from now on a fresh worker begins there. A seat of which none came is not open yet, and keeps
 * the one that it was given.
 */
static int take_saved(struct minder *minder, uint64_t position)
{
    struct crew *crew = minder->crew;
    const struct ring_frame *frame = frame_of(minder, position, true);
    if (!frame || (minder->saving != UINT64_MAX && minder->saving != position))
        return -EBADMSG;
    for (uint32_t i = 0; i < crew->seat_count; i++) {
        struct crew_seat *seat = &crew->seats[i];
        if (seat->minder != minder->number || seat->coming_at != position)
            continue;
        struct buffer old = seat->state;
        seat->state = seat->coming;
        seat->coming = old;
        seat->coming_at = UINT64_MAX;
        seat->state_at = position;
        seat->has_state = seat->state.len > 0;
        seat->state_version = plugin_label(seat->plugin)->state_version;
    }
    if (minder_is_cut(frame))
        minder->cut = position;
    minder->saved = position;
    minder->saving = UINT64_MAX;
    minder->saving_next = 0;
    return 0;
}

int message_take(struct minder *minder)
{
    struct unpacker in = {.rest = buffer_bytes(&minder->message)};
    uint64_t position = unpack_u64(&in);
    switch (minder->kind) {
    case REPLY_OPENED:
        return in.bad ? -EBADMSG : take_opened(minder, position, &in);
    case REPLY_FAILED:
        return take_failed(minder, &in);
    case REPLY_STATE:
        return in.bad ? -EBADMSG : take_state(minder, position, &in);
    case REPLY_SAVED:
        return in.bad ? -EBADMSG : take_saved(minder, position);
    default:
        return -EBADMSG; // labels and the like have their time before
    }
}

/* ---- scores ------------------------------------------------------------- */

static bool is_good(const struct oddline_score *score, const struct crew_seat *seat)
{
    return score->series < seat->options.series_count && isfinite(score->score) &&
           score->score >= 0 && score->kind >= ODDLINE_SPIKE &&
           score->kind <= ODDLINE_SILENCE && !(score->flags & ~(uint32_t)FLAGS_KNOWN) &&
           seat->scores[score->series].size == 0;
}

static int take_score(struct unpacker *in, struct crew_seat *seat)
{
    struct oddline_score score = {.size = sizeof(score)};
    score.series = unpack_u32(in);
    score.kind = unpack_u32(in);
    score.flags = unpack_u32(in);
    score.samples = unpack_u64(in);
    score.score = unpack_f64(in);
    score.observed = unpack_f64(in);
    score.expected = unpack_f64(in);
    score.lower = unpack_f64(in);
    score.upper = unpack_f64(in);
    struct bytes reason = unpack_bytes(in);
    if (in->bad || !is_good(&score, seat))
        return -EBADMSG;
    size_t len = reason.len < MINDER_REASON_SIZE ? reason.len : MINDER_REASON_SIZE - 1;
    if (len)
        memcpy(seat->reasons[score.series], reason.at, len);
    seat->reasons[score.series][len] = '\0';
    score.reason = seat->reasons[score.series];
    seat->scores[score.series] = score;
    return 0;
}

static int take_seat(struct minder *minder, uint32_t stream, struct unpacker *in)
{
    uint32_t number = unpack_u32(in), good = unpack_u32(in);
    struct crew_seat *seat = seat_of(minder, number);
    if (in->bad || !seat || seat->stream != stream || seat->scored)
        return -EBADMSG;
    if (!good) {
        bury(minder, number, unpack_bytes(in));
        return in->bad ? -EBADMSG : 0;
    }
    uint32_t count = unpack_u32(in);
    if (count > seat->options.series_count)
        return -EBADMSG;
    for (uint32_t i = 0; i < count; i++)
        if (take_score(in, seat) < 0)
            return -EBADMSG;
    seat->scored = true;
    return 0;
}

/* All seats of the stream, or none: half a message counts for nothing. */
static int finish(struct minder *minder, uint32_t stream, int r)
{
    struct crew *crew = minder->crew;
    for (uint32_t i = 0; i < crew->seat_count; i++) {
        const struct crew_seat *seat = &crew->seats[i];
        if (seat->minder == minder->number && seat->stream == stream && !seat->dead &&
            !seat->scored)
            r = -EBADMSG;
    }
    for (uint32_t i = 0; r < 0 && i < crew->seat_count; i++) {
        struct crew_seat *seat = &crew->seats[i];
        if (seat->minder != minder->number || seat->stream != stream)
            continue;
        seat->scored = false;
        memset(seat->scores, 0, seat->options.series_count * sizeof(*seat->scores));
    }
    return r;
}

/* Behind the last one that it scored? */
static bool is_next(const struct minder *minder, uint64_t at, uint64_t nth)
{
    return minder->answers == 0 || at > minder->answered_at ||
           (at == minder->answered_at && nth > minder->answered_nth);
}

/* Which window they answer. 0, or -EBADMSG when it cannot be the next. */
static int take_window(struct minder *minder, struct unpacker *in, uint64_t *ret_at,
                       uint64_t *ret_nth)
{
    uint64_t at = unpack_u64(in), nth = unpack_u64(in);
    if (in->bad || !is_next(minder, at, nth))
        return -EBADMSG;
    *ret_at = at;
    *ret_nth = nth;
    return 0;
}

static void note_answer(struct minder *minder, uint64_t at, uint64_t nth)
{
    minder->answers++;
    minder->answered_at = at;
    minder->answered_nth = nth;
}

int message_old_scores(struct minder *minder)
{
    struct unpacker in = {.rest = buffer_bytes(&minder->message)};
    uint64_t at, nth;
    int r = take_window(minder, &in, &at, &nth);
    if (r < 0 || at >= minder->crew->position)
        return r;
    note_answer(minder, at, nth);
    return 1;
}

int message_scores(struct minder *minder, uint64_t position, uint64_t nth, uint32_t stream)
{
    struct unpacker in = {.rest = buffer_bytes(&minder->message)};
    uint64_t at, which;
    if (take_window(minder, &in, &at, &which) < 0 || at > position ||
        (at == position && which > nth))
        return -EBADMSG;
    note_answer(minder, at, which);
    if (at < position || which < nth)
        return 0;
    int r = 0;
    while (in.rest.len && r == 0)
        r = take_seat(minder, stream, &in);
    return finish(minder, stream, r) < 0 ? -EBADMSG : 1;
}
