/* SPDX-License-Identifier: MIT */

#include "deliver/encode.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"

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

static void put_double(struct json *json, const char *key, double value)
{
    json_key(json, key);
    json_double(json, value);
}

static void put_int(struct json *json, const char *key, int64_t value)
{
    json_key(json, key);
    json_int(json, value);
}

static void put_time(struct json *json, const char *key, int64_t instant_ns)
{
    json_key(json, key);
    json_time(json, instant_ns);
}

static void put_hash(struct json *json, const char *key, uint64_t hash)
{
    char text[HASH_TEXT_SIZE];
    json_key(json, key);
    json_text(json, hash_format(hash, text));
}

/* A name is a key in our output, so it is escaped like any other text. */
static void put_name(struct json *json, const char *name)
{
    json_bytes(json, cut(bytes_of(name), ENCODE_SHORT_MAX / 4));
    buffer_char(json->out, ':');
    json->comma = false;
}

static void put_pairs(struct json *json, const char *key, struct finding_pairs pairs)
{
    json_key(json, key);
    json_begin(json, '{');
    for (size_t i = 0; i < pairs.count && i < ENCODE_PAIRS_MAX; i++) {
        const char *value = pairs.at[i].value ? pairs.at[i].value : "";
        put_name(json, pairs.at[i].name);
        json_bytes(json, cut(bytes_of(value), ENCODE_SHORT_MAX));
    }
    json_end(json, '}');
}

/* What calibrate.h needs to give the same answer again; {} when it was not asked. */
static void put_calibration(struct json *json, const struct calibration_fit *fit, bool asked)
{
    json_key(json, "calibration");
    json_begin(json, '{');
    if (asked) {
        put_int(json, "seen", (int64_t)fit->seen);
        put_int(json, "peaks", (int64_t)fit->peaks);
        put_double(json, "threshold", fit->threshold);
        put_double(json, "scale", fit->scale);
        put_double(json, "shape", fit->shape);
    }
    json_end(json, '}');
}

static void put_identity(struct json *json, const struct finding *f)
{
    put_int(json, "v", 1);
    put_text(json, "id", f->id);
    put_hash(json, "epoch", f->epoch);
    put_int(json, "n", (int64_t)f->n);
    put_hash(json, "fingerprint", f->fingerprint);
    put_text(json, "status", finding_status_name(f->status));
    put_int(json, "revision", f->revision);
    put_time(json, "starts_at", f->starts_ns);
    put_time(json, "ends_at", f->ends_ns);
    put_time(json, "detected_at", f->detected_ns);
}

static void put_subject(struct json *json, const struct finding *f)
{
    put_text(json, "stream", f->stream ? f->stream : "");
    put_text(json, "series", f->series ? f->series : "");
    json_key(json, "key");
    json_begin(json, '{');
    if (f->key.len) {
        json_key(json, f->key_name ? f->key_name : "template");
        json_bytes(json, cut(f->key, ENCODE_TEXT_MAX));
    }
    json_end(json, '}');
    put_text(json, "detector", f->detector ? f->detector : "");
    put_text(json, "kind", finding_kind_name(f->kind));
    put_text(json, "route", finding_route_name(f->route));
}

static void put_numbers(struct json *json, const struct finding *f)
{
    put_double(json, "score", f->score);
    put_double(json, "raw", f->raw);
    put_calibration(json, &f->calibration, f->explain.basis == BASIS_CALIBRATED);
    put_double(json, "threshold", f->threshold);
    put_double(json, "observed", f->observed);
    put_double(json, "expected", f->expected);
    put_double(json, "lower", f->lower);
    put_double(json, "upper", f->upper);
    put_int(json, "samples", (int64_t)f->samples);
    json_key(json, "window");
    json_begin(json, '{');
    put_time(json, "start", f->window_start_ns);
    put_time(json, "end", f->window_end_ns);
    bool known = f->window_start_ns != NO_TIME && f->window_end_ns != NO_TIME;
    put_double(json, "seconds",
               known ? (double)(f->window_end_ns - f->window_start_ns) / (double)NS_PER_S : 0);
    json_end(json, '}');
}

/* ---- what made a finding of the score ----------------------------------- */

/* A name among many: as short as those of labels. */
static void put_short(struct json *json, const char *key, const char *text)
{
    json_key(json, key);
    json_bytes(json, cut(bytes_of(text), ENCODE_SHORT_MAX / 4));
}

static void put_opinion(struct json *json, const struct finding_opinion *opinion)
{
    json_begin(json, '{');
    put_short(json, "detector", opinion->detector);
    put_short(json, "series", opinion->series);
    put_text(json, "kind", finding_kind_name(opinion->kind));
    put_text(json, "basis", finding_basis_name(opinion->basis));
    put_double(json, "score", opinion->score);
    put_double(json, "raw", opinion->raw);
    put_calibration(json, &opinion->calibration, opinion->basis == BASIS_CALIBRATED);
    put_double(json, "observed", opinion->observed);
    put_double(json, "expected", opinion->expected);
    json_end(json, '}');
}

