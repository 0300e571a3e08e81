/* SPDX-License-Identifier: MIT */
/*
 * oddline score: one numeric series from CSV, scored row by row.
 *
 *      timestamp,value ──▶ detector ──surprise──▶ timestamp,value,anomaly_score
 *
 * A row is a window whose length is the usual step of the file. The score is between 0 and 1. With `--detector` it rises with
 * the largest surprise; without, it is what is left of several detectors behind their alarm stages (score_blend.h).
 */

#include "app/cli.h"
#include "base/arena.h"
#include "base/clock.h"
#include "command/score_blend.h"
#include "config/plan.h"
#include "judge/panel.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPT_DETECTOR, OPT_SET, OPTIONS, SETTINGS_MAX = 32, DETECTORS_MAX = 8, ROW_MAX = 4096 };

static const struct option_spec specs[OPTIONS] = {
    [OPT_DETECTOR] = {"detector", "NAME",
                      "detector to score with, as it is; several are combined by their maximum "
                      "(default: season "
                      "and spike, each behind an alarm stage)"},
    [OPT_SET] = {"set", "NAME=VALUE", "parameter of the detector"},
};

struct request {
    struct arena arena; /* names of settings */
    const char *detectors[DETECTORS_MAX];
    size_t detector_count;
    bool blended; /* nobody named a detector */
    struct plugin_setting settings[SETTINGS_MAX];
    size_t setting_count;
};

static bool take_setting(struct request *request, const char *value, struct error *reterr)
{
    const char *equals = strchr(value, '=');
    if (!equals || equals == value || request->setting_count == SETTINGS_MAX) {
        error_set(reterr, -EINVAL, "--set: '%s' is not NAME=VALUE", value);
        return false;
    }
    struct bytes name = {value, (size_t)(equals - value)};
    request->settings[request->setting_count++] =
        (struct plugin_setting){arena_text(&request->arena, name), equals + 1};
    return true;
}

static bool take(void *context, size_t index, const char *value, struct error *reterr)
{
    struct request *request = context;
    if (index == OPT_SET)
        return take_setting(request, value, reterr);
    if (request->detector_count == DETECTORS_MAX) {
        error_set(reterr, -EINVAL, "--detector: at most %d", DETECTORS_MAX);
        return false;
    }
    request->detectors[request->detector_count++] = value;
    return true;
}

/* ---- rows --------------------------------------------------------------- */

struct row {
    char text[ROW_MAX]; /* as it stands, without the newline */
    int64_t time_ns;
    double value;
};

struct table {
    FILE *in;
    const char *path;
    uint64_t line;
    int time_column, value_column;
};

static int bad_row(const struct table *table, struct error *reterr, const char *why)
{
    return error_set(reterr, -EBADMSG, "%s:%" PRIu64 ": %s", table->path, table->line, why);
}

/* 1 a line, 0 the end. */
static int next_line(struct table *table, char text[ROW_MAX], struct error *reterr)
{
    if (!fgets(text, ROW_MAX, table->in))
        return ferror(table->in) ? error_set(reterr, -EIO, "%s: cannot be read", table->path)
                                 : 0;
    table->line++;
    size_t len = strlen(text);
    if (len == ROW_MAX - 1 && text[len - 1] != '\n')
        return bad_row(table, reterr, "row longer than 4095 bytes");
    text[strcspn(text, "\r\n")] = '\0';
    return 1;
}

static struct bytes cell(const char *row, int column)
{
    for (; column > 0; column--) {
        row += strcspn(row, ",");
        row += *row == ',';
    }
    struct bytes text = {row, strcspn(row, ",")};
    if (text.len >= 2 && text.at[0] == '"' && text.at[text.len - 1] == '"')
        text = (struct bytes){text.at + 1, text.len - 2};
    return text;
}

