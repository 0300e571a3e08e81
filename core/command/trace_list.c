/* SPDX-License-Identifier: MIT */
/*
 * trace_list.c - for who has no id yet: the transactions that took longest, or that failed.
 */

#include "base/json_put.h"
#include "base/log.h"
#include "base/screen.h"
#include "command/trace.h"
#include "trace/reader.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

enum { SERVICES_MAX = 1024, CLEAN_MAX = 16384 };

struct listing {
    const struct trace_request *request;
    struct trace_index *index;
    struct arena arena;
    struct bytes services
        [SERVICES_MAX]; /* [service_count]; the last one stands for all that came later */
    uint32_t service_count, newest;
    char clean[CLEAN_MAX]; /* a record without what nobody may see */
};

static uint32_t number_of(struct listing *l, struct bytes service)
{
    if (l->service_count && bytes_equal(l->services[l->newest], service))
        return l->newest;
    for (uint32_t i = 0; i < l->service_count; i++)
        if (bytes_equal(l->services[i], service))
            return l->newest = i;
    if (l->service_count == SERVICES_MAX)
        return l->newest = SERVICES_MAX - 1;
    l->services[l->service_count] = (struct bytes){arena_text(&l->arena, service), service.len};
    return l->newest = l->service_count++;
}

/* Of a record with several ids the first counts: that of the trace and that of the request are one transaction. */
static bool read_names(struct bytes text, struct trace_id *id, struct bytes *service)
{
    struct trace_reader reader = {.text = text};
    struct trace_item item;
    id->text[0] = '\0';
    while (trace_next(&reader, &item)) {
        if (item.kind == TRACE_ID && !id->text[0])
            *id = item.id;
        if (item.kind == TRACE_SERVICE)
            *service = item.value;
    }
    return id->text[0];
}

static void take(void *context, const struct trace_seen *seen)
{
    struct listing *l = context;
    const struct trace_request *request = l->request;
    struct bytes service = trace_service(seen);
    struct trace_id id;
    if ((request->since_ns != NO_TIME && seen->time_ns < request->since_ns) ||
        (request->until_ns != NO_TIME && seen->time_ns >= request->until_ns))
        return;
    if (!read_names(seen->text, &id, &service))
        return;
    if (seen->redaction_count) { // only now, for most records have no id
        size_t len =
            redact(seen->redactions, seen->redaction_count, seen->text, l->clean, CLEAN_MAX);
        service = trace_service(seen);
        if (!read_names((struct bytes){l->clean, len}, &id, &service))
            return;
    }
    struct index_sight sight = {.service = number_of(l, service),
                                .time_ns = seen->time_ns,
                                .took_ns = trace_took_ns(seen->text),
                                .error = seen->error};
    index_see(l->index, &id, &sight);
}

/* ---- out -------------------------------------------------------------------- */

static int64_t length_of(const struct index_row *row)
{
    return row->from_ns == NO_TIME ? 0 : row->to_ns - row->from_ns;
}

static void put_json(const struct listing *l, const struct index_row *row, struct buffer *out)
{
    struct json json = {.out = out};
    json_begin(&json, '{');
    json_put_text(&json, "id", row->id.text);
    json_put_time(&json, "from", row->from_ns);
    json_put_double(&json, "duration_ms", (double)length_of(row) / (double)NS_PER_MS);
    json_put_int(&json, "records", row->records);
    json_put_int(&json, "errors", row->errors);
    json_put_int(&json, "services", __builtin_popcountll(row->services));
    json_key(&json, "first_error_in");
    if (row->errors)
        json_bytes(&json, l->services[row->first_error]);
    else
        json_null(&json);
    json_end(&json, '}');
    buffer_char(out, '\n');
}

static void put_row(const struct listing *l, const struct index_row *row, struct buffer *out)
{
    char from[CLOCK_TEXT_SIZE] = "no time known";
    if (row->from_ns != NO_TIME)
        clock_format(row->from_ns, from);
    int used = screen_text(out, bytes_of(row->id.text), 0);
    buffer_printf(out, "%*s  %9.3f s  %s  %5" PRIu32 " record%s of %d",
                  used < 36 ? 36 - used : 0, "", (double)length_of(row) / 1e9, from,
                  row->records, row->records == 1 ? " " : "s",
                  __builtin_popcountll(row->services));
    if (row->errors) {
        buffer_printf(out, "  %" PRIu32 " error%s, first in ", row->errors,
                      row->errors == 1 ? "" : "s");
        screen_text(out, l->services[row->first_error], 40);
    }
    buffer_char(out, '\n');
}

static int show(struct listing *l)
{
    const struct trace_request *request = l->request;
    const struct index_row **rows = calloc(request->top, sizeof(*rows));
    struct buffer out = {0};
    if (!rows)
        return -ENOMEM;
    size_t count = index_best(l->index, rows, request->top);
    for (size_t i = 0; i < count; i++)
        (request->json ? put_json : put_row)(l, rows[i], &out);
    bool whole =
        fwrite(out.at, 1, out.len, request->out) == out.len && fflush(request->out) == 0;
    buffer_free(&out);
    free(rows);
    return whole ? 0 : -EIO;
}

static void say(const struct listing *l, const struct trace_totals *totals)
{
    struct index_counts counts = index_counts(l->index);
    if (counts.evicted)
        log_notice("trace: %" PRIu64
                   " transactions of little interest were forgotten to stay in memory; "
                   "what came of them later counts as new; --since and --until make it fewer",
                   counts.evicted);
    if (!counts.held)
        log_notice("trace: no ids in %" PRIu64 " records", totals->records);
}

int trace_list(const struct trace_request *request, struct trace_reading *reading)
{
    struct listing *l = calloc(1, sizeof(*l));
    struct trace_totals totals;
    struct error error;
    if (!l)
        return EXIT_IO;
    l->request = request;
    l->index = index_create(request->rank, 0);
    reading->take = take;
    reading->context = l;
    int r = trace_read(reading, &totals, &error), code = EXIT_DONE;
    if (r < 0) {
        code = say_failure(r == -EINVAL ? EXIT_CONFIG : EXIT_IO, &error);
    } else {
        say(l, &totals);
        code = show(l) < 0 ? EXIT_IO : totals.failed ? EXIT_NO_INPUT : EXIT_DONE;
    }
    index_free(l->index);
    arena_free(&l->arena);
    free(l);
    return code;
}
