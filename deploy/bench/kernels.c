// The loops of the optimizers in plain C, with Keras's formulas: a yardstick for `swa-server bench kernels`, which does the
// same work on the same numbers and prints the same line. deploy/bench/kernels.sh runs both in turn.
// gcc -O3 -fno-math-errno kernels.c -lm -o kernels
// usage: kernels KERNEL PARAMETERS PASSES
#define _GNU_SOURCE
#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

// One pass over n elements: variable w, slots a, b and c, gradient g, i steps before this one.
#define KERNEL(name) \
  static void name(float *restrict w, float *restrict a, float *restrict b, float *restrict c, \
                   const float *restrict g, size_t n, int i)
#define EACH for (size_t k = 0; k < n; k++)

static const float rate = 0.001f, mu = 0.9f, beta1 = 0.9f, beta2 = 0.999f, rho = 0.9f, epsilon = 1e-7f;
static const float weight_decay = 0.01f;

static float power(float beta, int i) { return powf(beta, (float)(i + 1)); }
static float adam_rate(int i) { return rate * sqrtf(1 - power(beta2, i)) / (1 - power(beta1, i)); }

KERNEL(sgd) { EACH w[k] -= rate * g[k]; }

KERNEL(momentum) {
  EACH {
    a[k] = mu * a[k] - rate * g[k];
    w[k] += a[k];
  }
}

KERNEL(nesterov) {
  EACH {
    a[k] = mu * a[k] - rate * g[k];
    w[k] += mu * a[k] - rate * g[k];
  }
}

KERNEL(adam) {
  const float alpha = adam_rate(i), rest1 = 1 - beta1, rest2 = 1 - beta2;
  EACH {
    a[k] += (g[k] - a[k]) * rest1;
    b[k] += (g[k] * g[k] - b[k]) * rest2;
    w[k] -= (a[k] * alpha) / (sqrtf(b[k]) + epsilon);
  }
}

KERNEL(amsgrad) {
  const float alpha = adam_rate(i), rest1 = 1 - beta1, rest2 = 1 - beta2;
  EACH {
    a[k] += (g[k] - a[k]) * rest1;
    b[k] += (g[k] * g[k] - b[k]) * rest2;
    c[k] = c[k] > b[k] ? c[k] : b[k];
    w[k] -= (a[k] * alpha) / (sqrtf(c[k]) + epsilon);
  }
}

KERNEL(adamw) {
  const float alpha = adam_rate(i), rest1 = 1 - beta1, rest2 = 1 - beta2;
  EACH {
    w[k] -= w[k] * weight_decay;
    a[k] += (g[k] - a[k]) * rest1;
    b[k] += (g[k] * g[k] - b[k]) * rest2;
    w[k] -= (a[k] * alpha) / (sqrtf(b[k]) + epsilon);
  }
}

KERNEL(adamax) {
  const float alpha = rate / (1 - power(beta1, i)), rest1 = 1 - beta1;
  EACH {
    a[k] += (g[k] - a[k]) * rest1;
    float decayed = beta2 * b[k], magnitude = fabsf(g[k]);
    b[k] = decayed > magnitude ? decayed : magnitude;
    w[k] -= alpha * (a[k] / (b[k] + epsilon));
  }
}

static float product = 1;

KERNEL(nadam) {
  const float decay = 0.004f, base = 0.96f, rest1 = 1 - beta1, rest2 = 1 - beta2;
  const float weight = beta1 * (1 - 0.5f * powf(base, decay * (float)(i + 1)));
  const float next = beta1 * (1 - 0.5f * powf(base, decay * (float)(i + 2)));
  product *= weight;
  const float rest_weight = 1 - weight, rest_product = 1 - product, rest_next = 1 - product * next;
  const float rest_power = 1 - power(beta2, i);
  EACH {
    a[k] = beta1 * a[k] + rest1 * g[k];
    b[k] = beta2 * b[k] + rest2 * (g[k] * g[k]);
    float mean = rest_weight * (g[k] / rest_product) + next * (a[k] / rest_next);
    w[k] -= rate * mean / (sqrtf(b[k] / rest_power) + epsilon);
  }
}

KERNEL(rmsprop) {
  const float rest = 1 - rho;
  EACH {
    a[k] = rho * a[k] + rest * (g[k] * g[k]);
    w[k] -= rate * g[k] / (sqrtf(a[k]) + epsilon);
  }
}

KERNEL(rmsprop_centered) {
  const float rest = 1 - rho;
  EACH {
    a[k] = rho * a[k] + rest * (g[k] * g[k]);
    b[k] = rho * b[k] + rest * g[k];
    w[k] -= rate * g[k] / (sqrtf(a[k] - b[k] * b[k]) + epsilon);
  }
}

KERNEL(rmsprop_momentum) {
  const float rest = 1 - rho;
  EACH {
    a[k] += (g[k] * g[k] - a[k]) * rest;
    b[k] = b[k] * mu + (g[k] * rate) / sqrtf(a[k] + epsilon);
    w[k] -= b[k];
  }
}

KERNEL(rmsprop_centered_momentum) {
  const float rest = 1 - rho;
  EACH {
    a[k] += (g[k] * g[k] - a[k]) * rest;
    c[k] += (g[k] - c[k]) * rest;
    b[k] = b[k] * mu + (g[k] * rate) / sqrtf((a[k] - c[k] * c[k]) + epsilon);
    w[k] -= b[k];
  }
}

