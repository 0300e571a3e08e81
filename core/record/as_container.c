/* SPDX-License-Identifier: MIT */
/*
 * What container engines write around a program's lines:
 *
 *      docker  {"log":"the line\n","stream":"stdout","time":"2023-01-29T08:42:10.935735573Z"}
 *      CRI     2023-01-29T08:42:10.935735573Z stdout F the line
 *
 * Long lines come in parts: docker's have no \n at their end, CRI's are tagged P. The outer time counts; the level
 * stands in the inner line, behind a stamp of its own.
 */

#include "record/parse.h"

#include "base/clock.h"

#include <errno.h>

/* Inner stamps stand at the start, behind a level, or behind a level and a thread. */
enum { INNER_PLACES = 1 << 0 | 1 << 2 | 1 << 4 };

/* ---- the line inside -------------------------------------------------------- */

/* Level, and where the message begins, of a line inside. */
static int read_inside(struct reading *reading)
{
    struct recorder *recorder = reading->recorder;
    struct bytes line = reading->message;
    struct stamp stamp = {0};
    size_t end = 0;
    if (json_fits(NULL, line)) {
        struct bytes rest;
        return json_members(reading, json_read(line, &rest));
    }
    if (place_find(&recorder->stamps, INNER_PLACES, line, &stamp) && stamp.begin)
        reading->level =
            level_find(&recorder->habit, (struct bytes){line.at, stamp.begin}, &end);
    size_t at = stamp.end ? stamp.end : stamp_clock(line);
    struct bytes rest = bytes_from(line, at);
    end = 0;
    if (!reading->level)
        reading->level = level_find(&recorder->habit, rest, &end);
    reading->message = bytes_from(rest, end ? end : at ? level_skip(rest, 0) : 0);
    if (fields_wanted(reading))
        fields_in_text(reading, line);
    return 0;
}

static struct bytes behind_stamp(struct stamps *stamps, struct bytes line)
{
    struct stamp stamp;
    bool found = place_find(stamps, INNER_PLACES, line, &stamp);
    return bytes_from(line, found ? stamp.end : stamp_clock(line));
}

/* ---- docker ------------------------------------------------------------------ */

struct docker {
    struct bytes log, stream, time;
};

static bool read_docker(struct bytes line, struct docker *ret)
{
    struct bytes rest, key;
    struct json_value value;
    *ret = (struct docker){0};
    if (!line.len || *line.at != '{')
        return false;
    struct json_walk walk = json_walk(json_read(line, &rest));
    while (json_next(&walk, &key, &value)) {
        struct bytes *into = bytes_is(key, "log")      ? &ret->log
                             : bytes_is(key, "stream") ? &ret->stream
                             : bytes_is(key, "time")   ? &ret->time
                                                       : NULL;
        if (into && value.type == JSON_STRING)
            *into = value.raw;
    }
    return ret->log.at && ret->time.at;
}

bool docker_fits(struct stamps *stamps, struct bytes line)
{
    struct docker docker;
    int64_t time_ns;
    return read_docker(line, &docker) && docker.stream.at &&
           stamp_read(stamps, docker.time, &time_ns);
}

/* The log without its `\n`, and whether it had one: then it is whole. */
static bool cut_feed(struct bytes *log)
{
    bool whole = log->len >= 2 && memcmp(log->at + log->len - 2, "\\n", 2) == 0;
    if (whole)
        log->len -= 2;
    if (whole && log->len >= 2 && memcmp(log->at + log->len - 2, "\\r", 2) == 0)
        log->len -= 2;
    return whole;
}

char docker_part(struct bytes line, bool *ret_part)
{
    struct docker docker;
    *ret_part = read_docker(line, &docker) && !cut_feed(&docker.log);
    return docker.stream.len > 3 ? docker.stream.at[3] : '\0'; // stdOut, stdErr
}

struct bytes docker_inner(struct stamps *stamps, struct bytes line)
{
    struct docker docker;
    if (!read_docker(line, &docker))
        return (struct bytes){0};
    cut_feed(&docker.log);
    return behind_stamp(stamps, docker.log);
}

/* ---- CRI --------------------------------------------------------------------- */

