/* SPDX-License-Identifier: MIT */
/*
 * config_keys.h - the tables of all keys that a configuration may have.
 *
 *      oddline.yaml ──▶ config_schema          conf.d/<any>.yaml ──▶ config_part_schema: only streams
 *
 * The one place that knows the keys: reading (config.c), the suggestion for a misspelt key and `oddline check --reference`
 * come from them.
 */
#ifndef CONFIG_CONFIG_KEYS_H
#define CONFIG_CONFIG_KEYS_H

#include "config/schema.h"

extern const struct schema config_schema, config_part_schema;       /* of a struct config */
extern const struct schema config_action_schema, config_act_schema; /* config_keys_act.c */

#endif /* CONFIG_CONFIG_KEYS_H */
