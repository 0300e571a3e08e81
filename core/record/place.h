/* SPDX-License-Identifier: MIT */
/*
 * place.h - where in its lines a source carries the stamp.
 *
 *      2016-12-19 16:31:46 INFO ...                     no token before it
 *      DEBUG [DSE main thread] 2020-07-20 09:09:28      two: a token in brackets may hold blanks
 *      nova-api.log.1 2017-05-16 00:00:00.008 25746     one
 *
 * The places are learnt from the sample, so that a date inside a dump or a stack trace does not pass for a new record.
 */
#ifndef RECORD_PLACE_H
#define RECORD_PLACE_H

#include "record/stamp.h"

#include <stdbool.h>

enum {
    PLACE_TOKENS_MAX = 4, /* tokens that may stand before a stamp */
    PLACE_REACH = 160,    /* bytes of a line that are looked at */
};

/* A stamp in a line: [begin, end), with the brackets around it. */
struct stamp {
    int64_t time_ns;
    uint32_t begin, end;
    uint8_t place;        /* tokens before it * 2 + 1 if the line is indented */
    bool epoch;           /* it is a bare number */
    struct anchor anchor; /* what stamps_take() would make of it */
};

/* Bit i: a stamp may stand at place i. */
enum { PLACES = 2 * (PLACE_TOKENS_MAX + 1) };
typedef uint32_t places;
#define PLACES_START 1u                     /* the very beginning */
#define PLACES_EPOCH (1u << PLACES)         /* not a place: a bare number may be a stamp */
#define PLACES_ALL   (2 * PLACES_EPOCH - 1) /* while learning */

/* The first stamp of `line` at one of `allowed`. */
bool place_find(struct stamps *stamps, places allowed, struct bytes line, struct stamp *ret);

/* Length of the token that `text` begins with; one in brackets ends with its bracket. */
size_t place_token(struct bytes text);

#endif /* RECORD_PLACE_H */
