/* SPDX-License-Identifier: MIT */
#include <oddline/detector.h>
extern oddline_status defined_nowhere(void *instance, const oddline_window *window);
#define SCORE defined_nowhere
#include "base.h"
