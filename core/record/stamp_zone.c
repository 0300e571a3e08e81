/* SPDX-License-Identifier: MIT */

#include "record/stamp_zone.h"

/* Names that people's programs print; the ambiguous ones (BST, CST, IST) are the more common of their meanings. */
static const struct zone_name {
    char name[5];
    int16_t minutes;
} zone_names[] = {
    {"ACST", 570}, {"AEDT", 660}, {"AEST", 600}, {"AKDT", -480}, {"AKST", -540}, {"AWST", 480},
    {"BST", 60},   {"CDT", -300}, {"CEST", 120}, {"CET", 60},    {"CST", -360},  {"EDT", -240},
    {"EEST", 180}, {"EET", 120},  {"EST", -300}, {"GMT", 0},     {"HKT", 480},   {"HST", -600},
    {"IST", 330},  {"JST", 540},  {"KST", 540},  {"MDT", -360},  {"MEST", 120},  {"MET", 60},
    {"MSK", 180},  {"MST", -420}, {"NZDT", 780}, {"NZST", 720},  {"PDT", -420},  {"PST", -480},
    {"SAST", 120}, {"SGT", 480},  {"UTC", 0},    {"WEST", 60},   {"WET", 0},
};

/* Where those with a first letter begin, and how many there are: what stands behind a stamp is mostly a level, and no zone. */
static const struct {
    uint8_t at, count;
} zones_by_letter[26] = {
    ['A' - 'A'] = {0, 6},  ['B' - 'A'] = {6, 1},  ['C' - 'A'] = {7, 4},  ['E' - 'A'] = {11, 4},
    ['G' - 'A'] = {15, 1}, ['H' - 'A'] = {16, 2}, ['I' - 'A'] = {18, 1}, ['J' - 'A'] = {19, 1},
    ['K' - 'A'] = {20, 1}, ['M' - 'A'] = {21, 5}, ['N' - 'A'] = {26, 2}, ['P' - 'A'] = {28, 2},
    ['S' - 'A'] = {30, 2}, ['U' - 'A'] = {32, 1}, ['W' - 'A'] = {33, 2},
};

static inline bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

static inline bool is_letter(char c)
{
    return (unsigned char)((c | 0x20) - 'a') < 26;
}

/* Two digits, or something over 99. */
static inline unsigned two(const char *p)
{
    return is_digit(p[0]) && is_digit(p[1]) ? (unsigned)((p[0] - '0') * 10 + p[1] - '0') : 1000;
}

static size_t read_name(struct bytes text, int32_t *ret)
{
    char name[sizeof(zone_names[0].name)] = "";
    size_t n = 0;
    while (n < 5 && n < text.len && text.at[n] >= 'A' && text.at[n] <= 'Z')
        n++;
    if (n < 3 || n > 4 || (n < text.len && (is_letter(text.at[n]) || is_digit(text.at[n]))))
        return 0;
    memcpy(name, text.at, n);
    unsigned letter = (unsigned)(*name - 'A');
    const struct zone_name *zone = &zone_names[zones_by_letter[letter].at],
                           *end = zone + zones_by_letter[letter].count;
    while (zone < end && memcmp(zone->name, name, sizeof(name)) != 0)
        zone++;
    if (zone == end)
        return 0;
    *ret = zone->minutes * 60;
    return n;
}

/* +hh:mm, +hhmm, and +hh when nothing like a word follows. */
static size_t read_digits(struct bytes text, int32_t *ret)
{
    unsigned hour = text.len >= 3 ? two(text.at + 1) : 100, minute = 0;
    size_t used = 3;
    if (hour > 15)
        return 0;
    if (text.len >= 6 && text.at[3] == ':' && two(text.at + 4) < 60) {
        minute = two(text.at + 4);
        used = 6;
    } else if (text.len >= 5 && two(text.at + 3) < 60) {
        minute = two(text.at + 3);
        used = 5;
    }
    if (text.len > used && (is_digit(text.at[used]) || is_letter(text.at[used])))
        return 0;
    *ret = (int32_t)(hour * 3600 + minute * 60) * (*text.at == '-' ? -1 : 1);
    return used;
}

size_t stamp_zone(struct bytes text, int32_t *ret_s)
{
    int32_t east = 0;
    size_t blank = text.len && *text.at == ' ', used = 0;
    struct bytes zone = {text.at + blank, text.len - blank};
    if (!zone.len)
        return 0;
    char first = *zone.at;
    if (!blank && (first == 'Z' || first == 'z')) {
        used = zone.len == 1 || !is_letter(zone.at[1]);
    } else if (first == '+' || first == '-') {
        used = read_digits(zone, &east);
        if (blank && used < 4) // ` -12` is a number, not a zone
            used = 0;
    } else if (first >= 'A' && first <= 'Z') {
        used = read_name(zone, &east);
    }
    if (!used)
        return 0;
    *ret_s = east;
    return blank + used;
}
