/* SPDX-License-Identifier: MIT */
/*
 * repeat - one message drowns the others.
 *
 * Method   Each record is reduced to a hash of its message, every run of digits taken as one, so `order 17 failed` and
 *          `order 4711 failed` are the same. Of a window with n records, k have the most frequent message; the usual share p is
 *          the mean of k / n over the last `memory` windows. How unlikely k of n is at that share is bounded by (Chernoff)
 *
 *              score = n D(k/n || p) / ln 10,   D(q || p) = q ln(q/p) + (1-q) ln((1-q)/(1-p))      0 while k/n <= p
 *
 * Input    records, through observe(); of the window only its end. The series it is used on names the finding, `lines` as a rule
 * Score    a bound of -log10 of a probability, if records were drawn one by one; they are not, so the core calibrates it
 * State    8 KiB to 512 KiB: records whose window is still open, 16 bytes each; O(n log n) per window
 * Limits   Of more than `MOST` records that wait, the rest is not looked at. Digits are all it knows of what varies in a message. Two
 *          messages that alternate are two, not one.
 * Sources  H. Chernoff, A Measure of Asymptotic Efficiency for Tests of a Hypothesis Based on the Sum of Observations, Ann. Math.
 *          Stat. 23, 1952. G. Fowler, L. C. Noll, K.-P. Vo, FNV hash, 1991.
 *
 * This is a detector that reads records. A batch may hold records of several windows, and a window's records may come in several
 * batches: what is known of a record is kept with its time until score() says that its window is over.
 */

#include <oddline/detector.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MEMORY, RECORDS, PARAMS };

static const oddline_param params[PARAMS] = {
    [MEMORY] = {.name = "memory",
                .unit = "windows",
                .help = "How many windows back the usual share is remembered.",
                .type = ODDLINE_I64,
                .fallback.i64 = 60,
                .min.i64 = 2,
                .max.i64 = 100000},
    [RECORDS] = {.name = "records",
                 .unit = "records",
                 .help = "A window with fewer says nothing.",
                 .type = ODDLINE_I64,
                 .fallback.i64 = 10,
                 .min.i64 = 1,
                 .max.i64 = 1000000},
};

enum { STATE_VERSION = 1, MOST = 32768, FIRST_ROOM = 512, TEXT_MOST = 512 };

struct seen {
    int64_t time_ns;
    uint64_t hash;
};

/* What is saved: this, then `waiting` of struct seen. */
struct head {
    double windows, share; /* windows learnt from, usual share */
    int64_t window_ns;
    uint64_t waiting;
};

struct repeat {
    const oddline_host *host;
    double memory, least;
    struct head head;
    struct seen *seen; /* [room], the first head.waiting in use */
    size_t room;
    char *saved; /* what save() lends */
};

static oddline_status repeat_open(const oddline_host *host, const oddline_value *values,
                                  void **ret_instance, char error[ODDLINE_ERROR_SIZE])
{
    struct repeat *r = calloc(1, sizeof(*r));
    if (r)
        r->seen = calloc(FIRST_ROOM, sizeof(*r->seen));
    if (!r || !r->seen) {
        free(r);
        snprintf(error, ODDLINE_ERROR_SIZE, "out of memory");
        return ODDLINE_ENOMEM;
    }
    r->host = host;
    r->room = FIRST_ROOM;
    r->memory = (double)values[MEMORY].i64;
    r->least = (double)values[RECORDS].i64;
    r->head.window_ns = host->window_ns;
    *ret_instance = r;
    return ODDLINE_OK;
}

/* ---- records ------------------------------------------------------------ */

/* FNV-1a over the bytes, a run of digits counting as one `0`. Never seeded: the same text is the same number, on every host. */
static uint64_t hash_message(const char *text, size_t len)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    int in_digits = 0;
    for (size_t i = 0; i < len && i < TEXT_MOST; i++) {
        int digit = text[i] >= '0' && text[i] <= '9';
        if (!digit || !in_digits)
            hash = (hash ^ (digit ? '0' : (unsigned char)text[i])) * UINT64_C(0x100000001b3);
        in_digits = digit;
    }
    return hash;
}

static int make_room(struct repeat *r)
{
    if (r->head.waiting < r->room)
        return 1;
    if (r->room == MOST)
        return 0;
    struct seen *grown = realloc(r->seen, 2 * r->room * sizeof(*grown));
    if (!grown)
        return 0;
    r->seen = grown;
    r->room *= 2;
    return 1;
}

static oddline_status repeat_observe(void *instance, const oddline_batch *batch)
{
    struct repeat *r = instance;
    for (uint32_t i = 0; i < batch->count && make_room(r); i++) {
        const oddline_record *record = &batch->records[i];
        int apart = record->message_len > 0; // else the whole record is the message
        const char *text = batch->text + (apart ? record->message : record->text);
        size_t len = apart ? record->message_len : record->text_len;
        r->seen[r->head.waiting++] =
            (struct seen){.time_ns = record->time_ns, .hash = hash_message(text, len)};
    }
    return ODDLINE_OK;
}

/* ---- windows ------------------------------------------------------------ */

/* Put seen[root] where it belongs in the heap [0, count). */
static void sift(struct seen *seen, size_t root, size_t count)
{
    for (size_t child; (child = 2 * root + 1) < count; root = child) {
        if (child + 1 < count && seen[child + 1].hash > seen[child].hash)
            child++;
        if (seen[root].hash >= seen[child].hash)
            return;
        struct seen lower = seen[root];
        seen[root] = seen[child];
        seen[child] = lower;
    }
}

