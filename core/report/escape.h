/* SPDX-License-Identifier: MIT */
/*
 * escape.h - the only place where text of a log becomes a piece of a page.
 *
 * Any bytes go in; control bytes, broken UTF-8 and marks that change the direction of writing are shown (\x1b, \u202e), what the format
 * would obey is escaped. A writer of this room sends no other way what it did not write itself.
 */
#ifndef REPORT_ESCAPE_H
#define REPORT_ESCAPE_H

#include "base/bytes.h"

#include <stdbool.h>

/* For text and for attributes in double quotes; & < > " ' are escaped. Newlines stay as they are in `lines`. */
void escape_html(struct buffer *out, const char *text);
void escape_html_bytes(struct buffer *out, struct bytes text);
void escape_html_lines(struct buffer *out, const char *text);

/* For a paragraph or a cell of a table: one line, nothing in it means anything to Markdown or to HTML in it. */
void escape_markdown(struct buffer *out, const char *text);
/* A block of code, with a fence that is longer than any in it. */
void escape_markdown_code(struct buffer *out, const char *text);

/* Only http and https, and no byte that would have to be escaped anywhere: these may become links, all else stays text. */
bool escape_is_link(const char *url);

#endif /* REPORT_ESCAPE_H */
