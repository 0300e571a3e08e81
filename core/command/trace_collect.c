/* SPDX-License-Identifier: MIT */
/*
 * trace_collect.c - of all records that go past, those of the transaction; and what stood just before its first error on that source.
 *
 * Which error is the first is known at the end only, so the few records before the earliest one yet are kept aside.
 */

#include "command/trace.h"
#include "trace/reader.h"

static struct bytes clean(const struct trace_seen *seen, struct bytes text,
                          char room[PATH_TEXT_MAX])
{
    if (seen->redaction_count)
        return (struct bytes){
            room, redact(seen->redactions, seen->redaction_count, text, room, PATH_TEXT_MAX)};
    text.len = text.len < PATH_TEXT_MAX ? text.len : PATH_TEXT_MAX;
    return text;
}

/* ---- what came before ------------------------------------------------------- */

static void remember(struct trace_collected *c, const struct trace_seen *seen,
                     struct bytes text, struct bytes said)
{
    struct trace_before *recent = &c->recent;
    if (recent->count == PATH_BEFORE_MAX)
        memmove(&recent->at[0], &recent->at[1],
                --recent->count * sizeof(recent->at[0])); // a few KiB
    struct trace_context *context = &recent->at[recent->count++];
    memcpy(context->text, text.at, text.len);
    context->len = text.len;
    context->said_len = said.len < TRACE_SAID_MAX ? said.len : TRACE_SAID_MAX;
    memcpy(context->said, said.at, context->said_len);
    context->time_ns = seen->time_ns;
    context->line = seen->line;
}

static void note_error(struct trace_collected *c, const struct trace_seen *seen)
{
    if (!seen->error || seen->time_ns == NO_TIME ||
        (c->error_ns != NO_TIME && c->error_ns <= seen->time_ns))
        return;
    c->error_ns = seen->time_ns;
    c->before = c->recent;
}

/* ---- the transaction -------------------------------------------------------- */

static bool in_span(const struct trace_request *request, int64_t at_ns)
{
    return (request->since_ns == NO_TIME || at_ns >= request->since_ns) &&
           (request->until_ns == NO_TIME || at_ns < request->until_ns);
}

/* What the record says of itself. Redaction may have taken it out. */
static void read_names(struct bytes text, struct path_step *step, struct trace_id ids[2])
{
    struct trace_reader reader = {.text = text};
    struct trace_item item;
    while (trace_next(&reader, &item)) {
        if (item.kind == TRACE_SERVICE)
            step->service = item.value;
        if (item.kind == TRACE_HOST)
            step->host = item.value;
        if (item.kind != TRACE_SPAN && item.kind != TRACE_PARENT)
            continue;
        int which = item.kind == TRACE_PARENT;
        ids[which] = item.id;
        *(which ? &step->parent : &step->span) = bytes_of(ids[which].text);
    }
}

static void add(struct trace_collected *c, const struct trace_seen *seen, struct bytes text,
                struct bytes said)
{
    struct trace_id ids[2];
    struct path_step step = {.service = trace_service(seen),
                             .host = trace_host(&c->names, seen->input),
                             .source = bytes_of(seen->input->path),
                             .text = text,
                             .said = said,
                             .time_ns = seen->time_ns,
                             .took_ns = trace_took_ns(text),
                             .line = seen->line,
                             .offset = seen->offset,
                             .error = seen->error};
    read_names(text, &step, ids);
    path_add(&c->path, &step);
    c->files += c->counted != seen->input;
    c->counted = seen->input;
}

void trace_collect(void *context, const struct trace_seen *seen)
{
    struct trace_collected *c = context;
    if (c->input != seen->input || seen->again)
        c->recent.count = 0;
    c->input = seen->input;
    struct bytes text = clean(seen, seen->text, c->rooms[0]),
                 said = clean(seen, seen->message, c->rooms[1]);
    if (seen->hit && in_span(c->request, seen->time_ns)) {
        note_error(c, seen);
        add(c, seen, text, said);
    }
    remember(c, seen, text, said);
}
