/* SPDX-License-Identifier: MIT */
/*
 * silence_file.h - STATE_DIR/silences.json: what people asked not to be called about, while the daemon runs.
 *
 *      oddline silence ──writes as a whole──▶ silences.json ──when it changed──▶ lane: a step, a frame ──▶ judge
 *
 * The command and the daemon meet in this file only. What the judge got is a step of the manifest, so a replay hushes what was hushed,
 * whatever the file says by then.
 */
#ifndef APP_SILENCE_FILE_H
#define APP_SILENCE_FILE_H

#include "base/error.h"
#include "judge/hush.h"

#include <sys/types.h>
#include <time.h>

struct silence_file {
    uint64_t next_id;
    struct silences list;
};

/* No file is an empty list. A file that makes no sense is an error, and *ret untouched. */
int silence_file_read(const char *dir, struct silence_file *ret, struct error *reterr);
/* Old or new, never half, and durable; owned by whom the directory belongs to. */
int silence_file_write(const char *dir, const struct silence_file *file, struct error *reterr);
/* Keep other writers out until the descriptor returned is closed. */
int silence_file_lock(const char *dir, struct error *reterr);

/* Which file was looked at last. Zero-initialise. */
struct silence_watch {
    bool looked;
    struct timespec changed;
    ino_t inode;
    off_t size;
};
/* Is it another than at the last call? The first call says yes. */
bool silence_watch_changed(struct silence_watch *watch, const char *dir);

/* The lane's tick: hand what the file says to the judge when it changed. */
struct daemon;
void silence_look(struct daemon *daemon);

#endif /* APP_SILENCE_FILE_H */
