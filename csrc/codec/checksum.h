// CRC-32 of PNG chunks and Adler-32 of zlib streams.
#pragma once

#include <cstddef>
#include <cstdint>

namespace seal2real::codec {

// CRC-32 (ISO 3309, as PNG wants it) of `size` bytes, continuing from `crc` (0 to begin).
uint32_t crc32(uint32_t crc, const uint8_t* data, size_t size);

// Adler-32 fed with runs of one value: a run costs the same whatever its length, which is what
// makes the checksum free for masks.
class RunAdler {
 public:
  void add(uint8_t value, uint32_t count) {
    // After n bytes of value v: a += n*v, b += n*a + v*n*(n+1)/2.
    const uint64_t n = count;
    b_ += n * a_ + value * (n * (n + 1) / 2);
    a_ += n * value;
    if ((b_ | a_) >> 40) {
      reduce();
    }
  }
  uint32_t value() {
    reduce();
    return static_cast<uint32_t>(b_ << 16 | a_);
  }

 private:
  void reduce() {
    a_ %= kModulus;
    b_ %= kModulus;
  }
  static constexpr uint64_t kModulus = 65521;
  uint64_t a_ = 1;
  uint64_t b_ = 0;
};

}  // namespace seal2real::codec
