// Sums of squares: the same bits with wide instructions, where the processor has them, and without.
#pragma once

#include <stddef.h>
#include <string.h>

#if defined(__x86_64__)
#define SWA_WIDE __attribute__((target("avx2")))
static inline int swa_has_wide_instructions(void) { return __builtin_cpu_supports("avx2") != 0; }
#else
#define SWA_WIDE
static inline int swa_has_wide_instructions(void) { return 0; }
#endif

#define SWA_LANES 16
typedef double swa_lanes __attribute__((vector_size(8 * SWA_LANES)));
typedef float swa_floats __attribute__((vector_size(4 * SWA_LANES)));

#define SWA_SUM_OF_SQUARES(name, element, vector, attributes)                         \
  attributes static inline double name(const element *elements, size_t count) {       \
    _Pragma("STDC FP_CONTRACT OFF") double lanes[SWA_LANES];                          \
    swa_lanes sums = {0};                                                             \
    for (; count >= SWA_LANES; elements += SWA_LANES, count -= SWA_LANES) {           \
      vector next;                                                                    \
      memcpy(&next, elements, sizeof next);                                           \
      swa_lanes wide = __builtin_convertvector(next, swa_lanes);                      \
      sums += wide * wide;                                                            \
    }                                                                                 \
    memcpy(lanes, &sums, sizeof lanes);                                               \
    for (size_t lane = 0; lane < count; lane++)                                       \
      lanes[lane] += (double)elements[lane] * (double)elements[lane];                 \
    for (size_t half = SWA_LANES / 2; half > 0; half /= 2)                            \
      for (size_t lane = 0; lane < half; lane++) lanes[lane] += lanes[lane + half];   \
    return lanes[0];                                                                  \
  }

SWA_SUM_OF_SQUARES(swa_sum_of_squares_float_narrow, float, swa_floats, )
SWA_SUM_OF_SQUARES(swa_sum_of_squares_float_wide, float, swa_floats, SWA_WIDE)
SWA_SUM_OF_SQUARES(swa_sum_of_squares_double_narrow, double, swa_lanes, )
SWA_SUM_OF_SQUARES(swa_sum_of_squares_double_wide, double, swa_lanes, SWA_WIDE)
