#include "raster/planes.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>

#include "raster/noise.h"
#include "raster/simd/press_kernels.h"

namespace seal2real {
namespace {

constexpr double kWhiteDeviation = 73.9;  // of a uniform byte
constexpr int kMaxDoublings = 5;
constexpr int kMaxPasses = 4;

// Lattice points that a window needs at one level.
struct Span {
  int64_t first;
  int64_t last;  // exclusive
};

using Levels = std::array<Span, kMaxDoublings + 1>;

// Level l gives level l - 1 the values between its points.
Levels levels_of(int64_t first, int64_t count, int doublings) {
  Levels levels{};
  levels[0] = {first, first + count};
  for (int level = 1; level <= doublings; ++level) {
    const Span& fine = levels[static_cast<size_t>(level - 1)];
    levels[static_cast<size_t>(level)] = {floor_shift(fine.first - 1, 1),
                                          floor_shift(fine.last - 2, 1) + 2};
  }
  return levels;
}

size_t count_of(const Span& span) { return static_cast<size_t>(span.last - span.first); }

// White noise over the spans grown by one point, columns aligned to whole
// hashes.
PlaneView white_plane(const PressKernels& kernels, const Span& columns, const Span& rows,
                      uint64_t seed, ByteBuffer& out) {
  const int64_t first = floor_shift(columns.first - 1, 2);
  const int64_t last = floor_shift(columns.last, 2) + 1;
  const auto quads = static_cast<size_t>(last - first);
  const size_t stride = 4 * quads;
  out.resize((count_of(rows) + 2) * stride + kPadding);
  for (int64_t y = rows.first - 1; y <= rows.last; ++y) {
    const uint64_t key = row_key(seed, y);
    kernels.white_row(out.data() + static_cast<size_t>(y - rows.first + 1) * stride, quads,
                      static_cast<uint32_t>(first), static_cast<uint32_t>(key),
                      static_cast<uint32_t>(key >> 32));
  }
  return {out.data() + stride + static_cast<size_t>(columns.first - 4 * first), stride};
}

// Smooths in place of a copy: reads one point beyond each side of the spans.
PlaneView smooth_plane(const PressKernels& kernels, const PlaneView& in, size_t width,
                       size_t height, uint32_t side, ByteBuffer& out) {
  const size_t stride = width + 2;
  out.resize(height * stride + kPadding);
  ByteBuffer line(stride + kPadding);
  for (size_t y = 0; y < height; ++y) {
    const uint8_t* centre = in.data + y * in.stride - 1;
    kernels.blend3_row(centre - in.stride, centre, centre + in.stride, line.data(), stride, side);
    kernels.blend3_row(line.data(), line.data() + 1, line.data() + 2, out.data() + y * stride,
                       width, side);
  }
  return {out.data(), stride};
}

// One doubling in both directions.
PlaneView double_plane(const PressKernels& kernels, const PlaneView& in, const Span& columns,
                       const Span& rows, const Span& fine_columns, const Span& fine_rows,
                       ByteBuffer& out) {
  const size_t cells = count_of(columns) - 1;
  const size_t stride = 2 * cells;
  out.resize(count_of(fine_rows) * stride + kPadding);
  ByteBuffer line(count_of(columns) + kPadding);
  for (int64_t y = fine_rows.first; y < fine_rows.last; ++y) {
    const int64_t cell = floor_shift(y - 1, 1);
    const uint8_t* top = in.data + static_cast<size_t>(cell - rows.first) * in.stride;
    const uint8_t* bottom = top + in.stride;
    const bool upper = 2 * cell + 1 == y;
    kernels.lerp_row(upper ? top : bottom, upper ? bottom : top, line.data(), cells + 1);
    kernels.double_row(line.data(), out.data() + static_cast<size_t>(y - fine_rows.first) * stride,
                       cells);
  }
  return {out.data() + static_cast<size_t>(fine_columns.first - (2 * columns.first + 1)), stride};
}

}  // namespace

NoiseShape noise_shape(double scale_px) {
  int doublings = 0;
  while (scale_px >= 2.0 && doublings < kMaxDoublings) {
    scale_px *= 0.5;
    ++doublings;
  }
  const double excess = std::min(std::max(scale_px - 1.0, 0.0), 1.0);
  // Interpolated white noise shows its lattice as a plaid; a little smoothing hides it.
  const double side = doublings == 0 ? 0.25 * excess : 0.12 + 0.13 * excess;
  const auto side_q8 = static_cast<uint32_t>(std::floor(side * 256.0 + 0.5));
  // Variance of white noise after (s, 1 - 2s, s) along one axis; the standard
  // deviation after both axes is the variance along one.
  const double kept = (1.0 - 2.0 * side) * (1.0 - 2.0 * side) + 2.0 * side * side;
  // Each doubling keeps 5/8 of a white variance, more of a smooth one; measured
  // at 0.60 to 0.55.
  const double doubled =
      doublings == 0 ? 1.0 : (doublings == 1 ? 0.66 + 1.1 * side : 0.52 + 1.55 * side);
  return {doublings, side_q8, kWhiteDeviation * kept * doubled};
}

PlaneView noise_plane(const PressKernels& kernels, const Window& window, const NoiseShape& shape,
                      uint64_t seed, ByteBuffer& a, ByteBuffer& b) {
  const Levels columns = levels_of(window.x0, window.width, shape.doublings);
  const Levels rows = levels_of(window.y0, window.height, shape.doublings);
  const auto top = static_cast<size_t>(shape.doublings);
  PlaneView plane = white_plane(kernels, columns[top], rows[top], seed, a);
  bool in_a = true;
  if (shape.side > 0) {
    plane =
        smooth_plane(kernels, plane, count_of(columns[top]), count_of(rows[top]), shape.side, b);
    in_a = false;
  }
  for (size_t level = top; level > 0; --level) {
    plane = double_plane(kernels, plane, columns[level], rows[level], columns[level - 1],
                         rows[level - 1], in_a ? b : a);
    in_a = !in_a;
  }
  return plane;
}

const uint8_t* white_noise_row(const PressKernels& kernels, const Window& window, uint64_t seed,
                               int64_t y, ByteBuffer& out) {
  const int64_t first = floor_shift(window.x0, 2);
  const int64_t last = floor_shift(window.x0 + window.width - 1, 2) + 1;
  const auto quads = static_cast<size_t>(last - first);
  out.resize(4 * quads + kPadding);
  const uint64_t key = row_key(seed, window.y0 + y);
  kernels.white_row(out.data(), quads, static_cast<uint32_t>(first), static_cast<uint32_t>(key),
                    static_cast<uint32_t>(key >> 32));
  return out.data() + (window.x0 - 4 * first);
}

BlurShape blur_shape(double sigma_px) {
  // Passes at distances 1, 2, 4, 8 with side 1/4 have variances 0.5, 2, 8, 32.
  const double variance = sigma_px * sigma_px;
  double reach = 0.0;
  double step = 0.5;
  BlurShape shape{};
  while (shape.passes < kMaxPasses && reach < variance) {
    const int64_t distance = int64_t{1} << shape.passes;
    shape.distance[shape.passes] = distance;
    shape.radius += distance;
    reach += step;
    step *= 4.0;
    ++shape.passes;
  }
  if (shape.passes == 0) {
    return shape;
  }
  const double side = 0.25 * std::min(variance / reach, 1.0);
  shape.side = static_cast<uint32_t>(std::floor(side * 256.0 + 0.5));
  return shape.side == 0 ? BlurShape{} : shape;
}

BlurShape rim_shape(double width_px) {
  const auto far = static_cast<int64_t>(std::floor(width_px + 0.5));
  if (far <= 0) {
    return {};
  }
  const int64_t near = far / 2;
  if (near == 0) {
    return {1, 64, {far, 0, 0, 0}, far};
  }
  return {2, 64, {near, far, 0, 0}, near + far};
}

void blur_row(const PressKernels& kernels, const PlaneView& in, int64_t width, int64_t height,
              int64_t y, int64_t distance, uint32_t side, ByteBuffer& line, uint8_t* out) {
  const auto columns = static_cast<size_t>(width);
  const auto reach = static_cast<size_t>(distance);
  line.resize(padded_stride(width) + 2 * reach + kPadding);
  const uint8_t* centre = in.data + static_cast<size_t>(y) * in.stride;
  const uint8_t* above =
      in.data + static_cast<size_t>(std::max<int64_t>(y - distance, 0)) * in.stride;
  const uint8_t* below =
      in.data + static_cast<size_t>(std::min(y + distance, height - 1)) * in.stride;
  kernels.blend3_row(above, centre, below, line.data() + reach, columns, side);
  std::memset(line.data(), line[reach], reach);
  std::memset(line.data() + reach + columns, line[reach + columns - 1], reach);
  kernels.blend3_row(line.data(), line.data() + reach, line.data() + 2 * reach, out, columns, side);
}

PlaneView blur_plane(const PressKernels& kernels, const PlaneView& in, int64_t width,
                     int64_t height, const BlurShape& shape, ByteBuffer& scratch, ByteBuffer& out) {
  thread_local ByteBuffer own_line;
  ByteBuffer& line = own_line;
  const size_t stride = padded_stride(width);
  const size_t size = stride * static_cast<size_t>(height);
  PlaneView source = in;
  for (int pass = 0; pass < shape.passes; ++pass) {
    scratch.resize(size + kPadding);
    for (int64_t y = 0; y < height; ++y) {
      blur_row(kernels, source, width, height, y, shape.distance[pass], shape.side, line,
               scratch.data() + static_cast<size_t>(y) * stride);
    }
    out.swap(scratch);
    source = {out.data(), stride};
  }
  return source;
}

FieldNoise::FieldNoise(const PressKernels& kernels, uint64_t seed, double scale_px, int64_t first,
                       int64_t step, size_t columns)
    : kernels_(kernels),
      seed_(seed),
      inverse_scale_(1.0 / scale_px),
      row_(std::numeric_limits<int64_t>::min()),
      cell_(columns),
      weight_(columns) {
  int64_t last = 0;
  for (size_t i = 0; i < columns; ++i) {
    const double at = static_cast<double>(first + static_cast<int64_t>(i) * step) * inverse_scale_;
    const double cell = std::floor(at);
    const double rest = at - cell;
    last = static_cast<int64_t>(cell);
    origin_ = i == 0 ? last : origin_;
    cell_[i] = static_cast<int32_t>(last - origin_);
    weight_[i] = rest * rest * (3.0 - 2.0 * rest);
  }
  mixed_.resize(static_cast<size_t>(last - origin_) + 2);
}

void FieldNoise::read_row(int64_t row, std::vector<double>& out) {
  const size_t count = mixed_.size();
  hashes_.resize(4 * count + kPadding);
  const uint64_t key = row_key(seed_, row);
  kernels_.white_row(hashes_.data(), count, static_cast<uint32_t>(origin_),
                     static_cast<uint32_t>(key), static_cast<uint32_t>(key >> 32));
  out.resize(count);
  for (size_t i = 0; i < count; ++i) {
    int32_t hash = 0;
    std::memcpy(&hash, hashes_.data() + 4 * i, 4);
    out[i] = static_cast<double>(hash) * 0x1p-31;
  }
}

void FieldNoise::add_row(int64_t y, double amount, double* out) {
  const double at = static_cast<double>(y) * inverse_scale_;
  const double cell = std::floor(at);
  const double rest = at - cell;
  const double lower = rest * rest * (3.0 - 2.0 * rest);
  const auto row = static_cast<int64_t>(cell);
  if (row != row_) {
    if (row == row_ + 1) {
      top_.swap(bottom_);
    } else {
      read_row(row, top_);
    }
    read_row(row + 1, bottom_);
    row_ = row;
  }
  for (size_t i = 0; i < mixed_.size(); ++i) {
    mixed_[i] = (top_[i] + (bottom_[i] - top_[i]) * lower) * amount;
  }
  for (size_t i = 0; i < cell_.size(); ++i) {
    const double* near = mixed_.data() + cell_[i];
    out[i] += near[0] + (near[1] - near[0]) * weight_[i];
  }
}

}  // namespace seal2real
