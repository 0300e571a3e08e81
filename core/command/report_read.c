/* SPDX-License-Identifier: MIT */

#include "command/report_read.h"

#include "app/marks_file.h"
#include "app/silence_file.h"
#include "base/hash.h"
#include "base/log.h"
#include "command/show_input.h"
#include "command/status_read.h"
#include "deliver/journal.h"

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

static int64_t walk(struct report *report, struct journal *journal,
                    struct journal_reader *reader)
{
    int64_t oldest = INT64_MAX;
    uint64_t seen = 0;
    do {
        journal_read(journal, reader, seen, JOURNAL_READ_MAX);
        for (size_t i = 0; i < reader->count; i++) {
            struct bytes rest;
            const struct entry *entry = &reader->entries[i];
            seen = entry->n;
            if (entry->ts_ns < oldest)
                oldest = entry->ts_ns;
            report_take(report, json_read(entry->data, &rest));
        }
    } while (reader->count);
    return oldest;
}

/* The journal keeps what was confirmed for a day or so. */
static void say_short(const struct report *report, uint64_t first_n, int64_t oldest_ns)
{
    char text[CLOCK_TEXT_SIZE];
    if (first_n > 1 && oldest_ns != INT64_MAX && oldest_ns > report_begins(report))
        log_warning("the oldest finding that the journal keeps is of %s; for what was before, "
                    "name the files of sinks.jsonl",
                    clock_format(oldest_ns, text));
}

int report_read_journal(struct report *report, const char *dir, struct error *reterr)
{
    static struct journal_reader reader; // 16 KiB of entries
    struct journal *journal;
    char path[PATH_MAX];
    snprintf(path, sizeof(path), "%s/journal", dir);
    int r = journal_open_readonly(path, &journal, reterr);
    if (r == -ENOENT)
        return error_set(reterr, r,
                         "%s: no daemon has run with this state directory; name its own with "
                         "--state-dir or -c, or files of findings",
                         dir);
    if (r < 0)
        return r;
    r = journal_reader_init(&reader);
    if (r == 0)
        say_short(report, journal_first_n(journal), walk(report, journal, &reader));
    journal_reader_free(&reader);
    journal_close(journal);
    return r < 0 ? error_set(reterr, r, "%s: out of memory", dir) : 0;
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
