/* SPDX-License-Identifier: MIT */
/*
 * oddline act: does what `actions` of a configuration say with the findings in Redis.
 *
 * A process of its own: nothing that it starts can touch the daemon. It needs of the configuration no more than sinks.redis,
 * actions and act, so it may run on a host without logs.
 */

#include "act/act.h"
#include "act/post.h"
#include "app/cli.h"
#include "base/log.h"
#include "config/actions.h"
#include "config/config.h"
#include "deliver/shard.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OPT_CONFIG, OPT_ONCE, OPT_DRY_RUN, OPT_SHARD, OPTIONS };

static const struct option_spec specs[OPTIONS] = {
    [OPT_CONFIG] = {"config", "FILE", "(-c) configuration with sinks.redis and actions"},
    [OPT_ONCE] = {"once", NULL, "end when nothing is left but what waits for its hour"},
    [OPT_DRY_RUN] = {"dry-run", NULL, "only say what would be done; nothing is used up by it"},
    [OPT_SHARD] = {"shard", "N",
                   "whose findings, where sinks.redis.shards are several: one act for each"},
};

struct request {
    const char *config, *shard;
    bool once, dry_run;
};

static volatile sig_atomic_t stop_asked;

static void on_signal(int signal_number)
{
    stop_asked = signal_number;
}

static bool take(void *context, size_t index, const char *value, struct error *reterr)
{
    struct request *request = context;
    (void)reterr;
    if (index == OPT_CONFIG)
        request->config = value;
    else if (index == OPT_ONCE)
        request->once = true;
    else if (index == OPT_SHARD)
        request->shard = value;
    else
        request->dry_run = true;
    return true;
}

static int check(const struct config *config, struct error *reterr)
{
    if (!config->sinks || !config->sinks->redis)
        return error_set(reterr, -EINVAL,
                         "%s: sinks.redis is missing: that is where findings "
                         "come from",
                         config->path);
    if (config->action_count == 0)
        return error_set(reterr, -EINVAL, "%s: there are no actions", config->path);
    for (size_t i = 0; i < config->action_count; i++)
        if (config->actions[i].run.count == 0 && !post_is_built_in())
            return error_set(reterr, -ENOTSUP,
                             "%s:%d: action '%s': POSTs are not built in: libcurl was missing "
                             "when oddline was built; commands work",
                             config->path, config->actions[i].line, config->actions[i].name);
    return 0;
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
}

/* Which of the shards, as text: 0 to shards - 1. */
static int pick_shard(const struct request *request, const struct config_redis *c,
                      char text[SHARD_TEXT_SIZE], struct error *reterr)
{
    int64_t shard = c->shards > 1 ? c->shard : 0;
    const char *wanted = request->shard;
    if (wanted)
        shard = *wanted && strlen(wanted) < 4 && !wanted[strspn(wanted, "0123456789")]
                    ? strtoll(wanted, NULL, 10)
                    : -1;
    if (shard < 0 || shard >= c->shards)
        return error_set(reterr, -EINVAL,
                         "act: there are %lld shards: --shard 0 to %lld says whose findings",
                         (long long)c->shards, (long long)c->shards - 1);
    shard_format(shard, text);
    return 0;
}

static struct redis_options redis_of(const struct config_redis *c, const char *shard)
{
    return (struct redis_options){.url = c->url,
                                  .prefix = c->prefix,
                                  .shard = shard,
                                  .user = c->user,
                                  .password_file = c->password_file,
                                  .allow_plaintext = c->allow_plaintext};
}

static int act(const struct request *request, struct config *config, struct error *reterr)
{
    char host[256] = "localhost", shard[SHARD_TEXT_SIZE];
    int r = pick_shard(request, config->sinks->redis, shard, reterr);
    if (r < 0)
        return r;
    struct config_act settings = config->act ? *config->act : config_act_default();
    gethostname(host, sizeof(host) - 1);
    struct act_options options = {
        .redis = redis_of(config->sinks->redis, shard),
        .consumer_group = settings.consumer_group,
        .consumer = settings.consumer ? settings.consumer : host,
        .audit = settings.audit,
        .since_ns = settings.since_ns,
        .claim_after_ns = settings.claim_after_ns,
        .actions = actions_make(config, &config->arena),
        .action_count = config->action_count,
        .once = request->once,
        .dry_run = request->dry_run,
        .stop = &stop_asked,
    };
    catch_signals();
    if (!request->once)
        log_notice("act: running: %zu actions, consumer %s", options.action_count,
                   options.consumer);
    return act_run(&options, reterr);
}

int command_act(int argc, char **argv)
{
    struct request request = {0};
    struct option_set set = {"act", specs, OPTIONS, take, &request};
    struct config config = {0};
    struct error error = {""};
    int first, code;
    if (!options_parse(&set, argc, argv, &first, &code))
        return code;
    if (!request.config || first < argc) {
        error_set(&error, -EINVAL, "act: a configuration is needed: oddline act -c FILE");
        return say_failure(EXIT_USAGE, &error);
    }
    log_setup(LOG_NOTICE, 1);
    if (config_read_actions(request.config, &config, &error) < 0 ||
        check(&config, &error) < 0) {
        config_free(&config);
        return say_failure(EXIT_CONFIG, &error);
    }
    int r = act(&request, &config, &error);
    config_free(&config);
    return r == 0 ? EXIT_DONE : say_failure(r == -EINVAL ? EXIT_CONFIG : EXIT_NO_SINK, &error);
}
