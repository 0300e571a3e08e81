/* SPDX-License-Identifier: MIT */

#include "tail/watch.h"

#include "base/log.h"
#include "tail/sys.h"

#include <errno.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

enum { READS_A_TURN = 16, EVENT_BYTES = 16 << 10 };

static const uint32_t wanted = IN_MODIFY | IN_CREATE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE |
                               IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

static void watch_say(struct watch *watch, int error)
{
    static const struct {
        int error;
        const char *why;
    } reasons[] = {
        {ENOSPC, "fs.inotify.max_user_watches is used up"},
        {EMFILE, "fs.inotify.max_user_instances is used up"},
        {ENOSYS, "this kernel has none"},
    };
    const char *why = strerror(error);
    for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
        if (reasons[i].error == error)
            why = reasons[i].why;
    if (!watch->refused)
        log_warning("inotify: not to be had: %s; files are polled instead", why);
    watch->refused = true;
}

void watch_open(struct watch *watch, bool off)
{
    *watch = (struct watch){.fd = -1};
    if (off)
        return;
    watch->fd = tail_sys.inotify_init(IN_NONBLOCK | IN_CLOEXEC);
    if (watch->fd < 0)
        watch_say(watch, errno);
}

void watch_close(struct watch *watch)
{
    if (watch->fd >= 0)
        close(watch->fd);
    watch->fd = -1;
}

int watch_add(struct watch *watch, const char *dir)
{
    if (watch->fd < 0)
        return -1;
    int wd = tail_sys.inotify_add_watch(watch->fd, *dir ? dir : ".", wanted);
    if (wd < 0 && errno != ENOENT && errno != ENOTDIR && errno != EACCES)
        watch_say(watch, errno);
    return wd < 0 ? -1 : wd;
}

void watch_remove(struct watch *watch, int wd)
{
    if (watch->fd >= 0 && wd >= 0)
        inotify_rm_watch(watch->fd, wd);
}

void watch_hear(struct watch *watch, watch_heard *heard, void *context)
{
    _Alignas(struct inotify_event) char events[EVENT_BYTES];
    for (int turn = 0; watch->fd >= 0 && turn < READS_A_TURN; turn++) {
        ssize_t got = tail_sys.read(watch->fd, events, sizeof(events));
        if (got <= 0)
            return;
        for (ssize_t at = 0; at < got;) {
            const struct inotify_event *e = (const void *)(events + at);
            at += (ssize_t)(sizeof(*e) + e->len);
            bool lost = e->mask & IN_Q_OVERFLOW;
            heard(context, lost ? -1 : e->wd, e->mask, e->len > 0 ? e->name : "");
        }
    }
}
