/* SPDX-License-Identifier: MIT */
/*
 * show_text.h - the texts in a finding's JSON, for programs and for people.
 */
#ifndef COMMAND_SHOW_TEXT_H
#define COMMAND_SHOW_TEXT_H

#include "base/json.h"

/* The text of a member that is a string, appended with its escapes undone; nothing when there is none. */
void show_text(struct json_value object, const char *path, struct buffer *out);
/* The same as it may go to a terminal. */
void show_safe(struct json_value object, const char *path, struct buffer *out);

#endif /* COMMAND_SHOW_TEXT_H */
