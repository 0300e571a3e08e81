/* SPDX-License-Identifier: MIT */

#include "act/alert.h"

#include "act/member.h"
#include "base/clock.h"
#include "base/json.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* ---- names -------------------------------------------------------------- */

/* [a-zA-Z_][a-zA-Z0-9_]*: what else there is becomes `_`. */
static void plain_name(char *name)
{
    for (char *p = name; *p; p++)
        if (!isalnum((unsigned char)*p) || (unsigned char)*p >= 0x80)
            *p = '_';
    if (isdigit((unsigned char)*name))
        *name = '_';
}

static void pair(struct json *json, const char *name, const char *value)
{
    if (*name == '\0' || *value == '\0')
        return; // for Alertmanager, a label without a value is none
    json_key(json, name);
    json_text(json, value);
}

/* Names that were written already, and of several that become the same only the first counts. */
enum { NAMES_MAX = 64 };
struct names {
    char at[NAMES_MAX][ALERT_NAME_MAX];
    size_t count;
};

static bool is_new(struct names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->at[i], name) == 0)
            return false;
    if (names->count == NAMES_MAX)
        return false;
    snprintf(names->at[names->count++], ALERT_NAME_MAX, "%s", name);
    return true;
}

static void members(struct json *json, struct json_value object, size_t most,
                    struct names *names)
{
    char name[ALERT_NAME_MAX], value[MEMBER_LONG];
    struct json_walk walk = json_walk(object);
    struct json_value member;
    struct bytes key;
    while (json_next(&walk, &key, &member)) {
        member_unescape(key, name, sizeof(name));
        plain_name(name);
        member_text(member, value, most + 1);
        if (*value && is_new(names, name))
            pair(json, name, value);
    }
}

/* ---- labels ------------------------------------------------------------- */

/* Ours come first, so that a label of the configuration cannot take their place. */
static void own_label(struct json *json, struct names *names, const char *name,
                      const char *value)
{
    is_new(names, name);
    pair(json, name, value);
}

void alert_labels(struct bytes text, const char *host, struct buffer *out)
{
    static const char *const same[] = {"stream", "kind", "fingerprint"};
    char value[ALERT_LABEL_MAX + 1], stream[ALERT_LABEL_MAX + 1], kind[MEMBER_SHORT],
        alertname[ALERT_LABEL_MAX + MEMBER_SHORT + 2];
    struct bytes rest;
    struct names names = {.count = 0};
    struct json_value finding = json_read(text, &rest);
    struct json json = {.out = out};
    member_text(json_at(finding, "stream"), stream, sizeof(stream));
    member_text(json_at(finding, "kind"), kind, sizeof(kind));
    snprintf(alertname, sizeof(alertname), "%s %s", stream, kind);
    json_begin(&json, '{');
    own_label(&json, &names, "alertname", alertname);
    member_text(json_at(finding, "route"), value, sizeof(value));
    own_label(&json, &names, "severity", value);
    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
        member_text(json_at(finding, same[i]), value, sizeof(value));
        own_label(&json, &names, same[i], value);
    }
    own_label(&json, &names, "host", host);
    members(&json, json_at(finding, "labels"), ALERT_LABEL_MAX, &names);
    members(&json, json_at(finding, "resource"), ALERT_LABEL_MAX, &names);
    json_end(&json, '}');
}

/* ---- annotations and times ---------------------------------------------- */

static void reasons(struct json *json, struct json_value list)
{
    char reason[MEMBER_LONG];
    struct buffer all = {0};
    struct json_walk walk = json_walk(list);
    struct json_value member;
    struct bytes key;
    while (json_next(&walk, &key, &member) && all.len < MEMBER_LONG) {
        member_text(member, reason, sizeof(reason));
        buffer_text(&all, all.len ? "; " : "");
        buffer_text(&all, reason);
    }
    if (all.len) {
        json_key(json, "reasons");
        json_bytes(json, buffer_bytes(&all));
    }
    buffer_free(&all);
}

static struct json_value first_evidence(struct json_value finding)
{
    struct json_walk walk = json_walk(json_at(finding, "evidence"));
    struct json_value member = {.type = JSON_BAD};
    struct bytes key;
    json_next(&walk, &key, &member);
    return member;
}

static void annotation(struct json *json, const char *name, struct json_value value)
{
    char text[MEMBER_LONG];
    member_text(value, text, sizeof(text));
    pair(json, name, text);
}

static int64_t time_of(struct json_value finding, const char *name, int64_t fallback)
{
    char text[MEMBER_SHORT];
    int64_t ns;
    member_text(json_at(finding, name), text, sizeof(text));
    return *text && clock_parse(text, &ns, NULL) == 0 ? ns : fallback;
}

static int64_t starts_ns(struct json_value finding, int64_t now_ns)
{
    int64_t starts = time_of(finding, "starts_at", now_ns);
    return starts < now_ns ? starts : now_ns;
}

void alert_rest(struct bytes text, int64_t now_ns, struct buffer *out)
{
    struct bytes rest;
    struct json_value finding = json_read(text, &rest);
    struct json_value evidence = first_evidence(finding);
    struct names names = {.at = {"summary", "reasons", "evidence", "evidence_path", "id"},
                          .count = 5};
    struct json json = {.out = out};
    json_key(&json, "annotations");
    json_begin(&json, '{');
    annotation(&json, "summary", json_at(finding, "summary"));
    reasons(&json, json_at(finding, "reasons"));
    annotation(&json, "evidence", json_at(evidence, "text"));
    annotation(&json, "evidence_path", json_at(evidence, "path"));
    annotation(&json, "id", json_at(finding, "id"));
    members(&json, json_at(finding, "annotations"), MEMBER_LONG - 1, &names);
    json_end(&json, '}');
    json_key(&json, "startsAt");
    json_time(&json, starts_ns(finding, now_ns));
}

int64_t alert_ends_ns(struct bytes text, int64_t now_ns)
{
    char status[MEMBER_SHORT];
    struct bytes rest;
    struct json_value finding = json_read(text, &rest);
    member_text(json_at(finding, "status"), status, sizeof(status));
    if (strcmp(status, "resolved") != 0)
        return NO_TIME;
    int64_t ends = time_of(finding, "ends_at", now_ns), starts = starts_ns(finding, now_ns);
    ends = ends < now_ns ? ends : now_ns;
    return ends > starts ? ends : starts; // Alertmanager refuses one that ends before it begins
}

void alert_write(struct bytes labels, struct bytes rest, int64_t ends_ns, struct buffer *out)
{
    char ends[CLOCK_TEXT_SIZE];
    buffer_text(out, "{\"labels\":");
    buffer_append(out, labels.at, labels.len);
    buffer_char(out, ',');
    buffer_append(out, rest.at, rest.len);
    buffer_printf(out, ",\"endsAt\":\"%s\"}", clock_format(ends_ns, ends));
}
