/* SPDX-License-Identifier: MIT */

#include "command/explain.h"

#include "command/show_text.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static bool take_number(struct json_value object, const char *path, double *ret)
{
    *ret = json_number(json_at(object, path), NAN);
    return isfinite(*ret);
}

static bool take_fit(struct json_value object, struct calibration_fit *fit)
{
    double seen, peaks;
    bool whole = take_number(object, "calibration.seen", &seen) &&
                 take_number(object, "calibration.peaks", &peaks) &&
                 take_number(object, "calibration.threshold", &fit->threshold) &&
                 take_number(object, "calibration.scale", &fit->scale) &&
                 take_number(object, "calibration.shape", &fit->shape) && seen >= 0 &&
                 peaks >= 0 && seen <= 0x1p53 && peaks <= seen;
    if (whole) {
        fit->seen = (uint64_t)seen;
        fit->peaks = (uint64_t)peaks;
    }
    return whole;
}

static enum finding_basis basis_of(struct json_value object)
{
    struct json_value name = json_at(object, "basis");
    if (name.type != JSON_STRING)
        name = json_at(object, "explain.basis");
    for (enum finding_basis basis = BASIS_CALIBRATED; basis <= BASIS_RAW; basis++)
        if (name.type == JSON_STRING && bytes_is(name.raw, finding_basis_name(basis)))
            return basis;
    return BASIS_NONE;
}

static bool same_bits(double a, double b)
{
    uint64_t x, y;
    memcpy(&x, &a, sizeof(x));
    memcpy(&y, &b, sizeof(y));
    return x == y;
}

bool explain_score(struct json_value object, struct explain_score *ret)
{
    struct explain_score s = {.basis = basis_of(object)};
    if (s.basis == BASIS_NONE || !take_number(object, "raw", &s.raw) ||
        !take_number(object, "score", &s.score) ||
        (s.basis == BASIS_CALIBRATED && !take_fit(object, &s.fit)))
        return false;
    s.computed = s.basis == BASIS_CALIBRATED ? calibration_surprise(&s.fit, s.raw) : s.raw;
    s.equal = same_bits(s.computed, s.score);
    *ret = s;
    return true;
}

/* ---- for people --------------------------------------------------------- */

enum { DIGITS_SIZE = 32 };

/* As many as it takes to know the number again. */
static const char *digits(double value, char text[DIGITS_SIZE])
{
    snprintf(text, DIGITS_SIZE, "%.17g", value);
    for (int precision = 15; precision < 17; precision++) {
        char shorter[DIGITS_SIZE];
        snprintf(shorter, sizeof(shorter), "%.*g", precision, value);
        if (json_number((struct json_value){JSON_NUMBER, bytes_of(shorter)}, NAN) == value)
            return memcpy(text, shorter, sizeof(shorter));
    }
    return text;
}

static const char *verdict_word(const struct explain_score *s)
{
    return s->equal ? "equal" : "NOT EQUAL";
}

static void say_origin(const struct explain_score *s, FILE *out)
{
    char raw[DIGITS_SIZE];
    digits(s->raw, raw);
    if (s->basis == BASIS_RAW)
        fprintf(out, "%s, handed on as the detector gave it", raw);
    else if (s->basis == BASIS_SURPRISE)
        fprintf(out, "%s, a surprise under the detector's own model, believed", raw);
    else if (s->fit.peaks == 0)
        fprintf(out, "%s; only %" PRIu64 " scores were known, which is too few to judge by",
                raw, s->fit.seen);
    else
        fprintf(out,
                "%s against the highest %" PRIu64 " of %" PRIu64
                " earlier scores: from %g on, scale %g, shape %g",
                raw, s->fit.peaks, s->fit.seen, s->fit.threshold, s->fit.scale, s->fit.shape);
}

static bool say_score(struct json_value finding, FILE *out)
{
    struct explain_score s;
    char stored[DIGITS_SIZE], computed[DIGITS_SIZE];
    if (!explain_score(finding, &s)) {
        fprintf(out, "  score      numbers are missing: it cannot be computed again\n");
        return false;
    }
    fprintf(out, "  raw        ");
    say_origin(&s, out);
    fprintf(out, "\n  score      %s stored, %s computed: %s\n", digits(s.score, stored),
            digits(s.computed, computed), verdict_word(&s));
    return s.equal;
}

static bool is_true(struct json_value finding, const char *path)
{
    return json_at(finding, path).type == JSON_TRUE;
}