KERNEL(adagrad) {
  EACH {
    a[k] += g[k] * g[k];
    w[k] -= g[k] * rate / (sqrtf(a[k]) + epsilon);
  }
}

KERNEL(adadelta) {
  const float rho = 0.95f, rest = 1 - rho;
  EACH {
    a[k] = a[k] * rho + (g[k] * g[k]) * rest;
    float u = sqrtf(b[k] + epsilon) * (1 / sqrtf(a[k] + epsilon)) * g[k];
    w[k] -= u * rate;
    b[k] = b[k] * rho + (u * u) * rest;
  }
}

KERNEL(ftrl) {
  const float l1 = 0.001f, twice_l2 = 2 * (0.001f + 0 / (2 * rate)), twice_shrinkage = 0;
  EACH {
    float sum = a[k] + g[k] * g[k];
    float root = sqrtf(sum);
    b[k] += (g[k] + twice_shrinkage * w[k]) - (root - sqrtf(a[k])) / rate * w[k];
    float leader = ((b[k] > 0 ? l1 : -l1) - b[k]) / (root / rate + twice_l2);
    w[k] = fabsf(b[k]) > l1 ? leader : 0;
    a[k] = sum;
  }
}

KERNEL(assign) { EACH w[k] = g[k]; }

// Here w is the average and g the variable.
KERNEL(average) {
  const float count = (float)(i + 1);
  EACH w[k] = (w[k] * count + g[k]) / (count + 1);
}

KERNEL(moving_average) {
  const float rest = 1 - 0.99f;
  EACH w[k] -= (w[k] - g[k]) * rest;
}

static const struct {
  const char *name;
  void (*run)(float *, float *, float *, float *, const float *, size_t, int);
  int slots;
  float start; // of the first slot
} kernels[] = {
  {"sgd", sgd, 0, 0},
  {"momentum", momentum, 1, 0},
  {"nesterov", nesterov, 1, 0},
  {"adam", adam, 2, 0},
  {"amsgrad", amsgrad, 3, 0},
  {"adamw", adamw, 2, 0},
  {"adamax", adamax, 2, 0},
  {"nadam", nadam, 2, 0},
  {"rmsprop", rmsprop, 1, 0},
  {"rmsprop_centered", rmsprop_centered, 2, 0},
  {"rmsprop_momentum", rmsprop_momentum, 2, 0},
  {"rmsprop_centered_momentum", rmsprop_centered_momentum, 3, 0},
  {"adagrad", adagrad, 1, 0.1f},
  {"adadelta", adadelta, 2, 0},
  {"ftrl", ftrl, 2, 0.1f},
  {"assign", assign, 0, 0},
  {"average", average, 0, 0},
  {"moving_average", moving_average, 0, 0},
};

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + 1e-9 * time.tv_nsec;
}

static float *elements(size_t n) {
  const size_t page = 2 << 20, length = (n * sizeof(float) + page - 1) / page * page;
  float *memory = aligned_alloc(page, length);
  if (!memory) exit(71);
  madvise(memory, length, MADV_HUGEPAGE);
  return memory;
}

// Numbers in -1 … 1 that are the same in both programs.
static void fill(float *memory, size_t n, uint32_t seed, float scale) {
  for (size_t k = 0; k < n; k++) {
    seed = seed * 1664525 + 1013904223;
    memory[k] = ((float)(seed >> 8) * 0x1p-23f - 1) * scale;
  }
}

int main(int count, char **arguments) {
  const char *name = count == 4 ? arguments[1] : "";
  const size_t n = count == 4 ? strtoull(arguments[2], NULL, 10) : 0;
  const int passes = count == 4 ? atoi(arguments[3]) : 0;
  for (size_t index = 0; index < sizeof kernels / sizeof *kernels && n > 0 && passes > 0; index++) {
    if (strcmp(kernels[index].name, name)) continue;
    float *w = elements(n), *g = elements(n), *slots[3] = {w, w, w};
    fill(w, n, 1, 1);
    fill(g, n, 2, 0.1f);
    for (int slot = 0; slot < kernels[index].slots; slot++) {
      slots[slot] = elements(n);
      for (size_t k = 0; k < n; k++) slots[slot][k] = slot == 0 ? kernels[index].start : 0;
    }
    double fastest = INFINITY;
    for (int pass = 0; pass < passes; pass++) {
      const double start = now();
      kernels[index].run(w, slots[0], slots[1], slots[2], g, n, pass);
      const double seconds = now() - start;
      fastest = seconds < fastest ? seconds : fastest;
    }
    uint64_t checksum = 0;
    for (size_t k = 0; k < n; k++) {
      uint32_t bits;
      memcpy(&bits, w + k, sizeof bits);
      checksum = checksum * 31 + bits;
    }
    printf("{\"checksum\":\"%016" PRIx64 "\",\"kernel\":\"%s\",\"parameters\":%zu,\"seconds\":%.9f,\"threads\":1}\n",
           checksum, name, n, fastest);
    return 0;
  }
  fprintf(stderr, "usage: kernels KERNEL PARAMETERS PASSES, with one of");
  for (size_t index = 0; index < sizeof kernels / sizeof *kernels; index++) fprintf(stderr, " %s", kernels[index].name);
  fprintf(stderr, "\n");
  return 64;
}
