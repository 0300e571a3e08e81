/* SPDX-License-Identifier: MIT */

#include "app/marks_file.h"

#include "app/note_file.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/json_put.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 4096 };

static const char *const kind_names[SAID_KINDS] = {
    [SAID_DEPLOY] = "deploy",
    [SAID_FALSE] = "false",
    [SAID_POSTMORTEM] = "postmortem",
};

const char *said_kind_name(enum said_kind kind)
{
    return kind_names[kind];
}

/* Texts of a line, in its order, and which kinds cannot do without. */
#define TEXT(member, kinds)                                                                    \
    {                                                                                          \
#member, offsetof(struct said, member), sizeof(((struct said *)NULL)->member), (kinds) \
    }
static const struct {
    const char *key;
    size_t offset, size;
    unsigned needed; /* bit set of enum said_kind */
} texts[] = {
    TEXT(service, 1u << SAID_DEPLOY),
    TEXT(version, 1u << SAID_DEPLOY),
    TEXT(url, 1u << SAID_POSTMORTEM),
    TEXT(id, 0),
    TEXT(reason, 0),
    TEXT(author, 0),
};
enum { TEXTS = sizeof(texts) / sizeof(texts[0]) };

/* ---- a line -------------------------------------------------------------- */

void said_encode(const struct said *said, struct buffer *out)
{
    struct json json = {.out = out};
    json_begin(&json, '{');
    json_put_int(&json, "v", 1);
    json_put_time(&json, "time", said->time_ns);
    json_put_text(&json, "kind", said_kind_name(said->kind));
    for (size_t i = 0; i < TEXTS; i++) {
        const char *text = (const char *)said + texts[i].offset;
        if (*text)
            json_put_text(&json, texts[i].key, text);
    }
    if (said->fingerprint)
        json_put_hash(&json, "fingerprint", said->fingerprint);
    json_end(&json, '}');
    buffer_char(out, '\n');
}

/* A member that is not there is "". */
static bool take_text(struct json_value value, char *into, size_t size)
{
    return value.type == JSON_BAD || note_text(value, into, size);
}

static bool take_kind(struct json_value value, enum said_kind *ret)
{
    for (int kind = 0; kind < SAID_KINDS; kind++)
        if (value.type == JSON_STRING && bytes_is(value.raw, kind_names[kind])) {
            *ret = (enum said_kind)kind;
            return true;
        }
    return false;
}

static bool take_fingerprint(struct json_value value, uint64_t *ret)
{
    char text[HASH_TEXT_SIZE] = "", *end;
    if (value.type == JSON_BAD)
        return true;
    if (!take_text(value, text, sizeof(text)) || strlen(text) != HASH_TEXT_SIZE - 1)
        return false;
    *ret = strtoull(text, &end, 16);
    return !*end;
}

bool said_decode(struct bytes line, struct said *ret)
{
    struct bytes rest;
    struct json_value object = json_read(line, &rest);
    struct said said = {0};
    bool good = object.type == JSON_OBJECT && rest.len == 0 &&
                json_number(json_at(object, "v"), 0) == 1 &&
                take_kind(json_at(object, "kind"), &said.kind) &&
                note_time(json_at(object, "time"), &said.time_ns) &&
                take_fingerprint(json_at(object, "fingerprint"), &said.fingerprint);
    for (size_t i = 0; i < TEXTS && good; i++) {
        char *into = (char *)&said + texts[i].offset;
        good = take_text(json_at(object, texts[i].key), into, texts[i].size) &&
               (*into || !(texts[i].needed & 1u << said.kind));
    }
    if (!good || (said.kind != SAID_DEPLOY && !said.id[0] && !said.fingerprint))
        return false;
    *ret = said;
    return true;
}

/* ---- writing ------------------------------------------------------------- */

/* What somebody left half-written, when his disk was full, must not take our line with it. */
static bool ends_within_line(int fd)
{
    char last;
    off_t size = lseek(fd, 0, SEEK_END);
    return size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n';
}

