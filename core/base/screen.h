/* SPDX-License-Identifier: MIT */
/*
 * screen.h - any bytes, made safe for a terminal.
 *
 * What a terminal could obey or a reader be fooled by is shown and not sent: control bytes and invalid UTF-8 as \x1b, C1
 * controls as \x9b, marks that change the direction of writing as \u202e. The rest goes through as it is.
 */
#ifndef BASE_SCREEN_H
#define BASE_SCREEN_H

#include "base/bytes.h"

/*
 * Append `text` to `out`, cut to `columns` (0: not cut) with `…` at the end when it was longer.
 *   Returns  the columns used; wide East Asian characters count two, combining ones none
 */
int screen_text(struct buffer *out, struct bytes text, int columns);

#endif /* BASE_SCREEN_H */
