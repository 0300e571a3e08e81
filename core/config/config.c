/* SPDX-License-Identifier: MIT */

#include "config/config.h"

#include "base/check.h"
#include "base/hash.h"
#include "config/actions.h"
#include "config/config_keys.h"
#include "config/fleet_likeness.h"
#include "config/slo_plan.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

enum { CONFIG_BYTES_MAX = 4 << 20 };

static int read_file(const char *path, struct buffer *into, struct error *reterr)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return error_set(reterr, -errno, "%s: cannot be read: %s", path, strerror(errno));
    size_t got = 0;
    do {
        got = fread(buffer_room(into, 65536), 1, 65536, file);
        into->len += got;
    } while (got && into->len <= CONFIG_BYTES_MAX);
    int failed = ferror(file);
    fclose(file);
    if (failed)
        return error_set(reterr, -EIO,
                         "%s: cannot be read: it is a directory, or the disk failed", path);
    if (into->len > CONFIG_BYTES_MAX)
        return error_set(reterr, -EFBIG, "%s: longer than 4 MiB, which no configuration is",
                         path);
    return 0;
}

static int bad_yaml(const char *path, const yaml_parser_t *parser, struct error *reterr)
{
    return error_set(reterr, -EINVAL, "%s:%zu: no valid YAML: %s", path,
                     parser->problem_mark.line + 1,
                     parser->problem ? parser->problem : "out of memory");
}

/* What follows a second `---` would not be read: somebody put two files into one. */
static int expect_end(const char *path, yaml_parser_t *parser, struct error *reterr)
{
    yaml_document_t document;
    if (!yaml_parser_load(parser, &document))
        return bad_yaml(path, parser, reterr);
    bool more = yaml_document_get_root_node(&document) != NULL;
    size_t line = document.start_mark.line + 1;
    yaml_document_delete(&document);
    return more ? error_set(reterr, -EINVAL,
                            "%s:%zu: a second document begins here; a configuration is one",
                            path, line)
                : 0;
}

/* Without what follows it, another one of the list or nothing, which is not its own. */
static uint64_t hash_node(const struct buffer *text, const yaml_node_t *node)
{
    size_t begin = node->start_mark.index, end = node->end_mark.index;
    while (end > begin && strchr(" \t\r\n", text->at[end - 1]))
        end--;
    return hash_bytes((struct bytes){text->at + begin, end - begin});
}

/* The text of each entry of `streams` and `routes`, by which a reload knows what did not change. */
static void hash_entries(yaml_document_t *document, const yaml_node_t *root,
                         const struct buffer *text, struct config *config)
{
    // NOLINTNEXTLINE(clang-analyzer-core.NullDereference): a root that was read is a mapping
    for (yaml_node_pair_t *pair = root->data.mapping.pairs.start;
         pair < root->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = yaml_document_get_node(document, pair->key);
        const yaml_node_t *list = yaml_document_get_node(document, pair->value);
        bool streams = strcmp((const char *)key->data.scalar.value, "streams") == 0;
        if (!streams && strcmp((const char *)key->data.scalar.value, "routes") != 0)
            continue;
        size_t count = streams ? config->stream_count : config->rule_count;
        for (size_t i = 0; i < count; i++) {
            uint64_t hash = hash_node(
                text, yaml_document_get_node(document, list->data.sequence.items.start[i]));
            *(streams ? &config->streams[i].hash : &config->rules[i].hash) = hash;
        }
    }
}

/* One file of a configuration. */
struct part {
    const char *path;
    const struct buffer *text;
    const struct schema *schema;
};

static int read_document(const struct part *part, yaml_document_t *document,
                         struct config *config, struct error *reterr)
{
    struct arena arena = config->arena; // the defaults know no arena
    struct reader reader = {.arena = &arena,
                            .path = arena_text(&arena, bytes_of(part->path)),
                            .document = document,
                            .reterr = reterr};
    yaml_node_t *root = yaml_document_get_root_node(document);
    int r = root ? schema_read(&reader, part->schema, root, config)
                 : error_set(reterr, -EINVAL, "%s: is empty", part->path);
    config->arena = arena;
    for (size_t i = 0; i < config->stream_count && r == 0; i++)
        config->streams[i].file = reader.path;
    for (size_t i = 0; i < config->rule_count && r == 0; i++)
        config->rules[i].file = reader.path;
    for (size_t i = 0; i < config->slo_count && r == 0; i++)
        config->slos[i].file = reader.path;
    if (r == 0)
        hash_entries(document, root, part->text, config);
    if (r == 0)
        config->likeness = fleet_likeness(document, root);
    return r;
}