static int read_header(struct table *table, struct error *reterr)
{
    char text[ROW_MAX];
    int r = next_line(table, text, reterr);
    if (r <= 0)
        return r < 0 ? r : error_set(reterr, -EBADMSG, "%s: is empty", table->path);
    table->time_column = table->value_column = -1;
    int columns = 1;
    for (const char *p = text; *p; p++)
        columns += *p == ',';
    for (int i = 0; i < columns; i++) {
        if (bytes_is(cell(text, i), "timestamp"))
            table->time_column = i;
        if (bytes_is(cell(text, i), "value"))
            table->value_column = i;
    }
    if (table->time_column < 0 || table->value_column < 0)
        return bad_row(table, reterr, "the header must name the columns timestamp and value");
    return 0;
}

static int read_time(const struct table *table, struct bytes text, int64_t *ret,
                     struct error *reterr)
{
    char copy[64], *end;
    if (text.len >= sizeof(copy))
        return bad_row(table, reterr, "no time stamp");
    memcpy(copy, text.at, text.len);
    copy[text.len] = '\0';
    double seconds = strtod(copy, &end);
    if (end != copy && !*end && fabs(seconds) < 9e9) {
        *ret = (int64_t)llround(seconds * 1e9);
        return 0;
    }
    if (clock_parse(copy, ret, NULL) < 0)
        return bad_row(table, reterr, "the time stamp is neither ISO 8601 nor Unix seconds");
    return 0;
}

/* 1 a row, 0 the end. An empty value is no value (NaN). */
static int next_row(struct table *table, struct row *row, struct error *reterr)
{
    int r = next_line(table, row->text, reterr);
    if (r <= 0)
        return r;
    struct bytes value = cell(row->text, table->value_column);
    char *end;
    row->value = value.len ? strtod(value.at, &end) : NAN;
    if (value.len && end == value.at)
        return bad_row(table, reterr, "the value is no number");
    r = read_time(table, cell(row->text, table->time_column), &row->time_ns, reterr);
    return r < 0 ? r : 1;
}

/* ---- scoring ------------------------------------------------------------ */

struct scoring {
    struct library library;
    struct judge_use uses[DETECTORS_MAX];
    struct judge_series series;
    struct judge_stream stream;
    struct panel *panel;
    struct blend blend;
    bool blended;
    struct error *reterr;
    bool failed;
};

static void complain(void *context, const struct plugin *plugin, const char *sentence)
{
    struct scoring *scoring = context;
    scoring->failed = true;
    error_set(scoring->reterr, -EINVAL, "%s: %s", plugin_label(plugin)->id, sentence);
}

static int open_panel(struct scoring *s, const struct request *request, int64_t step_ns)
{
    static const uint32_t on[] = {0};
    s->series = (struct judge_series){.name = "value"};
    s->stream = (struct judge_stream){.name = "score",
                                      .series = &s->series,
                                      .series_count = 1,
                                      .uses = s->uses,
                                      .use_count = request->detector_count,
                                      .policy = judge_policy_default};
    for (size_t i = 0; i < request->detector_count; i++) {
        struct judge_use *use = &s->uses[i];
        *use = (struct judge_use){.settings = request->settings,
                                  .setting_count = request->setting_count,
                                  .on = on,
                                  .on_count = 1};
        int r = library_get(&s->library, request->detectors[i], &use->plugin, s->reterr);
        for (size_t k = 0; k < request->setting_count && r == 0; k++)
            r = plugin_check_setting(use->plugin, request->settings[k], s->reterr);
        if (r < 0)
            return r;
    }
    struct panel_options options = {
        .stream = &s->stream, .window_ns = step_ns, .complain = complain, .context = s};
    int r = panel_open(&options, &s->panel);
    return r < 0 ? error_set(s->reterr, r, "score: out of memory") : s->failed ? -EINVAL : 0;
}

/* Surprises by detector, in the order they were named; one that is silent or still warming has none. */
static double weigh(struct scoring *s, const struct opinion *opinions, size_t count)
{
    double surprises[DETECTORS_MAX] = {0}, most = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < s->stream.use_count; k++)
            if (opinions[i].plugin == plugin_label(s->uses[k].plugin) &&
                !(opinions[i].score.flags & ODDLINE_SCORE_WARMING))
                surprises[k] = opinions[i].surprise;
    if (s->blended)
        return blend_score(&s->blend, surprises);
    for (size_t k = 0; k < s->stream.use_count; k++)
        most = fmax(most, surprises[k]);
    return blend_squash(most);
}

