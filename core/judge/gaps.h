/* SPDX-License-Identifier: MIT */
/*
 * gaps.h - windows of a stream that a detector could not score: said once for each run of them.
 *
 *      no scores ──▶ a run begins: firing ──▶ grows ──▶ scores again: resolved, with how many they were
 *
 * One run a plugin, however many series it scores, since they fail together; one more for those of its instances that are closed for
 * good, whose run would otherwise hide what comes after.
 */
#ifndef JUDGE_GAPS_H
#define JUDGE_GAPS_H

#include "base/pack.h"
#include "judge/finding.h"
#include "judge/panel.h"

enum { GAP_REASON_SIZE = 256, GAP_SUMMARY_SIZE = 512 };

struct gap_run {
    const struct plugin *plugin;
    bool shadow, closed;
    char id[FINDING_ID_SIZE]; /* given out when it was first said */
    uint64_t windows;         /* so far; 0: there is no run */
    int64_t from_ns, until_ns, detected_ns;
    char reason[GAP_REASON_SIZE];
};

struct gaps;
int gaps_create(const struct panel *panel, struct gaps **ret);
void gaps_free(struct gaps *gaps); /* accepts NULL */

/* Who was there in the window that the panel scored last? Runs that begin or end are said through `say`, in a fixed order. */
struct gap_sayer {
    void (*say)(void *context, struct gap_run *run, enum finding_status status);
    void *context;
};
void gaps_window(struct gaps *gaps, const struct oddline_window *window, int64_t closed_ns,
                 const struct gap_sayer *sayer);

/* One sentence. Returns `text`. */
char *gap_phrase(const struct gap_run *run, enum finding_status status,
                 char text[GAP_SUMMARY_SIZE]);

/* Open runs of another panel of the very same stream. */
void gaps_inherit(struct gaps *gaps, const struct gaps *old);
/* Open runs, for another run of the program; what cannot be sets in->bad. */
void gaps_pack(const struct gaps *gaps, struct buffer *out);
void gaps_unpack(struct gaps *gaps, struct unpacker *in);
void gaps_forget(struct gaps *gaps);

#endif /* JUDGE_GAPS_H */
