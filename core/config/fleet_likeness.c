/* SPDX-License-Identifier: MIT */

#include "config/fleet_likeness.h"

#include "base/hash.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

enum { DEPTH_MAX = 32 };

/* What is skipped: the keys on the way to it, `parent` NULL at the top. */
static const struct own {
    const char *parent, *key;
} own[] = {
    {NULL, "state_dir"},          {"redis", "host"},
    {"redis", "shard"},           {"resource", "host.name"},
    {"resource", "host.id"},      {"resource", "host.ip"},
    {"resource", "host.mac"},     {"resource", "service.instance.id"},
    {"resource", "k8s.pod.name"}, {"resource", "k8s.node.name"},
    {"resource", "container.id"},
};

static const char *text_of(const yaml_node_t *node)
{
    return node && node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value : "";
}

static bool is_own(const char *parent, const char *key)
{
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        if (strcmp(key, own[i].key) == 0 &&
            (parent ? own[i].parent && strcmp(parent, own[i].parent) == 0 : !own[i].parent))
            return true;
    return false;
}

/* Where the walk is. */
struct at {
    yaml_document_t *document;
    const char *parent; /* the key that the node is the value of */
    int depth;
};

static uint64_t hash_node(struct at at, const yaml_node_t *node);

static uint64_t hash_mapping(struct at at, const yaml_node_t *node)
{
    uint64_t hash = YAML_MAPPING_NODE;
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top; pair++) {
        const char *key = text_of(yaml_document_get_node(at.document, pair->key));
        struct at below = {at.document, key, at.depth + 1};
        if (is_own(at.parent, key))
            continue;
        hash = hash_join(hash, hash_bytes(bytes_of(key)));
        hash =
            hash_join(hash, hash_node(below, yaml_document_get_node(at.document, pair->value)));
    }
    return hash;
}

static uint64_t hash_list(struct at at, const yaml_node_t *node)
{
    uint64_t hash = YAML_SEQUENCE_NODE;
    struct at below = {at.document, "", at.depth + 1};
    for (const yaml_node_item_t *item = node->data.sequence.items.start;
         item < node->data.sequence.items.top; item++)
        hash = hash_join(hash, hash_node(below, yaml_document_get_node(at.document, *item)));
    return hash;
}

static uint64_t hash_node(struct at at, const yaml_node_t *node)
{
    if (!node || at.depth > DEPTH_MAX)
        return 0;
    if (node->type == YAML_MAPPING_NODE)
        return hash_mapping(at, node);
    if (node->type == YAML_SEQUENCE_NODE)
        return hash_list(at, node);
    return hash_bytes((struct bytes){text_of(node), node->data.scalar.length});
}

uint64_t fleet_likeness(yaml_document_t *document, yaml_node_t *root)
{
    return hash_node((struct at){document, NULL, 0}, root);
}

int fleet_check(const struct config *config, struct error *reterr)
{
    const struct config_redis *redis = config->sinks ? config->sinks->redis : NULL;
    if (!redis || redis->shard < redis->shards)
        return 0;
    return error_set(reterr, -EINVAL,
                     "%s: sinks.redis.shard: %" PRId64 " is none of the %" PRId64
                     " shards, which count from 0: raise shards",
                     config->path, redis->shard, redis->shards);
}
