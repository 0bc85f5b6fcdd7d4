// Square roots that vectorize: the library call may set errno and so stays a call, the builtin never does.
#pragma once

static inline float swa_root_float(float x) { return __builtin_elementwise_sqrt(x); }
static inline double swa_root_double(double x) { return __builtin_elementwise_sqrt(x); }