static double score_row(struct scoring *s, const struct row *row, int64_t step_ns,
                        uint64_t index)
{
    const struct opinion *opinions;
    uint64_t one = 1;
    struct oddline_window window = {.size = sizeof(window),
                                    .start_ns = row->time_ns,
                                    .end_ns = row->time_ns + step_ns,
                                    .index = index,
                                    .records = 1,
                                    .values = &row->value,
                                    .counts = &one};
    size_t count = panel_score(s->panel, &window, &opinions);
    return weigh(s, opinions, count);
}

/* The step of a file is the distance of its first two rows. */
static int score_table(struct scoring *s, const struct request *request, struct table *table)
{
    struct row rows[2];
    int64_t step_ns = 60 * NS_PER_S;
    int have = 0, r = read_header(table, s->reterr);
    while (r == 0 && have < 2 && (r = next_row(table, &rows[have], s->reterr)) > 0) {
        have++;
        r = 0;
    }
    if (r < 0)
        return r;
    if (have == 2 && rows[1].time_ns > rows[0].time_ns)
        step_ns = rows[1].time_ns - rows[0].time_ns;
    r = open_panel(s, request, step_ns);
    if (r < 0)
        return r;
    printf("timestamp,value,anomaly_score\n");
    uint64_t index = 0;
    for (int i = 0; r >= 0 && !s->failed; i++) {
        struct row *row = &rows[i < have ? i : 0];
        if (i >= have && (r = next_row(table, row, s->reterr)) <= 0)
            break;
        struct bytes time = cell(row->text, table->time_column),
                     value = cell(row->text, table->value_column);
        printf("%.*s,%.*s,%.17g\n", (int)time.len, time.at, (int)value.len, value.at,
               score_row(s, row, step_ns, index++));
    }
    return s->failed ? -EINVAL : r;
}

static int score_file(const struct request *request, const char *path)
{
    struct error error;
    struct scoring scoring = {.reterr = &error,
                              .blended = request->blended,
                              .library = {.isolation = ISOLATION_NONE}};
    bool is_stdin = strcmp(path, "-") == 0;
    struct table table = {.in = is_stdin ? stdin : fopen(path, "re"), .path = path};
    if (!table.in) {
        error_set(&error, -errno, "%s: cannot be read: %s", path, strerror(errno));
        return say_failure(EXIT_NO_INPUT, &error);
    }
    int r = score_table(&scoring, request, &table);
    panel_close(scoring.panel);
    library_free(&scoring.library);
    if (!is_stdin)
        fclose(table.in);
    if (r < 0)
        return say_failure(r == -EBADMSG ? EXIT_DATA
                           : r == -EIO   ? EXIT_IO
                                         : EXIT_USAGE,
                           &error);
    if (fflush(stdout) != 0) {
        error_set(&error, -errno, "stdout: cannot be written: %s", strerror(errno));
        return say_failure(EXIT_IO, &error);
    }
    return EXIT_DONE;
}

static int score_request(struct request *request, int argc, char **argv)
{
    struct option_set set = {"score", specs, OPTIONS, take, request};
    struct error error;
    int first, code;
    if (!options_parse(&set, argc, argv, &first, &code))
        return code;
    if (first + 1 != argc) {
        error_set(&error, -EINVAL, "score: name one CSV file, or - for stdin");
        return say_failure(EXIT_USAGE, &error);
    }
    request->blended = request->detector_count == 0;
    while (request->blended && request->detector_count < BLEND_PARTS) {
        request->detectors[request->detector_count] =
            blend_parts[request->detector_count].detector;
        request->detector_count++;
    }
    return score_file(request, argv[first]);
}

int command_score(int argc, char **argv)
{
    struct request request = {0};
    int code = score_request(&request, argc, argv);
    arena_free(&request.arena);
    return code;
}
