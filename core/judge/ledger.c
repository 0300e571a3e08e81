/* SPDX-License-Identifier: MIT */

#include "judge/ledger.h"

#include "base/check.h"
#include "base/clock.h"
#include "judge/state.h"

#include <string.h>

static const struct {
    uint32_t units, count, first; /* of a bucket; of buckets; where they begin */
} rows[LEDGER_ROWS] = {{1, 360, 0}, {30, 144, 360}, {360, LEDGER_COARSE, 504}};

void ledger_begin(struct ledger *ledger, int64_t period_ns)
{
    CHECK(period_ns >= LEDGER_UNITS);
    *ledger = (struct ledger){
        .unit_ns = period_ns / LEDGER_UNITS, .begun_ns = NO_TIME, .until_ns = NO_TIME};
}

/* The bucket, counted from 1970, in which a window that ends then counts. */
static int64_t index_of(const struct ledger *ledger, int row, int64_t end_ns)
{
    return floor_div(end_ns - 1, ledger->unit_ns * rows[row].units);
}

static uint32_t slot_of(int row, int64_t index)
{
    int64_t count = rows[row].count;
    return rows[row].first + (uint32_t)(index - floor_div(index, count) * count);
}

/* Buckets that come into use lose what they held a round ago. */
static void advance(struct ledger *ledger, int64_t end_ns)
{
    for (int row = 0; row < LEDGER_ROWS; row++) {
        int64_t last = index_of(ledger, row, end_ns), count = rows[row].count;
        int64_t next = index_of(ledger, row, ledger->until_ns) + 1;
        for (int64_t i = next < last - count + 1 ? last - count + 1 : next; i <= last; i++)
            ledger->buckets[slot_of(row, i)] = (struct tally){0};
    }
    ledger->until_ns = end_ns;
}

static void count(struct tally *tally, const struct ledger_window *w)
{
    if (w->bad && (!tally->bad || w->bad_ns < tally->first_ns))
        tally->first_ns = w->bad_ns;
    tally->bad += w->bad;
    tally->total += w->total;
    tally->known_ns += w->known ? w->end_ns - w->start_ns : 0;
}

void ledger_add(struct ledger *ledger, const struct ledger_window *w)
{
    if (ledger->begun_ns == NO_TIME) {
        ledger->begun_ns = w->start_ns;
        ledger->until_ns = w->end_ns;
    }
    if (w->end_ns > ledger->until_ns)
        advance(ledger, w->end_ns);
    if (w->start_ns < ledger->begun_ns)
        ledger->begun_ns = w->start_ns;
    for (int row = 0; row < LEDGER_ROWS; row++) {
        int64_t index = index_of(ledger, row, w->end_ns);
        if (index_of(ledger, row, ledger->until_ns) - index < rows[row].count)
            count(&ledger->buckets[slot_of(row, index)], w);
    }
}

/* ---- sums ---------------------------------------------------------------- */

