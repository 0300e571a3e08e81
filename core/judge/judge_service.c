/* SPDX-License-Identifier: MIT */
/*
 * judge_service.c - the SLOs of services, each counted in several streams.
 *
 *      bench (a stream) ──share──┐
 *      bench            ──share──┼─▶ weave ─▶ ledger of the SLO      (bench of the service: no detectors, no verdict)
 *      bench            ──share──┘
 *
 * Which streams a service has is known when all are there: before the first frame, or before something is handed on.
 */

#include "judge/judge_inner.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* ---- coming and going ---------------------------------------------------------- */

static struct bench *find(const struct judge *judge, struct bytes name)
{
    for (size_t i = 0; i < judge->service_count; i++)
        if (bytes_is(name, judge->services[i]->stream->name))
            return judge->services[i];
    return NULL;
}

static struct bench *get(struct judge *judge, const struct judge_stream *as)
{
    struct bench *service = find(judge, bytes_of(as->name));
    if (service)
        return service;
    judge->services =
        realloc(judge->services, (judge->service_count + 1) * sizeof(*judge->services));
    service = calloc(1, sizeof(*service));
    if (!judge->services || !service)
        memory_gone();
    *service =
        (struct bench){.judge = judge, .configured = as, .stream = as, .reached_ns = NO_TIME};
    CHECK(slos_create(as, &service->slos) == 0); // some bytes
    judge->services[judge->service_count++] = service;
    return service;
}

static size_t slo_of(const struct slos *slos, const char *name)
{
    size_t i = 0;
    while (i < slos_count(slos) && strcmp(slos_terms(slos, i)->name, name) != 0)
        i++;
    return i;
}

static void add_strand(struct judge *judge, const struct bench *bench,
                       const struct judge_slo *slo)
{
    struct bench *service = get(judge, slo->service);
    size_t which = slo_of(service->slos, slo->name);
    if (which == slos_count(service->slos))
        slos_add(service->slos, slo, !judge->options.live);
    weave_strand(slos_weave(service->slos, which), bench->configured->name);
}

static void add_share(struct bench *bench, const struct judge_slo *slo)
{
    struct bench *service = get(bench->judge, slo->service);
    struct slo_share share = {.slos = service->slos, .series = slo->series};
    share.slo = slo_of(service->slos, slo->name);
    share.strand = weave_number(slos_weave(service->slos, share.slo), bench->configured->name);
    bench->shares = realloc(bench->shares, (bench->share_count + 1) * sizeof(*bench->shares));
    if (!bench->shares)
        memory_gone();
    bench->shares[bench->share_count++] = (struct bench_share){service, share};
}

/* Strands get their numbers when all are there. */
void judge_services(struct judge *judge)
{
    if (judge->services_made)
        return;
    judge->services_made = true;
    for (int turn = 0; turn < 2; turn++)
        for (size_t i = 0; i < judge->bench_count; i++) {
            struct bench *bench = judge->benches[i];
            for (size_t k = 0; bench && k < bench->configured->slo_count; k++) {
                const struct judge_slo *slo = &bench->configured->slos[k];
                if (slo->service && turn == 0)
                    add_strand(judge, bench, slo);
                else if (slo->service)
                    add_share(bench, slo);
            }
        }
}

void judge_services_free(struct judge *judge)
{
    for (size_t i = 0; i < judge->service_count; i++) {
        slos_free(judge->services[i]->slos);
        free(judge->services[i]);
    }
    free(judge->services);
    retirees_free(&judge->retirees);
}

void judge_services_forget(struct judge *judge)
{
    for (size_t i = 0; i < judge->service_count; i++)
        slos_forget(judge->services[i]->slos);
    retirees_free(&judge->retirees);
}

/* ---- what comes ------------------------------------------------------------------ */

static struct slo_sink sink_of(struct bench *service)
{
    return (struct slo_sink){judge_deliver_burn, service, service->judge->silences};
}