static void say_threshold(struct json_value finding, FILE *out)
{
    struct buffer route = {0};
    double threshold = json_number(json_at(finding, "threshold"), NAN),
           fatigue = json_number(json_at(finding, "explain.fatigue"), 0),
           score = json_number(json_at(finding, "score"), NAN);
    if (is_true(finding, "explain.accepted")) {
        fprintf(out, "  said       because a change is accepted as the new normal, whatever "
                     "its score\n");
        return;
    }
    show_safe(finding, "explain.route", &route);
    fprintf(out, "  threshold  %g for a %.*s", threshold, (int)route.len, route.at);
    if (fatigue != 0)
        fprintf(out, ": %g and %g for recent findings", threshold - fatigue, fatigue);
    fprintf(out, "; the score is %.3g %s\n", fabs(score - threshold),
            score >= threshold ? "above" : "BELOW");
    buffer_free(&route);
}

/* Not by its score: by a rule of `routes`. */
static void say_rule(struct json_value finding, FILE *out)
{
    struct buffer text = {0};
    show_safe(finding, "labels.rule", &text);
    if (text.len) {
        buffer_text(&text, ": ");
        show_safe(finding, "route", &text);
        fprintf(out, "  by rule    %.*s\n", (int)text.len, text.at);
    }
    buffer_free(&text);
}

static void say_floors(struct json_value finding, FILE *out)
{
    double observed = json_number(json_at(finding, "observed"), NAN),
           expected = json_number(json_at(finding, "expected"), NAN),
           floor = json_number(json_at(finding, "explain.floors.floor"), NAN),
           ratio = json_number(json_at(finding, "explain.floors.floor_ratio"), NAN);
    double high = fmax(observed, expected), low = fmin(observed, expected);
    if (is_true(finding, "explain.floors.apply"))
        fprintf(out,
                "  floors     %.6g against %.6g: %.6g apart, more than %g; at least %g "
                "times: %s\n",
                observed, expected, high - low, floor, ratio,
                high - low > floor && high >= ratio * low ? "both hold" : "NOT both hold");
    fprintf(out,
            "  held       %g odd windows in a row were asked for; %g windows of the stream "
            "came before, %g are warm-up\n",
            json_number(json_at(finding, "explain.hold"), NAN),
            json_number(json_at(finding, "explain.windows"), NAN),
            json_number(json_at(finding, "explain.warmup"), NAN));
}

static bool say_opinion(const char *role, struct json_value opinion, FILE *out)
{
    struct explain_score s;
    struct buffer who = {0};
    show_safe(opinion, "detector", &who);
    buffer_text(&who, " on ");
    show_safe(opinion, "series", &who);
    bool known = explain_score(opinion, &s);
    fprintf(out, "  %-10s %.*s: ", role, (int)who.len, who.at);
    buffer_free(&who);
    if (!known) {
        fprintf(out, "numbers are missing\n");
        return false;
    }
    fprintf(out, "%.4g, from ", s.score);
    say_origin(&s, out);
    fprintf(out, ": %s\n", verdict_word(&s));
    return s.equal;
}

static bool say_opinions(const char *role, struct json_value finding, const char *path,
                         FILE *out)
{
    struct json_walk walk = json_walk(json_at(finding, path));
    struct json_value opinion;
    struct bytes key;
    bool equal = true;
    while (json_next(&walk, &key, &opinion))
        equal &= say_opinion(role, opinion, out);
    return equal;
}

static void say_head(struct json_value finding, FILE *out)
{
    static const char *const words[] = {"route",    "starts_at", "stream", "series",
                                        "detector", "kind",      "id"};
    struct buffer line = {0};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        buffer_text(&line, i ? "  " : "");
        show_safe(finding, words[i], &line);
    }
    buffer_text(&line, "\n  ");
    show_safe(finding, "summary", &line);
    fprintf(out, "%.*s\n", (int)line.len, line.at);
    buffer_free(&line);
}

bool explain_finding(struct json_value finding, FILE *out)
{
    say_head(finding, out);
    if (json_at(finding, "explain").type == JSON_NULL) {
        fprintf(out, "  no detector scored this: there is nothing to compute\n");
        return true;
    }
    bool equal = say_score(finding, out);
    if (basis_of(finding) == BASIS_CALIBRATED || basis_of(finding) == BASIS_SURPRISE) {
        say_threshold(finding, out);
        say_rule(finding, out);
        say_floors(finding, out);
    }
    equal &= say_opinions("raised by", finding, "explain.raised", out);
    equal &= say_opinions("lowered by", finding, "explain.lowered", out);
    return equal;
}