static int parse(const struct part *part, struct config *config, struct error *reterr)
{
    yaml_parser_t parser;
    yaml_document_t document;
    yaml_parser_initialize(&parser);
    yaml_parser_set_input_string(&parser, (const unsigned char *)part->text->at,
                                 part->text->len);
    int r = yaml_parser_load(&parser, &document) ? 0 : bad_yaml(part->path, &parser, reterr);
    if (r == 0) {
        r = read_document(part, &document, config, reterr);
        yaml_document_delete(&document);
    }
    if (r == 0)
        r = expect_end(part->path, &parser, reterr);
    yaml_parser_delete(&parser);
    return r;
}

static int read_part(const char *path, const struct schema *schema, struct config *config,
                     struct error *reterr)
{
    struct buffer text = {0};
    struct part part = {path, &text, schema};
    int r = read_file(path, &text, reterr);
    uint64_t hash = hash_join(config->hash, hash_bytes(buffer_bytes(&text)));
    if (r == 0)
        r = parse(&part, config, reterr);
    config->hash = hash;
    buffer_free(&text);
    return r;
}

/* ---- what tables cannot say --------------------------------------------- */

/* Two streams of one name would share findings and bookmarks. */
static int check_name(const struct config *config, size_t which, struct error *reterr)
{
    const struct config_stream *s = &config->streams[which], *t = config->streams;
    while (t < s && strcmp(t->name, s->name) != 0)
        t++;
    if (t == s)
        return 0;
    if (strcmp(t->file, s->file) != 0)
        return error_set(reterr, -EINVAL, "%s:%d: stream '%s' is there already, in %s:%d",
                         s->file, s->line, s->name, t->file, t->line);
    return error_set(reterr, -EINVAL, "%s:%d: stream '%s' is there twice (first in line %d)",
                     s->file, s->line, s->name, t->line);
}

/* What goes to a page goes to a ticket too, if it were not paged. */
static int check_route(const struct config_stream *s, struct error *reterr)
{
    const struct config_route *r = s->route;
    if (r && s->budget)
        return error_set(reterr, -EINVAL,
                         "%s:%d: route and budget exclude each other: thresholds follow from a "
                         "budget",
                         s->file, r->line);
    if (r && r->page < r->ticket)
        return error_set(reterr, -EINVAL,
                         "%s:%d: route: page %g is below ticket %g; it must be at least that",
                         s->file, r->line, r->page, r->ticket);
    if (r && r->ticket < r->log)
        return error_set(reterr, -EINVAL,
                         "%s:%d: route: ticket %g is below log %g; it must be at least that",
                         s->file, r->line, r->ticket, r->log);
    return 0;
}

static int check_detectors(const struct config_stream *s, struct error *reterr)
{
    for (size_t i = 0; i < s->detector_count; i++)
        if (s->detectors[i].patterns_name && s->detectors[i].on.count)
            return error_set(reterr, -EINVAL,
                             "%s:%d: %s: 'on' and the list '%s' exclude each other: each "
                             "pattern is a series of its own",
                             s->file, s->detectors[i].line, s->detectors[i].use,
                             s->detectors[i].patterns_name);
    return 0;
}

/* What tables cannot say, of the streams behind the first `known`. */
static int check_streams(const struct config *config, size_t known, struct error *reterr)
{
    int r = 0;
    for (size_t i = known; i < config->stream_count && r == 0; i++) {
        r = check_name(config, i, reterr);
        if (r == 0)
            r = check_route(&config->streams[i], reterr);
        if (r == 0)
            r = check_detectors(&config->streams[i], reterr);
    }
    return r;
}

/* ---- conf.d ------------------------------------------------------------- */

static void add_streams(struct config *config, const struct config *part)
{
    size_t count = config->stream_count + part->stream_count;
    struct config_stream *all = arena_alloc(&config->arena, count, sizeof(*all));
    if (config->stream_count)
        memcpy(all, config->streams, config->stream_count * sizeof(*all));
    if (part->stream_count)
        memcpy(all + config->stream_count, part->streams, part->stream_count * sizeof(*all));
    config->streams = all;
    config->stream_count = count;
}

static void add_slos(struct config *config, const struct config *part)
{
    size_t count = config->slo_count + part->slo_count;
    struct config_slo *all = arena_alloc(&config->arena, count, sizeof(*all));
    if (config->slo_count)
        memcpy(all, config->slos, config->slo_count * sizeof(*all));
    if (part->slo_count)
        memcpy(all + config->slo_count, part->slos, part->slo_count * sizeof(*all));
    config->slos = all;
    config->slo_count = count;
}

