/* SPDX-License-Identifier: MIT */
/*
 * actions.h - what `actions` of a configuration say, checked beyond what tables can, and as act takes it.
 *
 *      config_action ──actions_check──▶ oddline check, run
 *                    ──actions_make───▶ struct action (act/action.h) ─▶ oddline act
 */
#ifndef CONFIG_ACTIONS_H
#define CONFIG_ACTIONS_H

#include "act/action.h"
#include "config/config.h"

/* The first action that makes no sense, as `file:line: sentence`. */
int actions_check(const struct config *config, struct error *reterr);
/* All of them, in memory of `arena`; lends the texts of `config`. */
const struct action *actions_make(const struct config *config, struct arena *arena);

#endif /* CONFIG_ACTIONS_H */
