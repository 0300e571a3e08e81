/* SPDX-License-Identifier: MIT */
/*
 * post.h - POSTs JSON to the URLs of an action. Runs in a process of its own (job.h), so it may wait as it likes.
 *
 * Only http and https, no redirects, certificates checked; nothing of the finding becomes part of the URL or a header but the key
 * against doing it twice. Without libcurl at build time every POST fails with one sentence.
 */
#ifndef ACT_POST_H
#define ACT_POST_H

#include "act/action.h"
#include "base/error.h"

enum {
    POST_DONE = 0,
    POST_AGAIN = 1,   /* no answer, or one that may change: 408, 425, 429, 5xx */
    POST_REFUSED = 2, /* any other: trying again would not help */
};

struct post {
    const struct action *action;
    const char *path; /* added to each URL */
    const char *key;  /* Idempotency-Key, or NULL */
};

/*
 * For job_plan.work: each line of `input` is a body of its own. Says `HTTP status` and what went wrong on stdout.
 *   Returns  POST_DONE when each body was taken by at least one of the URLs; all of them are tried
 */
int post_work(const void *post, struct bytes input);
bool post_is_built_in(void);
/* May this be a URL of an action? -EINVAL with a sentence. */
int post_check_url(const char *url, struct error *reterr);

#endif /* ACT_POST_H */
