/* SPDX-License-Identifier: MIT */

/* oddline slo: the error budgets, from the file that the daemon writes (status.h); of one that is stopped as of its end. */

#include "base/clock.h"
#include "base/json.h"
#include "command/given.h"
#include "command/status_read.h"
#include "judge/burn.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

enum { OPT_CONFIG, OPT_STATE_DIR, OPT_JSON, OPTIONS };

static const struct option_spec specs[OPTIONS] = {
    [OPT_CONFIG] = GIVEN_CONFIG,
    [OPT_STATE_DIR] = GIVEN_STATE_DIR,
    [OPT_JSON] = {"json", NULL, "one JSON object a line for each"},
};

/* ---- for people -------------------------------------------------------------- */

static double number(struct json_value object, const char *path)
{
    return json_number(json_at(object, path), 0);
}

/* Names come from a configuration, and as JSON: their escapes hide what would hurt a terminal. */
static struct bytes text(struct json_value object, const char *path)
{
    struct json_value value = json_at(object, path);
    return value.type == JSON_STRING ? value.raw : bytes_of("-");
}

static const char *duration(double seconds, char room[CLOCK_TEXT_SIZE])
{
    if (!(seconds > 0))
        return "none";
    return clock_format_duration((int64_t)(seconds * 1e9), room);
}

static void print_budget(struct json_value slo)
{
    char left[CLOCK_TEXT_SIZE], whole[CLOCK_TEXT_SIZE];
    double allowed = 1 - number(slo, "objective") / 100;
    printf("  records      %.0f, %.0f bad\n", number(slo, "total"), number(slo, "bad"));
    printf("  budget left  %.4g %%: %s of %s, or %.0f bad records of %.0f\n",
           100 * number(slo, "budget_left"), duration(number(slo, "left_s"), left),
           duration(number(slo, "period_s") * allowed, whole), number(slo, "left_records"),
           number(slo, "budget_records"));
}

static void print_rates(struct json_value slo)
{
    struct json_walk walk = json_walk(json_at(slo, "rates"));
    struct json_value rate;
    struct bytes key;
    printf("  burn rates ");
    while (json_next(&walk, &key, &rate)) {
        struct bytes window = text(rate, "window");
        double burn = json_number(json_at(rate, "burn"), NAN);
        printf("  %.*s ", (int)window.len, window.at);
        if (isnan(burn))
            printf("-");
        else
            printf("%.3g", burn);
    }
    printf("\n");
}

static void print_end(struct json_value slo)
{
    struct bytes day = text(slo, "runs_out_at");
    if (number(slo, "total") == 0)
        return;
    if (number(slo, "budget_left") <= 0)
        printf("  runs out     it is gone\n");
    else if (json_at(slo, "runs_out_at").type == JSON_STRING)
        printf("  runs out     %.*s, at the rate of the last day\n", (int)day.len, day.at);
    else
        printf("  runs out     not within a period, at the rate of the last day\n");
}

static void print_time(struct json_value slo)
{
    char watched[CLOCK_TEXT_SIZE], unknown[CLOCK_TEXT_SIZE];
    struct bytes since = text(slo, "since"), until = text(slo, "until");
    if (number(slo, "watched_s") == 0) {
        printf("  watched      not yet: no record came\n");
        return;
    }
    printf("  watched      %s of the period, %s of it unknown (from %.*s to %.*s)\n",
           duration(number(slo, "watched_s"), watched),
           duration(number(slo, "unknown_s"), unknown), (int)since.len, since.at,
           (int)until.len, until.at);
}

static void print_waiting(struct json_value slo)
{
    struct bytes stream = text(slo, "waits_for");
    if (json_at(slo, "waits_for").type == JSON_STRING)
        printf(
            "  waits for    stream %.*s: what others of the service said since is not counted "
            "yet\n",
            (int)stream.len, stream.at);
}

static void print_open(struct json_value slo)
{
    struct json_walk walk = json_walk(json_at(slo, "open"));
    struct json_value claim;
    struct bytes key;
    const char *begin = "  firing       ";
    for (; json_next(&walk, &key, &claim); begin = ", ")
        printf("%s%.*s", begin, (int)claim.raw.len, claim.raw.at);
    if (*begin == ',')
        printf("\n");
}

static void print_slo(struct json_value slo)
{
    char period[BURN_TEXT_SIZE];
    struct bytes name = text(slo, "slo"), stream = text(slo, "stream");
    bool service = json_at(slo, "service").type == JSON_STRING;
    printf("%.*s  %.10g %% of %s %.*s over %s\n", (int)name.len, name.at,
           number(slo, "objective"), service ? "service" : "stream", (int)stream.len, stream.at,
           burn_span_text((int64_t)(number(slo, "period_s") * 1e9), period));
    print_budget(slo);
    print_rates(slo);
    print_end(slo);
    print_time(slo);
    print_waiting(slo);
    print_open(slo);
}

static void print_json(struct json_value slo)
{
    printf("%.*s\n", (int)slo.raw.len, slo.raw.at);
}

static void print_all(struct json_value status, bool json)
{
    struct json_walk walk = json_walk(json_at(status, "slos"));
    struct bytes key, updated = text(status, "updated_at");
    struct json_value slo;
    size_t count = 0;
    for (; json_next(&walk, &key, &slo); count++) {
        if (count && !json)
            printf("\n");
        (json ? print_json : print_slo)(slo);
    }
    if (json)
        return;
    if (json_at(status, "slos").type != JSON_ARRAY)
        printf("The daemon has just started: nothing is known yet.\n");
    else if (!count)
        printf("no SLOs\n");
    else if (json_at(status, "running").type != JSON_TRUE)
        printf("\nThe daemon is stopped; this is as of %.*s.\n", (int)updated.len, updated.at);
}

int command_slo(int argc, char **argv)
{
    const char *v[OPTIONS] = {0};
    struct option_set set = {"slo", specs, OPTIONS, given_keep, v};
    struct buffer status = {0};
    struct error error;
    struct bytes rest;
    int first, code;
    if (!options_parse(&set, argc, argv, &first, &code))
        return code;
    if (first < argc) {
        error_set(&error, -EINVAL, "slo: '%s': it takes no words; it shows all SLOs",
                  argv[first]);
        return say_failure(EXIT_USAGE, &error);
    }
    code = status_open(v[OPT_CONFIG], v[OPT_STATE_DIR], &status);
    if (code == EXIT_DONE)
        print_all(json_read(buffer_bytes(&status), &rest), v[OPT_JSON]);
    buffer_free(&status);
    return fflush(stdout) == 0 ? code : EXIT_IO;
}
