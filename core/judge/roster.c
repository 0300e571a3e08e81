/* SPDX-License-Identifier: MIT */

#include "judge/roster.h"

#include "base/check.h"
#include "judge/state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A name is cut there; a key is whole, as long as the windows cut it no later. */
enum { NAME_SIZE = 320, KEY_SIZE = 256 };

/* What a slot is called now. */
struct entry {
    char name[NAME_SIZE], key[KEY_SIZE];
};

struct roster {
    const struct judge_stream *configured;
    struct judge_stream stream;  /* as configured, but for ... */
    struct judge_series *series; /* ... [stream.series_count] */
    struct entry *entries;       /* [stream.series_count] */
};

static bool is_grouped(const struct judge_stream *stream)
{
    for (size_t i = 0; i < stream->series_count; i++)
        if (stream->series[i].family)
            return true;
    return false;
}

int roster_create(const struct judge_stream *configured, struct roster **ret)
{
    size_t count = configured->series_count;
    if (!is_grouped(configured)) {
        *ret = NULL;
        return 0;
    }
    struct roster *roster = calloc(1, sizeof(*roster));
    if (!roster)
        return -ENOMEM;
    roster->series = calloc(count, sizeof(*roster->series));
    roster->entries = calloc(count, sizeof(*roster->entries));
    if (!roster->series || !roster->entries) {
        roster_free(roster);
        return -ENOMEM;
    }
    memcpy(roster->series, configured->series, count * sizeof(*roster->series));
    roster->configured = configured;
    roster->stream = *configured;
    roster->stream.series = roster->series;
    *ret = roster;
    return 0;
}

void roster_free(struct roster *roster)
{
    if (!roster)
        return;
    free(roster->series);
    free(roster->entries);
    free(roster);
}

const struct judge_stream *roster_stream(const struct roster *roster)
{
    return &roster->stream;
}

/* A quote in a value would end it for whoever reads the name. */
static void put_name(struct entry *entry, const struct judge_series *series, struct bytes key)
{
    int len = snprintf(entry->name, NAME_SIZE, "%s{%s=\"", series->family, series->key_name);
    size_t at = len < NAME_SIZE ? (size_t)len : NAME_SIZE - 1;
    for (size_t i = 0; i < key.len && at + 5 < NAME_SIZE; i++) {
        if (key.at[i] == '"' || key.at[i] == '\\')
            entry->name[at++] = '\\';
        entry->name[at++] = key.at[i] ? key.at[i] : ' ';
    }
    snprintf(entry->name + at, NAME_SIZE - at, "\"}");
}

static void seat(struct roster *roster, uint32_t number, struct bytes key)
{
    struct judge_series *series = &roster->series[number];
    struct entry *entry = &roster->entries[number];
    if (entry->name[0] && bytes_equal(series->key, key))
        return;
    if (key.len)
        put_name(entry, series, key);
    else
        snprintf(entry->name, NAME_SIZE, "%s{other}", series->family);
    if (key.len)
        memcpy(entry->key, key.at, key.len);
    series->name = entry->name;
    series->key = (struct bytes){entry->key, key.len};
}

void roster_read(struct roster *roster, const struct closed *closed)
{
    const struct closed_group *groups = closed_groups(closed);
    for (uint32_t i = 0; i < closed->group_count; i++) {
        struct bytes key = {(const char *)closed + groups[i].key, groups[i].key_len};
        CHECK(groups[i].series < roster->stream.series_count && key.len <= KEY_SIZE &&
              roster->series[groups[i].series].family);
        seat(roster, groups[i].series, key);
    }
}

/* ---- from run to run ---------------------------------------------------- */

void roster_forget(struct roster *roster)
{
    size_t count = roster->stream.series_count;
    memcpy(roster->series, roster->configured->series, count * sizeof(*roster->series));
    memset(roster->entries, 0, count * sizeof(*roster->entries));
}

void roster_inherit(struct roster *roster, const struct roster *old)
{
    CHECK(roster->configured == old->configured);
    for (uint32_t i = 0; i < old->stream.series_count; i++)
        if (old->entries[i].name[0])
            seat(roster, i, old->series[i].key);
}

/* Each behind 1 + its number, in order; 0 ends them. */
void roster_pack(const struct roster *roster, struct buffer *out)
{
    for (uint32_t i = 0; i < roster->stream.series_count; i++) {
        if (!roster->entries[i].name[0])
            continue;
        pack_u32(out, i + 1);
        pack_bytes(out, roster->series[i].key);
    }
    pack_u32(out, 0);
}

void roster_unpack(struct roster *roster, struct unpacker *in)
{
    uint32_t last = 0;
    for (uint32_t n; (n = unpack_u32(in)) != 0; last = n) {
        struct bytes key = unpack_bytes(in);
        in->bad |= n <= last || n > roster->stream.series_count || key.len > KEY_SIZE ||
                   !roster->series[n - 1].family;
        if (in->bad)
            return;
        seat(roster, n - 1, key);
    }
}
