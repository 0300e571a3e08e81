/* SPDX-License-Identifier: MIT */
/*
 * Syslog as it lies in files: RFC 3164 with or without <PRI>, RFC 5424, and what rsyslog and journald write, which is
 * 3164 with an RFC 3339 stamp. Fields: host, program, pid, and name=value in the message.
 */

#include "record/parse.h"

#include <errno.h>

enum { PRI_NONE = -1 };

struct header {
    int pri;
    int64_t time_ns;
    struct bytes host, program, pid, message;
    bool tagged; /* "program:" or "program[pid]:" was there */
};

/* `<34>`; 0 when there is none. */
static size_t read_pri(struct bytes line, int *ret)
{
    int pri = 0;
    size_t n = 1;
    while (n < line.len && n < 4 && line.at[n] >= '0' && line.at[n] <= '9')
        pri = pri * 10 + line.at[n++] - '0';
    if (!line.len || *line.at != '<' || n == 1 || n >= line.len || line.at[n] != '>' ||
        pri > 191)
        return 0;
    *ret = pri;
    return n + 1;
}

/* `program[pid]: message`; a message without it is all message. */
static void read_tag(struct header *header, struct bytes rest)
{
    size_t n = 0;
    while (n < rest.len && !memchr(" :[", rest.at[n], 3))
        n++;
    header->message = rest;
    struct bytes program = {rest.at, n}, tail = bytes_from(rest, n), pid = {0};
    if (tail.len && *tail.at == '[') {
        tail = bytes_from(tail, 1);
        pid = bytes_until(&tail, ']');
    }
    if (!n || !tail.len || *tail.at != ':')
        return;
    tail = bytes_from(tail, 1);
    if (tail.len && *tail.at == ' ')
        tail = bytes_from(tail, 1);
    header->tagged = true;
    header->program = program;
    header->pid = pid;
    header->message = tail;
}

/* Structured data: `-`, or elements in brackets whose values may hold `\]`. */
static struct bytes skip_structured(struct bytes rest)
{
    while (rest.len && *rest.at == '[') {
        size_t n = 1;
        while (n < rest.len && rest.at[n] != ']')
            n += rest.at[n] == '\\' && n + 1 < rest.len ? 2 : 1;
        rest = bytes_from(rest, n + (n < rest.len));
    }
    if (rest.len && *rest.at == '-')
        rest = bytes_from(rest, 1);
    return rest.len && *rest.at == ' ' ? bytes_from(rest, 1) : rest;
}

static bool read_5424(struct stamps *stamps, struct bytes rest, struct header *header)
{
    size_t len = stamp_read(stamps, rest, &header->time_ns);
    if (len ? len >= rest.len || rest.at[len] != ' ' : !bytes_starts_with(rest, "- "))
        return false;
    rest = bytes_from(rest, len ? len + 1 : 2);
    header->host = bytes_until(&rest, ' ');
    header->program = bytes_until(&rest, ' ');
    header->pid = bytes_until(&rest, ' ');
    bytes_until(&rest, ' '); // message id
    header->message = skip_structured(rest);
    header->tagged = true;
    return true;
}

static bool read_3164(struct stamps *stamps, struct bytes rest, struct header *header)
{
    enum stamp_form form = stamp_form(rest);
    bool likely = form == STAMP_BSD || (form == STAMP_ISO && rest.at[10] == 'T');
    size_t len = likely ? stamp_read(stamps, rest, &header->time_ns) : 0;
    if (!len || len + 1 >= rest.len || rest.at[len] != ' ')
        return false;
    rest = bytes_from(rest, len + 1);
    header->host = bytes_until(&rest, ' ');
    while (rest.len && *rest.at == ' ')
        rest = bytes_from(rest, 1);
    read_tag(header, rest);
    return header->host.len && header->host.at[header->host.len - 1] != ':';
}

static bool read_header(struct stamps *stamps, struct bytes line, struct header *ret)
{
    *ret = (struct header){.pri = PRI_NONE, .time_ns = ODDLINE_NO_TIME};
    struct bytes rest = bytes_from(line, read_pri(line, &ret->pri));
    if (ret->pri != PRI_NONE && bytes_starts_with(rest, "1 "))
        return read_5424(stamps, bytes_from(rest, 2), ret);
    return read_3164(stamps, rest, ret);
}

bool syslog_fits(struct stamps *stamps, struct bytes line)
{
    struct header header;
    return read_header(stamps, line, &header) && header.tagged;
}

struct bytes syslog_inner(struct stamps *stamps, struct bytes line)
{
    struct header header;
    return read_header(stamps, line, &header) ? header.message : (struct bytes){0};
}

void syslog_head(const struct recorder *recorder, const char *text,
                 struct oddline_record *record)
{
    struct bytes message = {text + record->message, record->message_len};
    size_t end = 0;
    if (record->level || record->flags & ODDLINE_RECORD_UNPARSED) // by its PRI, or no syslog
        return;
    uint8_t level = level_find(&recorder->habit, message, &end);
    head_set(record, text, level, bytes_from(message, end));
}

int syslog_record(struct reading *reading)
{
    struct header header;
    size_t end = 0;
    reading->message = reading->text;
    reading->unfit = !read_header(&reading->recorder->stamps, reading->text, &header);
    if (reading->unfit)
        return 0;
    reading->time_ns = header.time_ns;
    if (header.pri != PRI_NONE)
        reading->level = level_pri((unsigned)header.pri);
    else if (!reading->recorder->plan->heads_of_matches)
        reading->level = level_find(&reading->recorder->habit, header.message, &end);
    reading->message = bytes_from(header.message, end);
    if (!fields_wanted(reading))
        return 0;
    field_named(reading, bytes_of("host"), header.host);
    field_named(reading, bytes_of("program"), header.program);
    if (header.pid.len)
        field_named(reading, bytes_of("pid"), header.pid);
    fields_in_text(reading, header.message);
    return 0;
}
