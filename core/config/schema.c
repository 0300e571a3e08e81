/* SPDX-License-Identifier: MIT */

#include "config/schema.h"

#include "base/clock.h"
#include "base/nearest.h"
#include "config/config.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static int complain(const struct reader *reader, const yaml_node_t *node, const char *format,
                    ...) __attribute__((format(printf, 3, 4)));

static int complain(const struct reader *reader, const yaml_node_t *node, const char *format,
                    ...)
{
    char what[400];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    return error_set(reader->reterr, -EINVAL, "%s:%zu: %s", reader->path,
                     node->start_mark.line + 1, what);
}

static yaml_node_t *node_at(const struct reader *reader, int index)
{
    return yaml_document_get_node(reader->document, index);
}

static const char *scalar(const yaml_node_t *node)
{
    return node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value : NULL;
}

static const char *keep(const struct reader *reader, const char *text)
{
    return arena_text(reader->arena, bytes_of(text));
}

/* ---- one value ---------------------------------------------------------- */

static bool is_choice(const char *choices, const char *text)
{
    for (const char *p = choices; *p; p += strcspn(p, "|") + (p[strcspn(p, "|")] == '|'))
        if (strcspn(p, "|") == strlen(text) && strncmp(p, text, strlen(text)) == 0)
            return true;
    return false;
}

static int in_range(const struct reader *reader, const struct key *key, const yaml_node_t *node,
                    double value)
{
    char low[CLOCK_TEXT_SIZE], high[CLOCK_TEXT_SIZE];
    double max = key->min == 0 && key->max == 0 ? 9e18 : key->max;
    if (value >= key->min && value <= max)
        return 0;
    if (key->type == KEY_DURATION && max < 9e18)
        return complain(reader, node, "%s: %s is out of range; allowed is %s to %s", key->name,
                        scalar(node), clock_format_duration((int64_t)key->min, low),
                        clock_format_duration((int64_t)max, high));
    if (key->type == KEY_SIZE && max < 9e18)
        return complain(reader, node, "%s: %s is out of range; allowed is %gMiB to %gMiB",
                        key->name, scalar(node), key->min / (1 << 20), max / (1 << 20));
    if (max >= 9e18)
        return complain(reader, node, "%s: %s is out of range; at least %.15g is needed",
                        key->name, scalar(node), key->min);
    return complain(reader, node, "%s: %s is out of range; allowed is %.15g to %.15g",
                    key->name, scalar(node), key->min, max);
}

static int read_number(const struct reader *reader, const struct key *key,
                       const yaml_node_t *node, double *ret)
{
    const char *text = scalar(node);
    char *end;
    errno = 0;
    double value = strtod(text, &end);
    bool whole = value == trunc(value); // a cast of what does not fit is undefined
    if (end == text || *end || errno || (key->type == KEY_INTEGER && !whole))
        return complain(reader, node, "%s: '%s' is not a %s", key->name, text,
                        key->type == KEY_INTEGER ? "whole number" : "number");
    *ret = value;
    return in_range(reader, key, node, value);
}

static int read_bool(const struct reader *reader, const struct key *key,
                     const yaml_node_t *node, bool *ret)
{
    const char *text = scalar(node);
    if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
        return complain(reader, node, "%s: '%s' is neither true nor false", key->name, text);
    *ret = text[0] == 't';
    return 0;
}

