/* SPDX-License-Identifier: MIT */

#include "act/trail.h"

#include "base/clock.h"
#include "base/json_put.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { DETAIL_MAX = 500 };

static const char *outcome_name(enum outcome outcome)
{
    static const char *const names[] = {
        [OUTCOME_DONE] = "done",           [OUTCOME_FAILED] = "failed",
        [OUTCOME_DEAD] = "dead",           [OUTCOME_MAYBE] = "maybe-done",
        [OUTCOME_DUPLICATE] = "duplicate", [OUTCOME_COOLDOWN] = "cooldown",
        [OUTCOME_WAITING] = "waiting",     [OUTCOME_STALE] = "stale",
        [OUTCOME_DRY_RUN] = "dry-run",     [OUTCOME_TRIMMED] = "trimmed",
    };
    return names[outcome];
}

static int open_file(const char *path)
{
    int fd =
        open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);
    return fd < 0 ? -errno : fd;
}

int trail_open(struct trail *trail, const char *path, struct error *reterr)
{
    int fd = path ? open_file(path) : 0;
    if (fd < 0)
        return error_set(reterr, fd, "%s: cannot be written: %s", path, strerror(-fd));
    if (path)
        close(fd);
    trail->path = path;
    return 0;
}

static void number_or_null(struct json *json, const char *key, bool there, int64_t value)
{
    json_key(json, key);
    if (there)
        json_int(json, value);
    else
        json_null(json);
}

static void write_line(struct buffer *out, const struct trail_line *l)
{
    struct json json = {.out = out};
    const struct letter *letter = l->letter;
    struct bytes detail = l->detail;
    detail.len = detail.len < DETAIL_MAX ? detail.len : DETAIL_MAX;
    json_begin(&json, '{');
    json_put_time(&json, "time", clock_wall_ns());
    json_put_text(&json, "action", l->action);
    json_put_text(&json, "outcome", outcome_name(l->outcome));
    json_put_text(&json, "id", letter->finding);
    json_put_text(&json, "host", letter->host);
    json_put_count(&json, "n", letter->n);
    json_put_text(&json, "status", letter->status);
    json_put_text(&json, "entry", letter->id);
    number_or_null(&json, "attempt", l->attempt > 0, l->attempt);
    number_or_null(&json, "duration_ms", l->attempt > 0, l->duration_ns / NS_PER_MS);
    number_or_null(&json, "exit", l->code >= 0 && !l->is_http, l->code);
    number_or_null(&json, "http", l->code > 0 && l->is_http, l->code);
    json_put_bytes(&json, "detail", detail);
    json_end(&json, '}');
    buffer_char(out, '\n');
}

void trail_write(struct trail *trail, const struct trail_line *line)
{
    buffer_clear(&trail->line);
    write_line(&trail->line, line);
    int fd = trail->path ? open_file(trail->path) : STDERR_FILENO;
    ssize_t n = fd < 0 ? fd : write(fd, trail->line.at, trail->line.len);
    if (n != (ssize_t)trail->line.len && trail->path)
        log_warning("%s: an audit line could not be written: %s", trail->path,
                    n < 0 ? strerror(fd < 0 ? -fd : errno) : "no room");
    if (trail->path && fd >= 0)
        close(fd);
}

void trail_free(struct trail *trail)
{
    buffer_free(&trail->line);
}
