/* SPDX-License-Identifier: MIT */

#include "app/status.h"

#include "app/fleet_note.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "deliver/redis.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOTE_NS  NS_PER_S
#define WRITE_NS (2 * NS_PER_S)
/* A detector that keeps a core busier than this is named, once. */
static const double dear_share = 0.25;

void status_note(struct daemon *d)
{
    int64_t now = clock_monotonic_ns();
    if (now < d->next_note_ns)
        return;
    d->next_note_ns = now + NOTE_NS;
    pthread_mutex_lock(&d->report_lock);
    struct json json = {.out = &d->report};
    buffer_clear(&d->report);
    judge_report(d->judge, &json);
    judge_firing(d->judge, d->firing);
    pthread_mutex_unlock(&d->report_lock);
}

/* ---- the file ----------------------------------------------------------- */

static void put_int(struct json *json, const char *key, uint64_t value)
{
    json_key(json, key);
    json_int(json, (int64_t)value);
}

static void put_patterns(struct json *json, const struct plan *plan)
{
    json_key(json, "patterns");
    json_begin(json, '[');
    for (size_t i = 0; i < plan->pattern_count; i++) {
        struct regex_health health = regex_health(plan->patterns[i]);
        json_begin(json, '{');
        json_key(json, "pattern");
        json_text(json, regex_text(plan->patterns[i]));
        put_int(json, "searches", health.searches);
        json_key(json, "ns_per_search");
        json_double(json, health.timed ? (double)health.timed_ns / (double)health.timed : 0);
        put_int(json, "limit_errors", health.limit_errors);
        json_key(json, "quarantined");
        json_bool(json, health.quarantined);
        json_end(json, '}');
    }
    json_end(json, ']');
}

/* One member for each grouped series, and the sums that metrics show. */
static void put_groups(struct json *json, const struct slot *slot)
{
    const struct window_options *options = &slot->plan->lane.window;
    uint64_t evicted = 0, other = 0;
    json_key(json, "groups");
    json_begin(json, '[');
    for (size_t i = 0; i < options->group_count; i++) {
        struct group_counts counts = windows_group_counts(slot->stream.windows, i);
        json_begin(json, '{');
        json_key(json, "series");
        json_text(json, options->groups[i].name);
        json_key(json, "field");
        json_text(json, options->groups[i].field_name);
        put_int(json, "groups", counts.slots);
        put_int(json, "taken", counts.taken);
        put_int(json, "records", counts.records);
        put_int(json, "evicted", counts.evicted);
        put_int(json, "other", counts.other);
        json_end(json, '}');
        evicted += counts.evicted;
        other += counts.other;
    }
    json_end(json, ']');
    put_int(json, "groups_evicted_total", evicted);
    put_int(json, "groups_other_total", other);
}

static void put_streams(struct json *json, const struct daemon *d)
{
    json_key(json, "streams");
    json_begin(json, '[');
    for (size_t i = 0; i < d->slot_count; i++) {
        const struct slot *slot = &d->slots[i];
        if (!slot->generation)
            continue;
        struct window_counts counts = windows_counts(slot->stream.windows);
        json_begin(json, '{');
        json_key(json, "name");
        json_text(json, slot->plan->name);
        json_key(json, "window_s");
        json_double(json, (double)windows_length_ns(slot->stream.windows) / 1e9);
        json_key(json, "reached");
        json_time(json, windows_reached_ns(slot->stream.windows));
        put_int(json, "records", counts.records);
        put_int(json, "windows", counts.closed);
        put_int(json, "late", counts.late);
        put_int(json, "suspect_stamps", counts.suspect);
        put_int(json, "timeless", counts.timeless);
        put_groups(json, slot);
        put_patterns(json, slot->plan);
        json_end(json, '}');
    }
    json_end(json, ']');
}

