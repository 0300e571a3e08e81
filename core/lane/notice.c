/* SPDX-License-Identifier: MIT */

#include "lane/notice.h"

#include "base/clock.h"
#include "base/redact.h"

/* Redacted, and cut at what no name has. */
static void take_name(const struct notice_redact *with, struct bytes found,
                      char into[DEPLOY_NAME_SIZE])
{
    size_t len = redact(with->rules, with->count, found, into, DEPLOY_NAME_SIZE - 1);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)into[i] < ' ' || into[i] == 0x7f)
            len = i;
    while (len && into[len - 1] == ' ')
        len--;
    into[len] = '\0';
}

static struct bytes group_of(const struct deploy_rule *rule, struct bytes text, int group)
{
    static const struct bytes none;
    return group < 0 ? none : regex_group(rule->match, text, group);
}

bool notice_read(const struct deploy_rule *rule, const struct notice_redact *with,
                 struct bytes text, struct deploy_notice *notice)
{
    if (regex_match(rule->match, text) != 1)
        return false;
    struct bytes service = group_of(rule, text, rule->service);
    take_name(with, group_of(rule, text, rule->version), notice->version);
    take_name(with, service.len ? service : bytes_of(rule->default_service), notice->service);
    return notice->version[0];
}

/* The first rule that fits has it. */
static void look_at(struct lane *lane, const struct lane_plan *plan,
                    const struct oddline_batch *batch, const struct oddline_record *record)
{
    struct bytes text = {batch->text + record->text, record->text_len};
    struct deploy_notice notice = {.stream = plan->number,
                                   .time_ns = record->time_ns == NO_TIME ? lane->arrival_ns
                                                                         : record->time_ns};
    const struct notice_redact with = {plan->window.redactions, plan->window.redaction_count};
    for (size_t i = 0; i < plan->deploy_count && notice.time_ns != NO_TIME; i++)
        if (batch_matched(batch, record, plan->deploys[i].pattern) &&
            notice_read(&plan->deploys[i], &with, text, &notice)) {
            buffer_append(&lane->noticed, &notice, sizeof(notice));
            return;
        }
}

void notice_deploys(struct lane *lane, const struct lane_plan *plan,
                    const struct oddline_batch *batch)
{
    for (uint32_t i = 0; i < batch->count; i++)
        look_at(lane, plan, batch, &batch->records[i]);
}

void notice_emit(struct lane *lane)
{
    const struct deploy_notice *noticed = (const void *)lane->noticed.at;
    size_t count = lane->noticed.len / sizeof(*noticed);
    for (size_t i = 0; i < count && !lane->ended; i++) {
        struct deploy_notice *notice = lane_room(lane, sizeof(*notice));
        *notice = noticed[i];
        ring_commit(lane->ring, RING_DEPLOY, sizeof(*notice));
    }
    buffer_clear(&lane->noticed);
}
