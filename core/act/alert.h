/* SPDX-License-Identifier: MIT */
/*
 * alert.h - a finding as an alert of Alertmanager's API v2.
 *
 *      labels       who it is: alertname, severity, stream, kind, host, fingerprint, the finding's labels and resource
 *      annotations  what people read: summary, reasons, evidence, the finding's annotations
 *
 * An alert is its labels: the same ones while it fires and when it resolves. So nothing of a log line, and no number, is
 * among them; names have no dots, values at most ALERT_LABEL_MAX bytes.
 */
#ifndef ACT_ALERT_H
#define ACT_ALERT_H

#include "base/bytes.h"

#include <stdint.h>

enum { ALERT_LABEL_MAX = 256, ALERT_NAME_MAX = 128, ALERT_RESEND_FACTOR = 4 };

/* Append the label object of a finding (JSON). */
void alert_labels(struct bytes finding, const char *host, struct buffer *out);
/* Append `"annotations":{…},"startsAt":"…"`, without the braces around it; what has not begun by `now_ns` begins then. */
void alert_rest(struct bytes finding, int64_t now_ns, struct buffer *out);
/* When it ended, as far as that is not in the future; NO_TIME while it fires. */
int64_t alert_ends_ns(struct bytes finding, int64_t now_ns);
/* Append the alert itself. */
void alert_write(struct bytes labels, struct bytes rest, int64_t ends_ns, struct buffer *out);

#endif /* ACT_ALERT_H */
