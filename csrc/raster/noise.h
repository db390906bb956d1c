// Noise that is a pure function of an integer position: windows of one picture
// agree bit for bit.
#pragma once

#include <cstdint>

namespace seal2real {

// Bijective mixing of 64 bits (splitmix64's finaliser).
inline uint64_t mix64(uint64_t value) {
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9U;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EBU;
  return value ^ (value >> 31);
}

// Key of one lattice row of the noise named `seed`.
inline uint64_t row_key(uint64_t seed, int64_t row) {
  return mix64(seed + 0x9E3779B97F4A7C15U * static_cast<uint64_t>(row));
}

// 32 random bits of column `column`; `key` comes from row_key. Two
// multiplications: this runs for every fourth pixel of every noise plane.
__attribute__((always_inline)) inline uint32_t hash_column(uint32_t column, uint32_t key_low,
                                                           uint32_t key_high) {
  uint32_t hash = (column * 0x9E3779B1U) ^ key_low;
  hash = (hash ^ (hash >> 15)) * 0x2C1B3C6DU + key_high;
  hash = (hash ^ (hash >> 12)) * 0x297A2D39U;
  return hash ^ (hash >> 15);
}

// Floor division by 2^shift for negative numbers too.
inline int64_t floor_shift(int64_t value, int shift) { return value >> shift; }

}  // namespace seal2real
