/* SPDX-License-Identifier: MIT */

#include "config/slo_plan.h"

#include "base/hash.h"
#include "base/nearest.h"
#include "config/routing_plan.h"

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
    uint64_t hash = hash_text(hash_text(meaning_of(slo), slo->name), slo->service);
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
    if (!slo->stream == !slo->service)
        return complain(slo, "say either which stream or which service it is about", reterr);
    if (!slo->good == !slo->bad)
        return complain(slo, "say either which records are good or which are bad", reterr);
    return 0;
}

static const char *value_of(const struct config_pairs *pairs, const char *name)
{
    for (size_t i = 0; i < pairs->count; i++)
        if (strcmp(pairs->at[i].name, name) == 0)
            return pairs->at[i].value;
    return NULL;
}

/* The service that a stream is part of, as its findings say it; NULL: none is named. */
static const char *service_of(const struct config *config, const struct config_stream *stream)
{
    const char *name = value_of(&stream->labels, "service");
    if (!name)
        name = value_of(&stream->labels, "service.name");
    return name ? name : value_of(&config->resource, "service.name");
}

static bool is_about(const struct config *config, const struct config_slo *slo,
                     const struct config_stream *stream)
{
    if (slo->stream)
        return strcmp(stream->name, slo->stream) == 0;
    const char *service = service_of(config, stream);
    return service && strcmp(service, slo->service) == 0;
}

/* What there is that it could have meant. */
static int about_none(struct config *config, const struct config_slo *slo, struct error *reterr)
{
    const char **names = arena_alloc(&config->arena, config->stream_count + 1, sizeof(*names));
    const char *wanted = slo->stream ? slo->stream : slo->service;
    size_t count = 0;
    for (size_t i = 0; i < config->stream_count; i++) {
        names[count] =
            slo->stream ? config->streams[i].name : service_of(config, &config->streams[i]);
        count += names[count] != NULL;
    }
    const char *near = nearest(wanted, names, count);
    return complain(slo,
                    arena_printf(&config->arena, "no stream %s '%s'%s%s%s",
                                 slo->stream ? "is called" : "has the label service:", wanted,
                                 near ? "; did you mean '" : "", near ? near : "",
                                 near ? "'?" : ""),
                    reterr);
}

/* How many streams took it. */
static size_t share(const struct config *config, const struct config_slo *slo,
                    const struct config_slo **room)
{
    size_t count = 0;
    for (size_t i = 0; i < config->stream_count; i++) {
        struct config_stream *stream = &config->streams[i];
        if (!is_about(config, slo, stream))
            continue;
        room[i * config->slo_count + stream->slo_count++] = slo;
        stream->hash = hash_join(stream->hash, hash_of(slo));
        count++;
    }
    return count;
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
        int r = check(config, &config->slos[i], reterr);
        if (r < 0)
            return r;
        if (share(config, &config->slos[i], room) == 0)
            return about_none(config, &config->slos[i], reterr);
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

/* Rules are about it by its name, which stands where that of a stream does, and by its label. */
int slo_plan_service(const char *service, const struct config_stream *member, struct plan *plan,
                     struct error *reterr)
{
    struct finding_pair *label = arena_alloc(&plan->arena, 1, sizeof(*label));
    *label = (struct finding_pair){"service", service};
    struct config_stream as = {.name = service,
                               .configured = service,
                               .timezone = "UTC", // members may have different ones
                               .labels = {label, 1},
                               .resource = member->resource,
                               .rules = member->rules,
                               .rule_count = member->rule_count,
                               .line = member->line};
    plan->service.name = plan->service.service = service;
    plan->service.labels = pairs_of(as.labels);
    return routing_compile(&as, plan, &plan->service.routing, reterr);
}
