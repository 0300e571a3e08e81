/* SPDX-License-Identifier: MIT */

#include "judge/hush.h"

#include "base/clock.h"
#include "judge/state.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { DAY_S = 86400, THURSDAY = 4 /* 1970-01-01 */ };

/* ---- when ---------------------------------------------------------------- */

bool mute_covers(const struct mute *mute, int64_t at_ns)
{
    if (at_ns == NO_TIME)
        return false;
    int64_t local_s = floor_div(at_ns, NS_PER_S);
    local_s += mute->east_s ? mute->east_s(mute->zone, at_ns) : 0;
    int64_t day = floor_div(local_s, DAY_S);
    int minute = (int)((local_s - day * DAY_S) / 60);
    int weekday = (int)((day % 7 + 7 + THURSDAY) % 7), before = (weekday + 6) % 7;
    bool today = mute->days >> weekday & 1, yesterday = mute->days >> before & 1;
    if (mute->until_min > mute->from_min)
        return today && minute >= mute->from_min && minute < mute->until_min;
    return (today && minute >= mute->from_min) || (yesterday && minute < mute->until_min);
}

static bool names(const char *wanted, const char *name)
{
    return !*wanted || strcmp(wanted, name) == 0;
}

bool silence_covers(const struct silence *silence, const struct hush_about *about)
{
    return about->start_ns != NO_TIME && about->start_ns < silence->until_ns &&
           about->end_ns > silence->from_ns && names(silence->stream, about->stream) &&
           names(silence->series, about->series) && names(silence->detector, about->detector);
}

static void fill(struct hush *hush, enum hush_kind kind, const char *reason, const char *author)
{
    *hush = (struct hush){.kind = kind};
    snprintf(hush->reason, sizeof(hush->reason), "%s", reason);
    snprintf(hush->author, sizeof(hush->author), "%s", author);
}

bool hush_find(const struct mute *mutes, size_t mute_count, const struct silences *silences,
               const struct hush_about *about, struct hush *ret)
{
    for (size_t i = 0; i < mute_count; i++)
        if (mute_covers(&mutes[i], about->start_ns)) {
            fill(ret, HUSH_MUTED, mutes[i].reason, mutes[i].author);
            return true;
        }
    for (size_t i = 0; silences && i < silences->count; i++)
        if (silence_covers(&silences->at[i], about)) {
            fill(ret, HUSH_SILENCED, silences->at[i].reason, silences->at[i].author);
            ret->id = silences->at[i].id;
            return true;
        }
    return false;
}

/* ---- what a finding says of it ------------------------------------------- */

static const struct {
    const char *label, *author;
} words_of[HUSH_KINDS] = {
    [HUSH_MUTED] = {"muted", "muted_by"},
    [HUSH_SILENCED] = {"silenced", "silenced_by"},
    [HUSH_CAPPED] = {"capped", NULL},
    [HUSH_RECURS] = {"recurs", NULL},
};

/* In front, since what stands behind may be cut; one of the same name gives way, since JSON must not say a name twice. */
static void put_first(struct finding_pairs *pairs, struct finding_pair room[FINDING_PAIRS_MAX],
                      struct finding_pair pair)
{
    struct finding_pair all[FINDING_PAIRS_MAX] = {pair};
    size_t count = 1;
    for (size_t i = 0; i < pairs->count && count < FINDING_PAIRS_MAX; i++)
        if (strcmp(pairs->at[i].name, pair.name) != 0)
            all[count++] = pairs->at[i];
    memcpy(room, all, count * sizeof(*all));
    *pairs = (struct finding_pairs){room, count};
}

void hush_mark(const struct hush *hush, struct finding *finding, struct hush_words *words)
{
    const char *label = words_of[hush->kind].label, *author = words_of[hush->kind].author;
    if (label)
        put_first(&finding->labels, words->labels, (struct finding_pair){label, hush->reason});
    if (author && *hush->author)
        put_first(&finding->annotations, words->annotations,
                  (struct finding_pair){author, hush->author});
    if (hush->kind != HUSH_SILENCED)
        return;
    snprintf(words->id, sizeof(words->id), "%" PRIu64, hush->id);
    put_first(&finding->annotations, words->annotations,
              (struct finding_pair){"silence", words->id});
}

/* ---- as bytes ------------------------------------------------------------ */

void silences_pack(const struct silences *silences, struct buffer *out)
{
    pack_u32(out, (uint32_t)silences->count);
    for (size_t i = 0; i < silences->count; i++) {
        const struct silence *s = &silences->at[i];
        pack_u64(out, s->id);
        pack_i64(out, s->from_ns);
        pack_i64(out, s->until_ns);
        pack_text(out, s->stream);
        pack_text(out, s->series);
        pack_text(out, s->detector);
        pack_text(out, s->reason);
        pack_text(out, s->author);
    }
}

static void unpack_one(struct unpacker *in, struct silence *s)
{
    s->id = unpack_u64(in);
    s->from_ns = unpack_i64(in);
    s->until_ns = unpack_i64(in);
    unpack_text(in, s->stream, sizeof(s->stream));
    unpack_text(in, s->series, sizeof(s->series));
    unpack_text(in, s->detector, sizeof(s->detector));
    unpack_text(in, s->reason, sizeof(s->reason));
    unpack_text(in, s->author, sizeof(s->author));
}

void silences_unpack(struct unpacker *in, struct silences *ret)
{
    struct unpacker trial = *in; // once to see whether all of it is good
    struct silence one;
    uint32_t count = unpack_count(&trial, SILENCES_MAX);
    for (uint32_t i = 0; i < count && !trial.bad; i++)
        unpack_one(&trial, &one);
    in->bad |= trial.bad;
    if (in->bad)
        return;
    ret->count = unpack_u32(in);
    for (uint32_t i = 0; i < count; i++)
        unpack_one(in, &ret->at[i]);
}

void hush_pack(const struct hush *hush, struct buffer *out)
{
    pack_u32(out, hush->kind);
    pack_u64(out, hush->id);
    pack_text(out, hush->reason);
    pack_text(out, hush->author);
}

void hush_unpack(struct unpacker *in, struct hush *ret)
{
    ret->kind = (enum hush_kind)unpack_count(in, HUSH_KINDS - 1);
    ret->id = unpack_u64(in);
    unpack_text(in, ret->reason, sizeof(ret->reason));
    unpack_text(in, ret->author, sizeof(ret->author));
}
