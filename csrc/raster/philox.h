// Counter-based random numbers: Philox4x32-10, and named streams on top of it.
// Source: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3".
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace seal2real {

using PhiloxCounter = std::array<uint32_t, 4>;
using PhiloxKey = std::array<uint32_t, 2>;

// Ten rounds of Philox4x32: a bijection of the counter for each key.
inline PhiloxCounter philox4x32(PhiloxCounter counter, PhiloxKey key) {
  constexpr uint64_t kMultiplier0 = 0xD2511F53U;
  constexpr uint64_t kMultiplier1 = 0xCD9E8D57U;
  constexpr uint32_t kWeyl0 = 0x9E3779B9U;
  constexpr uint32_t kWeyl1 = 0xBB67AE85U;
  for (int round = 0; round < 10; ++round) {
    const uint64_t product0 = kMultiplier0 * counter[0];
    const uint64_t product1 = kMultiplier1 * counter[2];
    counter = {static_cast<uint32_t>(product1 >> 32) ^ counter[1] ^ key[0],
               static_cast<uint32_t>(product1),
               static_cast<uint32_t>(product0 >> 32) ^ counter[3] ^ key[1],
               static_cast<uint32_t>(product0)};
    key[0] += kWeyl0;
    key[1] += kWeyl1;
  }
  return counter;
}

// FNV-1a, 64 bit: names of streams.
uint64_t fnv1a64(const char* bytes, size_t size);

// One step of a path: a number or the hash of a name; `is_name` keeps "1" apart from 1.
struct StreamStep {
  uint64_t value;
  bool is_name;
};

// 53 random bits as a number in [0, 1).
inline double unit_interval(uint64_t bits) { return static_cast<double>(bits >> 11) * 0x1p-53; }

// Consecutive blocks of a stream.
struct PhiloxBlocks {
  uint32_t key[2];
  uint32_t stream[2];  // the upper half of every block's counter
  uint64_t first;      // the lower half of the first one's
};

// A stream of random numbers named by its path. Equal paths give equal numbers everywhere; the
// 128-bit state of the path (key and upper half of the counter) keeps unequal ones apart.
class Rng {
 public:
  explicit Rng(uint64_t seed);

  // The stream below this one; independent of how many numbers this one has given.
  Rng child(StreamStep step) const;

  uint64_t u64();
  double uniform();                            // [0, 1), 53 bits
  int64_t integer(int64_t low, int64_t high);  // [low, high), unbiased
  double normal();                             // Box-Muller, two numbers a call

  // Whether the next number begins a block; each block gives two numbers of 64 bits.
  bool at_block() const { return !has_spare_; }
  // The next `count` blocks, which are then spent; only where a number begins a block.
  PhiloxBlocks take(uint64_t count);

 private:
  PhiloxCounter block(uint64_t number) const;

  uint64_t key_;
  uint64_t stream_;
  uint64_t block_ = 0;
  uint64_t spare_ = 0;
  bool has_spare_ = false;
};

}  // namespace seal2real
