/* SPDX-License-Identifier: MIT */

#include "deliver/console.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/screen.h"
#include "deliver/encode.h"

#include <errno.h>
#include <stdlib.h>

enum { INDENT = 7 };
static const char indent[] = "       ";

struct console {
    struct console_options options;
    struct buffer json, line, text; /* reused */
};

enum paint { PLAIN, PAGE, TICKET, LOG, RESOLVED, DIM, BOLD };
static const char *const paints[] = {
    [PLAIN] = "\x1b[0m",     [PAGE] = "\x1b[1;31m", [TICKET] = "\x1b[33m", [LOG] = "\x1b[36m",
    [RESOLVED] = "\x1b[32m", [DIM] = "\x1b[2m",     [BOLD] = "\x1b[1m"};

int console_open(const struct console_options *options, struct console **ret,
                 struct error *reterr)
{
    struct console *console = calloc(1, sizeof(*console));
    if (!console)
        return error_set(reterr, -ENOMEM, "console: out of memory");
    console->options = *options;
    *ret = console;
    return 0;
}

void console_close(struct console *console)
{
    if (!console)
        return;
    buffer_free(&console->json);
    buffer_free(&console->line);
    buffer_free(&console->text);
    free(console);
}

/* ---- pieces ------------------------------------------------------------- */

static void paint(struct console *console, enum paint which)
{
    if (console->options.color)
        buffer_text(&console->line, paints[which]);
}

/* The text of a JSON string, escapes undone; lent until the next call. Empty when it is no string. */
static struct bytes text_of(struct console *console, struct json_value value)
{
    buffer_clear(&console->text);
    if (value.type == JSON_STRING)
        console->text.len =
            json_unescape(value.raw, buffer_room(&console->text, value.raw.len + 1));
    return buffer_bytes(&console->text);
}

static struct bytes base_name(struct bytes path)
{
    const char *slash = path.len ? memrchr(path.at, '/', path.len) : NULL;
    size_t skip = slash ? (size_t)(slash + 1 - path.at) : 0;
    return (struct bytes){path.at + skip, path.len - skip};
}

/* At most `columns` of a member; returns how many it took. */
static int member(struct console *console, struct json_value object, const char *path,
                  int columns)
{
    return screen_text(&console->line, text_of(console, json_at(object, path)), columns);
}

/* `2016-12-19 17:14:38Z`, or from the `T` on only when `short_form`; an RFC 3339 text may hold anything. */
static void time_of(struct console *console, struct json_value value, bool short_form)
{
    struct bytes t = text_of(console, value);
    if (t.len < 20 || t.at[10] != 'T') {
        screen_text(&console->line, t, 24);
        return;
    }
    if (!short_form) {
        screen_text(&console->line, (struct bytes){t.at, 10}, 0);
        buffer_char(&console->line, ' ');
    }
    screen_text(&console->line, (struct bytes){t.at + 11, 8}, 0);
    buffer_char(&console->line, 'Z');
}

static void end_line(struct console *console)
{
    buffer_char(&console->line, '\n');
}

/* ---- lines -------------------------------------------------------------- */

static enum paint paint_of(struct json_value route, bool resolved)
{
    return resolved                        ? RESOLVED
           : bytes_is(route.raw, "page")   ? PAGE
           : bytes_is(route.raw, "ticket") ? TICKET
                                           : LOG;
}

static void put_label(struct console *console, struct json_value object, bool resolved)
{
    struct json_value route = json_at(object, "route");
    const char *label = bytes_is(route.raw, "page")     ? "PAGE"
                        : bytes_is(route.raw, "ticket") ? "TICKET"
                                                        : "LOG";
    paint(console, paint_of(route, resolved));
    buffer_printf(&console->line, "%-*s", INDENT, label);
    paint(console, PLAIN);
}

static void put_score(struct console *console, struct json_value object)
{
    buffer_text(&console->line, "   ");
    member(console, object, "kind", 16);
    buffer_text(&console->line, "  ");
    member(console, object, "detector", 32);
    double score = json_number(json_at(object, "score"), -1);
    if (score >= 0)
        buffer_printf(&console->line, "  score %.1f", score);
}

static void put_head(struct console *console, struct json_value object, bool resolved)
{
    put_label(console, object, resolved);
    time_of(console, json_at(object, "starts_at"), false);
    buffer_text(&console->line, "  ");
    paint(console, BOLD);
    member(console, object, "stream", 60);
    paint(console, PLAIN);
    buffer_text(&console->line, "  ");
    bool said = json_at(object, "summary").raw.len > 0;
    member(console, object, said ? "summary" : "series", console->options.width);
    paint(console, DIM);
    put_score(console, object);
    paint(console, PLAIN);
    end_line(console);
}

