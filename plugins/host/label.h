/* SPDX-License-Identifier: MIT */
/*
 * label.h - is this label one that the core can keep its promises with? One sentence per refusal.
 *
 * Only data is read here; no function of the plugin is called. `where` is the path the sentence begins with.
 */
#ifndef HOST_LABEL_H
#define HOST_LABEL_H

#include "base/error.h"

#include <oddline/detector.h>
#include <stdbool.h>

enum { LABEL_ID_MAX = 31, LABEL_NAME_MAX = 31, LABEL_TEXT_MAX = 255, LABEL_PARAMS_MAX = 32 };

/* `symbol_bytes` is how much the object says it exports under the symbol; 0 when it does not say. */
int label_check(const char *where, const struct oddline_plugin *label, size_t symbol_bytes,
                struct error *reterr);
bool label_id_is_good(const char *id);

#endif /* HOST_LABEL_H */
