/* SPDX-License-Identifier: MIT */
/*
 * template - one sentence of the log is written far more, or far less, often than it used to be, or is gone.
 *
 * Method   The milder of two models, since things come in clumps of any size, and stop for good one day:
 *
 *              rate     m = (1/2 + A) / B, variance phi m (1 + 1/B): negative binomial tails (kit/rate)
 *              more     p = (r / x)^2 / (n + 1), r the largest count of the n windows that the template is known:
 *                       a heavy tail, the mildest power with a mean
 *              less     p = (D + 1) / (T + 1): in T windows one of the templates fell silent D times
 *
 *          The strongest of W templates is one of W chances, so but for the last its p is multiplied by W (Bonferroni). How
 *          large the strongest was in past episodes is remembered, and what recurs is tempered (kit/recur).
 * Input    the template and time of each record; one series, such as `records`, to report on. Windows are counted here, by
 *          each record's own time; a late one counts in the window that is scored next.
 * Score    -log10 p, corrected for W
 * State    at most `templates` times 232 bytes, 464 KiB, and 24 bytes for each template of a window that is not over yet;
 *          grows with what is seen. A window costs about 20 ns per template, and a sum of terms for the few that are far off.
 * Limits   A template is watched once it is known for `warmup` windows; what is new is for `novelty`. No daily cycle. When
 *          the miner finds that two sentences are one, the wider takes over the rates of those that it looks like; were
 *          its words too different, one seems gone and the other new. Of more templates than there is room for, those
 *          not seen for longest are forgotten.
 * Sources  O. J. Dunn, Multiple Comparisons Among Means, J. Am. Stat. Assoc. 56, 1961 (Bonferroni's inequality). M. Greenwood,
 *          G. U. Yule, J. R. Stat. Soc. 83, 1920 (negative binomial).
 */

#include "kit/ahead.h"
#include "kit/book.h"
#include "kit/line.h"
#include "kit/params.h"
#include "kit/rate.h"
#include "kit/recur.h"

#include <oddline/detector.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEMPLATES, EVENTS, MEMORY, WARMUP, PARAMS };
enum { STATE_VERSION = 1 };
static const double NEAR =
    3; /* deviations; what is nearer is not odd, however many are watched */
static const double STOPPED = 3; /* surprise of a lack that counts as a stop */
static const double ACCEPTED =
    60; /* windows in a row that are not near; more of them are the new normal */

static const oddline_param params[PARAMS] = {
    [TEMPLATES] = {.name = "templates",
                   .unit = "",
                   .help = "So many templates are watched; of more, those seen last.",
                   .type = ODDLINE_I64,
                   .fallback.i64 = 2048,
                   .min.i64 = 16,
                   .max.i64 = 2048},
    [EVENTS] = {.name = "events",
                .unit = "counts",
                .help = "About how many counts of a template are remembered.",
                .type = ODDLINE_F64,
                .fallback.f64 = 100,
                .min.f64 = 5,
                .max.f64 = 1e6},
    [MEMORY] = PARAM_MEMORY(7, "The longest that anything is remembered."),
    [WARMUP] = PARAM_WARMUP(20, 2, 100000,
                            "Windows for which a template must be known before it is watched."),
};

enum side { MORE, LESS, SIDES };

/* One template. */
struct known {
    uint64_t id;
    double count;     /* in the window that is being scored */
    double windows;   /* scored since it is known */
    double last_seen; /* number of the window */
    struct rate rate;
    double largest;   /* count of a window, slowly forgotten */
    double odd;       /* windows in a row that are not near ... */
    double lesson;    /* ... and the count furthest off among them */
    struct line line; /* the first that was seen */
    uint32_t reserved;
};

/* What is saved before these two. */
struct head {
    int64_t window_ns;
    uint64_t known, ahead;
    double windows;           /* scored */
    struct recur past[SIDES]; /* episodes of more and of less */
};

struct watch {
    const oddline_host *host;
    double warmup, keep;
    struct rate_memory memory;
    struct head head;
    struct book book; /* of struct known */
    struct ahead ahead;
    char *saved; /* what save() lends */
};

static struct known *nth(const struct watch *w, size_t i)
{
    return book_at(&w->book, i);
}

/* ---- records ------------------------------------------------------------ */

