/* SPDX-License-Identifier: MIT */

#include "window/window.h"

#include "base/check.h"
#include "window/evidence.h"

#include <errno.h>
#include <stdlib.h>

/* One open window. */
struct pane {
    uint64_t records, late;
    struct series_state *states; /* [series_count] */
    struct evidence *evidence;   /* [series_count] */
};

struct windows {
    struct window_options options;
    int64_t window_ns;
    struct pane *panes
        [WINDOW_OPEN_MAX]; /* ring: window `index` lies at index % WINDOW_OPEN_MAX; NULL = empty */
    struct pane *spare;    /* one that was closed, to be used again */
    uint64_t oldest, newest; /* indices of the open windows; newest < oldest: none yet */
    int64_t first_ns;        /* start of window 0, NO_TIME before the first record */
    struct window_source *holders;
    int64_t reached_ns; /* highest believed time of any source */
    bool doubt;         /* that is the first stamp of all, and nothing has confirmed it */
    uint32_t doubted;   /* number of the source it came from */
    int64_t beside_ns;  /* while in doubt: highest believed time of the other sources */
    uint64_t empty_run; /* empty windows that wait to be written as one frame */
    uint32_t empty_flags;
    struct buffer pending; /* frames: size_t payload length, payload, padded to 8 */
    struct window_counts counts;
};

/* All the evidence there can be in one window fits the smallest ring, 4 MiB, which takes frames of half its size. */
enum {
    EVIDENCE_BYTES = sizeof(struct closed_evidence) + EVIDENCE_TEXT_BYTES + EVIDENCE_PATH_BYTES,
    SERIES_BYTES_MAX = sizeof(double) + sizeof(uint64_t) + EVIDENCE_ROLES * EVIDENCE_BYTES,
    FRAME_BYTES_MAX = sizeof(struct closed) + WINDOW_SERIES_MAX * SERIES_BYTES_MAX + 8,
};
_Static_assert(FRAME_BYTES_MAX < (2 << 20) - 64, "a window fits the smallest ring");

int windows_create(const struct window_options *options, struct windows **ret)
{
    CHECK(options->series_count <= WINDOW_SERIES_MAX);
    struct windows *w = calloc(1, sizeof(*w));
    if (!w)
        return -ENOMEM;
    w->options = *options;
    w->window_ns = options->window_ns;
    w->first_ns = w->reached_ns = w->beside_ns = NO_TIME;
    *ret = w;
    return 0;
}

static void pane_free(const struct windows *w, struct pane *pane)
{
    if (!pane)
        return;
    for (size_t i = 0; i < w->options.series_count; i++)
        evidence_clear(&pane->evidence[i]);
    free(pane->states);
    free(pane->evidence);
    free(pane);
}

void windows_free(struct windows *w)
{
    if (!w)
        return;
    for (size_t i = 0; i < WINDOW_OPEN_MAX; i++)
        pane_free(w, w->panes[i]);
    pane_free(w, w->spare);
    buffer_free(&w->pending);
    free(w);
}

/* ---- panes -------------------------------------------------------------- */

static struct pane *pane_new(const struct windows *w)
{
    struct pane *pane = calloc(1, sizeof(*pane));
    CHECK(
        pane); // some 10 KiB, a bounded number of times: without them there is nothing left to do
    pane->states = calloc(w->options.series_count, sizeof(*pane->states));
    pane->evidence = calloc(w->options.series_count, sizeof(*pane->evidence));
    CHECK(pane->states && pane->evidence);
    return pane;
}

static struct pane *pane_of(struct windows *w, uint64_t index)
{
    struct pane **slot = &w->panes[index % WINDOW_OPEN_MAX];
    if (!*slot) {
        *slot = w->spare ? w->spare : pane_new(w);
        w->spare = NULL;
    }
    return *slot;
}

static void pane_retire(struct windows *w, struct pane *pane)
{
    pane->records = pane->late = 0;
    memset(pane->states, 0, w->options.series_count * sizeof(*pane->states));
    for (size_t i = 0; i < w->options.series_count; i++)
        evidence_clear(&pane->evidence[i]);
    if (w->spare)
        pane_free(w, pane);
    else
        w->spare = pane;
}