/* Reads one file of conf.d and adds its streams. */
static int read_extra(const char *path, struct config *config, struct error *reterr)
{
    struct config part = {.arena = config->arena, .hash = config->hash};
    size_t known = config->stream_count;
    int r = read_part(path, &config_part_schema, &part, reterr);
    config->arena = part.arena;
    config->hash = part.hash;
    if (r < 0)
        return r;
    add_streams(config, &part);
    add_slos(config, &part);
    config->likeness = hash_join(config->likeness, part.likeness);
    return check_streams(config, known, reterr);
}

static int is_part(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);
    return entry->d_name[0] != '.' && len > 5 && strcmp(entry->d_name + len - 5, ".yaml") == 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* Beside /etc/oddline/oddline.yaml lies /etc/oddline/conf.d. */
static int read_conf_d(const char *path, struct config *config, struct error *reterr)
{
    const char *slash = strrchr(path, '/');
    int len = slash ? (int)(slash - path) + 1 : 0, r = 0;
    struct dirent **parts;
    if (strcmp(path + len, "oddline.yaml") != 0)
        return 0;
    char *dir = arena_printf(&config->arena, "%.*sconf.d", len, path);
    int count = scandir(dir, &parts, is_part, by_name);
    if (count < 0 && errno != ENOENT)
        return error_set(reterr, -errno, "%s: cannot be read: %s", dir, strerror(errno));
    for (int i = 0; i < count; i++) {
        if (r == 0)
            r = read_extra(arena_printf(&config->arena, "%s/%s", dir, parts[i]->d_name), config,
                           reterr);
        free(parts[i]);
    }
    if (count >= 0)
        free(parts);
    return r;
}

/*
 * Each stream knows the rules; of those that may be about it, also by its hash: where one of them changes, it is another stream, so that
 * what is open in it was decided by the rules that it has.
 */
/* Is the rule about the service that the stream is counted for? */
static bool speaks_by(const struct config_stream *stream, const struct config_rule *rule)
{
    for (size_t i = 0; i < stream->slo_count; i++)
        if (stream->slos[i]->service && config_rule_names(rule, stream->slos[i]->service))
            return true;
    return false;
}

static void share_rules(struct config *config)
{
    for (size_t i = 0; i < config->stream_count; i++) {
        struct config_stream *s = &config->streams[i];
        s->configured = s->name;
        s->rules = config->rules;
        s->rule_count = config->rule_count;
        s->resource = config->resource;
        for (size_t k = 0; k < s->rule_count; k++)
            if (config_rule_names(&s->rules[k], s->name) || speaks_by(s, &s->rules[k]))
                s->hash = hash_join(s->hash, s->rules[k].hash);
    }
}

bool config_rule_names(const struct config_rule *rule, const char *stream)
{
    const struct config_texts *globs = rule->when ? &rule->when->streams : NULL;
    bool fits = !globs || globs->count == 0;
    for (size_t i = 0; !fits && i < globs->count; i++)
        fits = fnmatch(globs->at[i], stream, 0) == 0;
    return fits;
}

static int read_all(const char *path, const struct schema *schema, struct config *config,
                    struct error *reterr)
{
    struct config fresh = {0};
    int r = read_part(path, schema, &fresh, reterr);
    fresh.path = arena_text(&fresh.arena, bytes_of(path));
    if (r == 0)
        r = check_streams(&fresh, 0, reterr);
    if (r == 0)
        r = read_conf_d(path, &fresh, reterr);
    if (r == 0)
        r = slo_share(&fresh, reterr);
    if (r == 0)
        r = actions_check(&fresh, reterr);
    if (r == 0)
        r = fleet_check(&fresh, reterr);
    if (r < 0) {
        config_free(&fresh);
        return r;
    }
    share_rules(&fresh);
    *config = fresh;
    return 0;
}

int config_read(const char *path, struct config *config, struct error *reterr)
{
    return read_all(path, &config_schema, config, reterr);
}

int config_read_actions(const char *path, struct config *config, struct error *reterr)
{
    struct key keys[64];
    struct schema relaxed = config_schema;
    CHECK(relaxed.key_count <= 64);
    memcpy(keys, relaxed.keys, relaxed.key_count * sizeof(*keys));
    for (size_t i = 0; i < relaxed.key_count; i++)
        keys[i].required = false;
    relaxed.keys = keys;
    return read_all(path, &relaxed, config, reterr);
}

void config_free(struct config *config)
{
    arena_free(&config->arena);
    *config = (struct config){0};
}

enum isolation config_isolation(const struct config *config)
{
    return strcmp(config->isolation, "none") == 0 ? ISOLATION_NONE : ISOLATION_WORKERS;
}
