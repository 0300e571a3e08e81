/* SPDX-License-Identifier: MIT */
/*
 * silence_watch.c - the daemon's side of silences.json.
 */

#include "app/daemon.h"
#include "base/log.h"

#include <inttypes.h>
#include <stdlib.h>

/* A file that cannot be read changes nothing: silencing too little or too much by accident is worse than going on as before. */
void silence_look(struct daemon *d)
{
    if (!silence_watch_changed(&d->silence_watch, d->state_dir))
        return;
    struct silence_file *file = calloc(1, sizeof(*file));
    struct buffer packed = {0};
    struct error error;
    if (!file)
        return;
    if (silence_file_read(d->state_dir, file, &error) < 0) {
        log_error("%s; the silences before stay", error.text);
        free(file);
        return;
    }
    silences_pack(&file->list, &packed);
    lane_silences(&d->lane, buffer_bytes(&packed));
    if (file->list.count)
        log_notice("silences: %zu are kept", file->list.count);
    buffer_free(&packed);
    free(file);
}
