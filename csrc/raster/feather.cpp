#include "raster/feather.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <vector>

#include "raster/grow.h"

namespace seal2real {
namespace {

constexpr uint32_t kFull = 255;

// Sums of 2 radius + 1 neighbours: out[i] is that of in[i] to in[i + 2 radius].
void add_neighbours(const uint32_t* __restrict in, uint32_t* __restrict out, int64_t count,
                    int64_t radius) {
  std::fill(out, out + count, 0);
  for (int64_t k = 0; k <= 2 * radius; ++k) {
    for (int64_t i = 0; i < count; ++i) {
      out[i] += in[i + k];
    }
  }
}

// The weight at every count of grown pixels in a box.
std::vector<uint8_t> weights_of(int64_t ramp) {
  const auto area = static_cast<uint32_t>((2 * ramp + 1) * (2 * ramp + 1));
  std::vector<uint8_t> weights(area + 1);
  for (uint32_t sum = 0; sum <= area; ++sum) {
    weights[sum] = static_cast<uint8_t>(uint64_t{sum} * kFull / area);
  }
  return weights;
}

}  // namespace

void feather(const FeatherPlanes& planes, uint8_t* out) {
  std::fill(out, out + planes.width * planes.height, 0);
  const SetBounds ink = bounds_of({planes.mask, planes.width, planes.height, planes.width});
  if (ink.y1 == 0) {
    return;
  }
  // Ink is grown beyond the image's edge too: a box there counts what lies outside.
  const int64_t ramp = planes.ramp;
  const int64_t margin = planes.inner + 3 * ramp;
  const int64_t width = ink.x1 - ink.x0 + 2 * margin;
  const int64_t height = ink.y1 - ink.y0 + 2 * margin;
  std::vector<uint8_t> canvas(static_cast<size_t>(width * height), 0);
  std::vector<uint8_t> grown(canvas.size());
  for (int64_t y = ink.y0; y < ink.y1; ++y) {
    std::memcpy(canvas.data() + (y - ink.y0 + margin) * width + margin,
                planes.mask + y * planes.width + ink.x0, static_cast<size_t>(ink.x1 - ink.x0));
  }
  grow({canvas.data(), width, height, width}, planes.inner + ramp, grown.data(), width);
  const std::vector<uint8_t> weights = weights_of(ramp);
  // Down the columns: the rows within `ramp` of the one at hand, kept as it moves on.
  std::vector<uint32_t> sums(static_cast<size_t>(width), 0);
  std::vector<uint32_t> boxes(static_cast<size_t>(width));
  const auto add_row = [&](int64_t y, uint32_t times) {
    const uint8_t* row = grown.data() + y * width;
    for (int64_t x = 0; x < width; ++x) {
      sums[static_cast<size_t>(x)] += row[x] * times;
    }
  };
  for (int64_t y = 0; y < 2 * ramp; ++y) {
    add_row(y, 1);
  }
  const int64_t left = ink.x0 - margin + ramp;  // of the image, where the first box lies
  const int64_t x0 = std::max<int64_t>(left, 0);
  const int64_t x1 = std::min(left + width - 2 * ramp, planes.width);
  for (int64_t y = 0; y < height - 2 * ramp; ++y) {
    add_row(y + 2 * ramp, 1);
    const int64_t at = ink.y0 - margin + ramp + y;
    if (at >= 0 && at < planes.height) {
      add_neighbours(sums.data(), boxes.data(), width - 2 * ramp, ramp);
      for (int64_t x = x0; x < x1; ++x) {
        const bool inside = planes.support[at * planes.width + x] != 0;
        out[at * planes.width + x] = inside ? weights[boxes[static_cast<size_t>(x - left)]] : 0;
      }
    }
    add_row(y, ~uint32_t{0});  // minus one
  }
}

}  // namespace seal2real
