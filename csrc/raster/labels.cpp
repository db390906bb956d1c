#include "raster/labels.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace seal2real {
namespace {

// Rec. 601 luma in 8 bits; integer, so that it is the same everywhere.
inline int luma(const uint8_t* rgb) { return (77 * rgb[0] + 150 * rgb[1] + 29 * rgb[2]) >> 8; }

// Otsu's threshold of a 256-bin histogram: the largest luma that counts as stroke.
int otsu(const std::array<int64_t, 256>& histogram) {
  int64_t total = 0;
  int64_t weighted = 0;
  for (int v = 0; v < 256; ++v) {
    total += histogram[v];
    weighted += v * histogram[v];
  }
  int64_t below = 0;
  int64_t below_weighted = 0;
  double best = -1.0;
  int threshold = 0;
  for (int v = 0; v < 255; ++v) {
    below += histogram[v];
    below_weighted += v * histogram[v];
    const int64_t above = total - below;
    if (below == 0 || above == 0) {
      continue;
    }
    const double gap = static_cast<double>(below_weighted) / static_cast<double>(below) -
                       static_cast<double>(weighted - below_weighted) / static_cast<double>(above);
    const double between = static_cast<double>(below) * static_cast<double>(above) * gap * gap;
    if (between > best) {
      best = between;
      threshold = v;
    }
  }
  return threshold;
}

// [first, last) columns of row centre `y` inside a convex quad.
std::array<int64_t, 2> row_span(const double* quad, double y) {
  double lo = 1e300;
  double hi = -1e300;
  for (int i = 0; i < 4; ++i) {
    const double* a = quad + 2 * i;
    const double* b = quad + 2 * ((i + 1) % 4);
    if ((a[1] <= y) == (b[1] <= y)) {
      continue;
    }
    const double x = a[0] + (b[0] - a[0]) * ((y - a[1]) / (b[1] - a[1]));
    lo = std::min(lo, x);
    hi = std::max(hi, x);
  }
  if (lo > hi) {
    return {0, 0};
  }
  return {static_cast<int64_t>(std::ceil(lo - 0.5)), static_cast<int64_t>(std::ceil(hi - 0.5))};
}

}  // namespace

int64_t box_count(const uint8_t* plane, int64_t width, int64_t height, const int64_t* box) {
  const int64_t x0 = std::max<int64_t>(box[0], 0);
  const int64_t x1 = std::min(box[2], width);
  int64_t count = 0;
  for (int64_t y = std::max<int64_t>(box[1], 0); y < std::min(box[3], height); ++y) {
    for (int64_t x = x0; x < x1; ++x) {
      count += plane[y * width + x] != 0;
    }
  }
  return count;
}

CharStats char_stats(const LabelPlanes& p, int64_t x0, int64_t y0, int64_t x1, int64_t y1) {
  x0 = std::max<int64_t>(x0, 0);
  y0 = std::max<int64_t>(y0, 0);
  x1 = std::min(x1, p.width);
  y1 = std::min(y1, p.height);
  if (x0 >= x1 || y0 >= y1) {
    return {0.0F, 0.0F};
  }
  std::array<int64_t, 256> histogram{};
  int64_t inked = 0;
  for (int64_t y = y0; y < y1; ++y) {
    for (int64_t x = x0; x < x1; ++x) {
      ++histogram[luma(p.clean_rgb + 3 * (y * p.width + x))];
      inked += p.mask[y * p.width + x] != 0;
    }
  }
  const int threshold = otsu(histogram);
  int64_t stroke = 0;
  int64_t stroke_sum = 0;
  int64_t surround = 0;
  int64_t surround_sum = 0;
  for (int64_t y = y0; y < y1; ++y) {
    for (int64_t x = x0; x < x1; ++x) {
      const int64_t at = y * p.width + x;
      const int value = luma(p.sealed_rgb + 3 * at);
      if (luma(p.clean_rgb + 3 * at) <= threshold) {
        ++stroke;
        stroke_sum += value;
      } else {
        ++surround;
        surround_sum += value;
      }
    }
  }
  const auto area = static_cast<float>((x1 - x0) * (y1 - y0));
  CharStats stats{static_cast<float>(inked) / area, 0.0F};
  if (stroke > 0 && surround > 0 && surround_sum > 0) {
    const double dark = static_cast<double>(stroke_sum) / static_cast<double>(stroke);
    const double light = static_cast<double>(surround_sum) / static_cast<double>(surround);
    stats.contrast = static_cast<float>(std::max(0.0, (light - dark) / light));
  }
  return stats;
}

float quad_visibility(const SealPlanes& p, const double* quad) {
  double top = quad[1];
  double bottom = quad[1];
  for (int i = 1; i < 4; ++i) {
    top = std::min(top, quad[2 * i + 1]);
    bottom = std::max(bottom, quad[2 * i + 1]);
  }
  const auto first_row = static_cast<int64_t>(std::ceil(top - 0.5));
  const auto last_row = static_cast<int64_t>(std::ceil(bottom - 0.5));
  int64_t pixels = 0;
  int64_t inside = 0;
  int64_t ideal = 0;
  int64_t inked = 0;
  for (int64_t y = first_row; y < last_row; ++y) {
    const auto span = row_span(quad, static_cast<double>(y) + 0.5);
    pixels += span[1] - span[0];
    if (y < 0 || y >= p.height) {
      continue;
    }
    const int64_t x0 = std::max<int64_t>(span[0], 0);
    const int64_t x1 = std::min(span[1], p.width);
    for (int64_t x = x0; x < x1; ++x) {
      const int64_t at = y * p.width + x;
      const bool on = (p.shape[at] & p.bit) != 0;
      ideal += on;
      inked += on && (p.ink[at] & p.bit) != 0;
    }
    inside += std::max<int64_t>(x1 - x0, 0);
  }
  if (ideal == 0 || pixels == 0) {
    return 0.0F;
  }
  const double in_frame = static_cast<double>(inside) / static_cast<double>(pixels);
  return static_cast<float>(in_frame * static_cast<double>(inked) / static_cast<double>(ideal));
}

}  // namespace seal2real
