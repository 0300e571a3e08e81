/* SPDX-License-Identifier: MIT */
/*
 * error.h - one sentence for the person who has to act on it.
 *
 * Form: `subject: what happened: why`. Whoever knows most writes it, whoever decides prints it, nobody else. An
 * error is written only on failure, so the caller may pass the same one to several attempts.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

struct error {
    char text[512]; /* NUL-terminated; longer sentences are cut */
};

/*
 * Write the sentence and hand back `code` (a negative errno), so that a failure is one line:
 *     return error_set(reterr, -EINVAL, "%s: not a duration", text);
 * `reterr` may be NULL when nobody will read it.
 */
int error_set(struct error *reterr, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif /* BASE_ERROR_H */
