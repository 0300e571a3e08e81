/* SPDX-License-Identifier: MIT */
/*
 * plan_deploys.c - the records of a stream that tell of deployments.
 */

#include "config/plan.h"

#include "config/selection.h"
#include "lane/notice.h"

#include <errno.h>
#include <string.h>

static int plan_rule(const struct config_deploys *config, struct selection_names *names,
                     struct deploy_rule *rule, struct error *reterr)
{
    struct config_select select = {.match = config->match};
    struct selection selection;
    const char *service = config->service ? config->service : "";
    if (strlen(service) >= DEPLOY_NAME_SIZE)
        return error_set(reterr, -EINVAL, "deploys: service is longer than %d bytes",
                         DEPLOY_NAME_SIZE - 1);
    int r = selection_compile(names, &select, &selection, reterr);
    if (r < 0)
        return r;
    struct regex *match = names->patterns[selection.pattern - 1];
    *rule = (struct deploy_rule){.match = match,
                                 .pattern = selection.pattern - 1,
                                 .version = regex_group_number(match, "version"),
                                 .service = regex_group_number(match, "service"),
                                 .default_service = service};
    return rule->version >= 0
               ? 0
               : error_set(reterr, -EINVAL,
                           "deploys: '%s' has no group (?<version>…): which one went out?",
                           config->match);
}

int plan_deploys(const struct config_stream *c, struct plan *plan,
                 struct selection_names *names, int *ret_line, struct error *reterr)
{
    struct deploy_rule *rules = arena_alloc(&plan->arena, c->deploy_count, sizeof(*rules));
    int r = 0;
    for (size_t i = 0; i < c->deploy_count && r == 0; i++) {
        *ret_line = c->deploys[i].line;
        r = plan_rule(&c->deploys[i], names, &rules[i], reterr);
    }
    plan->lane.deploys = rules;
    plan->lane.deploy_count = c->deploy_count;
    return r;
}
