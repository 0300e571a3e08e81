/* SPDX-License-Identifier: MIT */

#include "deliver/redis_instance.h"

#include "base/hash.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum { LINE = REDIS_INSTANCE_WORD, PATH_SIZE = 4096 }; /* a token and its newline */

/* The tokens of the file, newest last; what is no token ends them: a torn file never was, it is renamed into place.
 * How many; none when there is no file, -errno when it cannot be read. */
static int load(const char *path, char tokens[][LINE])
{
    int count = 0;
    FILE *file = fopen(path, "re");
    char line[64];
    if (!file)
        return errno == ENOENT ? 0 : -errno;
    while (count < REDIS_INSTANCE_TOKENS && fgets(line, sizeof(line), file)) {
        line[strcspn(line, "\n")] = '\0';
        if (strlen(line) != LINE - 1 || strspn(line, "0123456789abcdef") != LINE - 1)
            break;
        memcpy(tokens[count++], line, LINE);
    }
    bool bad = ferror(file) != 0;
    fclose(file);
    return bad ? -EIO : count;
}

static int write_whole(const char *path, const char *text, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -errno;
    int r = 0;
    ssize_t n = write(fd, text, len);
    if (n != (ssize_t)len)
        r = n < 0 ? -errno : -ENOSPC;
    else if (fdatasync(fd) < 0)
        r = -errno;
    close(fd);
    return r;
}

static int sync_directory(const char *path)
{
    char dir[PATH_SIZE];
    const char *slash = strrchr(path, '/');
    snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int r = fsync(fd) < 0 ? -errno : 0;
    close(fd);
    return r;
}

static int store(const char *path, char tokens[][LINE], size_t count)
{
    char text[REDIS_INSTANCE_TOKENS * LINE + 1], temporary[PATH_SIZE];
    size_t len = 0;
    if ((size_t)snprintf(temporary, sizeof(temporary), "%s.new", path) >= sizeof(temporary))
        return -ENAMETOOLONG;
    for (size_t i = 0; i < count; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s\n", tokens[i]);
    int r = write_whole(temporary, text, len);
    if (r == 0 && rename(temporary, path) < 0)
        r = -errno;
    return r < 0 ? r : sync_directory(path);
}

/* Behind the others; the oldest makes room. */
static size_t add(char tokens[][LINE], size_t count, uint64_t token)
{
    if (count == REDIS_INSTANCE_TOKENS)
        memmove(tokens[0], tokens[1], --count * LINE);
    hash_format(token, tokens[count]);
    return count + 1;
}

static void show(char tokens[][LINE], size_t count, struct redis_instance *ret)
{
    size_t len = (size_t)snprintf(ret->known, sizeof(ret->known), " ");
    for (size_t i = 0; i < count; i++)
        len += (size_t)snprintf(ret->known + len, sizeof(ret->known) - len, "%s ", tokens[i]);
    memcpy(ret->token, tokens[count - 1], LINE);
}

int redis_instance_begin(const char *path, struct redis_instance *ret, struct error *reterr)
{
    char tokens[REDIS_INSTANCE_TOKENS][LINE], old[REDIS_INSTANCE_TOKENS][LINE];
    int known = load(path, tokens);
    if (known < 0)
        return error_set(reterr, known, "%s: cannot be read: %s", path, strerror(-known));
    size_t before = (size_t)known, count = before;
    uint64_t token = 0;
    int r = getrandom(&token, sizeof(token), 0) == sizeof(token) ? 0 : -EIO;
    memcpy(old, tokens, sizeof(old));
    if (r == 0) {
        count = add(tokens, count, token);
        r = store(path, tokens, count);
    }
    if (r < 0 && before == 0)
        return error_set(reterr, r, "%s: cannot note this start: %s", path, strerror(-r));
    if (r < 0)
        show(old, before, ret);
    else
        show(tokens, count, ret);
    return 0;
}
