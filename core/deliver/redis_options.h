/* SPDX-License-Identifier: MIT */
/* redis_options.h - the parts of struct redis_options (redis.h) made into a link and keys. */
#ifndef DELIVER_REDIS_OPTIONS_H
#define DELIVER_REDIS_OPTIONS_H

#include "deliver/redis.h"

/* Copy a name that stands in keys or entries: not empty, no blanks or control bytes, as long as there is room. */
int redis_options_word(const char *what, const char *from, char *to, size_t size,
                       struct error *reterr);

#endif /* DELIVER_REDIS_OPTIONS_H */