static int read_scalar(const struct reader *reader, const struct key *key,
                       const yaml_node_t *node, void *into)
{
    struct error why = {0};
    const char *text = scalar(node);
    double number = 0;
    int r;
    if (!text)
        return complain(reader, node, "%s: a single value is expected here", key->name);
    switch (key->type) {
    case KEY_TEXT:
        if (key->choices && !is_choice(key->choices, text))
            return complain(reader, node, "%s: '%s' is none of %s", key->name, text,
                            key->choices);
        *(const char **)into = keep(reader, text);
        return 0;
    case KEY_DURATION:
        r = clock_parse_duration(text, into, &why);
        return r < 0 ? complain(reader, node, "%s: %s", key->name, why.text)
                     : in_range(reader, key, node, (double)*(int64_t *)into);
    case KEY_SIZE:
        r = size_parse(text, into, &why);
        return r < 0 ? complain(reader, node, "%s: %s", key->name, why.text)
                     : in_range(reader, key, node, (double)*(uint64_t *)into);
    case KEY_BOOL:
        return read_bool(reader, key, node, into);
    default:
        r = read_number(reader, key, node, &number);
        if (r == 0 && key->type == KEY_INTEGER)
            *(int64_t *)into = (int64_t)number;
        else if (r == 0)
            *(double *)into = number;
        return r;
    }
}

/* ---- lists and mappings ------------------------------------------------- */

static int read_texts(const struct reader *reader, const char *name, yaml_node_t *node,
                      struct config_texts *ret)
{
    if (scalar(node)) {
        ret->at = arena_alloc(reader->arena, 1, sizeof(*ret->at));
        ret->at[0] = keep(reader, scalar(node));
        ret->count = 1;
        return 0;
    }
    if (node->type != YAML_SEQUENCE_NODE)
        return complain(reader, node, "%s: a list is expected here", name);
    size_t count = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
    ret->at = arena_alloc(reader->arena, count, sizeof(*ret->at));
    for (size_t i = 0; i < count; i++) {
        const yaml_node_t *item = node_at(reader, node->data.sequence.items.start[i]);
        if (!scalar(item))
            return complain(reader, item, "%s: each entry of the list must be a single value",
                            name);
        ret->at[i] = keep(reader, scalar(item));
    }
    ret->count = count;
    return 0;
}

struct settings { // the layout that KEY_SETTINGS promises
    struct config_pairs set;
    struct config_texts patterns;
    const char *patterns_name;
};

static int read_setting(const struct reader *reader, const struct key *key, yaml_node_t *value,
                        const char *name, struct settings *into)
{
    if (scalar(value)) {
        into->set.at[into->set.count++] =
            (struct finding_pair){name, keep(reader, scalar(value))};
        return 0;
    }
    if (key->type != KEY_SETTINGS)
        return complain(reader, value, "%s: %s must be a single value", key->name, name);
    if (into->patterns_name)
        return complain(reader, value,
                        "%s: only one setting may be a list, and %s is one already", key->name,
                        into->patterns_name);
    into->patterns_name = name;
    return read_texts(reader, name, value, &into->patterns);
}

/* YAML forbids a name twice, libyaml lets it pass; JSON made of it would say it twice too. */
static bool is_named_before(const struct reader *reader, const yaml_node_t *mapping,
                            const yaml_node_pair_t *pair)
{
    const char *name = scalar(node_at(reader, pair->key));
    for (const yaml_node_pair_t *p = mapping->data.mapping.pairs.start; p < pair; p++)
        if (strcmp(scalar(node_at(reader, p->key)), name) == 0)
            return true;
    return false;
}

static int read_pairs(const struct reader *reader, const struct key *key, yaml_node_t *node,
                      void *into)
{
    struct settings settings = {0};
    if (node->type != YAML_MAPPING_NODE)
        return complain(reader, node, "%s: a mapping of names to values is expected here",
                        key->name);
    yaml_node_pair_t *pair = node->data.mapping.pairs.start,
                     *top = node->data.mapping.pairs.top;
    settings.set.at =
        arena_alloc(reader->arena, (size_t)(top - pair), sizeof(*settings.set.at));
    for (; pair < top; pair++) {
        const char *name = scalar(node_at(reader, pair->key));
        if (!name)
            return complain(reader, node, "%s: a name must be a single word", key->name);
        if (is_named_before(reader, node, pair))
            return complain(reader, node_at(reader, pair->key), "%s: '%s' is given twice",
                            key->name, name);
        int r = read_setting(reader, key, node_at(reader, pair->value), keep(reader, name),
                             &settings);
        if (r < 0)
            return r;
    }
    if (key->type == KEY_SETTINGS)
        *(struct settings *)into = settings;
    else
        *(struct config_pairs *)into = settings.set;
    return 0;
}