void judge_share(struct bench *bench, const struct closed *closed, uint64_t nth)
{
    for (size_t i = 0; i < bench->share_count; i++) {
        struct slo_sink sink = sink_of(bench->shares[i].service);
        slos_share(&bench->shares[i].share, closed, nth, &sink);
    }
}

void judge_share_gap(struct bench *bench, int64_t at_ns)
{
    for (size_t i = 0; i < bench->share_count; i++) {
        const struct slo_share *share = &bench->shares[i].share;
        weave_gap(slos_weave(share->slos, share->slo), share->strand, at_ns);
    }
}

void judge_services_mark(struct judge *judge)
{
    for (size_t i = 0; i < judge->service_count; i++) {
        struct slo_sink sink = sink_of(judge->services[i]);
        slos_mark(judge->services[i]->slos, &sink);
    }
}

void judge_services_end(struct judge *judge)
{
    for (size_t i = 0; i < judge->service_count; i++) {
        struct slo_sink sink = sink_of(judge->services[i]);
        slos_end(judge->services[i]->slos, &sink);
    }
}

/* ---- claims whose SLO is no more ---------------------------------------------------- */

static void burn_told(void *context, struct finding *finding, struct slo_kept *kept)
{
    const struct judge_options *options = &((struct bench *)context)->judge->options;
    if (!options->told || !options->told(options->context, finding))
        judge_deliver_burn(context, finding, kept);
}

static struct slo_sink late_sink(void *context, const struct judge_stream *stream)
{
    struct judge *judge = context;
    judge->late = (struct bench){.judge = judge, .configured = stream, .stream = stream};
    return (struct slo_sink){burn_told, &judge->late, judge->silences};
}

void judge_retire(struct judge *judge)
{
    retirees_say(&judge->retirees, late_sink, judge);
}

/* ---- handed on ------------------------------------------------------------------------ */

static bool is_kept(const void *context, const char *stream)
{
    const struct judge *judge = context;
    for (size_t i = 0; i < judge->bench_count; i++)
        if (judge->benches[i] && strcmp(judge->benches[i]->configured->name, stream) == 0)
            return judge->benches[i]->kept;
    return false;
}

struct slo_heirs judge_heirs(struct judge *judge)
{
    return (struct slo_heirs){&judge->retirees, is_kept, judge};
}

void judge_services_inherit(struct judge *judge, struct judge *old)
{
    struct slo_heirs heirs = judge_heirs(judge);
    for (size_t i = 0; i < old->service_count; i++) {
        struct bench *service = find(judge, bytes_of(old->services[i]->stream->name));
        slos_inherit(service ? service->slos : NULL, old->services[i]->slos, &heirs);
    }
}

void judge_services_pack(const struct judge *judge, struct buffer *out)
{
    pack_u32(out, (uint32_t)judge->service_count);
    for (size_t i = 0; i < judge->service_count; i++) {
        struct buffer own = {0};
        pack_text(out, judge->services[i]->stream->name);
        slos_pack(judge->services[i]->slos, &own);
        pack_bytes(out, buffer_bytes(&own));
        buffer_free(&own);
    }
}

void judge_services_unpack(struct judge *judge, struct unpacker *in)
{
    uint32_t count = unpack_u32(in);
    for (uint32_t i = 0; i < count && !in->bad; i++) {
        struct bytes name = unpack_bytes(in);
        struct unpacker own = {.rest = unpack_bytes(in)};
        if (!in->bad)
            judge_slos_unpack(judge, find(judge, name), name, &own);
        in->bad |= own.bad;
    }
}

void judge_slos_unpack(struct judge *judge, struct bench *bench, struct bytes name,
                       struct unpacker *in)
{
    struct slo_heirs heirs = judge_heirs(judge);
    char *text = memory_text(name.at, name.len);
    slos_unpack(bench ? bench->slos : NULL, text, in, &heirs);
    free(text);
}
