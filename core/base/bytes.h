/* SPDX-License-Identifier: MIT */
/*
 * bytes.h - lent text, and a growing buffer that owns text.
 *
 * Log text is bytes: it may hold NUL and invalid UTF-8, so it travels as pointer and length. NUL-terminated strings
 * live only at the edges (paths, options).
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Lent: valid as long as whoever lent it says. `at` may be NULL when len is 0. */
struct bytes {
    const char *at;
    size_t len;
};

static inline struct bytes bytes_of(const char *text)
{
    return (struct bytes){.at = text, .len = strlen(text)};
}

static inline bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

static inline bool bytes_is(struct bytes a, const char *text)
{
    return bytes_equal(a, bytes_of(text));
}

static inline bool bytes_starts_with(struct bytes a, const char *prefix)
{
    size_t n = strlen(prefix);
    return a.len >= n && (n == 0 || memcmp(a.at, prefix, n) == 0);
}

/*
 * A growing buffer. Zero-initialise to start empty. Out of memory ends the process (memory.h), so nobody checks.
 */
struct buffer {
    char *at;
    size_t len, capacity;
};

void buffer_append(struct buffer *buffer, const void *data, size_t len);
void buffer_text(struct buffer *buffer, const char *text);
void buffer_char(struct buffer *buffer, char c);
void buffer_printf(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Room for `len` more bytes behind at[buffer->len]; add what was used to buffer->len. */
char *buffer_room(struct buffer *buffer, size_t len);
/* Forget the content, keep the memory. */
void buffer_clear(struct buffer *buffer);
/* Give the memory back; the buffer is empty and usable again. */
void buffer_free(struct buffer *buffer);

static inline struct bytes buffer_bytes(const struct buffer *buffer)
{
    return (struct bytes){.at = buffer->at, .len = buffer->len};
}

#endif /* BASE_BYTES_H */