static const struct key *find_key(const struct schema *schema, const char *name);

/* `of: latency_ms` is short for `of: {field: latency_ms}`. */
static int read_single(const struct reader *reader, const struct key *key,
                       const yaml_node_t *node, void *object)
{
    const struct key *only = find_key(key->child, key->single);
    return read_scalar(reader, only, node, (char *)object + only->offset);
}

static int read_object(struct reader *reader, const struct key *key, yaml_node_t *node,
                       void *into)
{
    void *object = arena_alloc(reader->arena, 1, key->child->size);
    int r = key->single && scalar(node) ? read_single(reader, key, node, object)
                                        : schema_read(reader, key->child, node, object);
    if (r == 0)
        *(void **)into = object;
    return r;
}

static int read_objects(struct reader *reader, const struct key *key, yaml_node_t *node,
                        void *into)
{
    if (node->type != YAML_SEQUENCE_NODE)
        return complain(reader, node, "%s: a list is expected here", key->name);
    size_t count = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
    char *objects = arena_alloc(reader->arena, count, key->child->size);
    for (size_t i = 0; i < count; i++) {
        int r =
            schema_read(reader, key->child, node_at(reader, node->data.sequence.items.start[i]),
                        objects + i * key->child->size);
        if (r < 0)
            return r;
    }
    *(void **)into = objects;
    memcpy((char *)into + sizeof(void *), &count, sizeof(count));
    return 0;
}

/* What is required may not be there and say nothing; nor may one of a list. */
static int refuse_empty(const struct reader *reader, const struct key *key,
                        const yaml_node_t *node)
{
    if (scalar(node))
        return *scalar(node) ? 0 : complain(reader, node, "%s: is empty", key->name);
    if (node->type != YAML_SEQUENCE_NODE)
        return 0; // the type is wrong, which is said elsewhere
    const yaml_node_item_t *item = node->data.sequence.items.start,
                           *top = node->data.sequence.items.top;
    if (item == top)
        return complain(reader, node, "%s: the list is empty", key->name);
    for (; item < top; item++) {
        const yaml_node_t *one = node_at(reader, *item);
        if (scalar(one) && !*scalar(one))
            return complain(reader, one, "%s: one of the list is empty", key->name);
    }
    return 0;
}

static int read_key(struct reader *reader, const struct key *key, yaml_node_t *node, void *into)
{
    if (key->required && refuse_empty(reader, key, node) < 0)
        return -EINVAL;
    switch (key->type) {
    case KEY_TEXTS:
        return read_texts(reader, key->name, node, into);
    case KEY_PAIRS:
    case KEY_SETTINGS:
        return read_pairs(reader, key, node, into);
    case KEY_OBJECT:
        return read_object(reader, key, node, into);
    case KEY_OBJECTS:
        return read_objects(reader, key, node, into);
    default:
        return read_scalar(reader, key, node, into);
    }
}

/* ---- the mapping -------------------------------------------------------- */

static const struct key *find_key(const struct schema *schema, const char *name)
{
    for (size_t i = 0; i < schema->key_count; i++)
        if (strcmp(schema->keys[i].name, name) == 0)
            return &schema->keys[i];
    return NULL;
}

static int unknown_key(const struct reader *reader, const struct schema *schema,
                       const yaml_node_t *node)
{
    const char *names[64] = {0}, *name = scalar(node);
    size_t count = schema->key_count < 64 ? schema->key_count : 64;
    for (size_t i = 0; i < count; i++)
        names[i] = schema->keys[i].name;
    const char *near = nearest(name ? name : "", names, count);
    return complain(reader, node, "unknown key '%s' in %s%s%s%s", name ? name : "(not a word)",
                    schema->name, near ? "; did you mean '" : "", near ? near : "",
                    near ? "'?" : "");
}

