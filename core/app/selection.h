/* SPDX-License-Identifier: MIT */
/*
 * selection.h - what people write about records ("status >= 500", ">=error") becomes numbers that the window can compare.
 */
#ifndef APP_SELECTION_H
#define APP_SELECTION_H

#include "app/config.h"
#include "record/record.h"
#include "window/series.h"

/* Fields and patterns that selections of one stream speak of; each is there once. */
struct selection_names {
    struct arena *arena;
    struct record_field fields[RECORD_FIELDS_MAX];
    size_t field_count;
    struct regex *
        *patterns; /* [RECORD_PATTERNS_MAX]; whoever owns the array frees the patterns */
    size_t pattern_count;
};

/* The number of a field, made known now if it was not. A field is text or number, not both. */
int selection_field(struct selection_names *names, const char *name, bool is_text,
                    uint32_t *ret, struct error *reterr);

int selection_compile(struct selection_names *names, const struct config_select *select,
                      struct selection *ret, struct error *reterr);

#endif /* APP_SELECTION_H */
