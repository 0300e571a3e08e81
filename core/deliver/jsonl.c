/* SPDX-License-Identifier: MIT */

#include "deliver/jsonl.h"

#include "base/hash.h"
#include "base/json.h"
#include "base/log.h"
#include "deliver/encode.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct jsonl {
    struct sink sink; /* first: a sink is handed out */
    char *path;
    int fd;
    dev_t device;
    ino_t inode;
    char epoch[HASH_TEXT_SIZE];
    uint64_t
        n; /* the highest of our epoch that the file, or one before it, has; 0: not known */
    struct buffer lines;
};

/* ---- finding the place -------------------------------------------------- */

/* Reads the end of the file into `tail`: enough for one whole line and a torn one. */
static int read_tail(int fd, off_t size, struct buffer *tail)
{
    off_t want = size < 2 * (off_t)ENCODE_MAX + 2 ? size : 2 * (off_t)ENCODE_MAX + 2;
    if (want == 0)
        return 0;
    char *room = buffer_room(tail, (size_t)want);
    while (want) {
        ssize_t n = pread(fd, room + tail->len, (size_t)want, size - want);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        tail->len += (size_t)n;
        want -= n;
    }
    return 0;
}

/* The last whole line in `tail`; *ret_torn is how many bytes stand behind it. */
static struct bytes last_line(struct bytes tail, size_t *ret_torn)
{
    const char *end = memrchr(tail.at, '\n', tail.len);
    *ret_torn = end ? tail.len - (size_t)(end + 1 - tail.at) : tail.len;
    if (!end)
        return (struct bytes){0};
    size_t before = (size_t)(end - tail.at);
    const char *begin = memrchr(tail.at, '\n', before);
    begin = begin ? begin + 1 : tail.at;
    return (struct bytes){begin, (size_t)(end - begin)};
}

/* Is it a finding? Then *ret_n is its number, 0 when it is of another epoch. */
static bool read_line(const struct jsonl *jsonl, struct bytes line, uint64_t *ret_n)
{
    struct bytes rest;
    struct json_value object = json_read(line, &rest);
    struct json_value epoch = json_at(object, "epoch"), n = json_at(object, "n");
    if (epoch.type != JSON_STRING || n.type != JSON_NUMBER)
        return false;
    *ret_n = bytes_is(epoch.raw, jsonl->epoch) ? (uint64_t)json_number(n, 0) : 0;
    return true;
}

/* Learn from the file at `fd` where we are, and cut what a crash left half written. */
static int find_place(struct jsonl *jsonl, int fd, off_t size, struct error *reterr)
{
    struct buffer tail = {0};
    size_t torn = 0;
    uint64_t n = 0;
    int r = read_tail(fd, size, &tail);
    struct bytes line =
        r == 0 && size ? last_line(buffer_bytes(&tail), &torn) : (struct bytes){0};
    bool ours = !line.len || read_line(jsonl, line, &n);
    bool starts_ours = line.len || !tail.len || *tail.at == '{'; // a torn first line
    buffer_free(&tail);
    if (r < 0)
        return error_set(reterr, r, "%s: cannot read its end: %s", jsonl->path, strerror(-r));
    if (!ours || !starts_ours)
        return error_set(reterr, -EBADMSG, "%s: does not end in a finding: not a file of ours",
                         jsonl->path);
    if (torn) {
        log_warning("%s: half a line at its end cut: a write was interrupted", jsonl->path);
        if (ftruncate(fd, size - (off_t)torn) < 0)
            return error_set(reterr, -errno, "%s: cannot cut: %s", jsonl->path,
                             strerror(errno));
    }
    if (n > jsonl->n)
        jsonl->n = n;
    return 0;
}