/* ---- closed windows become frames --------------------------------------- */

static void pad8(struct buffer *out)
{
    static const char zeros[8];
    buffer_append(out, zeros, -out->len & 7);
}

static int64_t start_of(const struct windows *w, uint64_t index)
{
    return w->first_ns + (int64_t)index * w->window_ns;
}

static size_t write_values(const struct windows *w, const struct pane *pane, struct buffer *out)
{
    size_t at = out->len;
    for (size_t i = 0; i < w->options.series_count; i++) {
        static const struct series_state nothing;
        const struct series_state *state = pane ? &pane->states[i] : &nothing;
        double value = series_value(&w->options.series[i], state, pane ? pane->records : 0);
        buffer_append(out, &value, sizeof(value));
    }
    for (size_t i = 0; i < w->options.series_count; i++)
        buffer_append(out, pane ? &pane->states[i].count : &(uint64_t){0}, sizeof(uint64_t));
    return at;
}

static void write_evidence(const struct windows *w, const struct pane *pane,
                           struct closed *head, size_t base, struct buffer *out)
{
    struct closed_evidence found[WINDOW_SERIES_MAX * EVIDENCE_ROLES];
    size_t count = 0;
    for (size_t i = 0; pane && i < w->options.series_count; i++)
        count += evidence_write(&pane->evidence[i], (uint32_t)i, out, base,
                                memset(&found[count], 0, sizeof(found[0]) * EVIDENCE_ROLES));
    pad8(out);
    head->evidence = (uint32_t)(out->len - base);
    head->evidence_count = (uint32_t)count;
    buffer_append(out, found, count * sizeof(found[0]));
}

static void write_frame(struct windows *w, struct closed head, const struct pane *pane)
{
    struct buffer *out = &w->pending;
    size_t mark = out->len, base = mark + sizeof(size_t);
    buffer_append(out, &(size_t){0}, sizeof(size_t));
    buffer_append(out, &head, sizeof(head));
    size_t values = write_values(w, pane, out);
    head.values = (uint32_t)(values - base);
    head.counts = head.values + (uint32_t)(w->options.series_count * sizeof(double));
    write_evidence(w, pane, &head, base, out);
    CHECK(!out->failed);
    size_t len = out->len - base;
    memcpy(out->at + mark, &len, sizeof(len));
    memcpy(out->at + base, &head, sizeof(head));
    pad8(out);
}

static struct closed head_of(const struct windows *w, uint64_t index, uint32_t flags)
{
    return (struct closed){
        .stream = w->options.stream,
        .flags = flags,
        .start_ns = start_of(w, index),
        .end_ns = start_of(w, index + 1),
        .closed_ns = start_of(w, index + 1) + w->options.lateness_ns,
        .index = index,
        .repeat = 1,
        .series_count = (uint32_t)w->options.series_count,
    };
}

static void flush_empty(struct windows *w, uint64_t before)
{
    if (w->empty_run == 0)
        return;
    struct closed head =
        head_of(w, before - w->empty_run, w->empty_flags | ODDLINE_WINDOW_EMPTY);
    head.repeat = w->empty_run;
    w->empty_run = 0;
    write_frame(w, head, NULL);
}

static void close_oldest(struct windows *w, uint32_t flags)
{
    uint64_t index = w->oldest++;
    struct pane *pane = w->panes[index % WINDOW_OPEN_MAX];
    w->panes[index % WINDOW_OPEN_MAX] = NULL;
    w->counts.closed++;
    if (!pane) {
        if (w->empty_run && w->empty_flags != flags)
            flush_empty(w, index);
        w->empty_flags = flags;
        w->empty_run++;
        return;
    }
    flush_empty(w, index);
    struct closed head = head_of(w, index, flags | (pane->records ? 0 : ODDLINE_WINDOW_EMPTY));
    head.records = pane->records;
    head.late = pane->late;
    write_frame(w, head, pane);
    pane_retire(w, pane);
}

