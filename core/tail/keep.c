/* SPDX-License-Identifier: MIT */

#include "tail/keep.h"

#include "base/check.h"
#include "tail/inner.h"

#include <stdlib.h>
#include <string.h>

size_t keep_give(struct source *source, char *buf, size_t size)
{
    struct keep *keep = &source->keep;
    CHECK(!keep->lent); // source_consume() was forgotten
    size_t n = keep->len < size ? keep->len : size;
    if (n > 0)
        memcpy(buf, keep->at, n);
    return n;
}

void keep_lend(struct source *source, size_t fresh)
{
    source->keep.lent = fresh > 0;
}

static void keep_reserve(struct keep *keep, size_t len)
{
    if (len <= keep->capacity)
        return;
    char *at = realloc(keep->at, len);
    CHECK(at);
    keep->at = at;
    keep->capacity = len;
}

void keep_rest(struct source *source, const char *buf, size_t got, size_t used)
{
    struct keep *keep = &source->keep;
    if (keep->lent) { // fresh bytes are read only when all kept ones fitted before them
        keep_reserve(keep, got - used);
        keep->len = got - used;
        if (keep->len > 0)
            memcpy(keep->at, buf + used, keep->len);
        keep->lent = false;
    } else if (used > 0) {
        keep->len -= used;
        memmove(keep->at, keep->at + used, keep->len);
    }
}

void keep_free(struct source *source)
{
    free(source->keep.at);
    source->keep = (struct keep){0};
}
