/* SPDX-License-Identifier: MIT */

/* oddline routes test: where a finding would go with a configuration, by which rule, and what would go with it. */

#include "base/clock.h"
#include "base/log.h"
#include "command/given.h"
#include "command/routes_answer.h"
#include "command/show_input.h"
#include "judge/budget.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

enum {
    OPT_CONFIG,
    OPT_STREAM,
    OPT_KIND,
    OPT_SERIES,
    OPT_DETECTOR,
    OPT_SCORE,
    OPT_LABEL,
    OPT_TIME,
    OPT_JSON,
    OPTIONS
};

static const struct option_spec specs[OPTIONS] = {
    [OPT_CONFIG] = {"config", "FILE", "(-c) the configuration with the routes"},
    [OPT_STREAM] = {"stream", "NAME", "whose finding it is; needed where there are several"},
    [OPT_KIND] = {"kind", "KIND", "spike, drop, shift, trend, new, silence, burn, gap, plugin"},
    [OPT_SERIES] = {"series", "NAME", "of which series (default: lines)"},
    [OPT_DETECTOR] = {"detector", "ID", "of which detector (default: ewma)"},
    [OPT_SCORE] = {"score", "NUMBER", "its score (default: what pages)"},
    [OPT_LABEL] = {"label", "NAME=VALUE", "a label that its stream has, or should have"},
    [OPT_TIME] = {"time", "TIME", "when it begins (default: now)"},
    [OPT_JSON] = {"json", NULL, "JSON Lines"},
};

struct request {
    const char *values[OPTIONS];
    struct finding_pair labels[FINDING_PAIRS_MAX];
    size_t label_count;
    bool json, unknown; /* unknown: a finding was of a stream that is not there */
    struct config config;
    struct library library;
    struct plan **plans; /* [config.stream_count] */
    struct arena arena;
    struct routes_answer answer; /* too big for a stack */
};

static bool take_label(struct request *request, const char *value, struct error *reterr)
{
    const char *sign = strchr(value, '=');
    if (!sign || sign == value || request->label_count == FINDING_PAIRS_MAX) {
        error_set(reterr, -EINVAL, "--label: '%s': write NAME=VALUE, at most %d times", value,
                  FINDING_PAIRS_MAX);
        return false;
    }
    request->labels[request->label_count++] = (struct finding_pair){
        arena_text(&request->arena, (struct bytes){value, (size_t)(sign - value)}), sign + 1};
    return true;
}

static bool take(void *context, size_t index, const char *value, struct error *reterr)
{
    struct request *request = context;
    if (index == OPT_LABEL)
        return take_label(request, value, reterr);
    request->json |= index == OPT_JSON;
    request->values[index] = value;
    return true;
}

/* ---- streams ------------------------------------------------------------------ */

/* As if it had the labels of the options, too; those of the same name give way. */
static void add_labels(struct request *request, struct config_stream *stream)
{
    size_t count = request->label_count, own = stream->labels.count;
    struct finding_pair *all = arena_alloc(&request->arena, count + own, sizeof(*all));
    if (!count)
        return;
    memcpy(all, request->labels, count * sizeof(*all));
    for (size_t i = 0; i < own; i++) {
        size_t k = 0;
        while (k < request->label_count &&
               strcmp(request->labels[k].name, stream->labels.at[i].name) != 0)
            k++;
        if (k == request->label_count)
            all[count++] = stream->labels.at[i];
    }
    stream->labels = (struct config_pairs){all, count};
}

static int plan_all(struct request *request, struct error *reterr)
{
    struct config *config = &request->config;
    int r = config_read(request->values[OPT_CONFIG], config, reterr);
    if (r < 0)
        return r;
    request->plans = arena_alloc(&request->arena, config->stream_count, sizeof(struct plan *));
    for (size_t i = 0; i < config->stream_count && r == 0; i++) {
        struct plan_place place = {config->path, (uint32_t)i, &request->library};
        add_labels(request, &config->streams[i]);
        r = plan_create(&config->streams[i], &place, &request->plans[i], reterr);
    }
    return r;
}

static const struct plan *plan_of(const struct request *request, const char *stream)
{
    for (size_t i = 0; i < request->config.stream_count; i++)
        if (strcmp(request->config.streams[i].name, stream) == 0)
            return request->plans[i];
    return NULL;
}

/* ---- answers ------------------------------------------------------------------- */

static void answer(struct request *request, const struct plan *plan,
                   const struct routes_question *question)
{
    routes_decide(plan, question, &request->answer);
    if (request->json)
        routes_json(question, &request->answer, stdout);
    else
        routes_print(question, &request->answer, plan, stdout);
}

