/* SPDX-License-Identifier: MIT */

#include "command/gate_told.h"

#include "base/clock.h"
#include "lane/notice.h"

#include <string.h>

struct told_stream {
    struct deploy_rule *rules; /* [count] */
    size_t count;
};

struct told {
    const struct gate_telling *telling;
    struct arena *arena;
    struct gate_stream *streams; /* [count] */
    struct told_stream *rules;   /* [count], of each */
    size_t count;
};

static bool is_asked_about(const struct told *told, const struct gate_stream *stream,
                           const struct deploy_notice *notice)
{
    const struct gate_wish *wish = told->telling->wish;
    return *notice->service ? strcmp(notice->service, wish->service) == 0
                            : gate_serves(wish->config, stream->config, wish->service);
}

/* The first rule that fits has it, as in the daemon. */
static void take_record(void *context, const struct gate_record *record)
{
    const struct told *told = context;
    const struct gate_telling *telling = told->telling;
    const struct gate_stream *stream = record->stream;
    const struct told_stream *rules = &told->rules[stream - told->streams];
    struct deploy_notice notice = {.time_ns = record->time_ns};
    const struct notice_redact with = {stream->redactions, stream->config->redact_count};
    if (record->time_ns < telling->span.from_ns || record->time_ns >= telling->span.until_ns)
        return; // also what has no time
    for (size_t i = 0; i < rules->count; i++)
        if (notice_read(&rules->rules[i], &with, record->text, &notice)) {
            if (is_asked_about(told, stream, &notice))
                telling->take(telling->context, notice.time_ns, notice.version);
            return;
        }
}

/* ---- streams ------------------------------------------------------------------ */

static int compile(struct told *told, const struct config_stream *config, struct error *reterr)
{
    struct told_stream *rules = &told->rules[told->count];
    rules->rules = arena_alloc(told->arena, config->deploy_count, sizeof(*rules->rules));
    for (size_t i = 0; i < config->deploy_count; i++) {
        const struct config_deploys *from = &config->deploys[i];
        struct regex *match;
        struct error why;
        int r = regex_compile(from->match, &match, &why);
        if (r < 0)
            return error_set(reterr, r, "stream '%s': deploys: %s", config->name, why.text);
        rules->rules[rules->count++] =
            (struct deploy_rule){.match = match,
                                 .version = regex_group_number(match, "version"),
                                 .service = regex_group_number(match, "service"),
                                 .default_service = from->service ? from->service : ""};
    }
    return 0;
}

static int add_streams(struct told *told, struct error *reterr)
{
    const struct config *config = told->telling->wish->config;
    int r = 0;
    for (size_t i = 0; config && i < config->stream_count && r == 0; i++) {
        const struct config_stream *stream = &config->streams[i];
        if (stream->deploy_count == 0 || told->count == GATE_STREAMS_MAX)
            continue;
        told->streams[told->count] = (struct gate_stream){
            .name = stream->name, .config = stream, .paths = stream->paths};
        r = compile(told, stream, reterr);
        told->count++;
    }
    return r;
}

static void free_rules(struct told *told)
{
    for (size_t i = 0; i < told->count; i++)
        for (size_t k = 0; k < told->rules[i].count; k++)
            regex_free(told->rules[i].rules[k].match);
}

static int read_all(struct told *told, struct error *reterr)
{
    const struct gate_spans spans = {.at = {told->telling->span}, .count = 1};
    const struct gate_reading reading = {told->streams, told->count, take_record, told, &spans};
    struct gate_reader *reader = NULL;
    struct gate_counts files;
    int r = gate_reader_create(&reading, &reader, reterr);
    if (r == 0)
        r = gate_files_add(reader, &reading, &files, reterr);
    if (r == 0)
        r = gate_reader_begin(reader, reterr);
    if (r == 0)
        gate_reader_catch_up(reader);
    gate_reader_free(reader);
    return r;
}

int gate_told(const struct gate_telling *telling, struct arena *arena, struct error *reterr)
{
    struct told told = {.telling = telling,
                        .arena = arena,
                        .streams = arena_alloc(arena, GATE_STREAMS_MAX, sizeof(*told.streams)),
                        .rules = arena_alloc(arena, GATE_STREAMS_MAX, sizeof(*told.rules))};
    int r = add_streams(&told, reterr);
    if (r == 0 && told.count)
        r = read_all(&told, reterr);
    free_rules(&told);
    return r;
}
