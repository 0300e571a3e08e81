/* SPDX-License-Identifier: MIT */

#include "deliver/encode.h"

#include "base/clock.h"
#include "base/json_put.h"

/* At most `max` bytes of `text`, never ending inside a UTF-8 sequence. */
static struct bytes cut(struct bytes text, size_t max)
{
    if (text.len <= max)
        return text;
    size_t len = max;
    while (len && max - len < 3 && ((unsigned char)text.at[len] & 0xc0) == 0x80)
        len--;
    return (struct bytes){text.at, len};
}

static void put_text(struct json *json, const char *key, const char *text)
{
    json_key(json, key);
    if (text)
        json_bytes(json, cut(bytes_of(text), ENCODE_SHORT_MAX));
    else
        json_null(json);
}

static void put_pairs(struct json *json, const char *key, struct finding_pairs pairs)
{
    json_put_begin(json, key, '{');
    for (size_t i = 0; i < pairs.count && i < ENCODE_PAIRS_MAX; i++) {
        const char *value = pairs.at[i].value ? pairs.at[i].value : "";
        json_name(json, cut(bytes_of(pairs.at[i].name), ENCODE_SHORT_MAX / 4));
        json_bytes(json, cut(bytes_of(value), ENCODE_SHORT_MAX));
    }
    json_end(json, '}');
}

/* What calibrate.h needs to give the same answer again; {} when it was not asked. */
static void put_calibration(struct json *json, const struct calibration_fit *fit, bool asked)
{
    json_put_begin(json, "calibration", '{');
    if (asked) {
        json_put_count(json, "seen", fit->seen);
        json_put_count(json, "peaks", fit->peaks);
        json_put_double(json, "threshold", fit->threshold);
        json_put_double(json, "scale", fit->scale);
        json_put_double(json, "shape", fit->shape);
    }
    json_end(json, '}');
}

static void put_identity(struct json *json, const struct finding *f)
{
    json_put_int(json, "v", 1);
    put_text(json, "id", f->id);
    json_put_hash(json, "epoch", f->epoch);
    json_put_count(json, "n", f->n);
    json_put_hash(json, "fingerprint", f->fingerprint);
    put_text(json, "status", finding_status_name(f->status));
    json_put_int(json, "revision", f->revision);
    json_put_time(json, "starts_at", f->starts_ns);
    json_put_time(json, "ends_at", f->ends_ns);
    json_put_time(json, "detected_at", f->detected_ns);
}

static void put_subject(struct json *json, const struct finding *f)
{
    put_text(json, "stream", f->stream ? f->stream : "");
    put_text(json, "series", f->series ? f->series : "");
    json_put_begin(json, "key", '{');
    if (f->key.len) {
        json_put_bytes(json, f->key_name ? f->key_name : "template",
                       cut(f->key, ENCODE_TEXT_MAX));
    }
    json_end(json, '}');
    put_text(json, "detector", f->detector ? f->detector : "");
    put_text(json, "kind", finding_kind_name(f->kind));
    put_text(json, "route", finding_route_name(f->route));
}

static void put_numbers(struct json *json, const struct finding *f)
{
    json_put_double(json, "score", f->score);
    json_put_double(json, "raw", f->raw);
    put_calibration(json, &f->calibration, f->explain.basis == BASIS_CALIBRATED);
    json_put_double(json, "threshold", f->threshold);
    json_put_double(json, "observed", f->observed);
    json_put_double(json, "expected", f->expected);
    json_put_double(json, "lower", f->lower);
    json_put_double(json, "upper", f->upper);
    json_put_count(json, "samples", f->samples);
    json_put_begin(json, "window", '{');
    json_put_time(json, "start", f->window_start_ns);
    json_put_time(json, "end", f->window_end_ns);
    bool known = f->window_start_ns != NO_TIME && f->window_end_ns != NO_TIME;
    json_put_double(json, "seconds",
                    known ? (double)(f->window_end_ns - f->window_start_ns) / (double)NS_PER_S
                          : 0);
    json_end(json, '}');
}

/* ---- what made a finding of the score ----------------------------------- */

/* A name among many: as short as those of labels. */
static void put_short(struct json *json, const char *key, const char *text)
{
    json_put_bytes(json, key, cut(bytes_of(text), ENCODE_SHORT_MAX / 4));
}

static void put_opinion(struct json *json, const struct finding_opinion *opinion)
{
    json_begin(json, '{');
    put_short(json, "detector", opinion->detector);
    put_short(json, "series", opinion->series);
    put_text(json, "kind", finding_kind_name(opinion->kind));
    put_text(json, "basis", finding_basis_name(opinion->basis));
    json_put_double(json, "score", opinion->score);
    json_put_double(json, "raw", opinion->raw);
    put_calibration(json, &opinion->calibration, opinion->basis == BASIS_CALIBRATED);
    json_put_double(json, "observed", opinion->observed);
    json_put_double(json, "expected", opinion->expected);
    json_end(json, '}');
}

static void put_opinions(struct json *json, const char *key,
                         const struct finding_opinion *opinions, size_t count)
{
    json_put_begin(json, key, '[');
    for (size_t i = 0; i < count && i < FINDING_OPINIONS_MAX; i++)
        put_opinion(json, &opinions[i]);
    json_end(json, ']');
}

static void put_floors(struct json *json, const struct finding_explain *e)
{
    json_put_begin(json, "floors", '{');
    json_put_bool(json, "apply", e->floors_apply);
    json_put_double(json, "floor", e->floor);
    json_put_double(json, "floor_ratio", e->floor_ratio);
    json_end(json, '}');
}