static void put_redis(struct json *json, const struct daemon *d)
{
    struct redis_stats stats = redis_sink_stats(d->redis);
    json_key(json, "redis");
    json_begin(json, '{');
    json_key(json, "evicts");
    json_bool(json, stats.evicts);
    json_key(json, "troubled");
    json_bool(json, stats.troubled);
    put_int(json, "connects", stats.connects);
    put_int(json, "hosts", stats.hosts);
    put_int(json, "beats", stats.beats);
    put_int(json, "beat_errors", stats.beat_errors);
    json_end(json, '}');
}

static void put_sinks(struct json *json, const struct daemon *d)
{
    json_key(json, "sinks");
    json_begin(json, '[');
    for (size_t i = 0; i < courier_count(d->courier); i++) {
        struct courier_stats stats = courier_stats(d->courier, i);
        json_begin(json, '{');
        json_key(json, "name");
        json_text(json, stats.name);
        put_int(json, "committed", stats.committed);
        put_int(json, "confirmed", stats.confirmed);
        put_int(json, "waiting", stats.committed - stats.confirmed);
        put_int(json, "errors", stats.errors);
        json_key(json, "troubled");
        json_bool(json, stats.troubled || stats.stopped);
        json_end(json, '}');
    }
    json_end(json, ']');
}

static void put_tail(struct json *json, const struct daemon *d)
{
    struct tail_counts counts = tail_counts(d->tail);
    json_key(json, "files");
    json_begin(json, '{');
    put_int(json, "followed", counts.files);
    put_int(json, "opened", counts.opened);
    put_int(json, "rotated", counts.rotated);
    put_int(json, "truncated", counts.truncated);
    put_int(json, "refused", counts.refused);
    put_int(json, "bookmark_invalid", counts.bookmark_invalid);
    json_key(json, "polling");
    json_bool(json, counts.polling);
    json_end(json, '}');
}

/* See docs/journal.md: moved = scored + gap, findings committed = confirmed + waiting. */
static void put_journal(struct json *json, struct daemon *d)
{
    struct journal_counts counts = journal_counts(d->journal);
    json_key(json, "journal");
    json_begin(json, '{');
    put_int(json, "findings", journal_next_n(d->journal) - 1);
    put_int(json, "blocks", counts.blocks);
    put_int(json, "bytes_written", counts.bytes_written);
    put_int(json, "bytes_on_disk", counts.bytes_on_disk);
    put_int(json, "segments", counts.segments);
    put_int(json, "syncs", counts.syncs);
    json_key(json, "ns_per_sync");
    json_double(json, counts.syncs ? (double)counts.sync_ns_total / (double)counts.syncs : 0);
    put_int(json, "sync_ns_max", counts.sync_ns_max);
    put_int(json, "torn", counts.torn);
    put_int(json, "damaged", counts.damaged);
    put_int(json, "stalls", atomic_load(&d->commit.stalls));
    put_int(json, "snapshots", atomic_load(&d->commit.snapshots));
    put_int(json, "snapshot_failures", atomic_load(&d->commit.snapshot_failures));
    put_int(json, "snapshot_bytes", atomic_load(&d->commit.snapshot_bytes));
    put_int(json, "snapshot_ns", (uint64_t)atomic_load(&d->commit.snapshot_cost_ns));
    json_end(json, '}');
}

static void put_conservation(struct json *json, struct daemon *d)
{
    struct conservation c = commit_durable(&d->commit);
    json_key(json, "conservation");
    json_begin(json, '{');
    put_int(json, "moved", c.moved);
    put_int(json, "scored", c.scored);
    put_int(json, "gap", c.gap);
    put_int(json, "lost", c.lost);
    put_int(json, "gaps", c.gaps);
    json_key(json, "balanced");
    json_bool(json, c.moved == c.scored + c.gap);
    json_end(json, '}');
}

