// CRC-32C by the processor's own instruction, where it has one.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#define SWA_CRC32C_TARGET __attribute__((target("sse4.2")))
#define swa_crc32c_word(crc, word) ((uint32_t)__builtin_ia32_crc32di(crc, word))
#define swa_crc32c_byte(crc, byte) __builtin_ia32_crc32qi(crc, byte)

// Costs a trap in a virtual machine: asked once.
static inline int swa_has_crc32c(void) {
  unsigned a, b, c, d;
  return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_SSE4_2) != 0;
}
#elif defined(__aarch64__)
#include <sys/auxv.h>
#define SWA_CRC32C_TARGET __attribute__((target("crc")))
#define swa_crc32c_word(crc, word) __builtin_arm_crc32cd(crc, word)
#define swa_crc32c_byte(crc, byte) __builtin_arm_crc32cb(crc, byte)

static inline int swa_has_crc32c(void) { return (getauxval(AT_HWCAP) & (1 << 7) /* HWCAP_CRC32 */) != 0; }
#else
#define SWA_CRC32C_TARGET
#define swa_crc32c_word(crc, word) ((void)(word), (crc))
#define swa_crc32c_byte(crc, byte) ((void)(byte), (crc))

static inline int swa_has_crc32c(void) { return 0; }
#endif

// Takes bytes into the register of a checksum; only for processors that have the instruction.
SWA_CRC32C_TARGET static inline uint32_t swa_crc32c(uint32_t crc, const uint8_t *bytes, size_t count) {
  for (; count >= 8; bytes += 8, count -= 8) {
    uint64_t word;
    memcpy(&word, bytes, 8);
    crc = swa_crc32c_word(crc, word);
  }
  for (; count > 0; bytes++, count--) crc = swa_crc32c_byte(crc, *bytes);
  return crc;
}
