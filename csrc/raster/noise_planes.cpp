#include "raster/noise_planes.h"

#include <cmath>
#include <iterator>
#include <vector>

#include "raster/simd/press_kernels.h"

namespace seal2real {
namespace {

// The root of 3: a uniform draw of this half width has variance 1.
constexpr double kUnitHalfWidth = 1.7320508075688772;
// Knots of smooth planes in mm: pressure and inking, and blots.
constexpr double kCellsMm[] = {6.0, 1.5};

// Pixels of a row or column that lie between the same two knots.
struct Run {
  size_t knot;  // the one before them
  size_t first;
  size_t last;  // exclusive
};

// Where the pixels of a row or column lie among knots.
struct Knots {
  Knots(size_t pixels, double cell_px, double offset) {
    share.reserve(pixels);
    deviation.reserve(pixels);
    for (size_t i = 0; i < pixels; ++i) {
      const double place = (static_cast<double>(i) + 0.5) / cell_px + offset;
      const auto knot = static_cast<size_t>(place);
      if (runs.empty() || runs.back().knot != knot) {
        runs.push_back({knot, i, i});
      }
      runs.back().last = i + 1;
      const auto part = static_cast<float>(place - static_cast<double>(knot));
      share.push_back(part);
      // The mix of two independent draws has this deviation.
      deviation.push_back(std::sqrt((1.0F - part) * (1.0F - part) + part * part));
    }
  }

  // One lies after the last pixel.
  size_t count() const { return runs.back().knot + 2; }

  std::vector<Run> runs;
  std::vector<float> share;  // of the way to the next knot, by pixel
  std::vector<float> deviation;
};

// What lies between knots of values a and b, with their variance. Nothing else points to `out`, so
// that the arithmetic runs in vectors.
void mix(const Knots& knots, const Run& run, float a, float b, float* __restrict out) {
  const float* share = knots.share.data();
  const float* deviation = knots.deviation.data();
  for (size_t i = run.first; i < run.last; ++i) {
    out[i] = ((1.0F - share[i]) * a + share[i] * b) / deviation[i];
  }
}

// Independent normal draws on a grid, interpolated.
void smooth_noise(Rng rng, const NoisePlanes& planes, double cell_px, float* out) {
  const double offset_y = rng.uniform();
  const double offset_x = rng.uniform();
  const Knots ys(planes.height, cell_px, offset_y);
  const Knots xs(planes.width, cell_px, offset_x);
  std::vector<float> grid(ys.count() * xs.count());
  for (float& value : grid) {
    value = static_cast<float>(rng.normal());
  }
  std::vector<float> row(xs.count());
  for (const Run& rows : ys.runs) {
    const float* above = grid.data() + rows.knot * row.size();
    for (size_t y = rows.first; y < rows.last; ++y, out += planes.width) {
      for (size_t k = 0; k < row.size(); ++k) {
        row[k] = ((1.0F - ys.share[y]) * above[k] + ys.share[y] * above[row.size() + k]) /
                 ys.deviation[y];
      }
      for (const Run& run : xs.runs) {
        mix(xs, run, row[run.knot], row[run.knot + 1], out);
      }
    }
  }
}

Rng stream(const Rng& rng, const char* name, size_t size, size_t number) {
  return rng.child({fnv1a64(name, size), true}).child({number, false});
}

}  // namespace

void noise_planes(const Rng& rng, const NoisePlanes& planes, float* out) {
  const size_t pixels = planes.height * planes.width;
  const size_t white = (planes.channels + 1) / 2;
  for (size_t k = 0; k < planes.channels; ++k, out += pixels) {
    if (k < white) {
      // Uniform: 13 times as fast as normal draws.
      Rng own = stream(rng, "pixel", 5, k);
      white_noise(own, pixels, out);
    } else {
      const double cell_mm = kCellsMm[(k - white) % std::size(kCellsMm)];
      smooth_noise(stream(rng, "smooth", 6, k - white), planes, cell_mm * planes.px_per_mm, out);
    }
  }
}

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

}  // namespace seal2real
