// Square roots that vectorize: the library call may set errno and so stays a call, the builtin never does.
#pragma once

#include <stddef.h>

static inline float swa_root_float(float x) { return __builtin_elementwise_sqrt(x); }
static inline double swa_root_double(double x) { return __builtin_elementwise_sqrt(x); }

// Fetches bytes that will be written soon, a cache line of 64 at a time.
static inline void swa_prefetch(const void *start, size_t byteCount) {
  for (size_t offset = 0; offset < byteCount; offset += 64) __builtin_prefetch((const char *)start + offset, 1);
}
