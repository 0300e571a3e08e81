/* SPDX-License-Identifier: MIT */

#include "act/surroundings.h"

#include "act/member.h"
#include "base/memory.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void add(struct surroundings *s, const char *name, const char *value)
{
    char *word = s->words[s->count];
    int len = snprintf(word, SURROUNDINGS_WORD, "ODDLINE_%s=", name);
    snprintf(word + len, SURROUNDINGS_WORD - (size_t)len, "%s", value);
    for (char *p = word + len; *p; p++)
        if ((unsigned char)*p >= 0x80 ||
            (!isalnum((unsigned char)*p) && !strchr("._:@/+=,-", *p)))
            *p = '_';
    s->at[s->count++] = word;
}

static void add_number(struct surroundings *s, const char *name, double value)
{
    char text[32];
    snprintf(text, sizeof(text), "%.15g", value);
    add(s, name, text);
}

static void add_finding(struct surroundings *s, const struct letter *letter)
{
    static const char *const members[][2] = {
        {"ID", "id"},
        {"ROUTE", "route"},
        {"STATUS", "status"},
        {"STREAM", "stream"},
        {"SERIES", "series"},
        {"KIND", "kind"},
        {"FINGERPRINT", "fingerprint"},
    };
    char value[256];
    struct bytes rest;
    struct json_value finding = json_read(buffer_bytes(&letter->data), &rest);
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        member_text(json_at(finding, members[i][1]), value, sizeof(value));
        add(s, members[i][0], value);
    }
    add_number(s, "REVISION", json_number(json_at(finding, "revision"), 0));
    add_number(s, "SCORE", json_number(json_at(finding, "score"), 0));
}

void surroundings_make(struct surroundings *s, const struct action *action,
                       const struct letter *letter, int attempt)
{
    size_t inherited = 0;
    while (environ[inherited])
        inherited++;
    s->count = 0;
    s->at = calloc(inherited + SURROUNDINGS_OWN + 1, sizeof(*s->at));
    if (!s->at)
        memory_gone();
    add(s, "ACTION", action->name);
    add(s, "HOST", letter->host);
    add_number(s, "N", (double)letter->n);
    add_number(s, "ATTEMPT", attempt);
    add_finding(s, letter);
    size_t count = s->count;
    for (char **e = environ; *e; e++)
        if (strncmp(*e, "ODDLINE_", 8) != 0)
            s->at[count++] = *e;
}

void surroundings_free(struct surroundings *s)
{
    free(s->at);
    s->at = NULL;
}