static void forget_oldest(struct watch *w)
{
    size_t oldest = 0;
    for (size_t i = 1; i < w->book.used; i++)
        if (nth(w, i)->last_seen < nth(w, oldest)->last_seen)
            oldest = i;
    book_remove(&w->book, nth(w, oldest));
}

/* Make a template known that is not. */
static struct known *meet(struct watch *w, const oddline_batch *batch, const oddline_record *r)
{
    struct known *known = book_add(&w->book, r->template_id);
    if (!known) {
        forget_oldest(w);
        known = book_add(&w->book, r->template_id);
    }
    known->last_seen = w->head.windows;
    known->line = line_of(batch, r);
    return known;
}

static oddline_status template_observe(void *instance, const oddline_batch *batch)
{
    struct watch *w = instance;
    for (uint32_t i = 0; i < batch->count; i++) {
        const oddline_record *r = &batch->records[i];
        if (!r->template_id)
            continue;
        struct known *known = book_find(&w->book, r->template_id);
        if (!known)
            known = meet(w, batch, r);
        if (!ahead_add(&w->ahead, r->template_id, r->time_ns))
            known->count++; // in the window that is scored next
    }
    return ODDLINE_OK;
}

/* The counts of the windows up to this one go to their templates. */
static void gather(struct watch *w, const oddline_window *window)
{
    const struct ahead_count *counts;
    size_t count = ahead_take(&w->ahead, window->start_ns, &counts);
    for (size_t i = 0; i < count; i++) {
        struct known *known = book_find(&w->book, counts[i].id);
        if (known)
            known->count += (double)counts[i].count;
    }
}

/* ---- one template becomes wider ----------------------------------------- */

static void add_rate(struct rate *to, const struct rate *from)
{
    to->windows = fmax(to->windows, from->windows);
    to->counts += from->counts;
    to->squares += from->squares;
    to->moments += from->moments;
}

static void take_over(struct known *to, const struct known *from)
{
    add_rate(&to->rate, &from->rate);
    to->windows = fmax(to->windows, from->windows);
    to->count += from->count;
    to->largest += from->largest;
}

/* Written until now, and not in this window. */
static bool has_stopped(const struct watch *w, const struct known *known)
{
    return known->windows >= w->warmup && known->rate.counts >= 1 &&
           known->count * 2 < rate_mean(&known->rate);
}

/*
 * A template that is met for the first time inherits from those that look like it and stopped with its coming. They stay in the book, as if
 * they had just been met: records of them may wait in later windows, or come with the next batch.
 */
static void inherit(struct watch *w, uint64_t id)
{
    for (size_t i = w->book.used; i-- > 0;) {
        struct known *heir = book_find(&w->book, id), *old = nth(w, i);
        if (old == heir || !has_stopped(w, old) || !line_is_kin(&old->line, &heir->line))
            continue;
        take_over(heir, old);
        *old = (struct known){.id = old->id, .last_seen = old->last_seen, .line = old->line};
    }
}

static void inherit_all(struct watch *w)
{
    for (size_t i = 0; i < w->book.used; i++)
        if (nth(w, i)->windows <= 0 && nth(w, i)->count > 0)
            inherit(w, nth(w, i)->id);
}

/* ---- scoring ------------------------------------------------------------ */

/* The template that is furthest off to one side, NULL when all are near. */
struct strongest {
    const struct known *known;
    double score;
};

static bool is_near(const struct known *known)
{
    double off = known->count - rate_mean(&known->rate);
    return off * off < NEAR * NEAR * rate_variance(&known->rate);
}

/* More than ever: the surprise of a heavy tail. */
static double beyond_record(const struct known *known)
{
    double times = known->count / fmax(known->largest, 1);
    return log10(known->windows + 1) + 2 * log10(fmax(times, 1));
}

static void consider(const struct known *known, struct strongest best[SIDES])
{
    enum side side = known->count > rate_mean(&known->rate) ? MORE : LESS;
    double score = rate_score(&known->rate, known->count);
    if (side == MORE)
        score = fmin(score, beyond_record(known));
    if (score > best[side].score)
        best[side] = (struct strongest){known, score};
}

/* The strongest of each side among those that are watched. */
static void look(const struct watch *w, struct strongest best[SIDES])
{
    double watched = 0;
    for (size_t i = 0; i < w->book.used; i++) {
        const struct known *known = nth(w, i);
        if (known->windows < w->warmup)
            continue;
        watched++;
        if (!is_near(known))
            consider(known, best);
    }
    for (int side = 0; side < SIDES; side++)
        best[side].score = fmax(0, best[side].score - log10(fmax(watched, 1)));
}

