/* SPDX-License-Identifier: MIT */

/* oddline fleet for people. Names and texts come from Redis, where anybody may have put them: all of them are escaped. */

#include "command/fleet.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/screen.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    HOST_COLUMNS = 24, /* of a name, at least; ... */
    HOST_COLUMNS_MAX =
        64, /* ... more where one of those shown is longer: in a cloud they differ at their end */
    STREAM_COLUMNS = 16,
    SUMMARY_COLUMNS = 100,
    VERSION_COLUMNS = 9
};

static const char red[] = "\033[31m", yellow[] = "\033[33m", bold[] = "\033[1m",
                  plain[] = "\033[0m";

struct page {
    struct buffer *out;
    int name; /* columns of a host's */
    bool color;
};

/* Columns of the longest name that is shown. */
static int name_columns(const struct fleet *fleet, size_t top)
{
    struct buffer scratch = {0};
    int most = HOST_COLUMNS;
    for (size_t i = 0; i < fleet->host_count && i < top; i++) {
        buffer_clear(&scratch);
        int used = screen_text(&scratch, bytes_of(fleet->hosts[i].name), HOST_COLUMNS_MAX);
        most = used > most ? used : most;
    }
    buffer_free(&scratch);
    return most;
}

static void paint(const struct page *page, const char *how)
{
    if (page->color)
        buffer_text(page->out, how);
}

/* Escaped, cut and filled up to `columns`. */
static void cell(const struct page *page, const char *text, int columns)
{
    int used = screen_text(page->out, bytes_of(text), columns);
    buffer_printf(page->out, "%*s", columns - used + 1, "");
}

static const char *size_text(uint64_t bytes, char text[24])
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double value = (double)bytes;
    int unit = 0;
    for (; value >= 1024 && unit < 4; unit++)
        value /= 1024;
    snprintf(text, 24, unit && value < 10 ? "%.1f %s" : "%.0f %s", value, units[unit]);
    return text;
}

/* ---- hosts -------------------------------------------------------------- */

static void put_lag(const struct page *page, const struct heartbeat_facts *facts)
{
    char lag[CLOCK_TEXT_SIZE], size[24], text[80] = "-";
    if (facts->lag_ns)
        snprintf(text, sizeof(text), "%s %s", clock_format_duration(facts->lag_ns, lag),
                 size_text(facts->behind_bytes, size));
    cell(page, text, 17);
}

static void put_config(const struct page *page, const struct fleet_host *host)
{
    char hash[HASH_TEXT_SIZE];
    paint(page, host->drift ? yellow : "");
    buffer_printf(page->out, "%.8s %s ", hash_format(host->beat.facts.config, hash),
                  host->drift ? "drift" : "     ");
    paint(page, host->drift ? plain : "");
}

static void put_state(const struct page *page, enum fleet_state state)
{
    const char *how = state < FLEET_BEHIND ? red : state < FLEET_OK ? yellow : "";
    paint(page, how);
    cell(page, fleet_state_name(state), 13);
    paint(page, *how ? plain : "");
}

static void put_host(const struct page *page, const struct fleet_host *host)
{
    char age[CLOCK_TEXT_SIZE], text[64];
    const struct beat *beat = &host->beat;
    cell(page, host->name, page->name);
    put_state(page, host->state);
    if (host->state == FLEET_UNREADABLE) {
        buffer_text(page->out, "\n");
        return;
    }
    cell(page, clock_format_duration(host->age_ns, age), 10);
    cell(page, beat->version, VERSION_COLUMNS);
    put_lag(page, &beat->facts);
    snprintf(text, sizeof(text), "%" PRIu64, beat->waiting);
    cell(page, text, 7);
    put_config(page, host);
    buffer_printf(page->out, "%u/%u/%u%s\n", beat->facts.firing[ROUTE_PAGE],
                  beat->facts.firing[ROUTE_TICKET], beat->facts.firing[ROUTE_LOG],
                  host->twice ? " NAME USED TWICE" : "");
}

static void put_hosts(const struct page *page, const struct fleet *fleet, size_t top)
{
    if (fleet->host_count == 0)
        return;
    paint(page, bold);
    buffer_printf(page->out, "%-*s %-13s %-10s %-*s %-17s %-7s %-14s %s\n", page->name, "HOST",
                  "STATE", "LAST BEAT", VERSION_COLUMNS, "VERSION", "LAG", "OUTBOX", "CONFIG",
                  "FIRING p/t/l");
    paint(page, plain);
    for (size_t i = 0; i < fleet->host_count && i < top; i++)
        put_host(page, &fleet->hosts[i]);
    if (fleet->host_count > top)
        buffer_printf(page->out, "… and %zu more, none of them worse (--top N, --json)\n",
                      fleet->host_count - top);
}