struct cri {
    int64_t time_ns;
    struct bytes stream, tag, log;
};

/* `stdout F message` */
static bool read_cri_tail(struct bytes rest, struct cri *ret)
{
    ret->stream = bytes_until(&rest, ' ');
    ret->tag = bytes_until(&rest, ' ');
    ret->log = rest;
    return (bytes_is(ret->stream, "stdout") || bytes_is(ret->stream, "stderr")) &&
           ret->tag.len && (*ret->tag.at == 'F' || *ret->tag.at == 'P');
}

static bool read_cri(struct stamps *stamps, struct bytes line, struct cri *ret)
{
    size_t len = stamp_read(stamps, line, &ret->time_ns);
    return len && len < line.len && line.at[len] == ' ' &&
           read_cri_tail(bytes_from(line, len + 1), ret);
}

bool cri_fits(struct stamps *stamps, struct bytes line)
{
    struct cri cri;
    return read_cri(stamps, line, &cri);
}

char cri_part(struct bytes line, bool *ret_part)
{
    struct cri cri;
    bytes_until(&line, ' ');
    *ret_part = read_cri_tail(line, &cri) && *cri.tag.at == 'P';
    return cri.stream.len > 3 ? cri.stream.at[3] : '\0';
}

struct bytes cri_inner(struct stamps *stamps, struct bytes line)
{
    struct cri cri;
    return read_cri(stamps, line, &cri) ? behind_stamp(stamps, cri.log) : (struct bytes){0};
}

/* ---- parts ------------------------------------------------------------------- */

/* The log of one line: for docker as JSON has it. */
static bool log_of(struct bytes line, bool docker, struct bytes *ret)
{
    struct docker json;
    struct cri cri;
    if (docker) {
        if (!read_docker(line, &json))
            return false;
        cut_feed(&json.log);
        *ret = json.log;
        return true;
    }
    bytes_until(&line, ' ');
    bool fits = read_cri_tail(line, &cri);
    *ret = cri.log;
    return fits;
}

/* Puts the logs of all lines one behind the other, beside the text. */
static int join_logs(struct reading *reading, bool docker)
{
    uint32_t at;
    char *room = batch_decoded(reading->writer, reading->text.len, &at);
    size_t len = 0;
    if (!room)
        return reading->force ? 0 : -ENOBUFS; // forced: the first part alone
    for (struct bytes rest = reading->text, log; rest.len;) {
        struct bytes line = bytes_until(&rest, '\n');
        if (line.len && line.at[line.len - 1] == '\r')
            line.len--;
        if (!log_of(line, docker, &log))
            continue;
        if (docker)
            len += json_unescape(log, room + len);
        else if (log.len)
            len = (size_t)((char *)mempcpy(room + len, log.at, log.len) - room);
    }
    batch_decoded_trim(reading->writer, reading->text.len - len);
    reading->message = (struct bytes){room, len};
    return 0;
}

int docker_record(struct reading *reading)
{
    struct docker docker;
    struct bytes rest = reading->text, first = bytes_until(&rest, '\n');
    reading->message = reading->text;
    reading->unfit = !read_docker(first, &docker);
    if (reading->unfit)
        return 0;
    reading->time_ns = field_time(reading, docker.time);
    cut_feed(&docker.log);
    reading->message = docker.log;
    int r = reading->extent->multi ? join_logs(reading, true)
                                   : decode(reading, docker.log, &reading->message);
    if (r < 0)
        return r;
    field_named(reading, bytes_of("stream"), docker.stream);
    return read_inside(reading);
}

int cri_record(struct reading *reading)
{
    struct cri cri;
    struct bytes rest = reading->text, first = bytes_until(&rest, '\n');
    reading->message = reading->text;
    reading->unfit = !read_cri(&reading->recorder->stamps, first, &cri);
    if (reading->unfit)
        return 0;
    reading->time_ns = cri.time_ns;
    reading->message = cri.log;
    int r = reading->extent->multi ? join_logs(reading, false) : 0;
    if (r < 0)
        return r;
    field_named(reading, bytes_of("stream"), cri.stream);
    return read_inside(reading);
}
