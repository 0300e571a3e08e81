/* SPDX-License-Identifier: MIT */
/* What is read out of the records of a stream: level, status, duration, and the sentence. */

#include "command/gate_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Names under which programs write the status of a response. */
static const char *const statuses[] = {
    "status",           "status_code",     "http.status", "statusCode",
    "http.status_code", "response.status", "http_status", "http.response.status_code"};
enum { STATUSES = sizeof(statuses) / sizeof(statuses[0]) };

static int plan_of(struct gate_stream *stream, size_t names, struct error *reterr)
{
    const struct config_stream *c = stream->config;
    struct record_field fields[STATUSES + 1];
    for (size_t i = 0; i < names; i++)
        fields[i] = (struct record_field){.name = statuses[i]};
    fields[names] = (struct record_field){.name = "duration"};
    struct record_options options = {
        .regex = c->regex,
        .multiline_start = c->multiline ? c->multiline->start : NULL,
        .timezone = c->timezone,
        .year = (int)c->year,
        .fields = fields,
        .field_count = names + 1,
        .duration = names + 1,
    };
    int r = record_format_parse(c->format, &options.format);
    if (r < 0)
        return error_set(reterr, r, "unknown format '%s'", c->format);
    stream->status_count = names;
    return record_plan_create(&options, &stream->plan, reterr);
}

/* A pattern of the operator's has the groups that it has: a status only when there is one of that name. */
static int plan_stream(struct gate_stream *stream, struct error *reterr)
{
    const struct config_stream *c = stream->config;
    bool own = strcmp(c->format, "regex") == 0;
    if (!own)
        return plan_of(stream, STATUSES, reterr);
    return plan_of(stream, 1, NULL) == 0 ? 0 : plan_of(stream, 0, reterr);
}

int gate_stream_open(struct gate_stream *stream, struct error *reterr)
{
    const struct config_stream *c = stream->config;
    struct error why;
    int r = miner_create(&stream->miner);
    stream->patterns = calloc(c->redact_count + 1, sizeof(struct regex *));
    stream->redactions = calloc(c->redact_count + 1, sizeof(*stream->redactions));
    if (r < 0 || !stream->patterns || !stream->redactions)
        return error_set(reterr, -ENOMEM, "stream '%s': out of memory", stream->name);
    r = plan_stream(stream, &why);
    for (size_t i = 0; i < c->redact_count && r == 0; i++) {
        r = regex_compile(c->redact[i].match, &stream->patterns[i], &why);
        stream->redactions[i] =
            (struct redaction){stream->patterns[i], c->redact[i].with ? c->redact[i].with : ""};
    }
    return r < 0 ? error_set(reterr, r, "stream '%s': %s", stream->name, why.text) : 0;
}

void gate_stream_close(struct gate_stream *stream)
{
    for (size_t i = 0; stream->patterns && i < stream->config->redact_count; i++)
        regex_free(stream->patterns[i]);
    free(stream->patterns);
    free(stream->redactions);
    record_plan_free(stream->plan);
    miner_free(stream->miner);
    stream->patterns = NULL;
    stream->redactions = NULL;
    stream->plan = NULL;
    stream->miner = NULL;
}
