/* SPDX-License-Identifier: MIT */

/* oddline report: an incident as one file, for those who were not there. Nothing is read but findings and notes of people. */

#include "base/log.h"
#include "command/given.h"
#include "command/report_read.h"
#include "config/config.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    OPT_SINCE,
    OPT_UNTIL,
    OPT_CONFIG,
    OPT_STATE_DIR,
    OPT_STREAM,
    OPT_OUTPUT,
    OPT_TITLE,
    OPTIONS
};

static const struct option_spec specs[OPTIONS] = {
    [OPT_SINCE] =
        {"since", "TIME",
         "a time such as 2016-12-19T17:14:38Z, or a duration such as 2h: before --until, "
         "else before now, in files before the newest finding"},
    [OPT_UNTIL] = {"until", "TIME", "its end (default: the newest finding)"},
    [OPT_CONFIG] = GIVEN_CONFIG,
    [OPT_STATE_DIR] = GIVEN_STATE_DIR,
    [OPT_STREAM] = {"stream", "NAME",
                    "only findings of this stream; * and ? as of a shell; may be repeated"},
    [OPT_OUTPUT] = {"output", "FILE",
                    "(-o) .html, .md or .json; without it, or -, Markdown to stdout"},
    [OPT_TITLE] = {"title", "TEXT",
                   "what it is called (default: Incident of, and when it began)"},
};

typedef void report_write(const struct report *report, struct buffer *out);

static const struct {
    const char *suffix;
    report_write *write;
} formats[] = {{".html", report_html}, {".md", report_markdown}, {".json", report_json}};

struct request {
    const char *values[OPTIONS];
    report_write *write;
    struct report report;
};

static bool take(void *context, size_t index, const char *value, struct error *reterr)
{
    struct request *request = context;
    struct report *report = &request->report;
    request->values[index] = value;
    if (index != OPT_STREAM)
        return true;
    if (report->stream_count == REPORT_STREAMS_MAX) {
        error_set(reterr, -E2BIG, "--stream: at most %d may be named", REPORT_STREAMS_MAX);
        return false;
    }
    report->streams[report->stream_count++] = value;
    return true;
}

static int take_until(struct request *request, struct error *reterr)
{
    const char *until = request->values[OPT_UNTIL];
    request->report.until_ns = NO_TIME;
    if (!until || clock_parse(until, &request->report.until_ns, NULL) == 0)
        return 0;
    return error_set(reterr, -EINVAL, "--until: '%s' is no time such as 2016-12-19T17:14:38Z",
                     until);
}

static int take_since(struct request *request, bool files, struct error *reterr)
{
    const char *since = request->values[OPT_SINCE];
    struct report *report = &request->report;
    struct given_since span;
    if (!since)
        return error_set(reterr, -EINVAL,
                         "report: --since is missing: when it began, or a duration such as 2h");
    int r = given_since(since, &span, reterr);
    if (r < 0)
        return r;
    bool counted = span.ago_ns != NO_TIME && (files || report->until_ns != NO_TIME);
    report->ago_ns = counted ? span.ago_ns : 0;
    report->since_ns = counted ? NO_TIME : given_since_ns(span);
    if (span.ago_ns != NO_TIME)
        return 0;
    if (report->until_ns != NO_TIME && report->until_ns < report->since_ns)
        return error_set(reterr, -EINVAL, "--until: '%s' is before --since",
                         request->values[OPT_UNTIL]);
    return 0;
}

static int take_format(struct request *request, struct error *reterr)
{
    const char *output = request->values[OPT_OUTPUT];
    const char *suffix = output ? strrchr(output, '.') : NULL;
    request->write = report_markdown;
    if (!output || strcmp(output, "-") == 0)
        return 0;
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
        if (suffix && strcmp(suffix, formats[i].suffix) == 0) {
            request->write = formats[i].write;
            return 0;
        }
    return error_set(reterr, -EINVAL, "-o: '%s' ends with none of .html, .md, .json", output);
}

/* Closes it, unless it is stdout. */
static int put(FILE *file, const struct buffer *text)
{
    errno = 0;
    bool whole = fwrite(text->at, 1, text->len, file) == text->len && fflush(file) == 0;
    struct stat st;
    int r = whole ? 0 : errno ? -errno : -EIO;
    if (r == 0 && fstat(fileno(file), &st) == 0 && S_ISREG(st.st_mode) &&
        fsync(fileno(file)) < 0)
        r = -errno;
    return file != stdout && fclose(file) != 0 && r == 0 ? -errno : r;
}

