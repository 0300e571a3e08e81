/* SPDX-License-Identifier: MIT */

#include "record/zone.h"

#include "base/clock.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TRANSITIONS_MAX = 4096,   /* the longest zone has about 240 */
    FILE_BYTES_MAX = 1 << 18, /* the biggest file has 4 KiB */
    HEADER_BYTES = 44,
    NAME_BYTES_MAX = 64,
};

/* "the d-th day of week w of month m, at that second": when a clock changes, each year. */
struct change {
    int month, week, weekday;
    int32_t second;
};

struct zone {
    int32_t first;                   /* offset before the first transition */
    size_t count;                    /* of transitions */
    int64_t at[TRANSITIONS_MAX];     /* UTC seconds, rising */
    int32_t offset[TRANSITIONS_MAX]; /* from there on */
    bool has_rule;                   /* the footer goes on where the table ends */
    int32_t standard, summer;        /* offsets by the rule */
    struct change to_summer, to_standard;
};

/* ---- the footer: CET-1CEST,M3.5.0,M10.5.0/3 ------------------------------ */

static bool skip_name(const char **p)
{
    const char *begin = *p;
    if (**p == '<') {
        while (**p && **p != '>')
            (*p)++;
        return *(*p)++ == '>';
    }
    while (isalpha((unsigned char)**p))
        (*p)++;
    return *p - begin >= 3;
}

/* [+-]hh[:mm[:ss]] in seconds. */
static bool read_clock(const char **p, int32_t *ret)
{
    int sign = **p == '-' ? -1 : 1;
    int32_t unit = 3600, sum = 0;
    if (**p == '-' || **p == '+')
        (*p)++;
    for (; unit; unit /= 60) {
        char *end;
        if (!isdigit((unsigned char)**p))
            return false;
        long value = strtol(*p, &end, 10);
        if (value > 167)
            return false;
        sum += (int32_t)value * unit;
        *p = end;
        if (**p != ':')
            break;
        (*p)++;
    }
    *ret = sign * sum;
    return true;
}

static bool read_change(const char **p, struct change *change)
{
    int used = 0;
    change->second = 7200;
    if (sscanf(*p, ",M%2d.%1d.%1d%n", &change->month, &change->week, &change->weekday, &used) !=
        3)
        return false;
    *p += used;
    if (change->month < 1 || change->month > 12 || change->week < 1 || change->week > 5 ||
        change->weekday > 6)
        return false;
    if (**p != '/')
        return true;
    (*p)++;
    return read_clock(p, &change->second);
}

static void read_rule(struct zone *zone, const char *p)
{
    int32_t west;
    if (!skip_name(&p) || !read_clock(&p, &west))
        return;
    zone->standard = zone->summer = -west;
    if (*p == '\0') { // one offset for ever
        zone->has_rule = true;
        return;
    }
    if (!skip_name(&p))
        return;
    zone->summer = zone->standard + 3600;
    if (*p != ',' && read_clock(&p, &west))
        zone->summer = -west;
    zone->has_rule =
        read_change(&p, &zone->to_summer) && read_change(&p, &zone->to_standard) && *p == '\0';
}

/* Local seconds (by the clock in force before) of a change in `year`. */
static int64_t change_in(const struct change *change, int64_t year)
{
    int64_t first = clock_days(year, change->month, 1);
    int64_t next = change->month == 12 ? clock_days(year + 1, 1, 1)
                                       : clock_days(year, change->month + 1, 1);
    int64_t weekday = ((first % 7) + 11) % 7; // 1970-01-01 was a Thursday
    int64_t day = first + (change->weekday - weekday + 7) % 7 + 7 * (change->week - 1);
    while (day >= next)
        day -= 7;
    return day * 86400 + change->second;
}

/* ---- the file ------------------------------------------------------------ */

static int64_t big_endian(const unsigned char *p, int bytes)
{
    uint64_t value = p[0] & 0x80 ? UINT64_MAX : 0;
    for (int i = 0; i < bytes; i++)
        value = value << 8 | p[i];
    return (int64_t)value;
}

/* What a header says about the block behind it; the order is the file's. */
struct counts {
    int64_t isut, isstd, leap, time, type, chars;
};

static bool read_header(const unsigned char *p, size_t len, struct counts *counts)
{
    int64_t *all[] = {&counts->isut, &counts->isstd, &counts->leap,
                      &counts->time, &counts->type,  &counts->chars};
    if (len < HEADER_BYTES || memcmp(p, "TZif", 4) != 0)
        return false;
    for (int i = 0; i < 6; i++) {
        *all[i] = big_endian(p + 20 + 4 * i, 4);
        if (*all[i] < 0 || *all[i] > FILE_BYTES_MAX)
            return false;
    }
    return counts->time <= TRANSITIONS_MAX && counts->type >= 1;
}

static size_t block_bytes(const struct counts *counts, int time_bytes)
{
    return (size_t)(counts->time * time_bytes + counts->time + counts->type * 6 +
                    counts->chars + counts->leap * (time_bytes + 4) + counts->isstd +
                    counts->isut);
}

static bool read_block(struct zone *zone, const unsigned char *p, const struct counts *counts)
{
    const unsigned char *index = p + counts->time * 8, *types = index + counts->time;
    zone->first = (int32_t)big_endian(types, 4);
    zone->count = (size_t)counts->time;
    for (size_t i = 0; i < zone->count; i++) {
        if (index[i] >= counts->type)
            return false;
        zone->at[i] = big_endian(p + 8 * i, 8);
        zone->offset[i] = (int32_t)big_endian(types + 6 * index[i], 4);
        if (i && zone->at[i] <= zone->at[i - 1])
            return false;
    }
    return true;
}

