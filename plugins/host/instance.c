/* SPDX-License-Identifier: MIT */
/*
 * instance.c - one open detector: calls it, copies what it says, believes nothing.
 *
 * Invariant: after a failure the instance is broken and every call but instance_close() refuses, because its state is anybody's
 * guess. One plain malloc per instance at open; the steady state allocates nothing.
 */

#include "host/plugin.h"

#include "base/check.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

enum {
    REASON_SIZE = 256, /* what detector.h promises, and its NUL */
    SERIES_MAX = 1024,
    SCORE_FLAGS_KNOWN = ODDLINE_SCORE_WARMING | ODDLINE_SCORE_SURPRISE | ODDLINE_SCORE_ACCEPTED,
};

struct instance {
    struct oddline_host host; /* first: report() finds the instance by it */
    struct plugin *plugin;
    void *self; /* the plugin's */
    char stream[256];
    bool scoring, broken;
    struct error complaint;       /* the first wrong report of this window, "" when none */
    struct oddline_score *scores; /* [host.series_count] */
    char (*reasons)[REASON_SIZE]; /* [host.series_count] */
};

/* ---- what the plugin reports -------------------------------------------- */

static bool complain(struct instance *instance, const char *what)
{
    if (!instance->complaint.text[0])
        error_set(&instance->complaint, 0, "%s: %s: %s", instance->plugin->label->id,
                  instance->stream, what);
    return false;
}

static bool score_is_good(struct instance *instance, const struct oddline_score *score)
{
    if (!instance->scoring)
        return complain(instance, "reported outside score()");
    if (score->size < sizeof(*score))
        return complain(instance, "reported a score that is too small a struct");
    if (score->series >= instance->host.series_count)
        return complain(instance, "reported a series that it was not given");
    if (!isfinite(score->score) || score->score < 0)
        return complain(instance, "reported a score that is negative or not finite");
    if (score->kind < ODDLINE_SPIKE || score->kind > ODDLINE_SILENCE)
        return complain(instance, "reported an unknown kind");
    if (score->flags & ~(uint32_t)SCORE_FLAGS_KNOWN)
        return complain(instance, "reported unknown flags");
    if (instance->scores[score->series].size)
        return complain(instance, "reported a series twice in one window");
    return true;
}

static void report(const struct oddline_host *host, const oddline_score *score)
{
    struct instance *instance = (struct instance *)(uintptr_t)host; // host is its first member
    if (!score_is_good(instance, score))
        return;
    struct oddline_score *copy = &instance->scores[score->series];
    char *reason = instance->reasons[score->series];
    *copy = *score;
    copy->size = sizeof(*copy);
    snprintf(reason, REASON_SIZE, "%.*s", REASON_SIZE - 1, score->reason ? score->reason : "");
    copy->reason = reason;
}

/* ---- calls -------------------------------------------------------------- */

static int refused(struct instance *instance, struct error *reterr)
{
    return error_set(reterr, -ESHUTDOWN, "%s: %s: failed before, and stays closed",
                     instance->plugin->label->id, instance->stream);
}

static int status_code(oddline_status status)
{
    switch (status) {
    case ODDLINE_OK:
        return 0;
    case ODDLINE_ENOMEM:
        return -ENOMEM;
    case ODDLINE_EINVAL:
        return -EINVAL;
    case ODDLINE_ESTATE:
        return -ESTALE;
    case ODDLINE_EFAILED:
        return -EIO;
    }
    return -EBADMSG;
}

static const char *status_text(oddline_status status)
{
    static const char *const texts[] = {"fine", "out of memory",
                                        "its parameters do not go together",
                                        "the saved state is not its own", "it failed"};
    return (unsigned)status < sizeof(texts) / sizeof(*texts) ? texts[status] : "unknown status";
}

static int failed(struct instance *instance, const char *call, oddline_status status,
                  struct error *reterr)
{
    instance->broken = true;
    return error_set(reterr, status_code(status), "%s: %s: %s() failed: %s",
                     instance->plugin->label->id, instance->stream, call, status_text(status));
}

int instance_observe(struct instance *instance, const struct oddline_batch *batch,
                     struct error *reterr)
{
    if (instance->broken)
        return refused(instance, reterr);
    if (!instance->plugin->label->observe)
        return 0;
    oddline_status status = instance->plugin->label->observe(instance->self, batch);
    return status == ODDLINE_OK ? 0 : failed(instance, "observe", status, reterr);
}

int instance_score(struct instance *instance, const struct oddline_window *window,
                   const struct oddline_score **ret_scores, struct error *reterr)
{
    if (instance->broken)
        return refused(instance, reterr);
    memset(instance->scores, 0, instance->host.series_count * sizeof(*instance->scores));
    for (uint32_t i = 0; i < instance->host.series_count; i++) {
        instance->reasons[i][0] = '\0';
        instance->scores[i].reason = instance->reasons[i];
        instance->scores[i].series = i;
    }
    instance->scoring = true;
    oddline_status status = instance->plugin->label->score(instance->self, window);
    instance->scoring = false;
    if (status != ODDLINE_OK)
        return failed(instance, "score", status, reterr);
    if (instance->complaint.text[0]) {
        instance->broken = true;
        return error_set(reterr, -EBADMSG, "%s", instance->complaint.text);
    }
    *ret_scores = instance->scores;
    return 0;
}

