/* SPDX-License-Identifier: MIT */
/*
 * host.h - finds detectors, checks their labels, runs instances of them.
 *
 *      find ──▶ dlopen ──▶ label checked ──▶ open instances ──▶ observe, score ──▶ copied scores
 *
 * The label is data: everything that can be refused is refused before a line of the plugin runs (constructors aside). One sentence
 * per refusal. Nothing that a plugin lends is kept: scores and reasons are copied, numbers are checked.
 */
#ifndef HOST_HOST_H
#define HOST_HOST_H

#include "base/bytes.h"
#include "base/error.h"

#include <oddline/detector.h>

#include <stdbool.h>

/* ---- plugins ------------------------------------------------------------ */

struct plugin;

/*
 * Load `name`: a path when it holds a slash or ends in .so, else an id such as "ewma", looked for in `dir` as NAME.so.
 * Errors (one sentence each): no such file, not a regular file, no ELF, wrong machine, truncated, no symbol
 * `oddline_plugin`, ABI newer or older, label too small, bad id, unknown needs, no open/score/close, save without load, bad or
 * doubled parameters, fallback outside its range.
 */
int plugin_load(const char *name, const char *dir, struct plugin **ret, struct error *reterr);
/* Find and check the file, owner, mode and ELF headers, and load nothing: a worker does that, see crew_read_labels(). */
int plugin_find(const char *name, const char *dir, struct plugin **ret, struct error *reterr);
void plugin_free(struct plugin *plugin); /* accepts NULL; no instance may be left */
const struct oddline_plugin *plugin_label(const struct plugin *plugin);
/* Does it score such windows? Those that are over everybody does. */
bool plugin_takes(const struct plugin *plugin, const struct oddline_window *window);
const char *plugin_path(const struct plugin *plugin);
/* Are these the same bytes on disk, as far as inode, size and time can tell? */
bool plugin_same_file(const struct plugin *a, const struct plugin *b);
/* Is it none of those in plugin_dir()? */
bool plugin_is_stranger(const struct plugin *plugin);
/* The directory of the built-in detectors: $ODDLINE_PLUGIN_DIR, else `detectors` beside the executable (build tree), else
   the installed one. Static text. */
const char *plugin_dir(void);

/* ---- settings ----------------------------------------------------------- */

/* name = value as a person wrote it; checked against the label. A PATTERNS parameter is given apart, see patterns. */
struct plugin_setting {
    const char *name, *value;
};

/* Is this setting one of the plugin's and in range? -EINVAL with the range or the nearest name in the sentence. */
int plugin_check_setting(const struct plugin *plugin, struct plugin_setting setting,
                         struct error *reterr);
/* The name of the PATTERNS parameter, or NULL. */
const char *plugin_patterns_param(const struct plugin *plugin);

/* ---- instances ---------------------------------------------------------- */

struct instance;

struct instance_options {
    const char *stream;
    const char *const *series; /* [series_count], lent until close */
    uint32_t series_count;
    const char *const *field_names; /* [field_count], lent until close */
    uint32_t field_count;
    int64_t window_ns;
    const struct plugin_setting *settings; /* [setting_count]; the rest takes the fallback */
    size_t setting_count;
};

int instance_open(struct plugin *plugin, const struct instance_options *options,
                  struct instance **ret, struct error *reterr);
void instance_close(struct instance *instance); /* accepts NULL */

int instance_observe(struct instance *instance, const struct oddline_batch *batch,
                     struct error *reterr);
/*
 * Score a window. *ret_scores is [series_count], lent until the next call; `size` is 0 where the plugin reported nothing;
 * `reason` points at a copy or is "". A score that is negative or not finite, or an unknown kind, is -EBADMSG.
 */
int instance_score(struct instance *instance, const struct oddline_window *window,
                   const struct oddline_score **ret_scores, struct error *reterr);

enum { INSTANCE_STATE_MAX = 1 << 20 };
/* -ENOTSUP when the plugin saves nothing. The bytes are lent until the next call. */
int instance_save(struct instance *instance, struct bytes *ret_state, struct error *reterr);
int instance_load(struct instance *instance, struct bytes state, uint32_t state_version,
                  struct error *reterr);

#endif /* HOST_HOST_H */
