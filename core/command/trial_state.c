/* SPDX-License-Identifier: MIT */
/*
 * trial_state.c - the checks of save() and load().
 */

#include "command/trial_checks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SOME_FRAMES = 200, CUTS = 4 };

static bool keeps_state(const struct trial_child *child, struct error *reterr)
{
    if (plugin_label(child->plugin)->save)
        return true;
    error_set(reterr, 0, "it keeps no state");
    return false;
}

static int save(struct cast *cast, uint32_t which, struct bytes *ret, struct error *reterr)
{
    *cast->options.call = CALL_SAVE;
    int r = instance_save(cast->instances[which], ret, reterr);
    *cast->options.call = CALL_NONE;
    return r;
}

/* From bytes that are not aligned, and gone after the call. */
static int load(struct cast *cast, uint32_t which, struct bytes state, struct error *reterr)
{
    uint32_t version = plugin_label(cast->options.plugin)->state_version;
    char *copy = malloc(state.len + 1);
    if (!copy)
        return error_set(reterr, -ENOMEM, "out of memory");
    if (state.len)
        memcpy(copy + 1, state.at, state.len);
    *cast->options.call = CALL_LOAD;
    int r = instance_load(cast->instances[which], (struct bytes){copy + 1, state.len}, version,
                          reterr);
    *cast->options.call = CALL_NONE;
    memset(copy, 0x5a, state.len + 1);
    free(copy);
    return r;
}

static int hand_over(struct cast *from, struct cast *to, struct error *reterr)
{
    int r = 0;
    for (uint32_t i = 0; i < from->count && r == 0; i++) {
        struct bytes state = {0};
        r = save(from, i, &state, reterr);
        if (r == 0)
            r = load(to, i, state, reterr);
    }
    to->next = from->next;
    to->at = from->at;
    return r;
}

/* Saved after `frames`: both the saved one and the one that loads go on as if nothing had been. */
static int go_on(const struct trial_child *child, size_t frames, const struct trace *plain,
                 struct error *reterr)
{
    const struct cast_options options = trial_options(child);
    struct cast saved = {.count = 0}, loaded = {.count = 0};
    int r = cast_open(&saved, &options, reterr);
    if (r == 0)
        r = cast_open(&loaded, &options, reterr);
    if (r == 0)
        r = cast_run(&saved, frames, reterr);
    size_t from = saved.trace.len;
    if (r == 0)
        r = hand_over(&saved, &loaded, reterr);
    if (r == 0)
        r = cast_run(&saved, CAST_ALL, reterr);
    if (r == 0)
        r = cast_run(&loaded, CAST_ALL, reterr);
    if (r == 0)
        r = trace_compare(plain, &saved.trace, 0, "after save()", reterr);
    if (r == 0)
        r = trace_compare(plain, &loaded.trace, from, "after load()", reterr);
    cast_close(&saved);
    cast_close(&loaded);
    trace_free(&saved.trace);
    trace_free(&loaded.trace);
    return r;
}

int trial_check_state(struct trial_child *child, struct error *reterr)
{
    const struct cast_options options = trial_options(child);
    struct trace plain = {0};
    if (!keeps_state(child, reterr))
        return TRIAL_NOTHING;
    int r = cast_show_all(&options, &plain, reterr);
    for (size_t cut = 0; cut < CUTS && r == 0; cut++)
        r = go_on(child, child->stream->frames * cut / CUTS, &plain, reterr);
    trace_free(&plain);
    return r;
}

/* Bytes that are no state of its own: cut short, or junk. -ESTALE is the right answer; taking them is none of our business. */
static int spoil(struct cast *cast, uint32_t which, struct bytes state, struct error *reterr)
{
    const size_t lengths[] = {0, 1, state.len / 2, state.len ? state.len - 1 : 0};
    char *junk = malloc(state.len + 1);
    int r = junk ? 0 : error_set(reterr, -ENOMEM, "out of memory");
    for (size_t i = 0; i < 4 && r == 0; i++) {
        size_t len = lengths[i] < state.len ? lengths[i] : state.len;
        r = load(cast, which, (struct bytes){state.at, len}, reterr);
        r = r == -ESTALE ? 0 : r;
    }
    for (int fill = 0; fill < 256 && r == 0; fill += 85) {
        memset(junk, fill, state.len + 1);
        r = load(cast, which, (struct bytes){junk, state.len}, reterr);
        r = r == -ESTALE ? 0 : r;
    }
    free(junk);
    return r;
}

/* Whatever it took or refused: it still scores. */
static int survive_spoilt(const struct trial_child *child, struct error *reterr)
{
    const struct cast_options options = trial_options(child);
    struct cast warm = {.count = 0}, victim = {.count = 0};
    int r = cast_open(&warm, &options, reterr);
    if (r == 0)
        r = cast_open(&victim, &options, reterr);
    if (r == 0)
        r = cast_run(&warm, child->stream->frames / 2, reterr);
    for (uint32_t i = 0; i < victim.count && r == 0; i++) {
        struct bytes state = {0};
        r = save(&warm, i, &state, reterr);
        if (r == 0)
            r = spoil(&victim, i, state, reterr);
    }
    if (r == 0)
        r = cast_run(&victim, SOME_FRAMES, reterr);
    cast_close(&warm);
    cast_close(&victim);
    trace_free(&warm.trace);
    trace_free(&victim.trace);
    return r;
}

/* A byte is not enough for anybody's state. Once it is refused, the instance is as fresh as after open(). */
static int refuse_and_start_cold(const struct trial_child *child, struct error *reterr)
{
    const struct cast_options options = trial_options(child);
    struct trace plain = {0};
    struct cast cold = {.count = 0};
    struct error ignored;
    int r = cast_show_all(&options, &plain, reterr);
    if (r == 0)
        r = cast_open(&cold, &options, reterr);
    for (uint32_t i = 0; i < cold.count && r == 0; i++)
        if (load(&cold, i, (struct bytes){"?", 1}, &ignored) != -ESTALE)
            r = error_set(reterr, -EBADMSG, "load() does not refuse one byte as its state");
    if (r == 0)
        r = cast_run(&cold, CAST_ALL, reterr);
    if (r == 0)
        r = trace_compare(&plain, &cold.trace, 0, "after a state that it refused", reterr);
    cast_close(&cold);
    trace_free(&cold.trace);
    trace_free(&plain);
    return r;
}

int trial_check_spoilt(struct trial_child *child, struct error *reterr)
{
    if (!keeps_state(child, reterr))
        return TRIAL_NOTHING;
    int r = refuse_and_start_cold(child, reterr);
    return r < 0 ? r : survive_spoilt(child, reterr);
}
