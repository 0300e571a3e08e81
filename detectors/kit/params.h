/* SPDX-License-Identifier: MIT */
/*
 * params.h - parameters that mean the same to several detectors: one unit and one range for whoever writes them down.
 *
 * Initialisers of an oddline_param. What a detector does with one is its own, and so is the sentence that says it.
 */
#ifndef KIT_PARAMS_H
#define KIT_PARAMS_H

#include <oddline/detector.h>

/* How long something is remembered. */
#define PARAM_MEMORY(days, text)                                                               \
    {                                                                                          \
        .name = "memory", .unit = "", .help = (text), .type = ODDLINE_DURATION,                \
        .fallback.i64 = INT64_C(days) * 86400 * 1000000000,                                    \
        .min.i64 = INT64_C(60) * 1000000000, .max.i64 = INT64_C(400) * 86400 * 1000000000      \
    }

/* How many windows are learnt from first. */
#define PARAM_WARMUP(usual, least, most, text)                                                 \
    {                                                                                          \
        .name = "warmup", .unit = "windows", .help = (text), .type = ODDLINE_I64,              \
        .fallback.i64 = (usual), .min.i64 = (least), .max.i64 = (most)                         \
    }

/* How many windows make a change the new normal. */
#define PARAM_ACCEPT_AFTER(text)                                                               \
    {                                                                                          \
        .name = "accept_after", .unit = "windows", .help = (text), .type = ODDLINE_I64,        \
        .fallback.i64 = 60, .min.i64 = 5, .max.i64 = 100000                                    \
    }

/* What deviation is believed at least. */
#define PARAM_FLOOR                                                                            \
    {                                                                                          \
        .name = "floor", .unit = "",                                                           \
        .help =                                                                                \
            "Least deviation of a gauge, as a share of its level; counts have their Poisson "  \
            "value.",                                                                          \
        .type = ODDLINE_F64, .fallback.f64 = 0.05, .min.f64 = 0, .max.f64 = 1                  \
    }

#endif /* KIT_PARAMS_H */
