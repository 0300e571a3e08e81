/* SPDX-License-Identifier: MIT */
/*
 * redo.c - a step of a manifest, once more.
 */

#include "lane/inner.h"

#include <errno.h>

/* Exactly `want` bytes from where the source stands, into the writer's room: as many reads as it takes. */
static int read_exactly(struct feed *feed, char *text, size_t want)
{
    ssize_t got = source_read(feed->source, text, want);
    while (got > 0 && (size_t)got < want) {
        ssize_t before = got;
        source_consume(feed->source, text, (size_t)got, 0);
        got = source_read(feed->source, text, want);
        if (got == before)
            break;
    }
    return got == (ssize_t)want ? 0 : -ENODATA;
}

/* A source that was opened again has shown nothing yet; what waits in the feed is what it showed. */
static int show_held(struct lane *lane, struct feed *feed)
{
    if (!feed->held)
        return 0;
    char *text = feed_room(lane, feed);
    int r = read_exactly(feed, text, feed->held);
    if (r == 0)
        source_consume(feed->source, text, feed->held, 0);
    return r;
}

static int redo_read(struct lane *lane, struct feed *feed, const struct step *step)
{
    if (step->bytes == 0 || step->bytes > BATCH_TEXT_BYTES)
        return -ENODATA;
    char *text = feed_room(lane, feed);
    int r = read_exactly(feed, text, step->bytes);
    if (r == 0)
        feed_show(lane, feed, (ssize_t)step->bytes);
    return r;
}

int feed_redo(struct lane *lane, struct feed *feed, const struct step *step)
{
    lane->arrival_ns = step->time_ns;
    switch (step->kind) {
    case STEP_READ:
        return redo_read(lane, feed, step);
    case STEP_FLUSH:
        feed->held = step->bytes;
        if (show_held(lane, feed) < 0 || feed_cut_held(lane, feed) != step->bytes)
            return -ENODATA;
        return 0;
    case STEP_FINISH:
        feed->held = step->bytes;
        if (show_held(lane, feed) < 0)
            return -ENODATA;
        feed_end_held(lane, feed);
        return 0;
    case STEP_IDLE:
        feed_idle(lane, feed);
        return 0;
    case STEP_ANEW:
        feed_anew(lane, feed, (uint32_t)step->bytes);
        feed_set_source(feed, NULL);
        feed->offset = 0;
        return 0;
    case STEP_GAP:
        feed_say_gap(lane, feed, step);
        return 0;
    default:
        return -EBADMSG;
    }
}