/* What recurs is not odd; and less is as rare as it is here that a template stops. */
static double temper(const struct watch *w, enum side side, double raw)
{
    const struct recur *past = &w->head.past[side];
    double rare = log10((past->windows + 1) / (recur_count(past, STOPPED) + 1));
    return recur_temper(past, side == LESS ? fmin(raw, fmax(rare, 0)) : raw, raw);
}

static void say(const struct watch *w, const struct known *known, oddline_score *score)
{
    char reason[ODDLINE_ERROR_SIZE];
    if (known) {
        const char *how = score->kind == ODDLINE_SPIKE ? "more often"
                          : known->count > 0           ? "less often"
                                                       : "gone";
        score->observed = known->count;
        score->expected = rate_mean(&known->rate);
        score->upper = score->expected + NEAR * sqrt(rate_variance(&known->rate));
        score->lower = fmax(0, 2 * score->expected - score->upper);
        snprintf(reason, sizeof(reason), "%s: \"%.*s\" %.0f times, usually about %.3g", how,
                 (int)known->line.len, known->line.text, known->count, score->expected);
        score->reason = reason;
    }
    w->host->report(w->host, score);
}

static void judge(struct watch *w)
{
    struct strongest best[SIDES] = {{.known = NULL}};
    double scores[SIDES];
    look(w, best);
    for (int side = 0; side < SIDES; side++) {
        scores[side] = temper(w, (enum side)side, best[side].score);
        recur_learn(&w->head.past[side], best[side].score, w->keep);
    }
    enum side side = scores[LESS] > scores[MORE] ? LESS : MORE;
    oddline_score score = {
        .size = sizeof(score),
        .score = scores[side],
        .expected = NAN,
        .lower = NAN,
        .upper = NAN,
        .samples = (uint64_t)w->head.windows,
        .kind = side == LESS ? ODDLINE_DROP : ODDLINE_SPIKE,
        .flags =
            ODDLINE_SCORE_SURPRISE | (w->head.windows < w->warmup ? ODDLINE_SCORE_WARMING : 0),
    };
    say(w, best[side].known, &score);
}

static void learn_count(const struct watch *w, struct known *known, double count)
{
    known->largest = fmax(known->largest, count);
    rate_learn(&known->rate, &w->memory, count);
}

/*
 * A run of odd windows teaches once, by its furthest count, when it is over, or a burst would hide itself; a long one is the new
 * normal.
 */
static void learn_rate(const struct watch *w, struct known *known)
{
    bool odd = known->windows >= w->warmup && !is_near(known);
    double mean = odd ? rate_mean(&known->rate) : 0;
    if (odd && ++known->odd <= ACCEPTED) {
        if (known->odd <= 1 || fabs(known->count - mean) > fabs(known->lesson - mean))
            known->lesson = known->count;
        return;
    }
    if (!odd && known->odd > 0 && known->odd <= ACCEPTED)
        learn_count(w, known, known->lesson);
    known->odd = odd ? known->odd : 0;
    learn_count(w, known, known->count);
}

static void learn_one(const struct watch *w, struct known *known)
{
    known->last_seen = known->count > 0 ? w->head.windows : known->last_seen;
    known->largest *= w->keep;
    learn_rate(w, known);
    known->windows++;
    known->count = 0;
}

/* A template begins with the first window that holds it, however long before that it was met. */
static void learn(struct watch *w)
{
    w->head.windows++;
    for (size_t i = 0; i < w->book.used; i++)
        if (nth(w, i)->windows > 0 || nth(w, i)->count > 0)
            learn_one(w, nth(w, i));
}

static oddline_status template_score(void *instance, const oddline_window *window)
{
    struct watch *w = instance;
    gather(w, window);
    inherit_all(w);
    judge(w);
    learn(w);
    return ODDLINE_OK;
}

/* ---- state -------------------------------------------------------------- */