static bool instant_of(struct console *console, struct json_value value, int64_t *ret)
{
    char text[CLOCK_TEXT_SIZE] = "";
    struct bytes t = text_of(console, value);
    if (t.len >= CLOCK_TEXT_SIZE)
        return false;
    memcpy(text, t.at ? t.at : "", t.len);
    return clock_parse(text, ret, NULL) == 0;
}

/* How many windows the trouble lasted; 0 when that cannot be said. */
static long windows_of(struct console *console, struct json_value object)
{
    int64_t at[2];
    if (!instant_of(console, json_at(object, "starts_at"), &at[0]) ||
        !instant_of(console, json_at(object, "ends_at"), &at[1]))
        return 0;
    double seconds = json_number(json_at(object, "window.seconds"), 0);
    double lasted = ((double)at[1] - (double)at[0]) / (double)NS_PER_S;
    return seconds > 0 && lasted > 0 && lasted / seconds < 1e9
               ? (long)(lasted / seconds + 0.999)
               : 0;
}

/* ---- what came before --------------------------------------------------- */

static void put_deploy(struct console *console, struct json_value object)
{
    struct json_value deploy = json_at(object, "deploy");
    double seconds = json_number(json_at(deploy, "seconds_before"), -1);
    if (deploy.type != JSON_OBJECT || seconds < 0)
        return;
    if (seconds > 0)
        buffer_printf(&console->line, " · %.0f s after deploy ", seconds);
    else
        buffer_text(&console->line, " · with deploy ");
    member(console, deploy, "version", 60);
}

/* How long the last time was; nothing when it did not end. */
static void put_lasted(struct console *console, struct json_value before)
{
    char text[CLOCK_TEXT_SIZE];
    int64_t starts, ends;
    if (instant_of(console, json_at(before, "starts_at"), &starts) &&
        instant_of(console, json_at(before, "ends_at"), &ends) && ends >= starts)
        buffer_printf(&console->line, " for %s", clock_format_duration(ends - starts, text));
}

/* `seen before: 3 times, last 2016-12-19 17:14:38Z for 12m, post-mortem https://…` */
static void put_before(struct console *console, struct json_value object)
{
    struct json_value before = json_at(object, "seen_before");
    double count = json_number(json_at(before, "count"), 0);
    if (before.type != JSON_OBJECT || !(count >= 1))
        return;
    buffer_text(&console->line, indent);
    paint(console, DIM);
    buffer_printf(&console->line, "seen before: %.0f time%s, last ", count,
                  count > 1 ? "s" : "");
    time_of(console, json_at(before, "starts_at"), false);
    put_lasted(console, before);
    if (json_at(before, "postmortem").type == JSON_STRING) {
        buffer_text(&console->line, ", post-mortem ");
        member(console, before, "postmortem", 0);
    }
    if (json_at(before, "marked_false").type == JSON_STRING) {
        bool why = json_at(before, "marked_false").raw.len > 0;
        buffer_text(&console->line, why ? ", marked false: " : ", marked false");
        member(console, before, "marked_false", 120);
    }
    paint(console, PLAIN);
    end_line(console);
}

/* `began in payment 17:14:31Z, shares 2 traces; then front`, or `first of: front`. */
static void put_began(struct console *console, struct json_value object)
{
    struct json_value began = json_at(object, "began"), name = json_at(began, "stream"), next;
    if (began.type != JSON_OBJECT)
        return;
    bool own = bytes_equal(name.raw, json_at(object, "stream").raw);
    double shared = json_number(json_at(began, "shared_traces"), 0);
    struct json_walk walk = json_walk(json_at(began, "followed"));
    struct bytes key;
    buffer_text(&console->line, indent);
    paint(console, DIM);
    buffer_text(&console->line, own ? "began here, " : "began in ");
    if (!own) {
        screen_text(&console->line, text_of(console, name), 60);
        buffer_char(&console->line, ' ');
    }
    time_of(console, json_at(began, "starts_at"), true);
    if (shared >= 1)
        buffer_printf(&console->line, ", shares %.0f trace%s", shared, shared > 1 ? "s" : "");
    for (const char *before = "; then "; json_next(&walk, &key, &next); before = ", ") {
        buffer_text(&console->line, before);
        screen_text(&console->line, text_of(console, next), 60);
    }
    paint(console, PLAIN);
    end_line(console);
}

