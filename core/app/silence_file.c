/* SPDX-License-Identifier: MIT */

#include "app/silence_file.h"

#include "app/note_file.h"
#include "base/json_put.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Far more than SILENCES_MAX silences need, however much of them is escaped. */
enum { FILE_MAX = 1 << 20, PATH_SIZE = 4096 };

/* Texts of a silence, in the order of the file. */
static const struct {
    const char *key;
    size_t offset, size;
} texts[] = {
    {"stream", offsetof(struct silence, stream), HUSH_NAME_SIZE},
    {"series", offsetof(struct silence, series), HUSH_NAME_SIZE},
    {"detector", offsetof(struct silence, detector), HUSH_NAME_SIZE},
    {"reason", offsetof(struct silence, reason), HUSH_REASON_SIZE},
    {"author", offsetof(struct silence, author), HUSH_AUTHOR_SIZE},
};
enum { TEXTS = sizeof(texts) / sizeof(texts[0]) };

/* ---- reading --------------------------------------------------------------- */

static bool take_silence(struct json_value object, struct silence *ret)
{
    double id = json_number(json_at(object, "id"), 0);
    bool good = id >= 1 && id < 1e15;
    *ret = (struct silence){.id = good ? (uint64_t)id : 0};
    for (size_t i = 0; i < TEXTS && good; i++)
        good = note_text(json_at(object, texts[i].key), (char *)ret + texts[i].offset,
                         texts[i].size);
    return good && note_time(json_at(object, "from"), &ret->from_ns) &&
           note_time(json_at(object, "until"), &ret->until_ns);
}

static bool take_file(struct bytes text, struct silence_file *ret)
{
    struct bytes rest, key;
    struct json_value all = json_read(text, &rest), one;
    struct json_walk walk = json_walk(json_at(all, "silences"));
    double next = json_number(json_at(all, "next"), 0);
    if (json_number(json_at(all, "v"), 0) != 1 || !(next >= 1 && next < 1e15) ||
        json_at(all, "silences").type != JSON_ARRAY)
        return false;
    ret->next_id = (uint64_t)next;
    while (json_next(&walk, &key, &one))
        if (ret->list.count == SILENCES_MAX ||
            !take_silence(one, &ret->list.at[ret->list.count++]))
            return false;
    return !walk.bad;
}

static int read_whole(const char *path, struct buffer *text)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat st;
    if (fd < 0)
        return -errno;
    int r = fstat(fd, &st) < 0 ? -errno : !S_ISREG(st.st_mode) ? -EINVAL : 0;
    char *room = r == 0 && st.st_size <= FILE_MAX ? buffer_room(text, FILE_MAX) : NULL;
    ssize_t got = room ? read(fd, room, FILE_MAX) : 0;
    r = r < 0 ? r : !room ? -EFBIG : got < 0 ? -errno : 0;
    text->len += got > 0 ? (size_t)got : 0;
    close(fd);
    return r;
}

int silence_file_read(const char *dir, struct silence_file *ret, struct error *reterr)
{
    char path[PATH_SIZE];
    struct buffer text = {0};
    struct silence_file *file = calloc(1, sizeof(*file));
    snprintf(path, sizeof(path), "%s/silences.json", dir);
    int r = file ? read_whole(path, &text) : -ENOMEM;
    if (r == -ENOENT) {
        file->next_id = 1;
        r = 0;
    } else if (r < 0) {
        error_set(reterr, r, "%s: cannot be read: %s", path, strerror(-r));
    } else if (!take_file(buffer_bytes(&text), file)) {
        r = error_set(reterr, -EBADMSG,
                      "%s: makes no sense: it is written by oddline silence; move it away to "
                      "begin anew",
                      path);
    }
    if (r == 0)
        *ret = *file;
    buffer_free(&text);
    free(file);
    return r;
}

/* ---- writing --------------------------------------------------------------- */

static void put_silence(struct json *json, const struct silence *silence)
{
    json_begin(json, '{');
    json_put_count(json, "id", silence->id);
    for (size_t i = 0; i < TEXTS; i++)
        json_put_text(json, texts[i].key, (const char *)silence + texts[i].offset);
    json_put_time(json, "from", silence->from_ns);
    json_put_time(json, "until", silence->until_ns);
    json_end(json, '}');
}

static void compose(const struct silence_file *file, struct buffer *out)
{
    struct json json = {.out = out};
    json_begin(&json, '{');
    json_put_int(&json, "v", 1);
    json_put_count(&json, "next", file->next_id);
    json_put_begin(&json, "silences", '[');
    for (size_t i = 0; i < file->list.count; i++)
        put_silence(&json, &file->list.at[i]);
    json_end(&json, ']');
    json_end(&json, '}');
    buffer_char(out, '\n');
}

static int write_fresh(const char *dir, const char *path, const struct buffer *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (fd < 0)
        return -errno;
    ssize_t n = write(fd, text->at, text->len);
    int r = n < 0 ? -errno : n != (ssize_t)text->len ? -ENOSPC : note_give_away(dir, fd);
    if (r == 0 && fsync(fd) < 0)
        r = -errno;
    close(fd);
    return r;
}

int silence_file_write(const char *dir, const struct silence_file *file, struct error *reterr)
{
    char path[PATH_SIZE], fresh[PATH_SIZE];
    struct buffer text = {0};
    snprintf(path, sizeof(path), "%s/silences.json", dir);
    snprintf(fresh, sizeof(fresh), "%s/silences.json.new", dir);
    compose(file, &text);
    int r = write_fresh(dir, fresh, &text);
    if (r == 0)
        r = rename(fresh, path) < 0 ? -errno : note_sync_directory(dir);
    buffer_free(&text);
    return r < 0 ? error_set(reterr, r, "%s: cannot be written: %s", path, strerror(-r)) : 0;
}

int silence_file_lock(const char *dir, struct error *reterr)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof(path), "%s/silences.lock", dir);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
    int r = fd < 0 ? -errno : note_give_away(dir, fd);
    if (r == 0 && flock(fd, LOCK_EX) < 0)
        r = -errno;
    if (r == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return error_set(reterr, r, "%s: cannot be locked: %s", path, strerror(-r));
}

/* ---- noticing --------------------------------------------------------------- */

bool silence_watch_changed(struct silence_watch *watch, const char *dir)
{
    char path[PATH_SIZE];
    struct stat st = {0}; // as if there were an empty one
    snprintf(path, sizeof(path), "%s/silences.json", dir);
    if (stat(path, &st) < 0)
        st = (struct stat){0};
    struct silence_watch now = {true, st.st_mtim, st.st_ino, st.st_size};
    bool same = watch->looked && now.inode == watch->inode && now.size == watch->size &&
                now.changed.tv_sec == watch->changed.tv_sec &&
                now.changed.tv_nsec == watch->changed.tv_nsec;
    *watch = now;
    return !same;
}
