/* SPDX-License-Identifier: MIT */
/* Promise: each zone that people's programs print is known behind a stamp, and no level or number is taken for one. */

#include "record/stamp_zone.h"

#include "unit/record/rig.h"

#include <stdio.h>

static void check(const char *text, size_t len, int32_t minutes)
{
    int32_t east = 77;
    size_t got = stamp_zone(bytes_of(text), &east);
    if (got != len || east != (len ? minutes * 60 : 77))
        fail_msg("'%s': %zu bytes, %d s", text, got, (int)east);
}

static void all_names_are_known(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int minutes;
    } zones[] = {
        {"UTC", 0},    {"GMT", 0},    {"WET", 0},     {"WEST", 60},   {"BST", 60},
        {"CET", 60},   {"MET", 60},   {"CEST", 120},  {"MEST", 120},  {"EET", 120},
        {"SAST", 120}, {"EEST", 180}, {"MSK", 180},   {"IST", 330},   {"HKT", 480},
        {"SGT", 480},  {"AWST", 480}, {"JST", 540},   {"KST", 540},   {"ACST", 570},
        {"AEST", 600}, {"AEDT", 660}, {"NZST", 720},  {"NZDT", 780},  {"EST", -300},
        {"EDT", -240}, {"CST", -360}, {"CDT", -300},  {"MST", -420},  {"MDT", -360},
        {"PST", -480}, {"PDT", -420}, {"AKST", -540}, {"AKDT", -480}, {"HST", -600},
    };
    for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
        char text[16];
        size_t len = strlen(zones[i].name);
        snprintf(text, sizeof(text), " %s x", zones[i].name);
        check(text, len + 1, zones[i].minutes);
        check(text + 1, len, zones[i].minutes);
        snprintf(text, sizeof(text), " %s", zones[i].name);
        check(text, len + 1, zones[i].minutes);
        snprintf(text, sizeof(text), " %sx", zones[i].name);
        check(text, 0, 0);
    }
}

static void numbers_are_told_from_zones(void **state)
{
    (void)state;
    check("Z", 1, 0);
    check("z x", 1, 0);
    check("+02:00 x", 6, 120);
    check("-0730", 5, -450);
    check("+02 x", 3, 120);
    check(" +0200]", 6, 120);
    check(" -12 x", 0, 0);
    check("+16", 0, 0);
    check("+02:60", 3, 120);
    check("+02000", 0, 0);
}

static void other_words_are_none(void **state)
{
    (void)state;
    static const char *const others[] = {
        "",       " ",       " INFO x",  " WARN", " ERROR x", " DEBUG", " UT",
        " WES x", " CESTA",  " UTC1",    " Z x",  "Zulu",     " utc",   " QST x",
        " XYZ",   " ICEST ", "\xff\xff", "  UTC", " \xc0UTC"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        check(others[i], 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_names_are_known),
        cmocka_unit_test(numbers_are_told_from_zones),
        cmocka_unit_test(other_words_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
