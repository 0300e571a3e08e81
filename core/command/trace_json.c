/* SPDX-License-Identifier: MIT */

#include "base/json_put.h"
#include "command/trace.h"

#include <errno.h>

static void put_bytes(struct json *json, const char *key, struct bytes text)
{
    json_key(json, key);
    if (text.len)
        json_bytes(json, text);
    else
        json_null(json);
}

static void put_ms(struct json *json, const char *key, int64_t ns)
{
    json_put_double(json, key, (double)ns / (double)NS_PER_MS);
}

static void put_hop(struct json *json, const struct path *path, uint32_t which)
{
    const struct path_hop *hop = &path->hops[which];
    json_begin(json, '{');
    put_bytes(json, "service", hop->service);
    put_bytes(json, "host", hop->host);
    put_bytes(json, "span", hop->span);
    json_key(json, "caller");
    if (hop->caller == PATH_NO_HOP)
        json_null(json);
    else
        json_int(json, hop->caller);
    json_put_int(json, "depth", hop->depth);
    json_put_time(json, "from", hop->from_ns);
    json_put_time(json, "to", hop->to_ns);
    put_ms(json, "duration_ms", hop->from_ns == NO_TIME ? 0 : hop->to_ns - hop->from_ns);
    put_ms(json, "own_ms", hop->own_ns);
    put_ms(json, "skew_ms", hop->skew_ns);
    json_put_int(json, "records", hop->steps);
    json_put_int(json, "errors", hop->errors);
    json_put_bool(json, "slowest", which == path->slowest);
    json_put_bool(json, "deepest_error", which == path->cause);
    json_end(json, '}');
}

static void put_step(struct json *json, const struct path_step *step)
{
    json_begin(json, '{');
    json_put_time(json, "time", step->time_ns);
    json_put_int(json, "hop", step->hop);
    put_bytes(json, "service", step->service);
    put_bytes(json, "host", step->host);
    put_bytes(json, "path", step->source);
    json_put_count(json, "line", step->line);
    json_put_count(json, "offset", step->offset);
    json_put_bool(json, "error", step->error);
    json_key(json, "took_ms");
    if (step->took_ns)
        json_double(json, (double)step->took_ns / (double)NS_PER_MS);
    else
        json_null(json);
    json_put_bytes(json, "text", step->text);
    json_end(json, '}');
}

static void put_before(struct json *json, const struct trace_before *before)
{
    json_put_begin(json, "before", '[');
    for (size_t i = 0; i < before->count; i++) {
        json_begin(json, '{');
        json_put_time(json, "time", before->at[i].time_ns);
        json_put_count(json, "line", before->at[i].line);
        json_put_bytes(json, "text", (struct bytes){before->at[i].text, before->at[i].len});
        json_end(json, '}');
    }
    json_end(json, ']');
}

static void put_error(struct json *json, const struct trace_collected *c)
{
    const struct path *path = &c->path;
    if (path->first_error == path->step_count) {
        json_put_null(json, "first_error");
        return;
    }
    json_put_begin(json, "first_error", '{');
    json_put_count(json, "record", path->first_error);
    put_before(json, &c->before);
    json_end(json, '}');
}

int trace_json(const struct trace_collected *collected, const char *id,
               const struct trace_totals *totals)
{
    const struct path *path = &collected->path;
    struct buffer out = {0};
    struct json json = {.out = &out};
    json_begin(&json, '{');
    json_put_text(&json, "id", id);
    json_put_time(&json, "from", path->from_ns);
    json_put_time(&json, "to", path->to_ns);
    put_ms(&json, "duration_ms", path->from_ns == NO_TIME ? 0 : path->to_ns - path->from_ns);
    json_put_count(&json, "not_kept", path->cut);
    json_put_bool(&json, "spans_merged", path->merged);
    json_put_count(&json, "bytes_read", totals->bytes);
    json_put_begin(&json, "hops", '[');
    for (uint32_t i = 0; i < path->hop_count; i++)
        put_hop(&json, path, i);
    json_end(&json, ']');
    put_error(&json, collected);
    json_put_begin(&json, "records", '[');
    for (size_t i = 0; i < path->step_count; i++)
        put_step(&json, &path->steps[i]);
    json_end(&json, ']');
    json_end(&json, '}');
    buffer_char(&out, '\n');
    size_t n = fwrite(out.at, 1, out.len, collected->request->out);
    bool whole = n == out.len && fflush(collected->request->out) == 0;
    buffer_free(&out);
    return whole ? 0 : -EIO;
}
