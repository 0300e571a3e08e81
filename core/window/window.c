/* SPDX-License-Identifier: MIT */

#include "base/check.h"
#include "window/pane.h"

#include <errno.h>
#include <stdlib.h>

int windows_create(const struct window_options *options, struct windows **ret)
{
    struct windows *w = calloc(1, sizeof(*w));
    if (!w)
        return -ENOMEM;
    w->options = *options;
    w->window_ns = options->window_ns;
    w->first_ns = w->reached_ns = w->beside_ns = w->bar_ns = NO_TIME;
    int r = groups_create(w);
    if (r == 0)
        r = concerns_create(w);
    if (r < 0)
        windows_free(w);
    else
        *ret = w;
    return r;
}

void windows_free(struct windows *w)
{
    if (!w)
        return;
    for (size_t i = 0; i < WINDOW_OPEN_MAX; i++)
        pane_free(w, w->panes[i]);
    pane_free(w, w->spare);
    concerns_free(w);
    groups_free(w);
    buffer_free(&w->exhibits);
    buffer_free(&w->pending);
    free(w);
}

/* ---- watermark ---------------------------------------------------------- */

/* The lowest time a holding source has reached; without any, the highest time there is. */
static int64_t watermark(const struct windows *w)
{
    int64_t lowest = INT64_MAX;
    for (const struct window_source *s = w->holders; s; s = s->next)
        lowest = s->reached_ns < lowest ? s->reached_ns
                                        : lowest; // NO_TIME is the lowest: nothing read yet
    return lowest == INT64_MAX ? w->reached_ns : lowest;
}

/*
 * Is the oldest window kept open by a holder? All are looked at once a window: from then on who passes the bar, comes or goes counts himself.
 * A look at all of them for each record would make ten thousand files that are behind fall behind further.
 */
static bool is_held(struct windows *w)
{
    int64_t bar = start_of(w, w->oldest + 1) + w->options.lateness_ns;
    if (bar != w->bar_ns) {
        w->bar_ns = bar;
        w->below = 0;
        for (const struct window_source *s = w->holders; s; s = s->next)
            w->below += s->reached_ns < bar;
    }
    return w->below > 0;
}

void windows_hold(struct windows *w, struct window_source *source)
{
    if (source->holds)
        return;
    source->holds = true;
    source->next = w->holders;
    source->link = &w->holders;
    if (w->holders)
        w->holders->link = &source->next;
    w->holders = source;
    w->below += source->reached_ns < w->bar_ns;
}

void windows_let_go(struct windows *w, struct window_source *source)
{
    if (!source->holds)
        return;
    *source->link = source->next;
    if (source->next)
        source->next->link = source->link;
    source->holds = false;
    w->below -= source->reached_ns < w->bar_ns;
    // They may wait for the windows to go on; without any the next record or quiet closing sees to it.
    if (w->holders && w->first_ns != NO_TIME && !is_held(w))
        close_until(w, watermark(w), 0);
}

static bool near(int64_t t, int64_t other)
{
    return other != NO_TIME && t >= other - WINDOW_JUMP_NS && t <= other + WINDOW_JUMP_NS;
}

static int64_t floor_to(int64_t t, int64_t step)
{
    int64_t rest = t % step;
    return t - (rest < 0 ? rest + step : rest);
}

/* The first stamp was wrong, and `t` is right. */
static void move_to(struct windows *w, struct window_source *source, int64_t t)
{
    int64_t start = t > w->options.from_ns ? t : w->options.from_ns;
    source->reached_ns = NO_TIME;
    w->reached_ns = w->beside_ns;
    if (w->first_ns != NO_TIME && w->counts.closed == 0 && w->newest == 0)
        w->first_ns = floor_to(start, w->window_ns);
}

/* A believed stamp says something about the very first one. */
static void settle_doubt(struct windows *w, struct window_source *source, int64_t t)
{
    if (w->reached_ns == NO_TIME) {
        w->doubt = true;
        w->doubted = source->number;
        return;
    }
    bool behind = t < w->reached_ns - WINDOW_JUMP_NS, own = source->number == w->doubted;
    if (!own && behind)
        w->beside_ns = t > w->beside_ns ? t : w->beside_ns;
    else
        w->doubt = false;
    if (own && behind)
        move_to(w, source, t);
}