/* Close what ends at or before `until`, less the lateness. Behind the last wanted time there are no windows. */
static void close_until(struct windows *w, int64_t until, uint32_t flags)
{
    int64_t last = w->options.until_ns;
    if (w->first_ns == NO_TIME || until == NO_TIME)
        return;
    if (last != NO_TIME && until - w->options.lateness_ns > last)
        until = last + w->options.lateness_ns;
    while (start_of(w, w->oldest + 1) + w->options.lateness_ns <= until)
        close_oldest(w, flags);
    if (w->newest < w->oldest)
        w->newest = w->oldest;
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

void windows_hold(struct windows *w, struct window_source *source)
{
    if (source->holds)
        return;
    source->holds = true;
    source->next = w->holders;
    w->holders = source;
}

void windows_let_go(struct windows *w, struct window_source *source)
{
    if (!source->holds)
        return;
    struct window_source **link = &w->holders;
    while (*link != source)
        link = &(*link)->next;
    *link = source->next;
    source->holds = false;
    if (w->holders) // they may wait for the windows to go on; without any the next record or quiet closing sees to it
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
    return (sparse ? 300 : 60) * NS_PER_S;
}

/* Nothing is closed yet: window 0 may be an earlier one, as long as all that are open then can be. */
static void start_earlier(struct windows *w, int64_t time_ns)
{
    int64_t back = (w->first_ns - floor_to(time_ns, w->window_ns)) / w->window_ns;
    if (w->counts.closed || back <= 0 || back >= WINDOW_OPEN_MAX - (int64_t)w->newest)
        return;
    w->first_ns -= back * w->window_ns;
    w->newest += (uint64_t)back;
    memmove(w->panes + back, w->panes, (WINDOW_OPEN_MAX - back) * sizeof(w->panes[0]));
    memset(w->panes, 0, back * sizeof(w->panes[0]));
}

/* The open window for `time_ns`; for a late record the oldest that is still open. */
static struct pane *place_record(struct windows *w, int64_t time_ns)
{
    if (w->first_ns == NO_TIME)
        w->first_ns = floor_to(time_ns, w->window_ns);
    start_earlier(w, time_ns);
    bool late = time_ns < start_of(w, w->oldest);
    uint64_t index = late ? w->oldest : (uint64_t)((time_ns - w->first_ns) / w->window_ns);
    while (index - w->oldest >= WINDOW_OPEN_MAX)
        close_oldest(w, 0);
    w->newest = index > w->newest ? index : w->newest;
    struct pane *pane = pane_of(w, index);
    pane->late += late;
    w->counts.late += late;
    return pane;
}

static void count_record(struct windows *w, struct pane *pane, struct sighting *sighting)
{
    pane->records++;
    w->counts.records++;
    for (size_t i = 0; i < w->options.series_count; i++) {
        bool extreme;
        struct series_state *state = &pane->states[i];
        if (series_add(&w->options.series[i], state, sighting->batch, sighting->record,
                       &extreme))
            evidence_see(&pane->evidence[i], sighting, state->count,
                         series_by_value(&w->options.series[i]), extreme);
    }
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
    source->reached_ns = t > source->reached_ns ? t : source->reached_ns;
    w->reached_ns = t > w->reached_ns ? t : w->reached_ns;
    if (w->first_ns != NO_TIME &&
        w->reached_ns - w->options.lateness_ns >= start_of(w, w->oldest + 1))
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
    while (w->oldest < w->newest)
        close_oldest(w, 0);
    if (w->panes[w->oldest % WINDOW_OPEN_MAX])
        close_oldest(w, ODDLINE_WINDOW_PARTIAL);
    flush_empty(w, w->oldest);
}

void windows_emit(struct windows *w, struct ring *ring)
{
    flush_empty(w, w->oldest);
    for (size_t at = 0; at < w->pending.len;) {
        size_t len;
        memcpy(&len, w->pending.at + at, sizeof(len));
        at += sizeof(len);
        ring_wait_room(ring, len, -1);
        memcpy(ring_reserve(ring, len), w->pending.at + at, len);
        ring_commit(ring, RING_WINDOW, len);
        at += (len + 7) & ~(size_t)7;
    }
    buffer_clear(&w->pending);
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
