/* SPDX-License-Identifier: MIT */
/*
 * marks_watch.c - the daemon's side of marks.jsonl.
 */

#include "app/daemon.h"
#include "base/log.h"
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static bool has_changed(struct marks_watch *watch, const char *path)
{
    struct stat st;
    if (stat(path, &st) < 0)
        st = (struct stat){0}; // as if there were an empty one
    bool same = watch->looked && st.st_ino == watch->inode && st.st_size == watch->size &&
                st.st_mtim.tv_sec == watch->changed.tv_sec &&
                st.st_mtim.tv_nsec == watch->changed.tv_nsec;
    watch->looked = true;
    watch->changed = st.st_mtim;
    watch->inode = st.st_ino;
    watch->size = st.st_size;
    return !same;
}

static void say(struct marks_watch *watch, const char *path, const struct remarks *remarks,
                size_t bad)
{
    if (bad > watch->bad_said)
        log_warning("%s: %zu line%s in it %s no mark, and passed over", path, bad,
                    bad == 1 ? "" : "s", bad == 1 ? "is" : "are");
    watch->bad_said = bad;
    if (remarks->deploys.count || remarks->count)
        log_notice("marks: %zu of deployments and %zu of findings are known",
                   remarks->deploys.count, remarks->count);
}

static void hand_on(struct daemon *d, struct remarks *remarks)
{
    struct buffer packed = {0};
    deploys_trim(&remarks->deploys, MARKS_DEPLOYS,
                 clock_wall_ns() - MARKS_DAYS * 86400 * NS_PER_S);
    remarks_pack(remarks, &packed);
    lane_remarks(&d->lane, buffer_bytes(&packed));
    buffer_free(&packed);
}

/* A file that cannot be read changes nothing. */
void marks_look(struct daemon *d)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/marks.jsonl", d->state_dir);
    if (!has_changed(&d->marks_watch, path))
        return;
    struct remarks *remarks = calloc(1, sizeof(*remarks));
    struct error error;
    size_t bad;
    if (!remarks)
        memory_gone();
    if (marks_collect(path, remarks, &bad, &error) < 0) {
        log_error("%s; the marks before stay", error.text);
    } else {
        hand_on(d, remarks);
        say(&d->marks_watch, path, remarks, bad);
    }
    remarks_free(remarks);
    free(remarks);
}
