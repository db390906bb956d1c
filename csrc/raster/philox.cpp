#include "raster/philox.h"

#include <cmath>
#include <stdexcept>
#include <string>

#include "raster/detmath.h"

namespace seal2real {
namespace {

constexpr uint64_t kGolden = 0x9E3779B97F4A7C15U;

// The finaliser of SplitMix64: every input bit reaches every output bit.
uint64_t mix(uint64_t value) {
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9U;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EBU;
  return value ^ (value >> 31);
}

uint64_t joined(uint32_t low, uint32_t high) { return low | static_cast<uint64_t>(high) << 32; }

}  // namespace

uint64_t fnv1a64(const char* bytes, size_t size) {
  uint64_t hash = 0xCBF29CE484222325U;
  for (size_t i = 0; i < size; ++i) {
    hash = (hash ^ static_cast<unsigned char>(bytes[i])) * 0x100000001B3U;
  }
  return hash;
}

Rng::Rng(uint64_t seed) : key_(mix(seed + kGolden)), stream_(mix(key_ ^ ~seed)) {}

Rng Rng::child(StreamStep step) const {
  const uint64_t tag = step.is_name ? 0x5E41U : 0x2EA1U;
  Rng below(0);
  below.key_ = mix(key_ + mix(step.value + kGolden * tag));
  below.stream_ = mix((stream_ ^ step.value) * kGolden + tag);
  return below;
}

uint64_t Rng::u64() {
  if (has_spare_) {
    has_spare_ = false;
    return spare_;
  }
  const PhiloxCounter drawn = block(block_++);
  spare_ = joined(drawn[2], drawn[3]);
  has_spare_ = true;
  return joined(drawn[0], drawn[1]);
}

PhiloxBlocks Rng::take(uint64_t count) {
  const uint64_t first = block_;
  block_ += count;
  return {{static_cast<uint32_t>(key_), static_cast<uint32_t>(key_ >> 32)},
          {static_cast<uint32_t>(stream_), static_cast<uint32_t>(stream_ >> 32)},
          first};
}

PhiloxCounter Rng::block(uint64_t number) const {
  return philox4x32({static_cast<uint32_t>(number), static_cast<uint32_t>(number >> 32),
                     static_cast<uint32_t>(stream_), static_cast<uint32_t>(stream_ >> 32)},
                    {static_cast<uint32_t>(key_), static_cast<uint32_t>(key_ >> 32)});
}

double Rng::uniform() { return unit_interval(u64()); }

int64_t Rng::integer(int64_t low, int64_t high) {
  if (low >= high) {
    throw std::invalid_argument("Rng.integer: hi must exceed lo, got [" + std::to_string(low) +
                                ", " + std::to_string(high) + "); hi is exclusive");
  }
  const uint64_t range = static_cast<uint64_t>(high) - static_cast<uint64_t>(low);
  // Lemire 2019: multiply and shift; reject the few products that would be counted once too often.
  const uint64_t rejected_below = (0 - range) % range;
  while (true) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(u64()) * range;
    if (static_cast<uint64_t>(product) >= rejected_below) {
      return static_cast<int64_t>(static_cast<uint64_t>(low) +
                                  static_cast<uint64_t>(product >> 64));
    }
  }
}

double Rng::normal() {
  const double radius = std::sqrt(-2.0 * det_log(1.0 - uniform()));
  return radius * det_cos(2.0 * kPi * uniform());
}

}  // namespace seal2real