/* The time to count a record under: its own, unless it jumps too far ahead all alone. */
static int64_t believed(struct windows *w, struct window_source *source,
                        const struct oddline_record *record, int64_t arrival_ns)
{
    bool begun = source->reached_ns != NO_TIME;
    int64_t t = record->time_ns, come_to = begun ? source->reached_ns : w->reached_ns;
    if (t == NO_TIME)
        t = arrival_ns != NO_TIME ? arrival_ns : source->reached_ns;
    if (begun && record->flags & ODDLINE_RECORD_NO_STAMP) // the time of the record before
        return source->suspect_ns == NO_TIME ? t : come_to;
    if (t == NO_TIME || come_to == NO_TIME || t <= come_to + WINDOW_JUMP_NS ||
        near(t, source->suspect_ns)) {
        source->suspect_ns = NO_TIME;
        if (t != NO_TIME && (w->doubt || w->reached_ns == NO_TIME))
            settle_doubt(w, source, t);
        return t;
    }
    source->suspect_ns = t;
    w->counts.suspect++;
    return come_to;
}

/* ---- observe ------------------------------------------------------------ */

/*
 * The length nobody set: a minute, and five minutes for a log so sparse that a minute rarely holds two records. Only a sample of hours
 * can show that a log is sparse; a short one may be the burst of a start.
 */
static int64_t choose_length(const struct oddline_batch *batch)
{
    enum { SPARSE_HOURS = 6, SPARSE_PER_MINUTE = 2 };
    int64_t first = NO_TIME, last = NO_TIME;
    for (uint32_t i = 0; i < batch->count; i++) {
        int64_t t = batch->records[i].time_ns;
        if (t == NO_TIME)
            continue;
        first = first == NO_TIME || t < first ? t : first;
        last = t > last ? t : last;
    }
    double minutes = first == NO_TIME ? 0 : ((double)last - (double)first) / 60e9;
    bool sparse = minutes > SPARSE_HOURS * 60 && batch->count < SPARSE_PER_MINUTE * minutes;
    return sparse ? WINDOW_SPARSE_NS : WINDOW_DENSE_NS;
}

/* Nothing is closed yet: window 0 may be an earlier one, as long as all that are open then can be. */
static void start_earlier(struct windows *w, int64_t time_ns)
{
    int64_t back = (w->first_ns - floor_to(time_ns, w->window_ns)) / w->window_ns;
    if (w->counts.closed || back <= 0 || back >= WINDOW_OPEN_MAX - (int64_t)w->newest)
        return;
    w->first_ns -= back * w->window_ns;
    w->newest += (uint64_t)back;
    groups_shift(w, (uint64_t)back);
    memmove(w->panes + back, w->panes, (WINDOW_OPEN_MAX - back) * sizeof(w->panes[0]));
    memset(w->panes, 0, back * sizeof(w->panes[0]));
}

/* Is it the window of the record before, as it nearly always is? */
static bool is_placed(const struct windows *w, int64_t time_ns)
{
    if (w->first_ns == NO_TIME || w->placed < w->oldest || w->placed > w->newest)
        return false;
    int64_t start = start_of(w, w->placed);
    return time_ns >= start && time_ns < start + w->window_ns;
}

/* The open window for `time_ns`; for a late record the oldest that is still open. */
static struct pane *place_record(struct windows *w, int64_t time_ns)
{
    if (is_placed(w, time_ns))
        return pane_of(w, w->placed);
    if (w->first_ns == NO_TIME)
        w->first_ns = floor_to(time_ns, w->window_ns);
    start_earlier(w, time_ns);
    bool late = time_ns < start_of(w, w->oldest);
    uint64_t index = late ? w->oldest : (uint64_t)((time_ns - w->first_ns) / w->window_ns);
    if (index - w->oldest >= WINDOW_OPEN_MAX)
        close_many(w, index - w->oldest - WINDOW_OPEN_MAX + 1, 0);
    w->newest = index > w->newest ? index : w->newest;
    w->placed = index;
    struct pane *pane = pane_of(w, index);
    pane->late += late;
    w->counts.late += late;
    return pane;
}

