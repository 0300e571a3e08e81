/* SPDX-License-Identifier: MIT */

#include "command/gate_news.h"

#include "base/clock.h"
#include "base/hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { PLACES = 2 * NEWS_MAX }; /* a power of two, never more than half full */

int newsroom_open(struct newsroom *room)
{
    *room = (struct newsroom){.at = calloc(NEWS_MAX, sizeof(*room->at)),
                              .places = calloc(PLACES, sizeof(*room->places))};
    if (room->at && room->places)
        return 0;
    newsroom_close(room);
    return -ENOMEM;
}

void newsroom_close(struct newsroom *room)
{
    free(room->at);
    free(room->places);
    *room = (struct newsroom){0};
}

/* The place of a template: where it is, or would be. */
static uint32_t *place_of(const struct newsroom *room, const struct gate_stream *stream,
                          uint64_t id)
{
    uint64_t at = hash_join(id, (uint64_t)(uintptr_t)stream->name);
    for (;; at++) {
        uint32_t *place = &room->places[at % PLACES];
        const struct news *news = *place ? &room->at[*place - 1] : NULL;
        if (!news || (news->id == id && news->stream == stream))
            return place;
    }
}

static void copy_sentence(struct news *news, struct bytes sentence)
{
    size_t len = sentence.len < NEWS_SENTENCE ? sentence.len : NEWS_SENTENCE;
    memcpy(news->sentence, sentence.at, len);
    news->sentence_len = (uint16_t)len;
}

/* The first line, with what nobody may see taken out. */
static void copy_example(struct news *news, const struct gate_record *record)
{
    const struct gate_stream *stream = record->stream;
    struct bytes text = record->text;
    const char *end = memchr(text.at, '\n', text.len);
    if (end)
        text.len = (size_t)(end - text.at);
    news->example_len = (uint16_t)redact(stream->redactions, stream->config->redact_count, text,
                                         news->example, NEWS_EXAMPLE);
}

static struct news *note(struct newsroom *room, const struct gate_record *record, uint64_t id)
{
    uint32_t *place = place_of(room, record->stream, id);
    if (*place)
        return &room->at[*place - 1];
    if (room->count == NEWS_MAX)
        return NULL;
    struct news *news = &room->at[room->count++];
    *news = (struct news){.stream = record->stream, .id = id, .first_ns = NO_TIME};
    copy_sentence(news, record->sentence);
    *place = (uint32_t)room->count;
    return news;
}

static void count_after(struct news *news, const struct gate_record *record, size_t window)
{
    if (!news->heard)
        copy_example(news, record);
    news->heard = true;
    if (window < NEWS_AFTER)
        news->after[window]++;
}

void newsroom_take(struct newsroom *room, const struct gate_record *record,
                   const struct news_place *place)
{
    struct bytes sentence = record->sentence;
    if (sentence.len > NEWS_SENTENCE)
        sentence.len = NEWS_SENTENCE; // what is asked again must be what was asked
    struct template_view view = template_assign(record->stream->miner, sentence);
    if (!view.id)
        return; // nothing here is a template
    struct news *news = note(room, record, view.id);
    if (!news) {
        room->unheard++;
        return;
    }
    news->trouble |= record->trouble;
    news->level = record->level > news->level ? record->level : news->level;
    news->known |= place->past || record->stream->control;
    if (place->past && (news->first_ns == NO_TIME || record->time_ns < news->first_ns))
        news->first_ns = record->time_ns;
    if (record->trouble && place->before < GATE_WINDOWS_MAX)
        news->before[place->before / 64] |= UINT64_C(1) << place->before % 64;
    if (!record->stream->control && place->after != SIZE_MAX)
        count_after(news, record, place->after);
}

/* ---- what is new ------------------------------------------------------------- */

static int64_t earlier(int64_t a, int64_t b)
{
    return a == NO_TIME ? b : b == NO_TIME || a < b ? a : b;
}

/* The streams of the service and of its control group say the same sentences: one that either knows is known. */
static void find_root(const struct newsroom *room, struct news *news)
{
    struct template_view view =
        template_find(news->stream->miner, (struct bytes){news->sentence, news->sentence_len});
    uint32_t at = view.id ? *place_of(room, news->stream, view.id) : 0;
    news->root = at ? &room->at[at - 1] : news;
    news->root->known |= news->known;
    news->root->first_ns = earlier(news->root->first_ns, news->first_ns);
}

/* A sentence of one stream is no news when another stream said it before: hosts of one service say the same. */
static bool known_elsewhere(const struct newsroom *room, const struct news *news)
{
    for (size_t i = 0; i < room->count; i++) {
        const struct news *other = &room->at[i];
        if (other->known && other->root && other->root->id == news->root->id)
            return true;
    }
    return false;
}

static bool is_new(const struct newsroom *room, const struct news *news)
{
    return news->heard && !news->root->known && !known_elsewhere(room, news);
}

static void weigh_one(const struct newsroom *room, const struct news *news,
                      struct gate_pair *service, int64_t half_ns)
{
    bool late = news->root->first_ns != NO_TIME && news->root->first_ns >= half_ns;
    for (size_t w = 0; late && w < service->before.count; w++)
        service->before.cells[w].fresh += news->before[w / 64] >> w % 64 & 1;
    if (!is_new(room, news))
        return;
    for (size_t w = 0; w < service->after.count && w < NEWS_AFTER; w++)
        service->after.cells[w].fresh += news->after[w];
}

void newsroom_weigh(struct newsroom *room, struct gate_pair *service, int64_t half_ns)
{
    for (size_t w = 0; w < service->before.count; w++)
        service->before.cells[w].fresh = 0;
    for (size_t w = 0; w < service->after.count; w++)
        service->after.cells[w].fresh = 0;
    for (size_t i = 0; i < room->count; i++)
        find_root(room, &room->at[i]);
    for (size_t i = 0; i < room->count; i++)
        if (room->at[i].trouble)
            weigh_one(room, &room->at[i], service, half_ns);
}

static int worse_first(const void *a, const void *b)
{
    const struct news *x = *(const struct news *const *)a, *y = *(const struct news *const *)b;
    if (x->trouble != y->trouble)
        return x->trouble ? -1 : 1;
    if (x->told != y->told)
        return x->told > y->told ? -1 : 1;
    return x < y ? -1 : 1; // in the order seen
}

static void tell(struct news *news, size_t windows)
{
    news->told = news->windows = 0;
    for (size_t w = 0; w < NEWS_AFTER && w < windows; w++) {
        news->told += news->after[w];
        news->windows += news->after[w] > 0;
    }
}

size_t newsroom_list(struct newsroom *room, size_t windows, const struct news **ret,
                     size_t most)
{
    const struct news **all = calloc(room->count + 1, sizeof(*all));
    size_t count = 0;
    for (size_t i = 0; all && i < room->count; i++) {
        tell(&room->at[i], windows);
        if (room->at[i].told && room->at[i].root && is_new(room, &room->at[i]))
            all[count++] = &room->at[i];
    }
    if (count > 1)
        qsort(all, count, sizeof(const struct news *), worse_first);
    for (size_t i = 0; i < count && i < most; i++)
        ret[i] = all[i];
    free(all);
    return count;
}

struct bytes news_text(const struct news *news)
{
    return template_find(news->stream->miner,
                         (struct bytes){news->sentence, news->sentence_len})
        .text;
}