/* Heapsort by hash. Not qsort(): that allocates, and asks the system how much memory there is, which a detector may not. */
static void sort(struct seen *seen, size_t count)
{
    for (size_t root = count / 2; root-- > 0;)
        sift(seen, root, count);
    while (count-- > 1) {
        struct seen biggest = seen[0];
        seen[0] = seen[count];
        seen[count] = biggest;
        sift(seen, 0, count);
    }
}

/* Those before `end_ns` to the front, the others behind; returns how many. A late record counts in the window at hand. */
static size_t part(struct repeat *r, int64_t end_ns)
{
    size_t count = 0;
    for (size_t i = 0; i < r->head.waiting; i++) {
        struct seen seen = r->seen[i];
        if (seen.time_ns >= end_ns)
            continue;
        r->seen[i] = r->seen[count];
        r->seen[count++] = seen;
    }
    return count;
}

/* The longest run of one hash among the first `count`. */
static size_t most_frequent(struct repeat *r, size_t count)
{
    size_t most = 0, run = 0;
    sort(r->seen, count);
    for (size_t i = 0; i < count; i++) {
        run = i > 0 && r->seen[i].hash == r->seen[i - 1].hash ? run + 1 : 1;
        most = run > most ? run : most;
    }
    return most;
}

static double divergence(double q, double p)
{
    p = fmax(1e-9, fmin(p, 1 - 1e-9));
    return (q > 0 ? q * log(q / p) : 0) + (q < 1 ? (1 - q) * log((1 - q) / (1 - p)) : 0);
}

static void say(const struct repeat *r, double n, double k)
{
    const struct head *h = &r->head;
    const double share = k / n, usual = h->windows > 0 ? h->share : share;
    char reason[256];
    oddline_score score = {
        .size = sizeof(score),
        .score = share > usual ? n * divergence(share, usual) / log(10) : 0,
        .observed = k, // records, so that the core's floors for counts mean something
        .expected = usual * n,
        .lower = NAN,
        .upper = NAN,
        .samples = (uint64_t)h->windows,
        .reason = reason,
        .kind = ODDLINE_SPIKE,
        .flags = h->windows < fmin(r->memory, 20) ? ODDLINE_SCORE_WARMING : 0,
    };
    snprintf(reason, sizeof(reason),
             "one message makes up %.0f %% of %.0f records, usually %.0f %%", 100 * share, n,
             100 * usual);
    r->host->report(r->host, &score);
}

static oddline_status repeat_score(void *instance, const oddline_window *window)
{
    struct repeat *r = instance;
    size_t count = part(r, window->end_ns);
    double n = (double)count;
    if (n >= r->least) {
        double k = (double)most_frequent(r, count);
        say(r, n, k);
        r->head.windows++;
        r->head.share += (k / n - r->head.share) / fmin(r->head.windows, r->memory);
    }
    r->head.waiting -= count;
    memmove(r->seen, r->seen + count, r->head.waiting * sizeof(*r->seen));
    return ODDLINE_OK;
}

/* ---- state -------------------------------------------------------------- */

static oddline_status repeat_save(void *instance, oddline_bytes *ret_state)
{
    struct repeat *r = instance;
    size_t tail = r->head.waiting * sizeof(*r->seen);
    char *saved = realloc(r->saved, sizeof(r->head) + tail);
    if (!saved)
        return ODDLINE_ENOMEM;
    r->saved = saved;
    memcpy(saved, &r->head, sizeof(r->head));
    memcpy(saved + sizeof(r->head), r->seen, tail);
    *ret_state = (oddline_bytes){.data = saved, .len = sizeof(r->head) + tail};
    return ODDLINE_OK;
}

static oddline_status repeat_load(void *instance, oddline_bytes state, uint32_t state_version)
{
    struct repeat *r = instance;
    struct head head;
    if (state_version != STATE_VERSION || state.len < sizeof(head))
        return ODDLINE_ESTATE;
    memcpy(&head, state.data, sizeof(head));
    if (head.window_ns != r->head.window_ns || head.waiting > MOST ||
        state.len != sizeof(head) + head.waiting * sizeof(*r->seen) ||
        !(head.windows >= 0 && head.windows < 1e15) || !(head.share >= 0 && head.share <= 1))
        return ODDLINE_ESTATE;
    while (r->room < head.waiting) {
        r->head.waiting = r->room; // full: so that there is more room
        if (!make_room(r))
            return ODDLINE_ENOMEM;
    }
    memcpy(r->seen, (const char *)state.data + sizeof(head), state.len - sizeof(head));
    r->head = head;
    return ODDLINE_OK;
}

static void repeat_close(void *instance)
{
    struct repeat *r = instance;
    free(r->seen);
    free(r->saved);
    free(r);
}

ODDLINE_EXPORT const struct oddline_plugin oddline_plugin = {
    .size = sizeof(oddline_plugin),
    .abi = ODDLINE_ABI,
    .needs = ODDLINE_NEEDS_TEXT,
    .id = "repeat",
    .version = "1.0.0",
    .summary = "one message drowns the others",
    .params = params,
    .param_count = PARAMS,
    .state_version = STATE_VERSION,
    .open = repeat_open,
    .observe = repeat_observe,
    .score = repeat_score,
    .save = repeat_save,
    .load = repeat_load,
    .close = repeat_close,
};
