/* SPDX-License-Identifier: MIT */

#include "judge/phrase.h"

#include "base/clock.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Three digits are enough for a person; the finding carries the exact numbers. */
static void put_number(char text[32], double value)
{
    if (fabs(value) >= 999.5 && fabs(value) < 1e9) // or "%.3g" makes 1e+03 of it
        snprintf(text, 32, "%.0f", value);
    else
        snprintf(text, 32, "%.3g", value);
}

/* A plugin may report any number; what is no duration is the nearest one. */
static char *put_seconds(char text[CLOCK_TEXT_SIZE], double seconds)
{
    static const double most = 10000 * 86400.0;
    return clock_format_duration((int64_t)(fmin(most, fmax(0, seconds)) * (double)NS_PER_S),
                                 text);
}

char *phrase_name(const char *name, char text[PHRASE_NAME_SIZE])
{
    static const char rest[] = "…";
    size_t len = strlen(name);
    if (len < PHRASE_NAME_SIZE)
        return memcpy(text, name, len + 1);
    len = PHRASE_NAME_SIZE - sizeof(rest);
    while (len && ((unsigned char)name[len] & 0xc0) == 0x80) // not inside a character
        len--;
    memcpy(text, name, len);
    memcpy(text + len, rest, sizeof(rest));
    return text;
}

static char *phrase_silence(const struct judge_series *series, const struct opinion *opinion,
                            char *text, size_t size)
{
    char silent[CLOCK_TEXT_SIZE], usual[CLOCK_TEXT_SIZE], name[PHRASE_NAME_SIZE];
    phrase_name(series->name, name);
    put_seconds(silent, opinion->score.observed);
    if (isfinite(opinion->score.expected))
        snprintf(text, size, "no %s for %s, usually at most %s", name, silent,
                 put_seconds(usual, opinion->score.expected));
    else
        snprintf(text, size, "no %s for %s", name, silent);
    return text;
}

char *phrase_opinion(const struct judge_series *series, const struct opinion *opinion,
                     int64_t window_ns, char *text, size_t size)
{
    const struct oddline_score *s = &opinion->score;
    if (s->kind == ODDLINE_SILENCE)
        return phrase_silence(series, opinion, text, size);
    double rate = series->is_count ? 60.0 * (double)NS_PER_S / (double)window_ns : 1;
    const char *unit = series->is_count ? " per minute" : "";
    char observed[32], expected[32], lower[32], upper[32], name[PHRASE_NAME_SIZE];
    phrase_name(series->name, name);
    put_number(observed, s->observed * rate);
    put_number(expected, s->expected * rate);
    put_number(lower, s->lower * rate);
    put_number(upper, s->upper * rate);
    if (s->flags & ODDLINE_SCORE_ACCEPTED)
        snprintf(text, size, "%s: %s%s is accepted as the new normal", name, observed, unit);
    else if (!isfinite(s->expected))
        snprintf(text, size, "%s at %s%s", name, observed, unit);
    else if (isfinite(s->lower) && isfinite(s->upper))
        snprintf(text, size, "%s at %s%s, expected %s (%s to %s)", name, observed, unit,
                 expected, lower, upper);
    else
        snprintf(text, size, "%s at %s%s, expected %s", name, observed, unit, expected);
    return text;
}

char *phrase_reason(const struct judge_series *series, const struct opinion *opinion,
                    int64_t window_ns, char *text, size_t size)
{
    char what[PHRASE_NAME_SIZE + 256]; // no sentence has so many numbers
    phrase_opinion(series, opinion, window_ns, what, sizeof(what));
    const char *reason = opinion->score.reason ? opinion->score.reason : "";
    snprintf(text, size, "%s: %s (surprise %.1f)%s%s", opinion->plugin->id, what,
             opinion->surprise, *reason ? ": " : "", reason);
    return text;
}

const char *judge_redact(const struct judge_stream *stream, const char *sentence,
                         char room[JUDGE_SENTENCE_SIZE])
{
    if (!sentence || !stream->redaction_count)
        return sentence;
    size_t len = redact(stream->redactions, stream->redaction_count, bytes_of(sentence), room,
                        JUDGE_SENTENCE_SIZE - 1);
    room[len] = '\0';
    return room;
}
