/* SPDX-License-Identifier: MIT */

#include "command/report_read.h"

#include "app/marks_file.h"
#include "app/silence_file.h"
#include "base/hash.h"
#include "base/log.h"
#include "command/kept.h"
#include "command/show_input.h"
#include "command/status_read.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- findings -------------------------------------------------------------------------- */

static int take_finding(void *context, struct json_value finding)
{
    report_take(context, finding);
    return 0;
}

int report_read_files(struct report *report, int count, char **paths)
{
    return show_input_files(count, paths, take_finding, report);
}

/* What the journal has, and how far back that goes. */
struct reach {
    struct report *report;
    uint64_t first_n; /* 0: nothing is there */
    int64_t oldest_ns;
};

static void take_entry(void *context, const struct entry *entry)
{
    struct reach *reach = context;
    struct bytes rest;
    if (!reach->first_n)
        reach->first_n = entry->n;
    if (entry->ts_ns < reach->oldest_ns)
        reach->oldest_ns = entry->ts_ns;
    report_take(reach->report, json_read(entry->data, &rest));
}

/* The journal keeps what was confirmed for a day or so. */
static void say_short(const struct reach *reach)
{
    char text[CLOCK_TEXT_SIZE];
    if (reach->first_n > 1 && reach->oldest_ns > report_begins(reach->report))
        log_warning("the oldest finding that the journal keeps is of %s; for what was before, "
                    "name the files of sinks.jsonl",
                    clock_format(reach->oldest_ns, text));
}

int report_read_journal(struct report *report, const char *dir, struct error *reterr)
{
    struct reach reach = {report, 0, INT64_MAX};
    int r = kept_each(dir, take_entry, &reach, reterr);
    if (r == -ENOENT)
        return error_set(reterr, r,
                         "%s: no daemon has run with this state directory; name its own with "
                         "--state-dir or -c, or files of findings",
                         dir);
    if (r == 0)
        say_short(&reach);
    return r;
}

/* ---- what people said ------------------------------------------------------------------ */

/* Six hours before it began a deployment may still be the one that a finding names. */
static bool matters(const struct report *report, int64_t at_ns)
{
    int64_t begins = report_begins(report);
    return (begins == NO_TIME || at_ns >= begins - 6 * 3600 * NS_PER_S) &&
           (report->until_ns == NO_TIME || at_ns <= report->until_ns);
}

static void take_mark(void *context, const struct said *said, struct bytes line)
{
    struct report *report = context;
    char fingerprint[HASH_TEXT_SIZE] = "";
    (void)line; // and who said so
    if (said->fingerprint)
        hash_format(said->fingerprint, fingerprint);
    if (said->kind == SAID_DEPLOY && matters(report, said->time_ns))
        report_add_deploy(report, &(struct report_deploy){said->service, said->version,
                                                          said->url, said->time_ns});
    else if (said->kind != SAID_DEPLOY)
        report_add_remark(
            report, &(struct report_remark){
                        said->kind == SAID_FALSE ? REPORT_FALSE : REPORT_POSTMORTEM, said->id,
                        fingerprint, said->kind == SAID_FALSE ? said->reason : said->url,
                        said->time_ns});
}

static int read_marks(struct report *report, const char *dir, struct error *reterr)
{
    char path[PATH_MAX];
    size_t bad = 0;
    snprintf(path, sizeof(path), "%s/marks.jsonl", dir);
    int r = marks_read(path, take_mark, report, &bad, reterr);
    if (r == 0 && bad)
        log_warning("%s: %zu lines in it are no marks", path, bad);
    return r;
}

static int read_silences(struct report *report, const char *dir, struct error *reterr)
{
    struct silence_file *file = calloc(1, sizeof(*file));
    if (!file)
        return error_set(reterr, -ENOMEM, "%s: out of memory", dir);
    int r = silence_file_read(dir, file, reterr);
    for (size_t i = 0; i < file->list.count && r == 0; i++) {
        const struct silence *silence = &file->list.at[i];
        report_add_silence(report, &(struct report_silence){
                                       silence->stream, silence->series, silence->detector,
                                       silence->reason, silence->from_ns, silence->until_ns});
    }
    free(file);
    return r;
}

/* A daemon without SLOs, or none that ever wrote its status: no budgets. */
static void read_budgets(struct report *report, const char *dir)
{
    struct buffer status = {0};
    struct json_value slo;
    struct bytes rest, key;
    if (status_read(dir, &status, NULL) == 0) {
        struct json_walk walk =
            json_walk(json_at(json_read(buffer_bytes(&status), &rest), "slos"));
        while (json_next(&walk, &key, &slo))
            report_add_budget(report, slo);
    }
    buffer_free(&status);
}

int report_read_notes(struct report *report, const char *dir, struct error *reterr)
{
    int r = read_marks(report, dir, reterr);
    if (r == 0)
        r = read_silences(report, dir, reterr);
    if (r == 0)
        read_budgets(report, dir);
    return r;
}