static int take_finding(void *context, struct json_value json)
{
    struct request *request = context;
    struct arena arena = {0};
    struct routes_question question;
    int r = routes_read(json, &arena, &question);
    const struct plan *plan = r < 0 ? NULL : plan_of(request, question.finding.stream);
    if (plan)
        answer(request, plan, &question);
    else
        log_warning(r < 0 ? "%s: it is no finding" : "%s: stream '%s' is not in %s",
                    r < 0 ? "routes test" : question.finding.id,
                    r < 0 ? "" : question.finding.stream, request->config.path);
    request->unknown |= !plan;
    arena_free(&arena);
    return 0;
}

static int read_files(struct request *request, int count, char **paths)
{
    int code = show_input_files(count, paths, take_finding, request);
    return code == EXIT_DONE && request->unknown ? EXIT_DATA : code;
}

/* NULL: there is none, and *reterr says so. */
static const struct plan *choose_plan(struct request *request, struct error *reterr)
{
    const char *wanted = request->values[OPT_STREAM];
    if (!wanted && request->config.stream_count != 1) {
        error_set(reterr, -EINVAL, "routes test: there are %zu streams; name one with --stream",
                  request->config.stream_count);
        return NULL;
    }
    const struct plan *plan = wanted ? plan_of(request, wanted) : request->plans[0];
    if (!plan)
        given_no_stream(&request->config, wanted, reterr);
    return plan;
}

static bool has_score(enum finding_kind kind)
{
    return kind != FINDING_GAP && kind != FINDING_PLUGIN && kind != FINDING_BURN;
}

static int take_numbers(const struct request *request, struct finding *f, struct error *reterr)
{
    const char *score = request->values[OPT_SCORE], *time = request->values[OPT_TIME];
    char *end = NULL;
    if (score)
        f->score = strtod(score, &end);
    if (score && (end == score || *end || !(f->score >= 0)))
        return error_set(reterr, -EINVAL, "--score: '%s' is no number from 0 on", score);
    f->starts_ns = clock_wall_ns();
    return time ? clock_parse(time, &f->starts_ns, reterr) : 0;
}

static int ask(struct request *request, struct error *reterr)
{
    const char *const *v = request->values;
    const struct plan *plan = choose_plan(request, reterr);
    if (!plan)
        return -EINVAL;
    double thresholds[ROUTES];
    int64_t window_ns = plan->config->window_ns;
    budget_thresholds(&plan->judge, window_ns ? window_ns : 60 * NS_PER_S, thresholds);
    struct finding f = {
        .stream = plan->name,
        .series = v[OPT_SERIES] ? v[OPT_SERIES] : "lines",
        .detector = v[OPT_DETECTOR] ? v[OPT_DETECTOR] : "ewma",
        .score = thresholds[ROUTE_PAGE],
        .ends_ns = NO_TIME,
        .resource = {request->config.resource.at, request->config.resource.count}};
    if (v[OPT_KIND] && !finding_kind_named(v[OPT_KIND], &f.kind))
        return error_set(reterr, -EINVAL, "--kind: '%s' is none of %s", v[OPT_KIND],
                         specs[OPT_KIND].help);
    if (!has_score(f.kind))
        f.score = NAN;
    int r = take_numbers(request, &f, reterr);
    f.window_start_ns = f.starts_ns;
    struct routes_question question = {.finding = f, .scored = ROUTES};
    if (r == 0)
        answer(request, plan, &question);
    return r;
}

/* ---- the command ----------------------------------------------------------------- */

static int act(struct request *request, int count, char **words, struct error *reterr)
{
    if (count < 1 || strcmp(words[0], "test") != 0 || !request->values[OPT_CONFIG]) {
        error_set(reterr, -EINVAL,
                  "routes: say `routes test -c FILE` and either --stream, --kind… or a file of "
                  "findings");
        return say_failure(EXIT_USAGE, reterr);
    }
    if (plan_all(request, reterr) < 0)
        return say_failure(EXIT_CONFIG, reterr);
    if (count > 1)
        return read_files(request, count - 1, words + 1);
    return ask(request, reterr) < 0 ? say_failure(EXIT_USAGE, reterr) : EXIT_DONE;
}

int command_routes(int argc, char **argv)
{
    struct request *request = calloc(1, sizeof(*request));
    struct option_set set = {"routes", specs, OPTIONS, take, request};
    struct error error;
    int first, code;
    if (!request) {
        error_set(&error, -ENOMEM, "routes: out of memory");
        return say_failure(EXIT_IO, &error);
    }
    if (options_parse(&set, argc, argv, &first, &code))
        code = act(request, argc - first, argv + first, &error);
    for (size_t i = 0; request->plans && i < request->config.stream_count; i++)
        plan_free(request->plans[i]);
    library_free(&request->library);
    config_free(&request->config);
    arena_free(&request->arena);
    free(request);
    if (code == EXIT_DONE && fflush(stdout) != 0)
        return EXIT_IO;
    return code;
}
