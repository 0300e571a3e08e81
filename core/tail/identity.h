/* SPDX-License-Identifier: MIT */
/*
 * identity.h - what makes a file this file, whatever it is called.
 *
 *      | head: first bytes, up to 1 KiB | ... read ... | marker: last 64 |◀ offset
 *
 * Device and inode are not enough: ext4 gives the inode of a deleted file to the next one at once, with an equal birth
 * time. So the inode's generation counts too where the file system has one, and the content: a fingerprint of the head
 * and of the marker just before the offset. Both cover only bytes that were consumed: what was not read cannot be lost.
 *
 * Invariant: head_len <= min(IDENTITY_HEAD_BYTES, offset), marker.len == min(MARKER_BYTES, offset) once anything was read.
 */
#ifndef TAIL_IDENTITY_H
#define TAIL_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

enum { IDENTITY_HEAD_BYTES = 1024, MARKER_BYTES = 64 };

/* A file as a bookmark knows it. */
struct identity {
    uint64_t device, inode, generation; /* generation 0: the file system has none */
    uint64_t head, marker;              /* hash_bytes() of them */
    uint32_t head_len, marker_len;
};

/* The marker's bytes themselves, kept while a file is followed. */
struct marker {
    unsigned char at[MARKER_BYTES];
    uint32_t len;
};

/* Device, inode and generation of an open file; the rest is zero. */
struct identity identity_of(int fd, const struct stat *st);
/* The same numbers? The content is a second question. */
bool identity_same(const struct identity *a, const struct identity *b);
/* The same, but for a device that may have been renumbered by a restart of the machine. */
bool identity_alike(const struct identity *a, const struct identity *b);

/* A hash that is another after each start of the machine; 0 when it cannot be told. */
uint64_t identity_boot(void);

/* `len` more bytes were consumed. */
void marker_push(struct marker *marker, const void *bytes, size_t len);
uint64_t marker_hash(const struct marker *marker);
/* Read the bytes before `offset`: 0, -ENODATA when the file is shorter, -errno. */
int marker_read(int fd, uint64_t offset, struct marker *ret);

/* Hash of the first `len` bytes (at most IDENTITY_HEAD_BYTES): 0, -ENODATA when the file is shorter, -errno. */
int identity_head(int fd, uint32_t len, uint64_t *ret);

#endif /* TAIL_IDENTITY_H */