static bool read_zone(struct zone *zone, unsigned char *p, size_t len)
{
    struct counts counts;
    if (!read_header(p, len, &counts) || p[4] < '2')
        return false;
    size_t skip = HEADER_BYTES + block_bytes(&counts, 4); // the 32-bit block is for old readers
    if (skip >= len || !read_header(p + skip, len - skip, &counts))
        return false;
    p += skip + HEADER_BYTES;
    len -= skip + HEADER_BYTES;
    size_t block = block_bytes(&counts, 8);
    if (block > len || !read_block(zone, p, &counts))
        return false;
    char *footer = (char *)p + block,
         *end = len > block ? memchr(footer + 1, '\n', len - block - 1) : NULL;
    if (end && *footer == '\n') {
        *end = '\0';
        read_rule(zone, footer + 1);
    }
    return true;
}

static int load(struct zone *zone, const char *name)
{
    char path[sizeof("/usr/share/zoneinfo/") + NAME_BYTES_MAX];
    snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", name);
    FILE *file = fopen(path, "re");
    if (!file)
        return -errno;
    unsigned char *content = malloc(FILE_BYTES_MAX);
    size_t len = content ? fread(content, 1, FILE_BYTES_MAX, file) : 0;
    int r = !content ? -ENOMEM : read_zone(zone, content, len) ? 0 : -EINVAL;
    free(content);
    fclose(file);
    return r;
}

/* ---- names --------------------------------------------------------------- */

/* "+01:00", "-0330", "+2"; false when it is none. */
static bool read_fixed(const char *text, int32_t *ret)
{
    int hour, minute = 0, used = 0;
    if (*text != '+' && *text != '-')
        return false;
    if (sscanf(text + 1, "%2d:%2d%n", &hour, &minute, &used) != 2 &&
        sscanf(text + 1, "%2d%2d%n", &hour, &minute, &used) != 2) {
        minute = 0;
        if (sscanf(text + 1, "%2d%n", &hour, &used) != 1)
            return false;
    }
    if (text[1 + used] || !isdigit((unsigned char)text[1]) || hour > 15 || minute < 0 ||
        minute > 59)
        return false;
    *ret = (*text == '-' ? -1 : 1) * (hour * 3600 + minute * 60);
    return true;
}

/* A name is a path below zoneinfo; nothing in it may lead out of there. */
static bool is_name(const char *name)
{
    size_t len =
        strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/");
    return len && name[len] == '\0' && len < NAME_BYTES_MAX && name[0] != '/' &&
           !strstr(name, "//");
}

int zone_open(const char *name, struct zone **ret, struct error *reterr)
{
    struct zone *zone = calloc(1, sizeof(*zone));
    if (!zone)
        return error_set(reterr, -ENOMEM, "time zone: out of memory");
    int r = 0;
    bool utc = !name || !*name || strcmp(name, "UTC") == 0 || strcmp(name, "Z") == 0;
    if (!utc && !read_fixed(name, &zone->first))
        r = is_name(name) ? load(zone, name) : -EINVAL;
    if (r < 0) {
        free(zone);
        return error_set(reterr, r,
                         "timezone '%s': unknown: write UTC, +01:00 or a name below "
                         "/usr/share/zoneinfo such as "
                         "Europe/Paris (Debian package tzdata)",
                         name);
    }
    *ret = zone;
    return 0;
}

void zone_free(struct zone *zone)
{
    free(zone);
}

/* ---- asking -------------------------------------------------------------- */

/*
 * A change at UTC second t from offset b to a takes effect at local second t + b: where local times repeat that keeps
 * the first reading, and where they are skipped it gives the earlier one.
 */
static struct zone_span rule_span(const struct zone *zone, int64_t local_s)
{
    struct zone_span span = {INT64_MIN, INT64_MAX, zone->standard};
    if (zone->standard == zone->summer)
        return span;
    int64_t year = clock_civil(local_s * NS_PER_S).year;
    for (int64_t y = year - 1; y <= year + 1; y++) {
        int64_t summer = change_in(&zone->to_summer, y),
                standard = change_in(&zone->to_standard, y);
        bool south = standard < summer; // summer spans New Year
        int64_t at[2] = {south ? standard : summer, south ? summer : standard};
        int32_t then[2] = {south ? zone->standard : zone->summer,
                           south ? zone->summer : zone->standard};
        for (int i = 0; i < 2; i++) {
            if (local_s < at[i]) {
                span.until = at[i];
                return span;
            }
            span.from = at[i];
            span.offset = then[i];
        }
    }
    return span;
}

struct zone_span zone_span(const struct zone *zone, int64_t local_s)
{
    struct zone_span span = {INT64_MIN, INT64_MAX, zone->first};
    for (size_t i = 0; i < zone->count; i++) {
        int64_t at = zone->at[i] + span.offset;
        if (local_s < at) {
            span.until = at;
            return span;
        }
        span.from = at;
        span.offset = zone->offset[i];
    }
    if (!zone->has_rule)
        return span;
    struct zone_span rule = rule_span(zone, local_s);
    if (rule.from < span.from)
        rule.from = span.from;
    return rule;
}
