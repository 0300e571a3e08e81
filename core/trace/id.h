/* SPDX-License-Identifier: MIT */
/*
 * id.h - the name of one transaction, in one form however it was written.
 *
 *      0AF7651916CD43DD8448EB211C80319C         ┐
 *      0af76519-16cd-43dd-8448-eb211c80319c     │
 *      00-0af7651916cd43dd8448eb211c80319c-…-01 ├─▶ 0af7651916cd43dd8448eb211c80319c
 *      1-0af76519-16cd43dd8448eb211c80319c      │
 *      0af7651916cd43dd8448eb211c80319c-…-1     ┘
 *      00000000000000008448eb211c80319c           ─▶ 8448eb211c80319c
 *      req_7Kd02mPq                               ─▶ the same bytes
 *
 * W3C, B3, UUID and X-Ray are all 128 or 64 bits in hex: those are lower case, without dashes, and 128 bits that begin with 64 zero
 * bits are the 64 others. What is none of them stays as it is. An id of nothing but zeros is none.
 */
#ifndef TRACE_ID_H
#define TRACE_ID_H

#include "base/bytes.h"

enum { TRACE_ID_MAX = 64, TRACE_ID_SIZE = TRACE_ID_MAX + 1, TRACE_ID_MIN = 8 };

struct trace_id {
    char text[TRACE_ID_SIZE];
};

/* How sure it is that the bytes are an id, whatever stands before them. */
enum trace_form {
    TRACE_FORM_NONE,
    TRACE_FORM_TOKEN, /* some bytes: an id if the name before them says so */
    TRACE_FORM_HEX, /* 8 hex digits or more, with both a letter and a number: or if a word does */
    TRACE_FORM_HEADER, /* the whole of a traceparent, of `trace-span`, of `req-UUID`: by itself */
};

/* The canonical form of `value`, all of it; *ret is untouched where there is none. */
enum trace_form trace_id_read(struct bytes value, struct trace_id *ret);

#endif /* TRACE_ID_H */
