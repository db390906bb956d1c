#include "raster/noise_planes.h"

#include <cmath>

#include "raster/simd/press_kernels.h"

namespace seal2real {
namespace {

// The root of 3: a uniform draw of this half width has variance 1.
constexpr double kUnitHalfWidth = 1.7320508075688772;

// The mix of two independent draws has this deviation.
float deviation(float share) {
  const float rest = 1.0F - share;
  return std::sqrt(rest * rest + share * share);
}

}  // namespace

void white_noise(Rng& rng, size_t count, float* out) {
  const auto single = [&rng] {
    return static_cast<float>((2.0 * rng.uniform() - 1.0) * kUnitHalfWidth);
  };
  if (count > 0 && !rng.at_block()) {
    *out++ = single();
    --count;
  }
  const size_t blocks = count / (2 * kUniformBlock) * kUniformBlock;
  press_kernels().uniform_row(rng.take(blocks), blocks, kUnitHalfWidth, out);
  for (size_t i = 2 * blocks; i < count; ++i) {
    out[i] = single();
  }
}

void smooth_noise(const float* grid, size_t columns, const KnotPlaces& ys, const KnotPlaces& xs,
                  float* out) {
  const size_t width = xs.before.size();
  std::vector<float> widths(width);
  for (size_t x = 0; x < width; ++x) {
    widths[x] = deviation(xs.share[x]);
  }
  std::vector<float> row(columns);
  std::vector<float> before(width);
  std::vector<float> after(width);
  for (size_t y = 0; y < ys.before.size(); ++y) {
    const float* above = grid + ys.before[y] * columns;
    const float* below = above + columns;
    const float share = ys.share[y];
    const float height = deviation(share);
    for (size_t k = 0; k < columns; ++k) {
      row[k] = ((1.0F - share) * above[k] + share * below[k]) / height;
    }
    // Knots are fetched apart, so that the arithmetic runs in vectors.
    for (size_t x = 0; x < width; ++x) {
      before[x] = row[xs.before[x]];
      after[x] = row[xs.before[x] + 1];
    }
    float* line = out + y * width;
    for (size_t x = 0; x < width; ++x) {
      line[x] = ((1.0F - xs.share[x]) * before[x] + xs.share[x] * after[x]) / widths[x];
    }
  }
}

}  // namespace seal2real
