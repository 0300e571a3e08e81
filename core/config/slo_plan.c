/* SPDX-License-Identifier: MIT */

#include "config/slo_plan.h"

#include "base/hash.h"
#include "base/nearest.h"

#include <errno.h>
#include <string.h>

static int complain(const struct config_slo *slo, const char *sentence, struct error *reterr)
{
    return error_set(reterr, -EINVAL, "%s:%d: SLO '%s': %s", slo->file, slo->line, slo->name,
                     sentence);
}

/* ---- hashes ---------------------------------------------------------------- */

static uint64_t hash_text(uint64_t hash, const char *text)
{
    return hash_join(hash, text ? hash_bytes(bytes_of(text)) : 0);
}

static uint64_t hash_select(uint64_t hash, const struct config_select *select)
{
    if (!select)
        return hash_join(hash, 0);
    hash = hash_text(hash, select->match);
    hash = hash_text(hash, select->level);
    hash = hash_text(hash, select->where);
    return hash_join(hash, 1u + select->unparsed);
}

/* All that the numbers of its ledger depend on: the budget goes on as long as this is the same. */
static uint64_t meaning_of(const struct config_slo *slo)
{
    uint64_t hash = hash_bytes((struct bytes){(const char *)&slo->objective, sizeof(double)});
    hash = hash_join(hash, (uint64_t)slo->period_ns);
    hash = hash_select(hash, slo->good);
    hash = hash_select(hash, slo->bad);
    return hash_select(hash, slo->total);
}

static uint64_t hash_pairs(uint64_t hash, const struct config_pairs *pairs)
{
    for (size_t i = 0; i < pairs->count; i++)
        hash = hash_text(hash_text(hash, pairs->at[i].name), pairs->at[i].value);
    return hash_join(hash, pairs->count);
}

static uint64_t hash_of(const struct config_slo *slo)
{
    uint64_t hash = hash_text(meaning_of(slo), slo->name);
    hash = hash_join(hash, (uint64_t)slo->min_total);
    return hash_pairs(hash_pairs(hash, &slo->labels), &slo->annotations);
}

/* ---- whose they are --------------------------------------------------------- */

static int check(const struct config *config, const struct config_slo *slo,
                 struct error *reterr)
{
    for (const struct config_slo *other = config->slos; other < slo; other++)
        if (strcmp(other->name, slo->name) == 0)
            return complain(slo, "there is one of that name already", reterr);
    if (!slo->good == !slo->bad)
        return complain(slo, "say either which records are good or which are bad", reterr);
    return 0;
}

static struct config_stream *stream_of(struct config *config, const struct config_slo *slo)
{
    for (size_t i = 0; i < config->stream_count; i++)
        if (strcmp(config->streams[i].name, slo->stream) == 0)
            return &config->streams[i];
    return NULL;
}

static int unknown_stream(struct config *config, const struct config_slo *slo,
                          struct error *reterr)
{
    const char **names = arena_alloc(&config->arena, config->stream_count, sizeof(*names));
    for (size_t i = 0; i < config->stream_count; i++)
        names[i] = config->streams[i].name;
    const char *near = nearest(slo->stream, names, config->stream_count);
    return complain(slo,
                    arena_printf(&config->arena, "no stream is called '%s'%s%s%s", slo->stream,
                                 near ? "; did you mean '" : "", near ? near : "",
                                 near ? "'?" : ""),
                    reterr);
}

int slo_share(struct config *config, struct error *reterr)
{
    if (config->slo_count == 0)
        return 0;
    const struct config_slo **room =
        arena_alloc(&config->arena, config->stream_count * config->slo_count, sizeof(*room));
    for (size_t i = 0; i < config->stream_count; i++)
        config->streams[i].slos = room + i * config->slo_count;
    for (size_t i = 0; i < config->slo_count; i++) {
        const struct config_slo *slo = &config->slos[i];
        struct config_stream *stream = stream_of(config, slo);
        int r = check(config, slo, reterr);
        if (r < 0)
            return r;
        if (!stream)
            return unknown_stream(config, slo, reterr);
        room[(size_t)(stream - config->streams) * config->slo_count + stream->slo_count++] =
            slo;
        stream->hash = hash_join(stream->hash, hash_of(slo));
    }
    return 0;
}

/* ---- what is counted ---------------------------------------------------------- */

static struct finding_pairs pairs_of(struct config_pairs pairs)
{
    return (struct finding_pairs){pairs.at, pairs.count};
}

int slo_plan(const struct config_slo *config, struct selection_names *names,
             struct series_spec *ret_series, struct judge_slo *ret, struct error *reterr)
{
    struct series_spec spec = {.name = arena_printf(names->arena, "slo %s", config->name),
                               .kind = SERIES_BAD,
                               .except = config->good != NULL};
    int r = selection_compile(names, config->good ? config->good : config->bad, &spec.select,
                              reterr);
    if (r == 0 && config->total)
        r = selection_compile(names, config->total, &spec.to, reterr);
    if (r < 0)
        return r;
    *ret_series = spec;
    *ret = (struct judge_slo){.name = config->name,
                              .hash = meaning_of(config),
                              .objective = config->objective / 100,
                              .period_ns = config->period_ns,
                              .min_total = (uint64_t)config->min_total,
                              .labels = pairs_of(config->labels),
                              .annotations = pairs_of(config->annotations)};
    return 0;
}