static void put_summary(const struct page *page, const struct fleet *fleet)
{
    char now[CLOCK_TEXT_SIZE];
    buffer_printf(page->out, "%zu host%s in %d shard%s", fleet->host_count,
                  fleet->host_count == 1 ? "" : "s", fleet->shards,
                  fleet->shards == 1 ? "" : "s");
    for (enum fleet_state state = 0; state < FLEET_STATES; state++)
        if (fleet->states[state])
            buffer_printf(page->out, ", %zu %s", fleet->states[state], fleet_state_name(state));
    if (fleet->drifts)
        buffer_printf(page->out, ", %zu configured otherwise", fleet->drifts);
    if (fleet->twice)
        buffer_printf(page->out, ", %zu of a name that another has", fleet->twice);
    if (fleet->hosts_over)
        buffer_printf(page->out, "; MORE THAN %d are there and not shown", FLEET_HOSTS_MAX);
    buffer_printf(page->out, "   %s\n", clock_format(fleet->now_ns, now));
}

/* ---- troubles ----------------------------------------------------------- */

static void put_trouble(const struct page *page, const struct fleet_trouble *trouble)
{
    char starts[CLOCK_TEXT_SIZE] = "?", hosts[48];
    paint(page, trouble->route == ROUTE_PAGE ? red : yellow);
    cell(page, finding_route_name(trouble->route), 6);
    paint(page, plain);
    snprintf(hosts, sizeof(hosts), "%zu host%s", trouble->hosts,
             trouble->hosts == 1 ? "" : "s");
    cell(page, hosts, 12);
    if (trouble->starts_ns != NO_TIME)
        clock_format(trouble->starts_ns, starts);
    buffer_printf(page->out, "%-20.19s ", starts);
    cell(page, trouble->first ? trouble->first : "", page->name);
    cell(page, trouble->stream ? trouble->stream : "", STREAM_COLUMNS);
    screen_text(page->out, bytes_of(trouble->summary ? trouble->summary : ""), SUMMARY_COLUMNS);
    if (trouble->silent)
        buffer_printf(page->out, " (%zu SILENT since)", trouble->silent);
    if (trouble->unheard)
        buffer_printf(page->out, " (of %zu nobody knows)", trouble->unheard);
    buffer_char(page->out, '\n');
}

static void put_troubles(const struct page *page, const struct fleet *fleet, size_t top)
{
    char oldest[CLOCK_TEXT_SIZE];
    if (fleet->trouble_count == 0)
        buffer_text(page->out, "nothing fires");
    else
        buffer_printf(page->out, "%zu trouble%s fire%s", fleet->trouble_count,
                      fleet->trouble_count == 1 ? "" : "s",
                      fleet->trouble_count == 1 ? "s" : "");
    buffer_printf(page->out, ", in %zu entries", fleet->entries);
    if (fleet->oldest_ns != NO_TIME)
        buffer_printf(page->out, " since %s; older ones were not looked at (--last N)",
                      clock_format(fleet->oldest_ns, oldest));
    if (fleet->troubles_over)
        buffer_printf(page->out, "; of others %zu entries", fleet->troubles_over);
    buffer_char(page->out, '\n');
    if (fleet->trouble_count) {
        paint(page, bold);
        buffer_printf(page->out, "%-6s %-12s %-20s %-*s %-*s %s\n", "ROUTE", "ON",
                      "SINCE (UTC)", page->name, "FIRST ON", STREAM_COLUMNS, "STREAM", "WHAT");
        paint(page, plain);
    }
    for (size_t i = 0; i < fleet->trouble_count && i < top; i++)
        put_trouble(page, &fleet->troubles[i]);
    if (fleet->trouble_count > top)
        buffer_printf(page->out, "… and %zu more\n", fleet->trouble_count - top);
}

void fleet_table(const struct fleet *fleet, const struct fleet_look *look, struct buffer *out)
{
    struct page page = {out, name_columns(fleet, (size_t)look->hosts), look->color};
    put_summary(&page, fleet);
    put_hosts(&page, fleet, (size_t)look->hosts);
    buffer_char(out, '\n');
    put_troubles(&page, fleet, (size_t)look->troubles);
}

/* Troubles have half of the lines, and either what the other does not need. */
void fleet_fit(const struct fleet *fleet, int lines, struct fleet_look *ret)
{
    enum { OTHERS = 8, LEAST = 1 }; // headings, "and N more", and where the cursor stands
    int64_t room = lines > OTHERS + 2 * LEAST ? lines - OTHERS : 2 * LEAST, half = room / 2,
            hosts = (int64_t)fleet->host_count, troubles = (int64_t)fleet->trouble_count;
    ret->troubles = troubles < half ? troubles : half;
    ret->hosts = hosts < room - ret->troubles ? hosts : room - ret->troubles;
    if (room - ret->hosts > ret->troubles)
        ret->troubles = room - ret->hosts;
}