static oddline_status template_save(void *instance, oddline_bytes *ret_state)
{
    struct watch *w = instance;
    w->head.known = w->book.used;
    w->head.ahead = w->ahead.used;
    size_t known = w->book.used * w->book.each,
           ahead = w->ahead.used * sizeof(*w->ahead.counts);
    char *saved = realloc(w->saved, sizeof(w->head) + known + ahead);
    if (!saved)
        return ODDLINE_ENOMEM;
    w->saved = saved;
    memcpy(saved, &w->head, sizeof(w->head));
    memcpy(saved + sizeof(w->head), w->book.entries, known);
    if (ahead)
        memcpy(saved + sizeof(w->head) + known, w->ahead.counts, ahead);
    *ret_state = (oddline_bytes){.data = saved, .len = sizeof(w->head) + known + ahead};
    return ODDLINE_OK;
}

static bool is_head(const struct watch *w, const struct head *head, size_t len)
{
    return head->window_ns == w->head.window_ns && head->known <= w->book.most &&
           head->ahead <= AHEAD_MOST &&
           len == sizeof(*head) + head->known * w->book.each +
                      head->ahead * sizeof(*w->ahead.counts) &&
           head->windows >= 0 && isfinite(head->windows) && recur_is_sane(&head->past[MORE]) &&
           recur_is_sane(&head->past[LESS]);
}

static bool is_sane(const struct known *known)
{
    return known->count >= 0 && isfinite(known->count) && known->windows >= 0 &&
           isfinite(known->windows) && isfinite(known->last_seen) && known->largest >= 0 &&
           isfinite(known->largest) && known->odd >= 0 && isfinite(known->odd) &&
           isfinite(known->lesson) && known->line.len <= LINE_BYTES &&
           (known->windows <= 0 || known->rate.windows > 0) && rate_is_sane(&known->rate);
}

static bool all_sane(const char *entries, size_t count)
{
    struct known known;
    for (size_t i = 0; i < count; i++) {
        memcpy(&known, entries + i * sizeof(known), sizeof(known));
        if (!is_sane(&known))
            return false;
    }
    return true;
}

static oddline_status template_load(void *instance, oddline_bytes state, uint32_t state_version)
{
    struct watch *w = instance;
    struct head head;
    if (state_version != STATE_VERSION || state.len < sizeof(head))
        return ODDLINE_ESTATE;
    memcpy(&head, state.data, sizeof(head));
    const char *known = (const char *)state.data + sizeof(head);
    if (!is_head(w, &head, state.len) || !all_sane(known, head.known))
        return ODDLINE_ESTATE;
    if (!book_load(&w->book, known, head.known) ||
        !ahead_load(&w->ahead, known + head.known * w->book.each, head.ahead)) {
        book_load(&w->book, NULL, 0);
        return ODDLINE_ESTATE;
    }
    w->head = head;
    return ODDLINE_OK;
}

/* ---- callbacks ---------------------------------------------------------- */

static void template_close(void *instance)
{
    struct watch *w = instance;
    book_close(&w->book);
    free(w->saved);
    ahead_free(&w->ahead);
    free(w);
}

static oddline_status template_open(const oddline_host *host, const oddline_value *values,
                                    void **ret_instance, char error[ODDLINE_ERROR_SIZE])
{
    struct watch *w = calloc(1, sizeof(*w));
    if (!w || !book_open(&w->book, sizeof(struct known), (size_t)values[TEMPLATES].i64)) {
        free(w);
        snprintf(error, ODDLINE_ERROR_SIZE, "out of memory");
        return ODDLINE_ENOMEM;
    }
    w->host = host;
    w->memory.events = values[EVENTS].f64;
    w->memory.longest = fmax((double)values[MEMORY].i64 / (double)host->window_ns, 60);
    w->keep = 1 - 1 / w->memory.longest;
    w->warmup = (double)values[WARMUP].i64;
    w->head.window_ns = w->ahead.window_ns = host->window_ns;
    *ret_instance = w;
    return ODDLINE_OK;
}

ODDLINE_EXPORT const struct oddline_plugin oddline_plugin = {
    .size = sizeof(oddline_plugin),
    .abi = ODDLINE_ABI,
    .needs = ODDLINE_NEEDS_TEXT | ODDLINE_NEEDS_TEMPLATE,
    .id = "template",
    .version = "1.0.0",
    .summary = "one sentence of the log is written far more, or less, often than usual",
    .params = params,
    .param_count = PARAMS,
    .state_version = STATE_VERSION,
    .open = template_open,
    .observe = template_observe,
    .score = template_score,
    .save = template_save,
    .load = template_load,
    .close = template_close,
};