static int append(int fd, const struct said *said)
{
    struct buffer line = {0};
    if (ends_within_line(fd))
        buffer_char(&line, '\n');
    said_encode(said, &line);
    ssize_t n = write(fd, line.at, line.len);
    int r = n < 0 ? -errno : n != (ssize_t)line.len ? -ENOSPC : 0;
    buffer_free(&line);
    return r == 0 && fdatasync(fd) < 0 ? -errno : r;
}

int marks_append(const char *dir, const struct said *said, struct error *reterr)
{
    char path[PATH_SIZE];
    struct stat st = {0};
    snprintf(path, sizeof(path), "%s/marks.jsonl", dir);
    int fd =
        open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640);
    int r = fd < 0 || fstat(fd, &st) < 0 ? -errno : !S_ISREG(st.st_mode) ? -EINVAL : 0;
    bool fresh = r == 0 && st.st_size == 0;
    if (fresh)
        r = note_give_away(dir, fd);
    if (r == 0)
        r = append(fd, said);
    if (r == 0 && fresh)
        r = note_sync_directory(dir);
    if (fd >= 0)
        close(fd);
    return r < 0 ? error_set(reterr, r, "%s: cannot be written: %s", path, strerror(-r)) : 0;
}

/* ---- reading ------------------------------------------------------------- */

/* The end of the file, from the beginning of a line on. */
static int read_end(int fd, struct buffer *text)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return -EINVAL;
    off_t from = st.st_size > MARKS_READ_MAX ? st.st_size - MARKS_READ_MAX : 0;
    size_t size = (size_t)(st.st_size - from);
    ssize_t got = pread(fd, buffer_room(text, size + 1), size, from);
    if (got < 0)
        return -errno;
    text->len = (size_t)got;
    char *newline = from && got ? memchr(text->at, '\n', (size_t)got) : NULL;
    size_t skip = newline ? (size_t)(newline + 1 - text->at) : 0;
    memmove(text->at, text->at + skip, text->len -= skip);
    return 0;
}

static void walk(struct bytes text, marks_take *take, void *context, size_t *ret_bad)
{
    struct said said;
    while (text.len) {
        const char *newline = memchr(text.at, '\n', text.len);
        struct bytes line = {text.at, newline ? (size_t)(newline - text.at) : text.len};
        size_t step = line.len + (newline != NULL);
        if (newline && said_decode(line, &said)) // without its end it is torn, whatever it says
            take(context, &said, line);
        else
            *ret_bad += line.len > 0;
        text.at += step;
        text.len -= step;
    }
}

int marks_read(const char *path, marks_take *take, void *context, size_t *ret_bad,
               struct error *reterr)
{
    struct buffer text = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    int r = fd < 0 ? -errno : read_end(fd, &text);
    *ret_bad = 0;
    if (r == 0)
        walk(buffer_bytes(&text), take, context, ret_bad);
    if (fd >= 0)
        close(fd);
    buffer_free(&text);
    return r < 0 && r != -ENOENT
               ? error_set(reterr, r, "%s: cannot be read: %s", path, strerror(-r))
               : 0;
}

static void collect(void *context, const struct said *said, struct bytes line)
{
    struct remarks *remarks = context;
    (void)line;
    if (said->kind == SAID_DEPLOY) {
        struct deploy deploy = {.time_ns = said->time_ns};
        memcpy(deploy.service, said->service, sizeof(deploy.service));
        memcpy(deploy.version, said->version, sizeof(deploy.version));
        memcpy(deploy.url, said->url, sizeof(deploy.url));
        deploys_add(&remarks->deploys, &deploy);
        return;
    }
    struct remark remark = {.kind = said->kind == SAID_FALSE ? REMARK_FALSE : REMARK_POSTMORTEM,
                            .fingerprint = said->fingerprint};
    memcpy(remark.id, said->id, sizeof(remark.id));
    snprintf(remark.text, sizeof(remark.text), "%s",
             said->kind == SAID_FALSE ? said->reason : said->url);
    remarks_add(remarks, &remark);
}

int marks_collect(const char *path, struct remarks *ret, size_t *ret_bad, struct error *reterr)
{
    return marks_read(path, collect, ret, ret_bad, reterr);
}
