/* SPDX-License-Identifier: MIT */
#define ID "Bad_Id"
#include "base.h"