int schema_read(struct reader *reader, const struct schema *schema, yaml_node_t *node,
                void *into)
{
    uint64_t seen = 0;
    if (node->type != YAML_MAPPING_NODE)
        return complain(reader, node, "%s: keys and values are expected here", schema->name);
    if (schema->defaults)
        memcpy(into, schema->defaults, schema->size);
    if (schema->line != SCHEMA_NO_LINE)
        *(int *)(void *)((char *)into + schema->line) = (int)node->start_mark.line + 1;
    for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top; pair++) {
        yaml_node_t *name = node_at(reader, pair->key);
        const struct key *key = scalar(name) ? find_key(schema, scalar(name)) : NULL;
        if (!key)
            return unknown_key(reader, schema, name);
        if (seen >> (key - schema->keys) & 1)
            return complain(reader, name, "'%s' is given twice", key->name);
        seen |= UINT64_C(1) << (key - schema->keys);
        int r = read_key(reader, key, node_at(reader, pair->value), (char *)into + key->offset);
        if (r < 0)
            return r;
    }
    for (size_t i = 0; i < schema->key_count; i++)
        if (schema->keys[i].required && !(seen >> i & 1))
            return complain(reader, node, "%s: '%s' is missing", schema->name,
                            schema->keys[i].name);
    return 0;
}

/* ---- the reference ------------------------------------------------------ */

static void reference_default(const struct schema *schema, const struct key *key, FILE *out)
{
    char text[CLOCK_TEXT_SIZE];
    const char *at = schema->defaults ? (const char *)schema->defaults + key->offset : NULL;
    if (key->required)
        fprintf(out, "required");
    else if (!at)
        fprintf(out, "-");
    else if (key->type == KEY_DURATION)
        fprintf(out, "%s",
                *(const int64_t *)(const void *)at
                    ? clock_format_duration(*(const int64_t *)(const void *)at, text)
                    : "-");
    else if (key->type == KEY_INTEGER)
        fprintf(out, "%lld", (long long)*(const int64_t *)(const void *)at);
    else if (key->type == KEY_SIZE)
        fprintf(out, "%llu", (unsigned long long)*(const uint64_t *)(const void *)at);
    else if (key->type == KEY_NUMBER)
        fprintf(out, "%g", *(const double *)(const void *)at);
    else if (key->type == KEY_TEXT && *(const char *const *)(const void *)at)
        fprintf(out, "`%s`", *(const char *const *)(const void *)at);
    else
        fprintf(out, "-");
}

void schema_reference(const struct schema *schema, FILE *out, int depth)
{
    static const char *const types[] = {"text",    "duration",      "size", "whole number",
                                        "number",  "true or false", "list", "mapping",
                                        "mapping", "mapping",       "list"};
    for (size_t i = 0; i < schema->key_count; i++) {
        const struct key *key = &schema->keys[i];
        fprintf(out, "| ");
        for (int d = 0; d < depth; d++)
            fprintf(out, "&nbsp;&nbsp;&nbsp;");
        fprintf(out, "`%s` | %s | ", key->name, types[key->type]);
        reference_default(schema, key, out);
        fprintf(out, " | %s", key->help);
        for (const char *p = key->choices; p && *p;
             p += strcspn(p, "|") + (p[strcspn(p, "|")] == '|'))
            fprintf(out, "%s`%.*s`", p == key->choices ? " One of " : ", ",
                    (int)strcspn(p, "|"), p);
        fprintf(out, " |\n"); // a bar within would end the cell: choices are listed one by one
        if (key->child && key->child != schema)
            schema_reference(key->child, out, depth + 1);
    }
}
