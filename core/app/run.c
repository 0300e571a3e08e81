/* SPDX-License-Identifier: MIT */
/*
 * run.c - oddline run: the daemon's loop, and the signals that steer it.
 *
 *      SIGHUP   reload the configuration       SIGTERM, SIGINT   stop
 */

#include "app/cli.h"
#include "app/daemon.h"
#include "app/status.h"
#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

enum { OPT_CONFIG, OPT_NEW_EPOCH, OPT_POLL, OPTIONS };

static const struct option_spec specs[OPTIONS] = {
    [OPT_CONFIG] = {"config", "FILE", "(-c) the configuration; required"},
    [OPT_NEW_EPOCH] = {"new-epoch", NULL,
                       "go on after a FORK: forget what was published under the old epoch"},
    [OPT_POLL] = {"poll", NULL, "do not use inotify"},
};

/* How often quiet windows, waiting records and commits are looked after. */
#define TICK_NS      (50 * NS_PER_MS)
#define IDLE_TICK_NS NS_PER_S
/* So much lies between two blocks that did not wait for a tick: few disks sync faster. */
#define NEWS_NS (10 * NS_PER_MS)

static volatile sig_atomic_t stop_asked, reload_asked;
static struct daemon *to_wake;

static void on_signal(int number)
{
    struct daemon *d = to_wake;
    if (number == SIGHUP)
        reload_asked = 1;
    else
        stop_asked = 1;
    if (d && stop_asked)
        atomic_store(&d->stopping, true); // the judge may be waiting for room
    if (d)
        tail_wake(d->tail);
}

/* ---- the loop ----------------------------------------------------------- */

static struct feed *feed_of(struct daemon *d, struct source *source)
{
    struct feed *feed = tail_user(source);
    if (feed)
        return feed;
    struct slot *slot = &d->slots[tail_group(source)];
    struct feed_start start = feed_start(source, (uint32_t)tail_serial(source),
                                         source_offset(source) ? tail_note(source) : 1);
    if (!slot->generation || feed_open(&d->lane, &slot->stream, &start, source, &feed) < 0)
        return NULL;
    tail_set_user(source, feed);
    return feed;
}

/* Who writes here has done with the files before this one: what waits there for its rest is a record now, and comes first. */
static void finish_predecessors(struct daemon *d, const struct source *source)
{
    struct source *before = tail_predecessor(source);
    if (!before || source_size(source) <= source_offset(source))
        return;
    for (; before; before = tail_predecessor(before)) {
        struct feed *feed = tail_user(before);
        if (!feed || !feed_holds(feed))
            continue;
        feed_finish(&d->lane, feed);
        tail_set_note(before, feed_line(feed));
    }
}

static void step(struct daemon *d, struct source *source)
{
    struct feed *feed = feed_of(d, source);
    if (!feed)
        return; // out of memory: its turn comes again
    finish_predecessors(d, source);
    enum feed_state state = feed_step(&d->lane, feed);
    if (state == FEED_ANEW)
        feed_anew(&d->lane, feed, (uint32_t)tail_serial(source));
    tail_set_note(source, feed_line(feed));
    d->commit.soon |= state == FEED_ANEW || state == FEED_END;
    if (state != FEED_END)
        return;
    feed_close(&d->lane, feed);
    tail_set_user(source, NULL);
    tail_done(d->tail, source);
}

static void tick(struct daemon *d)
{
    int64_t now = clock_monotonic_ns();
    if (now < d->next_tick_ns)
        return;
    silence_look(d);
    marks_look(d);
    lane_flush_held(&d->lane, now);
    bool awake = d->lane.held != NULL;
    for (size_t i = 0; i < d->slot_count; i++) {
        if (!d->slots[i].generation)
            continue;
        lane_stream_tick(&d->lane, &d->slots[i].stream, now);
        awake |= lane_stream_awake(&d->slots[i].stream, now);
    }
    commit_tick(d, now);
    status_write(d, now);
    awake |= d->commit.manifest.steps > 0 || d->commit.moved;
    d->next_tick_ns = now + (awake ? TICK_NS : IDLE_TICK_NS);
}

/* Closed windows are in the ring, and the last block is not of just now: a burst of them is one block. */
static bool is_news(const struct daemon *d, int64_t now_ns)
{
    return d->lane.emitted && now_ns - d->commit.marked_ns >= NEWS_NS;
}

static void loop(struct daemon *d)
{
    silence_look(d); // before the first record: what was added meanwhile counts
    marks_look(d);
    while (!stop_asked) {
        int64_t now = clock_monotonic_ns(), wait = (d->next_tick_ns - now) / NS_PER_MS + 1;
        bool news = is_news(d, now);
        struct source *source = tail_next(d->tail, news || wait < 0 ? 0 : (int)wait);
        if (!source && news) {
            commit_tick(d,
                        now); // nothing more to read: what was found need not wait for the tick
        } else if (source) {
            step(d, source);
            now = clock_monotonic_ns();
            d->next_tick_ns = d->next_tick_ns > now + TICK_NS ? now + TICK_NS : d->next_tick_ns;
        }
        if (reload_asked) {
            reload_asked = 0;
            daemon_reload(d);
        }
        tick(d);
    }
}

/* No mistake, since files may come; but a misspelt path looks the same. */
static void say_waiting(struct daemon *d)
{
    static bool has[DAEMON_STREAMS_MAX];
    for (struct source *s = tail_each(d->tail, NULL); s; s = tail_each(d->tail, s))
        has[tail_group(s)] = true;
    for (size_t i = 0; i < d->slot_count; i++) {
        const struct config_texts *paths = &d->slots[i].config->paths;
        if (!has[i])
            log_notice("stream %s: nothing to read yet: no file matches %s%s",
                       d->slots[i].plan->name, paths->at[0],
                       paths->count > 1 ? ", nor its other paths" : "");
    }
}

static void catch_signals(struct daemon *d)
{
    struct sigaction action = {.sa_handler = on_signal};
    to_wake = d;
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}

static bool take(void *context, size_t index, const char *value, struct error *reterr)
{
    struct daemon *d = context;
    (void)reterr;
    if (index == OPT_CONFIG)
        d->config_path = value;
    d->new_epoch |= index == OPT_NEW_EPOCH;
    d->poll |= index == OPT_POLL;
    return true;
}

/* Many shells and services start with 1,024, though more may be had for the asking. */
static void raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit); // else fewer files are open at once
}

int command_run(int argc, char **argv)
{
    struct daemon d = {0};
    struct option_set set = {"run", specs, OPTIONS, take, &d};
    struct error error;
    int first, code;
    if (!options_parse(&set, argc, argv, &first, &code))
        return code;
    if (!d.config_path || first != argc) {
        error_set(&error, -EINVAL, "run: say oddline run -c FILE");
        return say_failure(EXIT_USAGE, &error);
    }
    log_setup(LOG_NOTICE, 1);
    raise_descriptors();
    int r = daemon_start(&d, &error);
    if (r == 0) {
        catch_signals(&d);
        log_notice("running: %zu streams, state in %s", d.slot_count, d.state_dir);
        say_waiting(&d);
        loop(&d);
        log_notice("stopping");
    } else {
        log_error("%s", error.text);
    }
    to_wake = NULL;
    daemon_stop(&d);
    bool configuration = r == -EINVAL || !d.ring; // it was not even read, or cannot be planned
    return r < 0 ? (configuration ? EXIT_CONFIG : EXIT_IO) : EXIT_DONE;
}
