/* SPDX-License-Identifier: MIT */
/* member.h - texts of a finding, taken out of its JSON into fixed room, cut between characters. */
#ifndef ACT_MEMBER_H
#define ACT_MEMBER_H

#include "base/json.h"

enum { MEMBER_SHORT = 64, MEMBER_LONG = 1025 };

/* Undo escapes into `ret`, NUL-terminated and cut to `size`; a NUL in the text ends it. Returns the length. */
size_t member_unescape(struct bytes raw, char *ret, size_t size);
/* The text of a value that is a string, "" for any other. */
size_t member_text(struct json_value value, char *ret, size_t size);

#endif /* ACT_MEMBER_H */
