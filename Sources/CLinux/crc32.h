// CRC-32 (ISO-HDLC, that of ZIP) by the processor's own instructions, where it has them.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

// At least so many bytes at once.
#define SWA_CRC32_BLOCK 64

#if defined(__x86_64__)
#include <cpuid.h>
#define SWA_CRC32_TARGET __attribute__((target("pclmul")))

// 16 bytes as two words, as the instruction has them.
typedef long long swa_crc32_state __attribute__((vector_size(16)));

// Costs a trap in a virtual machine: asked once.
static inline int swa_has_crc32(void) {
  unsigned a, b, c, d;
  return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_PCLMUL) != 0;
}

// `state` as it is once it stands as many bits further left as `constants` says.
SWA_CRC32_TARGET static inline swa_crc32_state swa_crc32_fold(swa_crc32_state state, swa_crc32_state constants) {
  return __builtin_ia32_pclmulqdq128(state, constants, 0x00) ^ __builtin_ia32_pclmulqdq128(state, constants, 0x11);
}

// Takes bytes into the register of a checksum, a multiple of SWA_CRC32_BLOCK of them and not none: leaves in `rest` 16
// bytes whose checksum, from a register of 0 on, is the new register. Only for processors that have the instructions.
//
// Folding as in Gopal et al., "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ Instruction" (Intel, 2009):
// four states side by side, each multiplied by x^(512 +- 32) modulo the polynomial, bits reflected, and in the end folded
// into one, each by x^(128 +- 32).
SWA_CRC32_TARGET static inline void swa_crc32(uint32_t crc, const uint8_t *bytes, size_t count, uint8_t rest[16]) {
  const swa_crc32_state past_four = {0x154442bd4, 0x1c6e41596}, past_one = {0x1751997d0, 0x0ccaa009e};
  swa_crc32_state state[4], next[4];
  memcpy(state, bytes, SWA_CRC32_BLOCK);
  state[0][0] ^= crc;
  for (size_t offset = SWA_CRC32_BLOCK; offset < count; offset += SWA_CRC32_BLOCK) {
    memcpy(next, bytes + offset, SWA_CRC32_BLOCK);
    for (int lane = 0; lane < 4; lane++) state[lane] = swa_crc32_fold(state[lane], past_four) ^ next[lane];
  }
  for (int lane = 1; lane < 4; lane++) state[lane] ^= swa_crc32_fold(state[lane - 1], past_one);
  memcpy(rest, &state[3], 16);
}
#elif defined(__aarch64__)
#include <sys/auxv.h>

static inline int swa_has_crc32(void) { return (getauxval(AT_HWCAP) & (1 << 7) /* HWCAP_CRC32 */) != 0; }

__attribute__((target("crc"))) static inline void swa_crc32(uint32_t crc, const uint8_t *bytes, size_t count, uint8_t rest[16]) {
  uint64_t word;
  for (size_t offset = 0; offset < count - 16; offset += 8) {
    memcpy(&word, bytes + offset, 8);
    crc = __builtin_arm_crc32d(crc, word);
  }
  memcpy(rest, bytes + count - 16, 16);
  for (int index = 0; index < 4; index++) rest[index] ^= (uint8_t)(crc >> 8 * index);
}
#else
static inline int swa_has_crc32(void) { return 0; }
static inline void swa_crc32(uint32_t crc, const uint8_t *bytes, size_t count, uint8_t rest[16]) {
  (void)crc, (void)bytes, (void)count, (void)rest;
}
#endif
