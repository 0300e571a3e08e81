/* SPDX-License-Identifier: MIT */

#include "config/actions.h"

#include "act/act.h"
#include "act/post.h"
#include "act/surroundings.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>

/* ---- what tables cannot say --------------------------------------------- */

struct checked {
    const struct config *config;
    const struct config_action *action;
    struct error *reterr;
};

static int refuse(const struct checked *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static int refuse(const struct checked *c, const char *format, ...)
{
    char what[400];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    return error_set(c->reterr, -EINVAL, "%s:%d: action '%s': %s", c->config->path,
                     c->action->line, c->action->name, what);
}

static int check_name(const struct checked *c)
{
    const struct config_action *other = c->config->actions;
    const char *name = c->action->name;
    if (strlen(name) > 64)
        return refuse(c, "a name has 64 bytes at most");
    for (const char *p = name; *p; p++)
        if ((unsigned char)*p >= 0x80 || (!isalnum((unsigned char)*p) && !strchr("_-.", *p)))
            return refuse(c, "a name has letters, digits, '_', '-' and '.' only");
    while (other < c->action && strcmp(other->name, name) != 0)
        other++;
    return other < c->action ? refuse(c, "is there already, in line %d", other->line) : 0;
}

static int check_words(const struct checked *c, const char *key,
                       const struct config_texts *words, const char *allowed)
{
    for (size_t i = 0; i < words->count; i++) {
        const char *at = strstr(allowed, words->at[i]);
        size_t len = strlen(words->at[i]);
        while (at && !((at == allowed || at[-1] == ' ') && (at[len] == ' ' || !at[len])))
            at = strstr(at + 1, words->at[i]);
        if (!at || len == 0)
            return refuse(c, "%s: '%s' is none of: %s", key, words->at[i], allowed);
    }
    return 0;
}

static bool is_named(const struct config_texts *words, const char *word)
{
    for (size_t i = 0; i < words->count; i++)
        if (strcmp(words->at[i], word) == 0)
            return true;
    return words->count == 0;
}

static int check_when(const struct checked *c)
{
    const struct config_action_when *when = c->action->when;
    if (!when)
        return 0;
    int r = check_words(c, "route", &when->routes, "page ticket log");
    if (r == 0)
        r = check_words(c, "kind", &when->kinds,
                        "spike drop shift trend new silence burn gap plugin");
    if (r == 0)
        r = check_words(c, "status", &when->statuses, "firing resolved");
    if (r == 0 && c->action->alertmanager.count &&
        !(is_named(&when->statuses, "firing") && is_named(&when->statuses, "resolved")))
        return refuse(c, "status: Alertmanager needs firing and resolved; leave it out");
    return r;
}

static int check_urls(const struct checked *c, const struct config_texts *urls)
{
    struct error why;
    if (urls->count > ACTION_URLS_MAX)
        return refuse(c, "%d URLs at most", ACTION_URLS_MAX);
    for (size_t i = 0; i < urls->count; i++)
        if (post_check_url(urls->at[i], &why) < 0)
            return refuse(c, "%s", why.text);
    return 0;
}

static int check_deed(const struct checked *c)
{
    const struct config_action *a = c->action;
    if (!!a->run.count + !!a->post.count + !!a->alertmanager.count != 1)
        return refuse(c, "one of run, post and alertmanager is needed");
    if (a->run.count > ACTION_ARGS_MAX)
        return refuse(c, "run: %d arguments at most", ACTION_ARGS_MAX - 1);
    if (a->run.count && !*a->run.at[0])
        return refuse(c, "run: the name of the command is empty");
    if (a->header_file && a->run.count)
        return refuse(c, "header_file is for POSTs");
    if (a->alertmanager.count && strcmp(a->mode, "at-most-once") == 0)
        return refuse(c, "mode: Alertmanager takes an alert twice as one; leave it out");
    int r = check_urls(c, &a->post);
    return r < 0 ? r : check_urls(c, &a->alertmanager);
}

int actions_check(const struct config *config, struct error *reterr)
{
    int r = 0;
    for (size_t i = 0; i < config->action_count && r == 0; i++) {
        struct checked c = {config, &config->actions[i], reterr};
        r = i == ACT_ACTIONS_MAX ? refuse(&c, "%d actions at most", ACT_ACTIONS_MAX) : 0;
        if (r == 0)
            r = check_name(&c);
        if (r == 0)
            r = check_when(&c);
        if (r == 0)
            r = check_deed(&c);
    }
    return r;
}

/* ---- as act takes it ---------------------------------------------------- */

static struct action_texts texts(struct config_texts from)
{
    return (struct action_texts){from.at, from.count};
}

static struct action_when make_when(const struct config_action_when *from)
{
    if (!from)
        return (struct action_when){.min_score = 0};
    return (struct action_when){.routes = texts(from->routes),
                                .streams = texts(from->streams),
                                .kinds = texts(from->kinds),
                                .statuses = texts(from->statuses),
                                .labels = {from->labels.at, from->labels.count},
                                .min_score = from->min_score};
}

static struct action make(const struct config_action *a)
{
    return (struct action){.name = a->name,
                           .when = make_when(a->when),
                           .kind = a->run.count    ? ACTION_RUN
                                   : a->post.count ? ACTION_POST
                                                   : ACTION_ALERTMANAGER,
                           .argv = texts(a->run),
                           .urls = texts(a->post.count ? a->post : a->alertmanager),
                           .header_file = a->header_file,
                           .timeout_ns = a->timeout_ns,
                           .cooldown_ns = a->cooldown_ns,
                           .resend_ns = a->resend_ns,
                           .at_once = a->at_once,
                           .per_hour = a->per_hour,
                           .retries = a->retries,
                           .at_most_once = strcmp(a->mode, "at-most-once") == 0,
                           .dry_run = a->dry_run};
}

const struct action *actions_make(const struct config *config, struct arena *arena)
{
    struct action *all = arena_alloc(arena, config->action_count + 1, sizeof(*all));
    for (size_t i = 0; i < config->action_count; i++)
        all[i] = make(&config->actions[i]);
    return all;
}