static int open_file(struct jsonl *jsonl, struct error *reterr)
{
    struct stat st;
    int fd = open(jsonl->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
                  0640);
    if (fd < 0)
        return error_set(reterr, -errno, "%s: cannot open: %s", jsonl->path, strerror(errno));
    int r = fstat(fd, &st) < 0 ? -errno : S_ISREG(st.st_mode) ? 0 : -EINVAL;
    if (r < 0)
        error_set(reterr, r, "%s: not a regular file", jsonl->path);
    else
        r = find_place(jsonl, fd, st.st_size, reterr);
    if (r < 0) {
        close(fd);
        return r;
    }
    if (jsonl->fd >= 0)
        close(jsonl->fd);
    jsonl->fd = fd;
    jsonl->device = st.st_dev;
    jsonl->inode = st.st_ino;
    return 0;
}

/* ---- the sink ----------------------------------------------------------- */

static bool rotated_away(const struct jsonl *jsonl)
{
    struct stat st;
    return jsonl->fd < 0 || stat(jsonl->path, &st) < 0 || st.st_dev != jsonl->device ||
           st.st_ino != jsonl->inode;
}

/* All lines or none: what was written of them is taken back. */
static int write_lines(struct jsonl *jsonl, struct error *reterr)
{
    struct stat st;
    size_t done = 0;
    int r = fstat(jsonl->fd, &st) < 0 ? -errno : 0;
    while (r == 0 && done < jsonl->lines.len) {
        ssize_t n = write(jsonl->fd, jsonl->lines.at + done, jsonl->lines.len - done);
        if (n < 0 && errno != EINTR)
            r = -errno;
        done += n > 0 ? (size_t)n : 0;
    }
    if (r == 0 && fdatasync(jsonl->fd) < 0)
        r = -errno;
    if (r == 0)
        return 0;
    // a cut that fails leaves half a line: opening the file again repairs it
    if (done && ftruncate(jsonl->fd, st.st_size) < 0) {
        close(jsonl->fd);
        jsonl->fd = -1;
    }
    return error_set(reterr, r, "%s: cannot write: %s", jsonl->path, strerror(-r));
}

static int jsonl_publish(struct sink *sink, const struct entry *entries, size_t count,
                         uint64_t *ret_confirmed, struct error *reterr)
{
    struct jsonl *jsonl = (struct jsonl *)sink;
    uint64_t highest = jsonl->n;
    int r = rotated_away(jsonl) ? open_file(jsonl, reterr) : 0;
    if (r < 0)
        return r;
    buffer_clear(&jsonl->lines);
    for (size_t i = 0; i < count; i++) {
        if (entries[i].n <= jsonl->n)
            continue;
        buffer_append(&jsonl->lines, entries[i].data.at, entries[i].data.len);
        buffer_char(&jsonl->lines, '\n');
        highest = entries[i].n;
    }
    r = jsonl->lines.len ? write_lines(jsonl, reterr) : 0;
    if (r == 0 && highest > jsonl->n)
        jsonl->n = highest;
    if (jsonl->n)
        *ret_confirmed = jsonl->n;
    return r;
}

static void jsonl_close(struct sink *sink)
{
    struct jsonl *jsonl = (struct jsonl *)sink;
    if (jsonl->fd >= 0)
        close(jsonl->fd);
    buffer_free(&jsonl->lines);
    free(jsonl->path);
    free(jsonl);
}

static const struct sink_ops jsonl_ops = {
    .name = "jsonl", .publish = jsonl_publish, .close = jsonl_close};

int jsonl_sink_open(const char *path, uint64_t epoch, struct sink **ret, struct error *reterr)
{
    struct jsonl *jsonl = calloc(1, sizeof(*jsonl));
    if (!jsonl)
        return error_set(reterr, -ENOMEM, "%s: out of memory", path);
    jsonl->sink.ops = &jsonl_ops;
    jsonl->fd = -1;
    jsonl->path = strdup(path);
    hash_format(epoch, jsonl->epoch);
    int r = jsonl->path ? open_file(jsonl, reterr)
                        : error_set(reterr, -ENOMEM, "%s: out of memory", path);
    if (r < 0) {
        jsonl_close(&jsonl->sink);
        return r;
    }
    *ret = &jsonl->sink;
    return 0;
}
