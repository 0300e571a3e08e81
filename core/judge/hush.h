/* SPDX-License-Identifier: MIT */
/*
 * hush.h - times in which nobody wants to be called: mute windows of a configuration, and silences that people add meanwhile.
 *
 *      configuration ──mutes──▶ judge_stream ─┐
 *      silences.json ──frame──▶ silences ─────┴─▶ hush_find ──▶ a page or ticket becomes a log, labelled with the reason
 *
 * What is hushed is kept, never dropped. All of it is asked by event time: a window belongs to the time that it begins in, so
 * a replay hushes what was hushed.
 */
#ifndef JUDGE_HUSH_H
#define JUDGE_HUSH_H

#include "base/pack.h"
#include "judge/finding.h"

enum {
    SILENCES_MAX = 64,
    HUSH_NAME_SIZE = 256, /* of a stream, series or detector, with its NUL */
    HUSH_REASON_SIZE = 256,
    HUSH_AUTHOR_SIZE = 64,
};

/* Hours of certain days, in some zone. Lent, like all in it. */
struct mute {
    unsigned days; /* bit set, bit 0 = Sunday: on which it begins */
    int from_min;  /* of the day, 0 to 1439 */
    int until_min; /* 1 to 1440; not after from_min: of the next day */
    const void *zone;
    int32_t (*east_s)(const void *zone, int64_t at_ns); /* NULL: UTC */
    const char *reason, *author;
};

/* Nobody wants to hear of this until then. Empty: of any. */
struct silence {
    uint64_t id;
    int64_t from_ns, until_ns;
    char stream[HUSH_NAME_SIZE], series[HUSH_NAME_SIZE], detector[HUSH_NAME_SIZE];
    char reason[HUSH_REASON_SIZE], author[HUSH_AUTHOR_SIZE];
};
struct silences {
    size_t count;
    struct silence at[SILENCES_MAX];
};

/* As bytes, for the ring and the manifest; and back. What makes no sense sets in->bad and leaves *ret as it was. */
void silences_pack(const struct silences *silences, struct buffer *out);
void silences_unpack(struct unpacker *in, struct silences *ret);

/* Why something is not said aloud: kept with it as long as it is open. */
enum hush_kind {
    HUSH_NONE,
    HUSH_MUTED,
    HUSH_SILENCED,
    HUSH_CAPPED, /* too many an hour */
    HUSH_RECURS, /* it comes by the clock */
    HUSH_KINDS,
};
struct hush {
    enum hush_kind kind;
    uint64_t id; /* of a silence */
    char reason[HUSH_REASON_SIZE], author[HUSH_AUTHOR_SIZE];
};

/* What somebody would be called about. */
struct hush_about {
    const char *stream, *series, *detector;
    int64_t start_ns, end_ns; /* of the window */
};
bool mute_covers(const struct mute *mute, int64_t at_ns);
bool silence_covers(const struct silence *silence, const struct hush_about *about);
/* *ret is written when it is hushed. `silences` may be NULL. */
bool hush_find(const struct mute *mutes, size_t mute_count, const struct silences *silences,
               const struct hush_about *about, struct hush *ret);

/* Room for what hush_mark() adds; the finding borrows it. */
struct hush_words {
    struct finding_pair labels[FINDING_PAIRS_MAX], annotations[FINDING_PAIRS_MAX];
    char id[24];
};
/* Say in labels and annotations why it is for the log only. Nothing for HUSH_NONE. */
void hush_mark(const struct hush *hush, struct finding *finding, struct hush_words *words);

void hush_pack(const struct hush *hush, struct buffer *out);
void hush_unpack(struct unpacker *in, struct hush *ret);

#endif /* JUDGE_HUSH_H */