enum { TRACES_SHOWN = 3 };

static void put_traces(struct console *console, struct json_value object)
{
    struct json_walk walk = json_walk(json_at(object, "trace_ids"));
    struct json_value id;
    struct bytes key;
    int count = 0;
    for (; json_next(&walk, &key, &id); count++) {
        if (count >= TRACES_SHOWN)
            continue;
        buffer_text(&console->line, count ? ", " : indent);
        if (count == 0) {
            paint(console, DIM);
            buffer_text(&console->line, "traces ");
        }
        screen_text(&console->line, text_of(console, id), FINDING_TRACE_ID_SIZE);
    }
    if (count == 0)
        return;
    if (count > TRACES_SHOWN)
        buffer_printf(&console->line, " and %d more", count - TRACES_SHOWN);
    paint(console, PLAIN);
    end_line(console);
}

static void put_span(struct console *console, struct json_value object, bool resolved)
{
    buffer_text(&console->line, indent);
    paint(console, DIM);
    buffer_text(&console->line, resolved ? "until " : "since ");
    time_of(console, json_at(object, resolved ? "ends_at" : "starts_at"), true);
    long windows = resolved ? windows_of(console, object) : 0;
    if (windows)
        buffer_printf(&console->line, " · %ld window%s", windows, windows == 1 ? "" : "s");
    put_deploy(console, object);
    buffer_text(&console->line, " · fingerprint ");
    member(console, object, "fingerprint", 16);
    if (json_at(object, "id").raw.len) {
        buffer_text(&console->line, " · id ");
        member(console, object, "id", FINDING_ID_SIZE);
    }
    paint(console, PLAIN);
    end_line(console);
}

/* The first line of a record; of a stack trace behind it only the length is said. */
static void put_record(struct console *console, struct bytes text, int columns)
{
    size_t more = 0;
    const char *newline = text.len ? memchr(text.at, '\n', text.len) : NULL;
    for (const char *p = newline; p;
         p = memchr(p + 1, '\n', text.len - (size_t)(p + 1 - text.at)))
        more++;
    screen_text(&console->line,
                newline ? (struct bytes){text.at, (size_t)(newline - text.at)} : text, columns);
    if (more == 0)
        return;
    paint(console, DIM);
    buffer_printf(&console->line, "  (+%zu line%s)", more, more == 1 ? "" : "s");
    paint(console, PLAIN);
}

/* `server.log:456  text`, or `server.log@123` where lines were not counted. */
static void put_evidence(struct console *console, struct json_value line)
{
    int width = console->options.width, used = INDENT;
    buffer_text(&console->line, indent);
    paint(console, DIM);
    used += screen_text(&console->line, base_name(text_of(console, json_at(line, "path"))), 40);
    struct json_value number = json_at(line, "line");
    bool counted = number.type == JSON_NUMBER;
    buffer_char(&console->line, counted ? ':' : '@');
    used +=
        3 + screen_text(&console->line, counted ? number.raw : json_at(line, "offset").raw, 20);
    buffer_text(&console->line, "  ");
    paint(console, PLAIN);
    int left = width == 0 ? 0 : width - used > 16 ? width - used : 16;
    put_record(console, text_of(console, json_at(line, "text")), left);
    end_line(console);
}

static void put_all_evidence(struct console *console, struct json_value object)
{
    struct json_walk walk = json_walk(json_at(object, "evidence"));
    struct json_value line;
    struct bytes key;
    int most = console->options.evidence_most;
    for (int i = 0; (most == 0 || i < most) && json_next(&walk, &key, &line); i++)
        put_evidence(console, line);
}

int console_entry(struct console *console, struct bytes json)
{
    struct bytes rest;
    struct json_value object = json_read(json, &rest);
    if (object.type != JSON_OBJECT || json_at(object, "route").type != JSON_STRING)
        return -EBADMSG;
    bool resolved = bytes_is(json_at(object, "status").raw, "resolved");
    buffer_clear(&console->line);
    put_head(console, object, resolved);
    put_span(console, object, resolved);
    put_before(console, object);
    put_began(console, object);
    put_traces(console, object);
    put_all_evidence(console, object);
    size_t n = fwrite(console->line.at, 1, console->line.len, console->options.out);
    return n == console->line.len && fflush(console->options.out) == 0 ? 0 : -EIO;
}

int console_finding(struct console *console, const struct finding *finding)
{
    buffer_clear(&console->json);
    finding_encode(finding, &console->json);
    return console_entry(console, buffer_bytes(&console->json));
}
