/* SPDX-License-Identifier: MIT */
/*
 * fleet_likeness.h - is a host configured as the others are?
 *
 * A hash over the values of a configuration in their order, so neither blanks, quotes nor comments count; and not over what has to differ
 * from host to host: `state_dir`, `sinks.redis.host`, `sinks.redis.shard`, and the attributes of `resource` that name a host or an instance.
 */
#ifndef CONFIG_FLEET_LIKENESS_H
#define CONFIG_FLEET_LIKENESS_H

#include "config/config.h"

#include <yaml.h>

/* Of one file that was read without an error, so its depth is that of the schema. */
uint64_t fleet_likeness(yaml_document_t *document, yaml_node_t *root);

/* What no single key can say of itself. */
int fleet_check(const struct config *config, struct error *reterr);

#endif /* CONFIG_FLEET_LIKENESS_H */