static void put_opinions(struct json *json, const char *key,
                         const struct finding_opinion *opinions, size_t count)
{
    json_key(json, key);
    json_begin(json, '[');
    for (size_t i = 0; i < count && i < FINDING_OPINIONS_MAX; i++)
        put_opinion(json, &opinions[i]);
    json_end(json, ']');
}

static void put_floors(struct json *json, const struct finding_explain *e)
{
    json_key(json, "floors");
    json_begin(json, '{');
    json_key(json, "apply");
    json_bool(json, e->floors_apply);
    put_double(json, "floor", e->floor);
    put_double(json, "floor_ratio", e->floor_ratio);
    json_end(json, '}');
}

/* null where no detector scored anything: a gap, a plugin that failed. */
static void put_explain(struct json *json, const struct finding_explain *e)
{
    json_key(json, "explain");
    if (e->basis == BASIS_NONE) {
        json_null(json);
        return;
    }
    json_begin(json, '{');
    put_text(json, "basis", finding_basis_name(e->basis));
    json_key(json, "accepted");
    json_bool(json, e->accepted);
    put_text(json, "route", finding_route_name(e->route));
    json_key(json, "thresholds");
    json_begin(json, '{');
    for (enum finding_route route = ROUTE_PAGE; route < ROUTES; route++)
        put_double(json, finding_route_name(route), e->thresholds[route]);
    json_end(json, '}');
    put_double(json, "fatigue", e->fatigue);
    put_floors(json, e);
    put_int(json, "hold", e->hold);
    put_int(json, "warmup", e->warmup);
    put_int(json, "windows", (int64_t)e->windows);
    put_opinions(json, "raised", e->raised, e->raised_count);
    put_opinions(json, "lowered", e->lowered, e->lowered_count);
    json_end(json, '}');
}

static void put_reasons(struct json *json, const struct finding *f)
{
    put_text(json, "summary", f->summary ? f->summary : "");
    json_key(json, "reasons");
    json_begin(json, '[');
    for (size_t i = 0; i < f->reason_count && i < FINDING_REASONS_MAX; i++)
        json_bytes(json, cut(bytes_of(f->reasons[i] ? f->reasons[i] : ""), ENCODE_SHORT_MAX));
    json_end(json, ']');
}

static void put_evidence(struct json *json, const struct finding_evidence *line)
{
    json_begin(json, '{');
    json_key(json, "path");
    json_bytes(json, cut(line->path, ENCODE_TEXT_MAX));
    put_int(json, "offset", (int64_t)line->offset);
    put_int(json, "length", line->length);
    json_key(json, "line");
    if (line->line)
        json_int(json, (int64_t)line->line);
    else
        json_null(json);
    put_time(json, "time", line->time_ns);
    json->lossy = false; // from here on it speaks of this text alone
    json_key(json, "text");
    json_bytes(json, cut(line->text, ENCODE_TEXT_MAX));
    bool lossy = json->lossy;
    put_hash(json, "hash", line->hash);
    json_key(json, "lossy");
    json_bool(json, lossy);
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
    json_key(json, "deploy");
    if (!deploy->version) {
        json_null(json);
        return;
    }
    double before = ((double)f->starts_ns - (double)deploy->time_ns) / (double)NS_PER_S;
    json_begin(json, '{');
    put_text(json, "version", deploy->version);
    put_text(json, "service", deploy->service ? deploy->service : "");
    put_double(json, "seconds_before", before > 0 ? before : 0); // in the window it began in
    put_optional(json, "url", deploy->url);
    json_end(json, '}');
}

static void put_before(struct json *json, const struct finding_before *before)
{
    json_key(json, "seen_before");
    if (before->count == 0) {
        json_null(json);
        return;
    }
    json_begin(json, '{');
    put_text(json, "id", before->id ? before->id : "");
    put_time(json, "starts_at", before->starts_ns);
    put_time(json, "ends_at", before->ends_ns);
    put_int(json, "count", (int64_t)before->count);
    put_optional(json, "postmortem", before->postmortem);
    put_text(json, "marked_false", before->false_reason);
    json_end(json, '}');
}

static void put_traces(struct json *json, const struct finding *f)
{
    json_key(json, "trace_ids");
    json_begin(json, '[');
    for (size_t i = 0; i < f->trace_id_count && i < FINDING_TRACE_IDS_MAX; i++)
        json_text(json, f->trace_ids[i]);
    json_end(json, ']');
}

static void put_began(struct json *json, const struct finding_began *began)
{
    json_key(json, "began");
    if (!began->stream) {
        json_null(json);
        return;
    }
    json_begin(json, '{');
    put_text(json, "stream", began->stream);
    put_text(json, "service", began->service);
    put_time(json, "starts_at", began->starts_ns);
    put_int(json, "shared_traces", began->shared);
    json_key(json, "followed");
    json_begin(json, '[');
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
    put_hash(json, "config_hash", f->config_hash);
    put_int(json, "suppressed", (int64_t)f->suppressed);
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
    json_key(&json, "evidence");
    json_begin(&json, '[');
    for (size_t i = 0; i < finding->evidence_count && i < FINDING_EVIDENCE_MAX; i++)
        put_evidence(&json, &finding->evidence[i]);
    json_end(&json, ']');
    put_context(&json, finding);
    json_end(&json, '}');
}
