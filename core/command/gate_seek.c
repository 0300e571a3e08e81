/* SPDX-License-Identifier: MIT */

#include "command/gate_seek.h"

#include "base/check.h"
#include "base/clock.h"

#include <string.h>

enum { GRAINS = 64, SURVEY = 64, PROBES_MAX = 512 }; /* how exact an end is: a part of a hole */

/* A record, and when it was. */
struct probe {
    uint64_t at;
    int64_t time_ns;
};

struct search {
    const struct gate_seeking *seeking;
    uint64_t size;
    struct probe probes[PROBES_MAX];
    size_t count;
    bool failed; /* a probe found nothing */
};

/* ---- probes ----------------------------------------------------------------- */

/* The first of the writer's records that says when it was. */
static bool first_stamp(const struct batch_writer *writer, uint64_t base, struct probe *ret)
{
    for (uint32_t i = 0; i < writer->record_count; i++) {
        if (writer->records[i].time_ns == NO_TIME)
            continue;
        *ret = (struct probe){base + writer->records[i].text, writer->records[i].time_ns};
        return true;
    }
    return false;
}

/* What lies behind the line that `offset` cuts. */
static size_t skip_cut_line(char *text, size_t got, uint64_t *offset)
{
    const char *newline = *offset ? memchr(text, '\n', got) : text - 1;
    size_t skip = newline ? (size_t)(newline + 1 - text) : got;
    memmove(text, text + skip, got - skip);
    *offset += skip;
    return got - skip;
}

static bool look(const struct gate_seeking *s, uint64_t offset, struct probe *ret)
{
    struct recorder *recorder;
    char *text = batch_begin(s->writer, 0, 0, offset);
    CHECK(text); // nothing is ever committed: there is room
    ssize_t got = source_read(s->source, text, BATCH_TEXT_BYTES);
    if (got <= 0)
        return false;
    source_consume(s->source, text, (size_t)got, 0);
    size_t len = skip_cut_line(text, (size_t)got, &offset);
    if (recorder_create(s->plan, source_mtime_ns(s->source), &recorder) < 0)
        return false;
    batch_filled(s->writer, len);
    recorder_feed(recorder, s->writer, true);
    bool found = first_stamp(s->writer, offset, ret);
    recorder_free(recorder);
    return found;
}

int64_t gate_seek_first(const struct gate_seeking *seeking)
{
    struct probe first;
    return look(seeking, 0, &first) ? first.time_ns : NO_TIME;
}

static bool probe(struct search *search, uint64_t offset, struct probe *ret)
{
    const struct gate_seeking *s = search->seeking;
    if (search->count == PROBES_MAX || source_seek(s->source, offset) < 0 ||
        !look(s, offset, ret)) {
        search->failed = true;
        return false;
    }
    search->probes[search->count++] = *ret;
    return true;
}

/* All over the file, so that the order is seen where no end is searched for. */
static void survey(struct search *search)
{
    struct probe here;
    for (uint64_t i = 0; i < SURVEY && !search->failed; i++)
        probe(search, search->size / SURVEY * i, &here);
}

/* Are those that lie later in the file later in time? */
static bool in_order(const struct search *search)
{
    for (size_t i = 0; i < search->count; i++)
        for (size_t k = 0; k < search->count; k++) {
            const struct probe *a = &search->probes[i], *b = &search->probes[k];
            if (a->at < b->at && a->time_ns > b->time_ns + GATE_ORDER_NS)
                return false;
        }
    return true;
}

/* ---- parts ------------------------------------------------------------------- */

/* Between which two records a time lies; from 0: before the first, until UINT64_MAX: behind the last. */
static struct gate_part around(struct search *search, int64_t time_ns)
{
    struct gate_part found = {0, UINT64_MAX};
    uint64_t low = 0, high = search->size;
    struct probe here;
    while (high - low > search->seeking->hole / GRAINS) {
        uint64_t middle = low + (high - low) / 2;
        if (!probe(search, middle, &here))
            break;
        if (here.time_ns < time_ns) {
            found.from = here.at;
            low = middle;
        } else {
            found.until = here.at;
            high = middle;
        }
    }
    return found;
}

/* In the order of their beginnings. */
static void insert(struct gate_parts *parts, struct gate_part part)
{
    size_t at = parts->count++;
    for (; at > 0 && parts->at[at - 1].from > part.from; at--)
        parts->at[at] = parts->at[at - 1];
    parts->at[at] = part;
}

static void join_near(struct gate_parts *parts, uint64_t hole)
{
    size_t kept = 0;
    for (size_t i = 0; i < parts->count; i++) {
        struct gate_part *last = &parts->at[kept ? kept - 1 : 0];
        bool near = kept && (last->until >= parts->at[i].from ||
                             parts->at[i].from - last->until < hole);
        if (!near)
            parts->at[kept++] = parts->at[i];
        else if (parts->at[i].until > last->until)
            last->until = parts->at[i].until;
    }
    parts->count = kept;
    if (kept && parts->at[0].from < hole)
        parts->at[0].from = 0;
}

void gate_seek(const struct gate_seeking *seeking, const struct gate_spans *spans,
               struct gate_parts *ret)
{
    struct search search = {.seeking = seeking, .size = source_size(seeking->source)};
    struct gate_parts parts = {.count = 0};
    *ret = parts;
    if (search.size < seeking->hole)
        return;
    survey(&search);
    for (size_t i = 0; i < spans->count && !search.failed; i++) {
        const struct gate_span *span = &spans->at[i];
        insert(&parts,
               (struct gate_part){around(&search, span->from_ns - GATE_ORDER_NS).from,
                                  around(&search, span->until_ns + GATE_ORDER_NS).until});
    }
    if (search.failed || !in_order(&search))
        return;
    join_near(&parts, seeking->hole);
    *ret = parts;
}
