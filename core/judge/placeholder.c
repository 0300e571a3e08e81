/* SPDX-License-Identifier: MIT */

#include "judge/placeholder.h"

#include "base/clock.h"
#include "base/hash.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- what is a blank ------------------------------------------------------ */

static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("_.-/", c));
}

/* The name in braces that `text` begins with; empty when there is none. */
static struct bytes name_at(const char *text)
{
    size_t len = 0;
    while (is_name_byte(text[1 + len]))
        len++;
    return (struct bytes){text + 1, text[1 + len] == '}' ? len : 0};
}

bool placeholder_next(const char **text, struct placeholder_piece *ret)
{
    const char *at = *text;
    if (!*at)
        return false;
    struct bytes name = *at == '{' ? name_at(at) : (struct bytes){0};
    if (name.len) {
        *ret = (struct placeholder_piece){name, true};
        *text = name.at + name.len + 1;
        return true;
    }
    size_t len = 1; // a brace that begins nothing, too
    len += strcspn(at + 1, "{");
    if (at[0] == '{' && at[1] == '{')
        *text = at + 2, len = 1;
    else
        *text = at + len;
    *ret = (struct placeholder_piece){{at, len}, false};
    return true;
}

/* ---- what goes in ---------------------------------------------------------- */

enum { VALUE_MAX = PLACEHOLDER_TEXT_MAX + 1 };

static void put_time(int64_t at_ns, bool ms, char value[VALUE_MAX])
{
    char text[CLOCK_TEXT_SIZE];
    if (at_ns == NO_TIME)
        *value = '\0';
    else if (ms)
        snprintf(value, VALUE_MAX, "%" PRId64, at_ns / NS_PER_MS);
    else
        snprintf(value, VALUE_MAX, "%s", clock_format(at_ns, text));
}

enum blank {
    STREAM,
    SERIES,
    KIND,
    DETECTOR,
    ROUTE,
    STATUS,
    FINGERPRINT,
    STARTS_AT,
    STARTS_MS,
    ENDS_AT,
    ENDS_MS,
    DEPLOY_VERSION,
    SERVICE_NAME,
    BLANKS
};
const char *const placeholder_names[] = {
    [STREAM] = "stream",
    [SERIES] = "series",
    [KIND] = "kind",
    [DETECTOR] = "detector",
    [ROUTE] = "route",
    [STATUS] = "status",
    [FINGERPRINT] = "fingerprint",
    [STARTS_AT] = "starts_at",
    [STARTS_MS] = "starts_ms",
    [ENDS_AT] = "ends_at",
    [ENDS_MS] = "ends_ms",
    [DEPLOY_VERSION] = "deploy.version",
    [SERVICE_NAME] = "service.name",
};
const size_t placeholder_name_count = COUNT(placeholder_names);

/* What fires has no end yet: dashboards take `now` for that. */
static void put_end(const struct finding *f, bool ms, char value[VALUE_MAX])
{
    if (f->status == FINDING_FIRING)
        snprintf(value, VALUE_MAX, "now");
    else
        put_time(f->ends_ns, ms, value);
}

static const char *find_pair(struct finding_pairs pairs, struct bytes name)
{
    for (size_t i = 0; i < pairs.count; i++)
        if (bytes_is(name, pairs.at[i].name))
            return pairs.at[i].value;
    return NULL;
}

/* As deployments are told apart: by the resource, else by the stream. */
static const char *service_of(const struct finding *f)
{
    const char *name = find_pair(f->resource, bytes_of("service.name"));
    return name ? name : f->stream;
}

static void put_own(const struct finding *f, enum blank blank, char value[VALUE_MAX])
{
    char hash[HASH_TEXT_SIZE];
    const char *const texts[BLANKS] = {
        [STREAM] = f->stream,
        [SERIES] =
            f->series, // of a grouped one the name of the whole: the value is text of a log
        [KIND] = finding_kind_name(f->kind),
        [DETECTOR] = f->detector,
        [ROUTE] = finding_route_name(f->route),
        [STATUS] = f->status == FINDING_FIRING ? "firing" : "resolved",
        [FINGERPRINT] = hash_format(f->fingerprint, hash),
        [DEPLOY_VERSION] = f->deploy.version,
        [SERVICE_NAME] = service_of(f),
    };
    if (blank == STARTS_AT || blank == STARTS_MS)
        put_time(f->starts_ns, blank == STARTS_MS, value);
    else if (blank == ENDS_AT || blank == ENDS_MS)
        put_end(f, blank == ENDS_MS, value);
    else
        snprintf(value, VALUE_MAX, "%s", texts[blank] ? texts[blank] : "");
}

/* What the finding is comes first, then how it is labelled, then where it is from. */
static void put_value(const struct finding *f, struct bytes name, char value[VALUE_MAX])
{
    for (size_t i = 0; i < placeholder_name_count; i++)
        if (bytes_is(name, placeholder_names[i])) {
            put_own(f, (enum blank)i, value);
            return;
        }
    const char *text = find_pair(f->labels, name);
    if (!text)
        text = find_pair(f->resource, name);
    snprintf(value, VALUE_MAX, "%s", text ? text : "");
}

/* ---- the text ---------------------------------------------------------------- */

/* All of it or nothing: half of an escape is worse than none. */
static bool put(char *text, size_t *len, struct bytes piece)
{
    if (piece.len > PLACEHOLDER_TEXT_MAX - *len)
        return false;
    memcpy(text + *len, piece.at, piece.len);
    *len += piece.len;
    text[*len] = '\0';
    return true;
}

static bool put_encoded(char *text, size_t *len, const char *value)
{
    for (const char *p = value; *p; p++) {
        char escaped[4] = {*p};
        size_t size = 1;
        if (!is_name_byte(*p) || *p == '/')
            size = (size_t)snprintf(escaped, sizeof(escaped), "%%%02X", (unsigned char)*p);
        if (*p == '~')
            escaped[0] = '~', size = 1;
        if (!put(text, len, (struct bytes){escaped, size}))
            return false;
    }
    return true;
}

static bool is_url(const char *text)
{
    return strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0;
}

/* A log may have told of the deployment, see notice.h: what stands there must not become a link of its own. */
static bool is_said_by_logs(struct bytes name)
{
    return bytes_is(name, placeholder_names[DEPLOY_VERSION]);
}

static void fill(const struct finding *finding, const char *blank,
                 char text[PLACEHOLDER_TEXT_MAX + 1])
{
    struct placeholder_piece piece;
    char value[VALUE_MAX];
    size_t len = 0;
    bool room = true;
    text[0] = '\0';
    while (room && placeholder_next(&blank, &piece)) {
        if (!piece.is_name) {
            room = put(text, &len, piece.text);
            continue;
        }
        put_value(finding, piece.text, value);
        room = is_url(text) || is_said_by_logs(piece.text) ? put_encoded(text, &len, value)
                                                           : put(text, &len, bytes_of(value));
    }
}

void placeholder_fill(struct finding *finding, struct placeholder_room *room)
{
    size_t count = finding->annotations.count;
    count = count < FINDING_PAIRS_MAX ? count : FINDING_PAIRS_MAX;
    for (size_t i = 0; i < count; i++) {
        struct finding_pair pair = finding->annotations.at[i];
        room->pairs[i] = pair;
        if (!pair.value || !strchr(pair.value, '{'))
            continue;
        fill(finding, pair.value, room->text[i]);
        room->pairs[i].value = room->text[i];
    }
    finding->annotations = (struct finding_pairs){room->pairs, count};
}
