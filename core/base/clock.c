/* SPDX-License-Identifier: MIT */

#include "base/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t clock_ns(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

int64_t clock_wall_ns(void)
{
    return clock_ns(CLOCK_REALTIME);
}

int64_t clock_monotonic_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

/* H. Hinnant, chrono-Compatible Low-Level Date Algorithms, 2013: years begin in March, eras are 400 years. */
int64_t clock_days(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t of_era = year - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

struct civil clock_civil(int64_t instant_ns)
{
    int64_t seconds = instant_ns / NS_PER_S, ns = instant_ns % NS_PER_S;
    if (ns < 0) {
        ns += NS_PER_S;
        seconds--;
    }
    int64_t days = seconds / 86400, rest = seconds % 86400;
    if (rest < 0) {
        rest += 86400;
        days--;
    }
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t of_era = z - era * 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t m = (5 * of_year + 2) / 153;
    int month = (int)(m < 10 ? m + 3 : m - 9);
    return (struct civil){.year = year + era * 400 + (month <= 2),
                          .month = month,
                          .day = (int)(of_year - (153 * m + 2) / 5 + 1),
                          .hour = (int)(rest / 3600),
                          .minute = (int)(rest % 3600 / 60),
                          .second = (int)(rest % 60),
                          .weekday = (int)(((days % 7) + 11) % 7),
                          .ns = (int32_t)ns};
}

char *clock_format(int64_t instant_ns, char text[CLOCK_TEXT_SIZE])
{
    struct civil c = clock_civil(instant_ns);
    snprintf(text, CLOCK_TEXT_SIZE, "%04" PRId64 "-%02d-%02dT%02d:%02d:%02d.%03dZ", c.year,
             c.month, c.day, c.hour, c.minute, c.second, (int)(c.ns / NS_PER_MS));
    return text;
}

/* The unit behind the number that `text` begins with; without a number no unit fits. */
static const char *read_number(const char *text, double *ret)
{
    char *end;
    *ret = strtod(text, &end);
    if (end == text)
        return "not a number";
    return end + strspn(end, " ");
}

int clock_parse_duration(const char *text, int64_t *ret_ns, struct error *reterr)
{
    static const struct {
        const char *unit;
        double ns;
    } units[] = {{"ns", 1},     {"us", 1e3},   {"ms", 1e6},    {"s", 1e9},        {"m", 60e9},
                 {"min", 60e9}, {"h", 3600e9}, {"d", 86400e9}, {"w", 7 * 86400e9}};
    double number;
    const char *unit = read_number(text, &number);
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(unit, units[i].unit) != 0)
            continue;
        double ns = number * units[i].ns;
        if (!(ns >= 0 && ns <= 10000 * 86400e9))
            break;
        *ret_ns = (int64_t)llround(ns);
        return 0;
    }
    return error_set(reterr, -EINVAL,
                     "%s: not a duration; write a number and ms, s, m, h or d, like 10s", text);
}

char *clock_format_duration(int64_t ns, char text[CLOCK_TEXT_SIZE])
{
    int64_t s = ns / NS_PER_S;
    if (ns < NS_PER_S)
        snprintf(text, CLOCK_TEXT_SIZE, "%" PRId64 "ms", ns / NS_PER_MS);
    else if (s < 120)
        snprintf(text, CLOCK_TEXT_SIZE, "%" PRId64 "s", s);
    else if (s < 7200)
        snprintf(text, CLOCK_TEXT_SIZE, "%" PRId64 "m", s / 60);
    else if (s < 2 * 86400)
        snprintf(text, CLOCK_TEXT_SIZE, "%" PRId64 "h%02" PRId64 "m", s / 3600, s % 3600 / 60);
    else
        snprintf(text, CLOCK_TEXT_SIZE, "%" PRId64 "d%02" PRId64 "h", s / 86400,
                 s % 86400 / 3600);
    return text;
}

