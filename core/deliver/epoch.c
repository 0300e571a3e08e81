/* SPDX-License-Identifier: MIT */

#include "deliver/epoch.h"

#include "base/hash.h"
#include "deliver/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

enum { LINE = 17, TEXT_MAX = 2 * LINE };

/* `<16 hex>\n` */
static bool read_line(const char *text, uint64_t *ret)
{
    if (strspn(text, "0123456789abcdef") != 16 || text[16] != '\n')
        return false;
    *ret = strtoull(text, NULL, 16);
    return true;
}

bool epoch_read(int dir, struct epoch *ret)
{
    char text[TEXT_MAX + 1] = {0};
    struct epoch epoch = {0};
    int fd = openat(dir, "epoch", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, text, TEXT_MAX);
    close(fd);
    bool good = (n == LINE || n == TEXT_MAX) && read_line(text, &epoch.now) &&
                (n == LINE || read_line(text + LINE, &epoch.former));
    if (good)
        *ret = epoch;
    return good;
}

static void put_line(struct buffer *out, uint64_t epoch)
{
    char text[HASH_TEXT_SIZE];
    buffer_text(out, hash_format(epoch, text));
    buffer_char(out, '\n');
}

static int write_new(int dir, struct bytes text)
{
    int fd = deliver_sys.openat(dir, "epoch.new",
                                O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (fd < 0)
        return -errno;
    int r = sys_write(fd, text, 0);
    if (r == 0)
        r = sys_sync(fd);
    close(fd);
    return r;
}

int epoch_write(int dir, const struct epoch *epoch, struct error *reterr)
{
    struct buffer text = {0};
    put_line(&text, epoch->now);
    if (epoch->former)
        put_line(&text, epoch->former);
    int r = write_new(dir, buffer_bytes(&text));
    if (r == 0 && deliver_sys.renameat(dir, "epoch.new", dir, "epoch") < 0)
        r = -errno;
    if (r == 0)
        r = sys_sync_directory(dir);
    buffer_free(&text);
    return r < 0 ? error_set(reterr, r, "journal: epoch: cannot write: %s", strerror(-r)) : 0;
}

int epoch_make(int dir, uint64_t former, struct epoch *ret, struct error *reterr)
{
    struct epoch epoch = {.former = former};
    if (getrandom(&epoch.now, sizeof(epoch.now), 0) != sizeof(epoch.now))
        return error_set(reterr, -EIO, "journal: no random number to be had");
    int r = epoch_write(dir, &epoch, reterr);
    if (r == 0)
        *ret = epoch;
    return r;
}