static void count_record(struct windows *w, struct pane *pane, struct sighting *sighting)
{
    pane->records++;
    w->counts.records++;
    concerns_count(w, pane, sighting);
    if (w->options.group_count)
        groups_count(w, pane, sighting);
}

void windows_choose(struct windows *w, const struct oddline_batch *sample)
{
    if (w->window_ns == 0)
        w->window_ns = choose_length(sample);
}

/* NO_TIME is below every time, so only `until` needs a look of its own. */
static bool wanted(const struct windows *w, int64_t t)
{
    return t >= w->options.from_ns &&
           (w->options.until_ns == NO_TIME || t < w->options.until_ns);
}

/* The source has come to `t`; that may be what a window waited for. */
static void advance(struct windows *w, struct window_source *source, int64_t t)
{
    if (source->holds && source->reached_ns < w->bar_ns && t >= w->bar_ns)
        w->below--;
    source->reached_ns = t > source->reached_ns ? t : source->reached_ns;
    w->reached_ns = t > w->reached_ns ? t : w->reached_ns;
    if (w->first_ns != NO_TIME &&
        w->reached_ns - w->options.lateness_ns >= start_of(w, w->oldest + 1) && !is_held(w))
        close_until(w, watermark(w), 0); // else the watermark is not there either
}

void windows_observe(struct windows *w, const struct oddline_batch *batch,
                     const struct batch_place *place)
{
    struct window_source *source = place->source;
    struct sighting sighting = {.batch = batch,
                                .path = source->path,
                                .line = place->line,
                                .redactions = w->options.redactions,
                                .redaction_count = w->options.redaction_count};
    CHECK(w->window_ns > 0);
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct oddline_record *record = &batch->records[i];
        int64_t t = believed(w, source, record, place->arrival_ns);
        sighting.record = record;
        sighting.offset = place->offset + record->text;
        if (t == NO_TIME) {
            w->counts.timeless++;
        } else {
            if (wanted(w, t))
                count_record(w, place_record(w, t), &sighting);
            advance(w, source, t); // also beyond the bounds: time goes on there
        }
        sighting.line += sighting.line ? record->lines : 0;
    }
}

void windows_quiet(struct windows *w, int64_t now_ns)
{
    if (!w->holders)
        close_until(w, now_ns, ODDLINE_WINDOW_QUIET);
}

void windows_end(struct windows *w)
{
    if (w->first_ns == NO_TIME)
        return;
    if (w->oldest < w->newest)
        close_many(w, w->newest - w->oldest, 0);
    if (w->panes[w->oldest % WINDOW_OPEN_MAX])
        close_many(w, 1, ODDLINE_WINDOW_PARTIAL);
    close_run(w, w->oldest);
}

bool windows_emit(struct windows *w, struct ring *ring, int timeout_ms)
{
    struct buffer *pending = &w->pending;
    size_t at = 0, len;
    close_run(w, w->oldest);
    for (; at < pending->len; at += sizeof(len) + ((len + 7) & ~(size_t)7)) {
        memcpy(&len, pending->at + at, sizeof(len));
        if (!ring_wait_room(ring, len, timeout_ms))
            break;
        memcpy(ring_reserve(ring, len), pending->at + at + sizeof(len), len);
        ring_commit(ring, RING_WINDOW, len);
    }
    pending->len -= at;
    if (at && pending->len)
        memmove(pending->at, pending->at + at, pending->len);
    return pending->len == 0;
}

int64_t windows_length_ns(const struct windows *w)
{
    return w->window_ns;
}

int64_t windows_reached_ns(const struct windows *w)
{
    return w->reached_ns;
}

int64_t windows_oldest_ns(const struct windows *w)
{
    return w->first_ns == NO_TIME ? NO_TIME : start_of(w, w->oldest);
}

struct window_counts windows_counts(const struct windows *w)
{
    return w->counts;
}
