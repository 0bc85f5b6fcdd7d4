// CRC-32C by the processor's own instruction, where it has one.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#define SWA_CRC32C_TARGET __attribute__((target("sse4.2")))
#define swa_crc32c_word(crc, word) __builtin_ia32_crc32di(crc, word)
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

#define SWA_CRC32C_BLOCK 8192

// The product of two polynomials modulo Castagnoli's, bits reflected.
static inline uint32_t swa_crc32c_product(uint32_t a, uint32_t b) {
  uint32_t product = 0;
  for (uint32_t bit = 1u << 31; bit != 0; bit >>= 1) {
    if (a & bit) product ^= b;
    b = b >> 1 ^ (0x82F63B78 & -(b & 1));
  }
  return product;
}

// Takes bytes into the register of a checksum; only for processors that have the instruction.
//
// The instruction takes 3 cycles and a new one can begin in each: three blocks side by side go three times as fast. The
// register behind a block is the one before it times x^(8 * SWA_CRC32C_BLOCK), plus that of the block alone.
SWA_CRC32C_TARGET static inline uint32_t swa_crc32c(uint32_t crc, const uint8_t *bytes, size_t count) {
  const uint32_t past_one_block = 0x28461564, past_two_blocks = 0xBF455269;
  uint64_t words[3];
  for (; count >= 3 * SWA_CRC32C_BLOCK; bytes += 3 * SWA_CRC32C_BLOCK, count -= 3 * SWA_CRC32C_BLOCK) {
    // As wide as the instruction's result, so that nothing is narrowed in between.
    uint64_t first = crc, second = 0, third = 0;
    for (size_t offset = 0; offset < SWA_CRC32C_BLOCK; offset += 8) {
      for (int block = 0; block < 3; block++) memcpy(&words[block], bytes + block * SWA_CRC32C_BLOCK + offset, 8);
      first = swa_crc32c_word(first, words[0]);
      second = swa_crc32c_word(second, words[1]);
      third = swa_crc32c_word(third, words[2]);
    }
    crc = swa_crc32c_product(past_two_blocks, (uint32_t)first) ^ swa_crc32c_product(past_one_block, (uint32_t)second) ^ (uint32_t)third;
  }
  for (; count >= 8; bytes += 8, count -= 8) {
    memcpy(words, bytes, 8);
    crc = (uint32_t)swa_crc32c_word(crc, words[0]);
  }
  for (; count > 0; bytes++, count--) crc = swa_crc32c_byte(crc, *bytes);
  return crc;
}
