/* SPDX-License-Identifier: MIT */

#include "deliver/confirm.h"

#include "base/bytes.h"
#include "base/crash.h"
#include "base/hash.h"
#include "deliver/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_MAX = 4096 };
static const char file_name[] = "confirmed", temporary[] = "confirmed.new";

static bool plain(const char *name)
{
    size_t len = strlen(name);
    return len > 0 && len < CONFIRM_NAME_SIZE && name[strcspn(name, " \t\r\n")] == '\0';
}

int confirm_slot(struct confirm *confirm, const char *name)
{
    if (!plain(name))
        return -EINVAL;
    for (size_t i = 0; i < confirm->count; i++)
        if (strcmp(confirm->at[i].name, name) == 0)
            return (int)i;
    if (confirm->count == CONFIRM_SINKS_MAX)
        return -ENOSPC;
    memcpy(confirm->at[confirm->count].name, name, strlen(name) + 1);
    confirm->at[confirm->count].n = 0;
    confirm->at[confirm->count].followed = false;
    return (int)confirm->count++;
}

uint64_t confirm_lowest(const struct confirm *confirm)
{
    uint64_t lowest = UINT64_MAX;
    for (size_t i = 0; i < confirm->count; i++)
        if (confirm->at[i].followed && confirm->at[i].n < lowest)
            lowest = confirm->at[i].n;
    return lowest;
}

uint64_t confirm_highest(const struct confirm *confirm)
{
    uint64_t highest = 0;
    for (size_t i = 0; i < confirm->count; i++)
        if (confirm->at[i].n > highest)
            highest = confirm->at[i].n;
    return highest;
}

static void load_line(struct confirm *confirm, const char *line)
{
    char name[CONFIRM_NAME_SIZE];
    uint64_t n;
    if (sscanf(line, "%63s %" SCNu64, name, &n) != 2)
        return;
    int slot = confirm_slot(confirm, name);
    if (slot >= 0)
        confirm->at[slot].n = n;
}

void confirm_load(struct confirm *confirm, int dir)
{
    char text[FILE_MAX + 1], hash[HASH_TEXT_SIZE];
    int fd = openat(dir, file_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return;
    ssize_t len = read(fd, text, FILE_MAX);
    close(fd);
    // the last line is the hash of the others
    if (len < HASH_TEXT_SIZE || text[len - 1] != '\n')
        return;
    size_t body = (size_t)len - HASH_TEXT_SIZE;
    hash_format(hash_bytes((struct bytes){text, body}), hash);
    if (memcmp(text + body, hash, HASH_TEXT_SIZE - 1) != 0)
        return;
    text[body] = '\0';
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        load_line(confirm, line);
}

static int write_new(int dir, struct bytes text)
{
    int fd = deliver_sys.openat(dir, temporary,
                                O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (fd < 0)
        return sys_is_room(errno) ? -ENOSPC : -errno;
    int r = sys_write(fd, text, 0);
    if (r == 0)
        r = sys_sync(fd);
    close(fd);
    return r;
}

int confirm_store(const struct confirm *confirm, int dir)
{
    char text[FILE_MAX], hash[HASH_TEXT_SIZE];
    size_t len = 0;
    for (size_t i = 0; i < confirm->count; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s %" PRIu64 "\n",
                                confirm->at[i].name, confirm->at[i].n);
    hash_format(hash_bytes((struct bytes){text, len}), hash);
    len += (size_t)snprintf(text + len, sizeof(text) - len, "%s\n", hash);
    int r = write_new(dir, (struct bytes){text, len});
    if (r < 0)
        return r;
    if (deliver_sys.renameat(dir, temporary, dir, file_name) < 0)
        return -errno;
    CRASH_POINT("confirm-written");
    return sys_sync_directory(dir);
}
