/* SPDX-License-Identifier: MIT */

/* The tables of `actions` and `act`, which only `oddline act` follows and `oddline check` reads too. */

#include "base/clock.h"
#include "config/config.h"
#include "config/config_keys.h"

#include <stddef.h>

#define COUNT(a)   (sizeof(a) / sizeof((a)[0]))
#define AT(member) offsetof(struct THIS, member)

#define THIS config_action_when
static const struct key when_keys[] = {
    {"route", KEY_TEXTS, AT(routes), .help = "Of which routes: page, ticket, log."},
    {"stream", KEY_TEXTS, AT(streams), .help = "Of which streams; `*` stands for any text."},
    {"kind", KEY_TEXTS, AT(kinds),
     .help = "Of which kinds: spike, drop, shift, trend, new, silence, burn, gap, plugin."},
    {"status", KEY_TEXTS, AT(statuses), .help = "firing, resolved; both when absent."},
    {"labels", KEY_PAIRS, AT(labels),
     .help = "Labels that the finding must have; `*` stands for any text."},
    {"min_score", KEY_NUMBER, AT(min_score), .max = 300,
     .help = "Score that it must have at least."},
};
static const struct schema when_schema = {"when",    sizeof(struct THIS), NULL, SCHEMA_NO_LINE,
                                          when_keys, COUNT(when_keys)};
#undef THIS

#define THIS config_action
static const struct config_action action_default = {.mode = "at-least-once",
                                                    .timeout_ns = 30 * NS_PER_S,
                                                    .at_once = 4,
                                                    .per_hour = 60,
                                                    .cooldown_ns = 600 * NS_PER_S,
                                                    .retries = 3,
                                                    .resend_ns = 60 * NS_PER_S};
static const struct key action_keys[] = {
    {"name", KEY_TEXT, AT(name), .required = true,
     .help = "Letters, digits, `_`, `-` and `.`; its consumer group is CONSUMER_GROUP:NAME."},
    {"when", KEY_OBJECT, AT(when), &when_schema,
     .help = "All of it must fit; each finding when absent."},
    {"run", KEY_TEXTS, AT(run),
     .help = "A command and its arguments, without a shell; the finding is on stdin. Or:"},
    {"post", KEY_TEXTS, AT(post),
     .help = "URL that gets the finding; of several, one is enough. Or:"},
    {"alertmanager", KEY_TEXTS, AT(alertmanager),
     .help = "URL of each Alertmanager of a cluster; one is enough."},
    {"header_file", KEY_TEXT, AT(header_file),
     .help = "File of lines `Name: value` that go with each POST, for what is secret."},
    {"timeout", KEY_DURATION, AT(timeout_ns), .min = 100e6, .max = 3600e9,
     .help = "Then its process group is ended: TERM, two seconds later KILL."},
    {"at_once", KEY_INTEGER, AT(at_once), .min = 1, .max = 16,
     .help = "How many may run at the same time."},
    {"per_hour", KEY_INTEGER, AT(per_hour), .max = 10000,
     .help =
         "How often within an hour, of all peers together; the rest waits. 0: no limit. Not "
         "for alertmanager."},
    {"cooldown", KEY_DURATION, AT(cooldown_ns), .max = 30 * 86400e9,
     .help = "After an act, findings of the same fingerprint and status are skipped for so "
             "long. Not for alertmanager."},
    {"mode", KEY_TEXT, AT(mode), .choices = "at-least-once|at-most-once",
     .help =
         "Acknowledged after success; or noted before the act, which is never tried again."},
    {"retries", KEY_INTEGER, AT(retries), .max = 20,
     .help = "Further attempts, with back-off; then it is a dead letter."},
    {"resend", KEY_DURATION, AT(resend_ns), .min = 500e6, .max = 3600e9,
     .help =
         "What fires is sent to Alertmanager again so often, and holds for four times that."},
    {"dry_run", KEY_BOOL, AT(dry_run),
     .help = "Only say what would be done; findings are used up."},
};
const struct schema config_action_schema = {"an action",     sizeof(struct THIS),
                                            &action_default, AT(line),
                                            action_keys,     COUNT(action_keys)};
#undef THIS

#define THIS config_act
static const struct config_act act_default = {.consumer_group = "oddline-act",
                                              .since_ns = 3600 * NS_PER_S,
                                              .claim_after_ns = 60 * NS_PER_S};
static const struct key act_keys[] = {
    {"consumer_group", KEY_TEXT, AT(consumer_group),
     .help = "Peers with the same one share the work."},
    {"consumer", KEY_TEXT, AT(consumer),
     .help = "Name among the peers; the host name when absent. Two at a time with one name "
             "would do the same work."},
    {"audit", KEY_TEXT, AT(audit),
     .help = "File that gets a JSON line for each act; stderr when absent."},
    {"since", KEY_DURATION, AT(since_ns), .max = 3650 * 86400e9,
     .help = "Where a new group begins: with findings that were published so long ago."},
    {"claim_after", KEY_DURATION, AT(claim_after_ns), .min = 1e9, .max = 86400e9,
     .help = "What a dead peer had taken is taken over after so long."},
};
const struct schema config_act_schema = {
    "act", sizeof(struct THIS), &act_default, SCHEMA_NO_LINE, act_keys, COUNT(act_keys)};
#undef THIS

struct config_act config_act_default(void)
{
    return act_default;
}
