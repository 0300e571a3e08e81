/* SPDX-License-Identifier: MIT */
/*
 * note_file.h - what marks_file.h and silence_file.h have in common: files of a state directory that people write beside the daemon.
 */
#ifndef APP_NOTE_FILE_H
#define APP_NOTE_FILE_H

#include "base/json.h"

/* The text of a string, unescaped, with its end; false when it is none, too long, or holds a NUL: then `into` stays. */
bool note_text(struct json_value value, char *into, size_t size);
bool note_time(struct json_value value, int64_t *ret);

/* The daemon has to read what root wrote: the file becomes that of the directory's owner. 0 or -errno. */
int note_give_away(const char *dir, int fd);
/* So that a new name in it is there after a power cut. 0 or -errno. */
int note_sync_directory(const char *dir);

#endif /* APP_NOTE_FILE_H */
