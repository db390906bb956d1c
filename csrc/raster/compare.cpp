#include "raster/compare.h"

#include <algorithm>
#include <array>

#include "raster/simd/press_kernels.h"

namespace seal2real {

void luma(const uint8_t* rgb, size_t pixels, uint8_t* out) {
  press_kernels().luma_row(rgb, out, pixels);
}

void difference(const uint8_t* a, const uint8_t* b, size_t pixels, uint8_t* out) {
  press_kernels().difference_row(a, b, out, pixels);
}

int median(const uint8_t* values, const uint8_t* where, size_t count, int least) {
  std::array<size_t, 256> tally{};
  for (size_t i = 0; i < count; ++i) {
    tally[values[i]] += where[i] != 0 ? 1 : 0;
  }
  const auto first = static_cast<size_t>(std::clamp(least, 0, 256));
  size_t total = 0;
  for (size_t value = first; value < tally.size(); ++value) {
    total += tally[value];
  }
  if (total == 0) {
    return 0;
  }
  // The middle value, or the two in the middle.
  const auto at_rank = [&](size_t rank) {
    size_t value = first;
    for (size_t below = tally[value]; below <= rank; below += tally[value]) {
      ++value;
    }
    return static_cast<int>(value);
  };
  return (at_rank((total - 1) / 2) + at_rank(total / 2)) / 2;
}

}  // namespace seal2real
