/* SPDX-License-Identifier: MIT */
/*
 * redis_reply.h - what Redis' errors mean for somebody who has to act on them: a table.
 *
 * Inside a script Redis 6 and 7 word the same error differently, so the code word is looked for anywhere in the text.
 */
#ifndef DELIVER_REDIS_REPLY_H
#define DELIVER_REDIS_REPLY_H

#include "base/error.h"

#include <stdbool.h>

/*
 * Returns -errno and writes the sentence for the error `text`; *ret_drop says that the connection is of no more use. The
 * text of Redis is shown only when the table does not know it, and never for AUTH.
 */
int redis_reply_error(const char *text, bool *ret_drop, struct error *reterr);
/* The same for one row, for tests and docs: NULL behind the last. */
const char *redis_reply_word(int row);

#endif /* DELIVER_REDIS_REPLY_H */
