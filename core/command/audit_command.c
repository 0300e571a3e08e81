/* SPDX-License-Identifier: MIT */

/* oddline audit: what called people lately, what of it was worth it, and what to do next. */

#include "base/clock.h"
#include "base/log.h"
#include "command/audit.h"
#include "command/given.h"
#include "command/show_input.h"
#include "config/config.h"
#include "config/plan.h"
#include "config/terms.h"
#include "record/zone.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    OPT_SINCE,
    OPT_CONFIG,
    OPT_STATE_DIR,
    OPT_MARKS,
    OPT_HOURS,
    OPT_TIMEZONE,
    OPT_TOP,
    OPT_JSON,
    OPTIONS
};

static const struct option_spec specs[OPTIONS] = {
    [OPT_SINCE] = {"since", "TIME",
                   "a duration such as 7d (the default), or a time; in files a duration counts "
                   "from the newest finding"},
    [OPT_CONFIG] = GIVEN_CONFIG,
    [OPT_STATE_DIR] = GIVEN_STATE_DIR,
    [OPT_MARKS] = {"marks", "FILE", "what was marked (default: marks.jsonl there)"},
    [OPT_HOURS] = {"hours", "HOURS", "when people are at work (default: Mon-Fri 09:00-18:00)"},
    [OPT_TIMEZONE] = {"timezone", "ZONE", "of these hours (default: UTC)"},
    [OPT_TOP] = {"top", "N", "rows of a table (default: 10)"},
    [OPT_JSON] = {"json", NULL, "one JSON object"},
};

struct request {
    const char *values[OPTIONS];
    int64_t since_ns, ago_ns;
    size_t top;
    struct zone *zone;
    struct audit audit;
};

static int take_since(struct request *request, bool files, struct error *reterr)
{
    const char *since = request->values[OPT_SINCE] ? request->values[OPT_SINCE] : "7d";
    struct given_since span;
    int r = given_since(since, &span, reterr);
    if (r < 0)
        return r;
    bool counted = files && span.ago_ns != NO_TIME; // from the newest finding
    request->ago_ns = counted ? span.ago_ns : 0;
    request->since_ns = counted ? NO_TIME : given_since_ns(span);
    return 0;
}

static int take_hours(struct request *request, struct error *reterr)
{
    const char *hours = request->values[OPT_HOURS], *zone = request->values[OPT_TIMEZONE];
    struct audit *audit = &request->audit;
    struct error why;
    audit->hours_text = hours ? hours : "Mon-Fri 09:00-18:00";
    if (terms_hours(audit->hours_text, &audit->hours, &why) < 0)
        return error_set(reterr, -EINVAL, "--hours: %s", why.text);
    int r = zone_open(zone ? zone : "UTC", &request->zone, reterr);
    audit->hours.zone = request->zone;
    audit->hours.east_s = plan_east_s;
    return r;
}

static int take_top(struct request *request, struct error *reterr)
{
    const char *text = request->values[OPT_TOP];
    int64_t top = 10;
    int r = text ? given_number("top", text, (struct given_range){1, 100000}, &top, reterr) : 0;
    request->top = (size_t)top;
    return r;
}

/* ---- where findings come from --------------------------------------------------------- */

static int take_finding(void *context, struct json_value finding)
{
    audit_add(context, finding);
    return 0;
}

/* The configuration says whether there is a file; the journal keeps what was confirmed for a day or so. */
static int read_daemon(struct request *request, const struct config *config, const char *dir,
                       struct error *reterr)
{
    const struct config_jsonl *jsonl = config->sinks ? config->sinks->jsonl : NULL;
    struct audit_sources from = {
        .jsonl = jsonl ? jsonl->path : NULL, .state_dir = dir, .since_ns = request->since_ns};
    return audit_read(&request->audit, &from, reterr);
}

/* ---- the command ------------------------------------------------------------------------ */

static int read_marks(struct request *request, const char *dir, struct error *reterr)
{
    const char *marks = request->values[OPT_MARKS];
    char path[PATH_MAX];
    snprintf(path, sizeof(path), "%s/marks.jsonl", dir ? dir : "");
    if (marks && access(marks, R_OK) < 0)
        return error_set(reterr, -ENOENT, "%s: cannot be read: %s", marks, strerror(errno));
    int r = marks || dir ? audit_marks(&request->audit, marks ? marks : path, reterr) : 0;
    if (r == 0 && request->audit.marks_bad)
        log_warning("%s: %zu lines in it are no marks", marks ? marks : path,
                    request->audit.marks_bad);
    return r;
}

static int report(struct request *request, const char *dir, struct error *reterr)
{
    struct audit *audit = &request->audit;
    audit_settle(audit, request->since_ns, request->ago_ns);
    if (read_marks(request, dir, reterr) < 0)
        return say_failure(EXIT_NO_INPUT, reterr);
    if (audit->skipped)
        log_warning("%zu findings are left out: they make no sense, or are too many",
                    audit->skipped);
    audit_weigh(audit);
    if (request->values[OPT_JSON])
        audit_json(audit, stdout);
    else
        audit_table(audit, request->top, stdout);
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_IO;
}

static int act(struct request *request, int count, char **paths, struct error *reterr)
{
    const char *const *v = request->values;
    struct config config = {0};
    int code = EXIT_DONE;
    if (take_since(request, count > 0, reterr) < 0 || take_hours(request, reterr) < 0 ||
        take_top(request, reterr) < 0)
        return say_failure(EXIT_USAGE, reterr);
    const char *dir = NULL;
    if ((!count || v[OPT_CONFIG] || v[OPT_STATE_DIR]) &&
        given_state_dir(v[OPT_CONFIG], v[OPT_STATE_DIR], &config, &dir, reterr) < 0)
        return say_failure(EXIT_CONFIG, reterr);
    if (count)
        code = show_input_files(count, paths, take_finding, &request->audit);
    else if (read_daemon(request, &config, dir, reterr) < 0)
        code = say_failure(EXIT_NO_INPUT, reterr);
    if (code == EXIT_DONE)
        code = report(request, dir, reterr);
    config_free(&config);
    return code;
}

int command_audit(int argc, char **argv)
{
    struct request *request = calloc(1, sizeof(*request));
    struct option_set set = {"audit", specs, OPTIONS, given_keep,
                             request ? request->values : NULL};
    struct error error;
    int first, code;
    if (!request) {
        error_set(&error, -ENOMEM, "audit: out of memory");
        return say_failure(EXIT_IO, &error);
    }
    if (options_parse(&set, argc, argv, &first, &code))
        code = act(request, argc - first, argv + first, &error);
    zone_free(request->zone);
    audit_free(&request->audit);
    free(request);
    return code;
}
