/* SPDX-License-Identifier: MIT */

#include "act/action.h"

#include "act/member.h"
#include "base/json.h"

#include <fnmatch.h>
#include <math.h>
#include <string.h>

static bool among(const struct action_texts *texts, const char *word)
{
    for (size_t i = 0; i < texts->count; i++)
        if (strcmp(texts->at[i], word) == 0)
            return true;
    return texts->count == 0;
}

static bool named(const struct action_texts *texts, struct json_value finding, const char *name)
{
    char word[MEMBER_SHORT];
    member_text(json_at(finding, name), word, sizeof(word));
    return among(texts, word);
}

/* Walked and not looked up by json_at(), whose paths have dots, as names of labels may. */
static bool has_label(struct json_value finding, const struct finding_pair *wanted)
{
    char name[MEMBER_LONG], value[MEMBER_LONG];
    struct json_walk walk = json_walk(json_at(finding, "labels"));
    struct json_value member;
    struct bytes key;
    while (json_next(&walk, &key, &member)) {
        member_unescape(key, name, sizeof(name));
        if (strcmp(name, wanted->name) != 0)
            continue;
        member_text(member, value, sizeof(value));
        return fnmatch(wanted->value, value, 0) == 0;
    }
    return false;
}

static bool fits_stream(const struct action_texts *globs, struct json_value finding)
{
    char stream[MEMBER_LONG];
    member_text(json_at(finding, "stream"), stream, sizeof(stream));
    for (size_t i = 0; i < globs->count; i++)
        if (fnmatch(globs->at[i], stream, 0) == 0)
            return true;
    return globs->count == 0;
}

bool action_wants(const struct action *action, struct bytes text)
{
    struct bytes rest;
    const struct action_when *when = &action->when;
    struct json_value finding = json_read(text, &rest);
    bool wants =
        named(&when->routes, finding, "route") && named(&when->kinds, finding, "kind") &&
        named(&when->statuses, finding, "status") && fits_stream(&when->streams, finding);
    for (size_t i = 0; wants && i < when->labels.count; i++)
        wants = has_label(finding, &when->labels.at[i]);
    if (wants && when->min_score > 0)
        wants = json_number(json_at(finding, "score"), -INFINITY) >= when->min_score;
    return wants;
}

bool action_reads(const struct action *action, const char *route)
{
    return among(&action->when.routes, route);
}
