/* SPDX-License-Identifier: MIT */
/*
 * panel.h - the detectors of one stream, and what each says of a window.
 */
#ifndef JUDGE_PANEL_H
#define JUDGE_PANEL_H

#include "host/crew.h"
#include "judge/calibrate.h"
#include "judge/judge.h"

/* What one detector says of one series in one window. */
struct opinion {
    const struct oddline_plugin *plugin;
    bool shadow;     /* its detector is only watched, see judge_use; shadows come last */
    uint32_t series; /* of the stream */
    struct oddline_score score;
    double surprise;
    struct calibration_fit fit; /* seen == 0: the score was a surprise already */
};

struct panel;

/*
 * Take the seats of a stream in `crew`, before it starts. Without a crew the panel has one of its own, in this process, and
 * begins at once. One that fails is named through `complain`, the others go on.
 */
struct panel_options {
    const struct judge_stream *stream;
    uint32_t number;   /* of the stream */
    int64_t window_ns; /* only without a crew */
    struct crew *crew; /* shared with other panels; NULL = one of its own */
    void (*complain)(void *context, const struct plugin *plugin,
                     const char *sentence); /* of an own crew only */
    void *context;
};
int panel_open(const struct panel_options *options, struct panel **ret);
void panel_close(struct panel *panel); /* accepts NULL */
/* The plugin in that seat of the crew, or NULL when it is not one of this panel's. */
const struct plugin *panel_plugin(const struct panel *panel, uint32_t seat);

/* Take over the calibration of another panel of the very same stream. */
void panel_inherit(struct panel *panel, const struct panel *old);

/* Where the judge is in the ring: before the calls that follow, when the crew is shared. */
void panel_at(struct panel *panel, uint64_t position, uint64_t nth);
/* The stream begins: the instances open. */
void panel_begin(struct panel *panel, int64_t window_ns);
void panel_observe(struct panel *panel, const struct oddline_batch *batch);
/* Some series begin anew with this window: what was learnt of them before is of other groups. */
void panel_renew(struct panel *panel, const struct closed *closed);
/* *ret is [n], lent until the next call: one opinion for each series that a detector spoke of, in a fixed order. */
size_t panel_score(struct panel *panel, const struct oddline_window *window,
                   const struct opinion **ret);
/* The same of a window that is not over; nobody learns from it, and it will come again. */
size_t panel_glance(struct panel *panel, const struct oddline_window *window,
                    const struct opinion **ret);

/* ---- who was there, and from run to run ---------------------------------- */

/* A seat in the window scored last. */
struct attendance {
    const struct plugin *plugin;
    bool shadow, scored;
    bool closed;     /* for good */
    const char *why; /* it was not scored; else NULL */
};
size_t panel_seats(const struct panel *panel);
struct attendance panel_attendance(const struct panel *panel, size_t seat);
/* The label of a plugin of this panel by its id, or NULL. */
const struct oddline_plugin *panel_label(const struct panel *panel, struct bytes id);

/* All calibrations, for another run of the program. */
void panel_pack(const struct panel *panel, struct buffer *out);
/* And back. False when they are of other seats; then, as when in->bad is set, all are as if nothing had been learnt. */
bool panel_unpack(struct panel *panel, struct unpacker *in);
void panel_forget(struct panel *panel);

#endif /* JUDGE_PANEL_H */
