/* SPDX-License-Identifier: MIT */
/*
 * schema.h - reads a YAML mapping into a struct by a table of keys.
 *
 * One table serves reading, the reference and the suggestion for a misspelt key. A key that is not in the table is an
 * error with its line and the nearest one that is.
 */
#ifndef CONFIG_SCHEMA_H
#define CONFIG_SCHEMA_H

#include "base/arena.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdio.h>
#include <yaml.h>

enum key_type {
    KEY_TEXT,     /* const char * */
    KEY_DURATION, /* int64_t nanoseconds */
    KEY_SIZE,     /* uint64_t bytes */
    KEY_INTEGER,  /* int64_t */
    KEY_NUMBER,   /* double */
    KEY_BOOL,     /* bool */
    KEY_TEXTS,    /* struct config_texts; a single text is a list of one */
    KEY_PAIRS,    /* struct config_pairs: a mapping of texts */
    KEY_SETTINGS, /* struct config_pairs, and one list: then struct config_texts and its name behind it */
    KEY_OBJECT,  /* pointer to a struct read by `child`; NULL when the key is absent */
    KEY_OBJECTS, /* pointer and, right behind it, size_t count */
};

struct schema;

struct key {
    const char *name;
    enum key_type type;
    size_t offset;
    const struct schema *child;
    const char *choices; /* TEXT: "json|cri|..." or NULL for any */
    const char *
        single; /* OBJECT: the key of `child` that a single value is for; NULL: none may stand there */
    double min, max;  /* numbers, durations (ns), sizes; both 0 = any that is not negative */
    bool required;    /* must be there, and not be empty */
    const char *help; /* one sentence */
};

struct schema {
    const char *name;
    size_t size;
    const void *defaults; /* [size], or NULL for zeros */
    size_t line;          /* offset of an int for the line, or SCHEMA_NO_LINE */
    const struct key *keys;
    size_t key_count;
};
#define SCHEMA_NO_LINE ((size_t)-1)

struct reader {
    struct arena *arena;
    const char *path;
    yaml_document_t *document;
    struct error *reterr;
};

/* Fill `into` (of the schema's size) from a mapping node. -EINVAL with `path:line: sentence`. */
int schema_read(struct reader *reader, const struct schema *schema, yaml_node_t *node,
                void *into);

/* Lines of a Markdown table, children indented below their key. */
void schema_reference(const struct schema *schema, FILE *out, int depth);

#endif /* CONFIG_SCHEMA_H */