static void compose(struct daemon *d, bool running, struct buffer *out)
{
    struct json json = {.out = out};
    json_begin(&json, '{');
    put_int(&json, "v", 1);
    json_key(&json, "version");
    json_text(&json, ODDLINE_VERSION);
    put_int(&json, "pid", (uint64_t)getpid());
    json_key(&json, "running");
    json_bool(&json, running);
    json_key(&json, "started_at");
    json_time(&json, d->started_ns);
    json_key(&json, "updated_at");
    json_time(&json, clock_wall_ns());
    put_int(&json, "lines", atomic_load(&d->lane.progress.lines));
    put_int(&json, "records", atomic_load(&d->lane.progress.records));
    put_int(&json, "bytes", atomic_load(&d->lane.progress.bytes));
    json_key(&json, "backpressure");
    json_bool(&json, atomic_load(&d->commit.stalled));
    put_int(&json, "ring_bytes", d->generation->config.ring_bytes);
    put_int(&json, "ring_in_flight", ring_head(d->ring) - ring_tail(d->ring));
    put_journal(&json, d);
    put_conservation(&json, d);
    put_tail(&json, d);
    put_streams(&json, d);
    put_sinks(&json, d);
    if (d->redis)
        put_redis(&json, d);
    pthread_mutex_lock(&d->report_lock);
    if (d->report.len) {
        buffer_char(out, ',');
        buffer_append(out, d->report.at, d->report.len);
    }
    pthread_mutex_unlock(&d->report_lock);
    buffer_text(out, "}\n");
}

/* Old or new, never half: whoever reads may do so at any moment. */
static int replace_file(const char *dir, const struct buffer *text)
{
    char path[4096], fresh[4096];
    snprintf(path, sizeof(path), "%s/status.json", dir);
    snprintf(fresh, sizeof(fresh), "%s/status.json.new", dir);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    if (fd < 0)
        return -errno;
    int r = 0;
    for (size_t done = 0; done < text->len && r == 0;) {
        ssize_t n = write(fd, text->at + done, text->len - done);
        r = n < 0 && errno != EINTR ? -errno : n == 0 ? -EIO : 0;
        done += n > 0 ? (size_t)n : 0;
    }
    close(fd);
    if (r < 0)
        return r;
    return rename(fresh, path) < 0 ? -errno : 0;
}

static void write_now(struct daemon *d, bool running)
{
    struct buffer text = {0};
    compose(d, running, &text);
    int r = replace_file(d->state_dir, &text);
    if (r < 0 && !d->status_failed)
        log_warning("%s/status.json: cannot be written: %s", d->state_dir, strerror(-r));
    d->status_failed = r < 0;
    buffer_free(&text);
}

/* ---- dear detectors ----------------------------------------------------- */

static void name_dear(struct daemon *d, int64_t now)
{
    double lived = (double)(now - d->started_monotonic_ns);
    struct bytes rest, text = buffer_bytes(&d->report);
    const char *list = text.len ? memmem(text.at, text.len, "\"detectors\":", 12) : NULL;
    if (!list || lived < 30e9)
        return;
    text = (struct bytes){list + 12, text.len - (size_t)(list + 12 - text.at)};
    struct json_walk walk = json_walk(json_read(text, &rest));
    struct json_value seat;
    struct bytes key;
    while (json_next(&walk, &key, &seat)) {
        double share = json_number(json_at(seat, "busy_ns"), 0) / lived;
        struct bytes id = json_at(seat, "id").raw;
        if (share < dear_share || d->dear_said)
            continue;
        d->dear_said = true;
        log_warning(
            "detector %.*s is dear: it keeps %.0f %% of a core busy; see oddline status",
            (int)id.len, id.at, share * 100);
    }
}

void status_write(struct daemon *d, int64_t now_ns)
{
    if (now_ns < d->next_status_ns)
        return;
    d->next_status_ns = now_ns + WRITE_NS;
    write_now(d, true);
    fleet_note(d);
    pthread_mutex_lock(&d->report_lock);
    name_dear(d, now_ns);
    pthread_mutex_unlock(&d->report_lock);
}

void status_end(struct daemon *d)
{
    if (d->lane.ring && d->tail) // all that is shown is there
        write_now(d, false);
    buffer_free(&d->report);
}