/* Exactly `count` digits at *p, or -1; sscanf() would take blanks and signs for them. */
static int digits(const char **p, int count)
{
    int value = 0;
    for (; count > 0; count--, (*p)++) {
        if (**p < '0' || **p > '9')
            return -1;
        value = value * 10 + (**p - '0');
    }
    return value;
}

/* `17:14:38`, with `.123456789` or `,123` behind it, as nanoseconds of the day; -1 when it is none. */
static int64_t read_of_day(const char **p)
{
    int hour = digits(p, 2);
    int minute = hour >= 0 && *(*p)++ == ':' ? digits(p, 2) : -1;
    int second = minute >= 0 && *(*p)++ == ':' ? digits(p, 2) : -1;
    if (hour > 23 || minute > 59 || second < 0 || second > 60)
        return -1;
    int64_t ns = (hour * 60 + minute) * 60 * NS_PER_S + second * NS_PER_S;
    if (**p == '.' || **p == ',') {
        int64_t unit = NS_PER_S / 10;
        for ((*p)++; **p >= '0' && **p <= '9'; (*p)++, unit /= 10)
            ns += (**p - '0') * unit;
    }
    return ns;
}

/* `Z`, `+01:00`, `-0530` or nothing, and then the end: nanoseconds east of Greenwich. */
static int read_offset(const char *p, int64_t *ret_ns)
{
    p += strspn(p, " ");
    int sign = *p == '+' ? 1 : *p == '-' ? -1 : 0, hour = 0, minute = 0;
    if (sign) {
        p++;
        hour = digits(&p, 2);
        p += *p == ':';
        minute = hour >= 0 ? digits(&p, 2) : -1;
    } else if (*p == 'Z' || *p == 'z') {
        p++;
    }
    if (*p || hour < 0 || hour > 23 || minute < 0 || minute > 59)
        return -EINVAL;
    *ret_ns = sign * (hour * 60 + minute) * 60 * NS_PER_S;
    return 0;
}

/* `2016-12-19` as days since 1970: a day that the calendar has, in a year that an instant can hold. */
static int read_date(const char **p, int64_t *ret_days)
{
    int year = digits(p, 4);
    int month = year >= 0 && *(*p)++ == '-' ? digits(p, 2) : -1;
    int day = month >= 0 && *(*p)++ == '-' ? digits(p, 2) : -1;
    if (year < 1678 || year > 2261 || month < 1 || month > 12 || day < 1)
        return -EINVAL;
    *ret_days = clock_days(year, month, day);
    struct civil c = clock_civil(*ret_days * 86400 * NS_PER_S);
    return c.month == month && c.day == day ? 0 : -EINVAL; // 30 February is 2 March
}

int clock_parse(const char *text, int64_t *ret_ns, struct error *reterr)
{
    const char *p = text;
    int64_t days, of_day = 0, offset = 0;
    int r = read_date(&p, &days);
    if (r == 0 && (*p == 'T' || (*p == ' ' && p[1]))) {
        p++;
        of_day = read_of_day(&p);
    }
    if (r < 0 || of_day < 0 || read_offset(p, &offset) < 0)
        return error_set(reterr, -EINVAL, "%s: not a time; write it like 2016-12-19T17:14:38Z",
                         text);
    *ret_ns = days * 86400 * NS_PER_S + of_day - offset;
    return 0;
}

int size_parse(const char *text, uint64_t *ret_bytes, struct error *reterr)
{
    static const struct {
        const char *unit;
        double bytes;
    } units[] = {{"", 1},     {"B", 1},         {"kB", 1e3}, {"KiB", 1024},
                 {"MB", 1e6}, {"MiB", 1 << 20}, {"GB", 1e9}, {"GiB", 1 << 30}};
    double number;
    const char *unit = read_number(text, &number);
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        double bytes = number * units[i].bytes;
        if (strcmp(unit, units[i].unit) == 0 && bytes >= 0 && bytes < 9e15) {
            *ret_bytes = (uint64_t)bytes;
            return 0;
        }
    }
    return error_set(reterr, -EINVAL,
                     "%s: not a size; write a number and B, KiB, MiB or GiB, like 64MiB", text);
}