/* Whole or not at all: who opens it, or mails it, never has half of one, and what stood there stays until then. */
static int replace(const char *path, mode_t mode, const struct buffer *text)
{
    char fresh[PATH_MAX];
    int len = snprintf(fresh, sizeof(fresh), "%s.XXXXXX", path);
    if (len < 0 || (size_t)len >= sizeof(fresh))
        return -ENAMETOOLONG;
    int fd = mkstemp(fresh);
    if (fd < 0)
        return -errno;
    FILE *file = fchmod(fd, mode) == 0 ? fdopen(fd, "w") : NULL;
    int r = file ? put(file, text) : -errno;
    if (!file)
        close(fd);
    if (r == 0 && rename(fresh, path) < 0)
        r = -errno;
    if (r < 0)
        unlink(fresh);
    return r;
}

/* A pipe or a device cannot be replaced, and a symlink is not meant to go. */
static int write_file(const char *path, const struct buffer *text)
{
    struct stat st;
    mode_t mask = umask(0);
    umask(mask);
    if (lstat(path, &st) < 0)
        return replace(path, 0666 & ~mask, text);
    if (S_ISREG(st.st_mode))
        return replace(path, st.st_mode & 0777, text);
    FILE *file = fopen(path, "we");
    return file ? put(file, text) : -errno;
}

static int write_out(const struct request *request, struct error *reterr)
{
    const char *output = request->values[OPT_OUTPUT];
    bool to_stdout = !output || strcmp(output, "-") == 0;
    struct buffer text = {0};
    request->write(&request->report, &text);
    int r = to_stdout ? put(stdout, &text) : write_file(output, &text);
    buffer_free(&text);
    return r < 0 ? error_set(reterr, r, "%s: cannot be written: %s",
                             to_stdout ? "stdout" : output, strerror(-r))
                 : 0;
}

/* One clock that is wrong stretches the span over years, in which nothing can be seen. */
static void say_ahead(const struct request *request)
{
    char text[CLOCK_TEXT_SIZE];
    if (!request->values[OPT_UNTIL] &&
        request->report.until_ns > clock_wall_ns() + 86400 * NS_PER_S)
        log_warning("the newest finding is of %s, which is yet to come; name --until",
                    clock_format(request->report.until_ns, text));
}

static int read_and_write(struct request *request, const char *dir, int count, char **paths)
{
    struct report *report = &request->report;
    struct error error;
    int code = count ? report_read_files(report, count, paths) : EXIT_DONE;
    if (code != EXIT_DONE)
        return code;
    if (!count && report_read_journal(report, dir, &error) < 0)
        return say_failure(EXIT_NO_INPUT, &error);
    if (dir && report_read_notes(report, dir, &error) < 0)
        return say_failure(EXIT_IO, &error);
    report_settle(report);
    say_ahead(request);
    if (report->senseless)
        log_warning("%zu values make no sense as findings, and are left out",
                    report->senseless);
    if (report->left_out)
        log_warning(
            "the span holds too many findings: %zu revisions are left out; name --stream, "
            "or a shorter span",
            report->left_out);
    return write_out(request, &error) < 0 ? say_failure(EXIT_IO, &error) : EXIT_DONE;
}

static int act(struct request *request, int count, char **paths)
{
    const char *const *v = request->values;
    struct config config = {0};
    struct error error;
    if (take_until(request, &error) < 0 || take_since(request, count > 0, &error) < 0 ||
        take_format(request, &error) < 0)
        return say_failure(EXIT_USAGE, &error);
    const char *dir = NULL;
    if ((!count || v[OPT_CONFIG] || v[OPT_STATE_DIR]) &&
        given_state_dir(v[OPT_CONFIG], v[OPT_STATE_DIR], &config, &dir, &error) < 0)
        return say_failure(EXIT_CONFIG, &error);
    request->report.title = v[OPT_TITLE] && *v[OPT_TITLE] ? v[OPT_TITLE] : NULL;
    int code = read_and_write(request, dir, count, paths);
    config_free(&config);
    return code;
}

int command_report(int argc, char **argv)
{
    struct request *request = calloc(1, sizeof(*request));
    struct option_set set = {"report", specs, OPTIONS, take, request};
    struct error error;
    int first, code;
    if (!request) {
        error_set(&error, -ENOMEM, "report: out of memory");
        return say_failure(EXIT_IO, &error);
    }
    if (options_parse(&set, argc, argv, &first, &code))
        code = act(request, argc - first, argv + first);
    report_free(&request->report);
    free(request);
    return code;
}