int instance_save(struct instance *instance, struct bytes *ret_state, struct error *reterr)
{
    const struct oddline_plugin *label = instance->plugin->label;
    if (instance->broken)
        return refused(instance, reterr);
    if (!label->save)
        return error_set(reterr, -ENOTSUP, "%s: keeps no state", label->id);
    oddline_bytes state = {0};
    oddline_status status = label->save(instance->self, &state);
    if (status != ODDLINE_OK)
        return failed(instance, "save", status, reterr);
    if (state.len > INSTANCE_STATE_MAX || (state.len > 0 && !state.data)) {
        instance->broken = true;
        return error_set(reterr, -EBADMSG, "%s: %s: save() lent %zu bytes: at most %d",
                         label->id, instance->stream, state.len, INSTANCE_STATE_MAX);
    }
    *ret_state = (struct bytes){.at = state.data, .len = state.len};
    return 0;
}

/* ESTATE leaves a cold but good instance behind: the next oddline may have changed what it saves. */
int instance_load(struct instance *instance, struct bytes state, uint32_t state_version,
                  struct error *reterr)
{
    const struct oddline_plugin *label = instance->plugin->label;
    if (instance->broken)
        return refused(instance, reterr);
    if (!label->load)
        return error_set(reterr, -ENOTSUP, "%s: keeps no state", label->id);
    oddline_bytes lent = {.data = state.at, .len = state.len};
    oddline_status status = label->load(instance->self, lent, state_version);
    if (status == ODDLINE_ESTATE)
        return error_set(reterr, -ESTALE, "%s: %s: starts cold: %s", label->id,
                         instance->stream, status_text(status));
    return status == ODDLINE_OK ? 0 : failed(instance, "load", status, reterr);
}

/* ---- life --------------------------------------------------------------- */

static int check_options(const struct plugin *plugin, const struct instance_options *options,
                         struct error *reterr)
{
    bool many =
        (plugin->label->needs & ODDLINE_NEEDS_ALL_SERIES) || plugin_patterns_param(plugin);
    if (options->series_count == 0 || options->series_count > SERIES_MAX)
        return error_set(reterr, -EINVAL, "%s: %s: %u series: 1 to %d", plugin->label->id,
                         options->stream, options->series_count, SERIES_MAX);
    if (options->series_count > 1 && !many)
        return error_set(reterr, -EINVAL, "%s: %s: %u series: it takes one", plugin->label->id,
                         options->stream, options->series_count);
    if (options->window_ns <= 0)
        return error_set(reterr, -EINVAL, "%s: %s: a window must be longer than nothing",
                         plugin->label->id, options->stream);
    return 0;
}

static struct instance *make(struct plugin *plugin, const struct instance_options *options)
{
    struct instance *instance = calloc(1, sizeof(*instance));
    if (!instance)
        return NULL;
    instance->plugin = plugin;
    instance->scores = calloc(options->series_count, sizeof(*instance->scores));
    instance->reasons = calloc(options->series_count, sizeof(*instance->reasons));
    snprintf(instance->stream, sizeof(instance->stream), "%s", options->stream);
    instance->host = (struct oddline_host){
        .size = sizeof(instance->host),
        .stream = instance->stream,
        .series = options->series,
        .field_names = options->field_names,
        .series_count = options->series_count,
        .field_count = options->field_count,
        .window_ns = options->window_ns,
        .report = report,
    };
    return instance;
}

static void unmake(struct instance *instance)
{
    if (!instance)
        return;
    free(instance->scores);
    free(instance->reasons);
    free(instance);
}

static int call_open(struct instance *instance, const struct instance_options *options,
                     struct error *reterr)
{
    const struct oddline_plugin *label = instance->plugin->label;
    union oddline_value values[32]; // a label has at most 32 parameters
    char why[ODDLINE_ERROR_SIZE] = "";
    int r = plugin_values(instance->plugin, options, values, reterr);
    if (r < 0)
        return r;
    oddline_status status = label->open(&instance->host, values, &instance->self, why);
    if (status == ODDLINE_OK)
        return 0;
    why[sizeof(why) - 1] = '\0';
    return error_set(reterr, status_code(status), "%s: %s: open() failed: %s", label->id,
                     instance->stream, why[0] ? why : status_text(status));
}

int instance_open(struct plugin *plugin, const struct instance_options *options,
                  struct instance **ret, struct error *reterr)
{
    int r = check_options(plugin, options, reterr);
    if (r < 0)
        return r;
    struct instance *instance = make(plugin, options);
    if (!instance || !instance->scores || !instance->reasons)
        r = error_set(reterr, -ENOMEM, "%s: %s: out of memory", plugin->label->id,
                      options->stream);
    else
        r = call_open(instance, options, reterr);
    if (r < 0)
        goto fail;
    plugin->instances++;
    *ret = instance;
    return 0;
fail:
    unmake(instance);
    return r;
}

void instance_close(struct instance *instance)
{
    if (!instance)
        return;
    instance->plugin->label->close(instance->self);
    CHECK(instance->plugin->instances > 0);
    instance->plugin->instances--;
    unmake(instance);
}
