/* SPDX-License-Identifier: MIT */
/*
 * selection.h - what people write about records ("status >= 500", ">=error") becomes numbers that the window can compare.
 */
#ifndef CONFIG_SELECTION_H
#define CONFIG_SELECTION_H

#include "config/config.h"
#include "record/record.h"
#include "window/series.h"

/* Fields and patterns that selections of one stream speak of; each is there once. */
struct selection_names {
    struct arena *arena;
    struct record_field fields[RECORD_FIELDS_MAX];
    size_t field_count;
    size_t duration; /* 1 + the field of selection_duration() */
    struct regex *
        *patterns; /* [RECORD_PATTERNS_MAX]; whoever owns the array frees the patterns */
    size_t pattern_count;
};

/* The number of a field, made known now if it was not. A field is text or number, not both. */
int selection_field(struct selection_names *names, const char *name, bool is_text,
                    uint32_t *ret, struct error *reterr);

/* Of a field whose values are only told apart: a number where it is one elsewhere, else text. */
int selection_any_field(struct selection_names *names, const char *name, uint32_t *ret,
                        struct error *reterr);

/* The number of what records say of how long something took; no name in a configuration means it. */
int selection_duration(struct selection_names *names, uint32_t *ret, struct error *reterr);

int selection_compile(struct selection_names *names, const struct config_select *select,
                      struct selection *ret, struct error *reterr);

/* What is computed, of which records. -EINVAL when what is written does not go together. */
int selection_series(struct selection_names *names, const struct config_series *config,
                     struct series_spec *ret, struct error *reterr);

#endif /* CONFIG_SELECTION_H */
