#include "raster/maps.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "raster/simd/press_kernels.h"

namespace seal2real {
namespace {

// Added and taken away again, it leaves a number of 0..255 rounded to the nearest, halves to even.
constexpr float kRounder = 0x1p23F;

void level_row(const float* __restrict values, size_t count, uint8_t* __restrict out) {
  for (size_t i = 0; i < count; ++i) {
    const float level = (values[i] + 1.0F) * 127.5F;
    const float low = level > 0.0F ? level : 0.0F;  // also what is no number
    const float kept = low < 255.0F ? low : 255.0F;
    out[i] = static_cast<uint8_t>(static_cast<int32_t>((kept + kRounder) - kRounder));
  }
}

}  // namespace

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

void spread(const uint8_t* image, size_t pixels, size_t channels, const float* table, float* out) {
  for (size_t c = 0; c < channels; ++c, out += pixels) {
    for (size_t i = 0; i < pixels; ++i) {
      out[i] = table[image[channels * i + c]];
    }
  }
}

void levels(const SignedPlanes& planes, uint8_t* out) {
  const PressKernels& kernels = press_kernels();
  std::vector<uint8_t> rows(3 * planes.width);
  for (size_t y = 0; y < planes.height; ++y) {
    for (size_t c = 0; c < 3; ++c) {
      level_row(planes.values + c * planes.plane + y * planes.stride, planes.width,
                rows.data() + c * planes.width);
    }
    kernels.interleave_row(rows.data(), rows.data() + planes.width, rows.data() + 2 * planes.width,
                           out + 3 * y * planes.width, planes.width);
  }
}

}  // namespace seal2real
