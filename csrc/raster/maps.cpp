#include "raster/maps.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "raster/simd/press_kernels.h"

namespace seal2real {

void luma(const uint8_t* rgb, size_t pixels, uint8_t* out) {
  press_kernels().luma_row(rgb, out, pixels);
}

void difference(const uint8_t* a, const uint8_t* b, size_t pixels, uint8_t* out) {
  press_kernels().difference_row(a, b, out, pixels);
}

int median(const uint8_t* values, const uint8_t* where, size_t count, int least) {
  // Four tallies in turn: neighbours are often equal, and a count would wait for the one before.
  std::array<std::array<uint32_t, 256>, 4> parts{};
  for (size_t i = 0; i < count; ++i) {
    parts[i % 4][values[i]] += where[i] != 0 ? 1 : 0;
  }
  std::array<size_t, 256> tally{};
  for (const auto& part : parts) {
    for (size_t value = 0; value < tally.size(); ++value) {
      tally[value] += part[value];
    }
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

void coloured(const uint8_t* values, size_t count, const uint8_t* palette, uint8_t* out) {
  if (count == 0) {
    return;
  }
  // Four bytes a pixel, the last of which the next pixel overwrites.
  std::array<std::array<uint8_t, 4>, 256> colours{};
  for (size_t value = 0; value < colours.size(); ++value) {
    std::memcpy(colours[value].data(), palette + 3 * value, 3);
  }
  for (size_t i = 0; i + 1 < count; ++i) {
    std::memcpy(out + 3 * i, colours[values[i]].data(), 4);
  }
  std::memcpy(out + 3 * (count - 1), colours[values[count - 1]].data(), 3);
}

}  // namespace seal2real
