/* SPDX-License-Identifier: MIT */
/*
 * panel.h - the detectors of one stream, and what each says of a window.
 */
#ifndef JUDGE_PANEL_H
#define JUDGE_PANEL_H

#include "judge/calibrate.h"
#include "judge/judge.h"

/* What one detector says of one series in one window. */
struct opinion {
    const struct oddline_plugin *plugin;
    uint32_t series; /* of the stream */
    struct oddline_score score;
    double surprise;
    struct calibration_fit fit; /* seen == 0: the score was a surprise already */
};

struct panel;

/* Open the instances. One that refuses is named through `complain`, the others go on. */
struct panel_options {
    const struct judge_stream *stream;
    int64_t window_ns;
    void (*complain)(void *context, const struct plugin *plugin, const char *sentence);
    void *context;
};
int panel_open(const struct panel_options *options, struct panel **ret);
void panel_close(struct panel *panel); /* accepts NULL */

void panel_observe(struct panel *panel, const struct oddline_batch *batch);
/* *ret is [n], lent until the next call: one opinion for each series that a detector spoke of, in a fixed order. */
size_t panel_score(struct panel *panel, const struct oddline_window *window,
                   const struct opinion **ret);

#endif /* JUDGE_PANEL_H */