/* null where no detector scored anything: a gap, a plugin that failed. */
static void put_explain(struct json *json, const struct finding_explain *e)
{
    if (e->basis == BASIS_NONE) {
        json_put_null(json, "explain");
        return;
    }
    json_put_begin(json, "explain", '{');
    put_text(json, "basis", finding_basis_name(e->basis));
    json_put_bool(json, "accepted", e->accepted);
    put_text(json, "route", finding_route_name(e->route));
    json_put_begin(json, "thresholds", '{');
    for (enum finding_route route = ROUTE_PAGE; route < ROUTES; route++)
        json_put_double(json, finding_route_name(route), e->thresholds[route]);
    json_end(json, '}');
    json_put_double(json, "fatigue", e->fatigue);
    put_floors(json, e);
    json_put_int(json, "hold", e->hold);
    json_put_int(json, "warmup", e->warmup);
    json_put_count(json, "windows", e->windows);
    put_opinions(json, "raised", e->raised, e->raised_count);
    put_opinions(json, "lowered", e->lowered, e->lowered_count);
    json_end(json, '}');
}

static void put_reasons(struct json *json, const struct finding *f)
{
    put_text(json, "summary", f->summary ? f->summary : "");
    json_put_begin(json, "reasons", '[');
    for (size_t i = 0; i < f->reason_count && i < FINDING_REASONS_MAX; i++)
        json_bytes(json, cut(bytes_of(f->reasons[i] ? f->reasons[i] : ""), ENCODE_SHORT_MAX));
    json_end(json, ']');
}

static void put_evidence(struct json *json, const struct finding_evidence *line)
{
    json_begin(json, '{');
    json_put_bytes(json, "path", cut(line->path, ENCODE_TEXT_MAX));
    json_put_count(json, "offset", line->offset);
    json_put_int(json, "length", line->length);
    json_key(json, "line");
    if (line->line)
        json_int(json, (int64_t)line->line);
    else
        json_null(json);
    json_put_time(json, "time", line->time_ns);
    json->lossy = false; // from here on it speaks of this text alone
    json_key(json, "text");
    json_bytes(json, cut(line->text, ENCODE_TEXT_MAX));
    bool lossy = json->lossy;
    json_put_hash(json, "hash", line->hash);
    json_put_bool(json, "lossy", lossy);
    json_end(json, '}');
}

/* ---- what came before --------------------------------------------------- */

/* A text that may be missing. */
static void put_optional(struct json *json, const char *key, const char *text)
{
    put_text(json, key, text && *text ? text : NULL);
}

static void put_deploy(struct json *json, const struct finding *f)
{
    const struct finding_deploy *deploy = &f->deploy;
    if (!deploy->version) {
        json_put_null(json, "deploy");
        return;
    }
    double before = ((double)f->starts_ns - (double)deploy->time_ns) / (double)NS_PER_S;
    json_put_begin(json, "deploy", '{');
    put_text(json, "version", deploy->version);
    put_text(json, "service", deploy->service ? deploy->service : "");
    json_put_double(json, "seconds_before",
                    before > 0 ? before : 0); // in the window it began in
    put_optional(json, "url", deploy->url);
    json_end(json, '}');
}

static void put_before(struct json *json, const struct finding_before *before)
{
    if (before->count == 0) {
        json_put_null(json, "seen_before");
        return;
    }
    json_put_begin(json, "seen_before", '{');
    put_text(json, "id", before->id ? before->id : "");
    json_put_time(json, "starts_at", before->starts_ns);
    json_put_time(json, "ends_at", before->ends_ns);
    json_put_count(json, "count", before->count);
    put_optional(json, "postmortem", before->postmortem);
    put_text(json, "marked_false", before->false_reason);
    json_end(json, '}');
}

static void put_traces(struct json *json, const struct finding *f)
{
    json_put_begin(json, "trace_ids", '[');
    for (size_t i = 0; i < f->trace_id_count && i < FINDING_TRACE_IDS_MAX; i++)
        json_text(json, f->trace_ids[i]);
    json_end(json, ']');
}

static void put_began(struct json *json, const struct finding_began *began)
{
    if (!began->stream) {
        json_put_null(json, "began");
        return;
    }
    json_put_begin(json, "began", '{');
    put_text(json, "stream", began->stream);
    put_text(json, "service", began->service);
    json_put_time(json, "starts_at", began->starts_ns);
    json_put_int(json, "shared_traces", began->shared);
    json_put_begin(json, "followed", '[');
    for (size_t i = 0; i < began->followed_count && i < FINDING_FOLLOWED_MAX; i++)
        json_bytes(json, cut(bytes_of(began->followed[i]), ENCODE_SHORT_MAX));
    json_end(json, ']');
    json_end(json, '}');
}

static void put_context(struct json *json, const struct finding *f)
{
    put_pairs(json, "resource", f->resource);
    put_traces(json, f);
    put_began(json, &f->began);
    put_deploy(json, f);
    put_before(json, &f->before);
    put_pairs(json, "labels", f->labels);
    put_pairs(json, "annotations", f->annotations);
    put_text(json, "detector_version", f->detector_version ? f->detector_version : "");
    json_put_hash(json, "config_hash", f->config_hash);
    json_put_count(json, "suppressed", f->suppressed);
}

void finding_encode(const struct finding *finding, struct buffer *out)
{
    struct json json = {.out = out};
    json_begin(&json, '{');
    put_identity(&json, finding);
    put_subject(&json, finding);
    put_numbers(&json, finding);
    put_explain(&json, &finding->explain);
    put_reasons(&json, finding);
    json_put_begin(&json, "evidence", '[');
    for (size_t i = 0; i < finding->evidence_count && i < FINDING_EVIDENCE_MAX; i++)
        put_evidence(&json, &finding->evidence[i]);
    json_end(&json, ']');
    put_context(&json, finding);
    json_end(&json, '}');
}