/* The finest row that reaches so far back. */
static int row_of(uint32_t units)
{
    int row = 0;
    while (row < LEDGER_ROWS - 1 && rows[row].units * rows[row].count < units)
        row++;
    return row;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

struct ledger_sum ledger_sum(const struct ledger *ledger, uint32_t units)
{
    struct ledger_sum sum = {0};
    int row = row_of(units);
    uint32_t count = units / rows[row].units;
    CHECK(count > 0 && count <= rows[row].count);
    if (ledger->begun_ns == NO_TIME)
        return sum;
    int64_t last = index_of(ledger, row, ledger->until_ns), known_ns = 0;
    for (int64_t i = last - count + 1; i <= last; i++) {
        const struct tally *tally = &ledger->buckets[slot_of(row, i)];
        sum.bad += tally->bad;
        sum.total += tally->total;
        known_ns += tally->known_ns;
    }
    int64_t from = (last - count + 1) * rows[row].units * ledger->unit_ns;
    int64_t seen_ns = ledger->until_ns - later(from, ledger->begun_ns);
    sum.unknown_ns = later(seen_ns - known_ns, 0); // a window may begin before the bucket
    from = ledger->until_ns - units * ledger->unit_ns;
    sum.span_ns = ledger->until_ns - later(from, ledger->begun_ns);
    return sum;
}

void ledger_ages(const struct ledger *ledger, uint64_t ret[LEDGER_COARSE])
{
    int row = LEDGER_ROWS - 1;
    memset(ret, 0, LEDGER_COARSE * sizeof(*ret));
    if (ledger->begun_ns == NO_TIME)
        return;
    int64_t last = index_of(ledger, row, ledger->until_ns);
    for (int i = 0; i < LEDGER_COARSE; i++)
        ret[i] = ledger->buckets[slot_of(row, last - LEDGER_COARSE + 1 + i)].bad;
}

int64_t ledger_bad_since(const struct ledger *ledger, uint32_t units)
{
    int row = row_of(units);
    int64_t size = rows[row].units * ledger->unit_ns;
    if (ledger->begun_ns == NO_TIME)
        return NO_TIME;
    int64_t last = index_of(ledger, row, ledger->until_ns);
    for (int64_t i = last - units / rows[row].units + 1; i <= last; i++)
        if (ledger->buckets[slot_of(row, i)].bad)
            return later(i * size, ledger->begun_ns);
    return NO_TIME;
}

int64_t ledger_onset(const struct ledger *ledger, uint32_t units, double share)
{
    int row = row_of(units);
    int64_t onset_ns = NO_TIME;
    double above = 0, most = 0;
    if (ledger->begun_ns == NO_TIME)
        return NO_TIME;
    int64_t last = index_of(ledger, row, ledger->until_ns), count = units / rows[row].units;
    for (int64_t i = last; i > last - count; i--) {
        const struct tally *tally = &ledger->buckets[slot_of(row, i)];
        above += (double)tally->bad - share * (double)tally->total;
        if (above <= most)
            continue;
        most = above;
        onset_ns = tally->first_ns;
    }
    return onset_ns;
}

/* ---- as bytes ------------------------------------------------------------ */

/* Only what is not empty, behind its number. */
void ledger_pack(const struct ledger *ledger, struct buffer *out)
{
    uint32_t used = 0;
    pack_i64(out, ledger->unit_ns);
    pack_i64(out, ledger->begun_ns);
    pack_i64(out, ledger->until_ns);
    for (uint32_t i = 0; i < LEDGER_BUCKETS; i++)
        used += ledger->buckets[i].total || ledger->buckets[i].known_ns;
    pack_u32(out, used);
    for (uint32_t i = 0; i < LEDGER_BUCKETS; i++) {
        const struct tally *tally = &ledger->buckets[i];
        if (!tally->total && !tally->known_ns)
            continue;
        pack_u32(out, i);
        pack_u64(out, tally->bad);
        pack_u64(out, tally->total);
        pack_i64(out, tally->known_ns);
        pack_i64(out, tally->first_ns);
    }
}

/* Times that can be added to. */
static bool is_span(const struct ledger *ledger)
{
    const int64_t far = INT64_MAX / 4;
    if (ledger->begun_ns == NO_TIME)
        return ledger->until_ns == NO_TIME;
    return ledger->begun_ns > -far && ledger->begun_ns < ledger->until_ns &&
           ledger->until_ns < far;
}

static void unpack_tally(struct unpacker *in, struct tally *ret)
{
    ret->bad = unpack_u64(in);
    ret->total = unpack_u64(in);
    ret->known_ns = unpack_i64(in);
    ret->first_ns = unpack_i64(in);
    in->bad |= ret->bad > ret->total || ret->known_ns < 0 ||
               ret->known_ns > INT64_MAX / (2 * LEDGER_BUCKETS); // they are added up
}

void ledger_unpack(struct ledger *ledger, struct unpacker *in)
{
    struct ledger fresh = {.unit_ns = unpack_i64(in)};
    fresh.begun_ns = unpack_i64(in);
    fresh.until_ns = unpack_i64(in);
    in->bad |= fresh.unit_ns != ledger->unit_ns || !is_span(&fresh);
    uint32_t used = unpack_count(in, LEDGER_BUCKETS);
    for (uint32_t i = 0; i < used && !in->bad; i++) {
        uint32_t slot = unpack_count(in, LEDGER_BUCKETS - 1);
        unpack_tally(in, &fresh.buckets[slot]);
    }
    if (!in->bad)
        *ledger = fresh;
}
