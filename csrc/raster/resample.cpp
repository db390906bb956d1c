#include "raster/resample.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <vector>

#include "raster/simd/press_kernels.h"

namespace seal2real {
namespace {

// Rows whose pixels are filtered together: a vector of bytes.
constexpr size_t kStrip = 16;
// Bytes of a pixel of a whole strip.
constexpr size_t kPixel = 3 * kStrip;
static_assert(kPixel == kFilterBlock, "a pixel of a strip is one block of filter_row");

using Bytes = uint8_t __attribute__((vector_size(kStrip)));

// How far the kernel reaches, in px of the coarser image.
constexpr double kReach = 2.0;

// Source: Keys 1981, with a = -1/2.
double cubic(double x) {
  constexpr double a = -0.5;
  x = std::fabs(x);
  if (x < 1.0) {
    return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
  }
  return x < kReach ? (((x - 5.0) * x + 8.0) * x - 4.0) * a : 0.0;
}

// What every pixel of a line is made of: `count` pixels from `first` on.
struct Taps {
  size_t room = 0;
  std::vector<size_t> first;
  std::vector<size_t> count;
  std::vector<int32_t> weights;  // [pixels, room], of 2^kFilterBits

  const int32_t* of(size_t pixel) const { return weights.data() + pixel * room; }
};

int32_t fixed(double weight) {
  const double scaled = weight * (1 << kFilterBits);
  return static_cast<int32_t>(scaled < 0.0 ? scaled - 0.5 : scaled + 0.5);
}

Taps taps_of(int64_t length, int64_t out_length) {
  const double scale = static_cast<double>(length) / static_cast<double>(out_length);
  const double stretch = std::max(scale, 1.0);
  const double reach = kReach * stretch;
  const auto pixels = static_cast<size_t>(out_length);
  Taps taps;
  taps.room = 2 * static_cast<size_t>(std::ceil(reach)) + 1;
  taps.first.resize(pixels);
  taps.count.resize(pixels);
  taps.weights.resize(pixels * taps.room);
  std::vector<double> exact(taps.room);
  for (size_t i = 0; i < pixels; ++i) {
    const double center = (static_cast<double>(i) + 0.5) * scale;
    const int64_t low = std::max<int64_t>(static_cast<int64_t>(center - reach + 0.5), 0);
    const int64_t high = std::min(static_cast<int64_t>(center + reach + 0.5), length);
    const auto count = static_cast<size_t>(high - low);
    double total = 0.0;
    for (size_t k = 0; k < count; ++k) {
      const auto at = static_cast<double>(low + static_cast<int64_t>(k));
      exact[k] = cubic((at - center + 0.5) * (1.0 / stretch));
      total += exact[k];
    }
    for (size_t k = 0; k < count; ++k) {
      taps.weights[i * taps.room + k] = fixed(exact[k] / total);
    }
    taps.first[i] = static_cast<size_t>(low);
    taps.count[i] = count;
  }
  return taps;
}

// Neighbouring rows woven together, byte by byte.
void weave(const Bytes* in, Bytes* out) {
  constexpr Bytes kLow = {0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23};
  constexpr Bytes kHigh = {8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
  for (size_t i = 0; i < kStrip / 2; ++i) {
    out[2 * i] = __builtin_shuffle(in[i], in[i + kStrip / 2], kLow);
    out[2 * i + 1] = __builtin_shuffle(in[i], in[i + kStrip / 2], kHigh);
  }
}

// Rows of a square of bytes become its columns: weaving halves four times.
void transpose(Bytes* square) {
  Bytes other[kStrip];
  weave(square, other);
  weave(other, square);
  weave(square, other);
  weave(other, square);
}

size_t whole(size_t count, size_t step) { return (count + step - 1) / step * step; }

// Makes `rows` (1..kStrip) rows of `row_bytes` into columns [whole(row_bytes, kStrip), kStrip]; the
// last row stands for those that are missing.
void to_columns(const uint8_t* image, size_t rows, size_t row_bytes, uint8_t* columns) {
  for (size_t at = 0; at < row_bytes; at += kStrip) {
    Bytes square[kStrip] = {};
    const size_t count = std::min(kStrip, row_bytes - at);
    for (size_t r = 0; r < kStrip; ++r) {
      const uint8_t* from = image + std::min(r, rows - 1) * row_bytes + at;
      if (count == kStrip) {
        std::memcpy(&square[r], from, kStrip);
      } else {
        std::memcpy(&square[r], from, count);
      }
    }
    transpose(square);
    std::memcpy(columns + at * kStrip, square, sizeof square);
  }
}

// The way back, into kStrip rows `step` bytes apart; `row_bytes` is a multiple of kStrip.
void to_rows(const uint8_t* columns, size_t row_bytes, size_t step, uint8_t* rows) {
  for (size_t at = 0; at < row_bytes; at += kStrip) {
    Bytes square[kStrip];
    std::memcpy(square, columns + at * kStrip, sizeof square);
    transpose(square);
    for (size_t r = 0; r < kStrip; ++r) {
      std::memcpy(rows + r * step + at, &square[r], kStrip);
    }
  }
}

// Rows of `step` bytes, `width` pixels each; the bytes behind them hold nothing.
struct Rows {
  size_t step;
  std::vector<uint8_t> bytes;
};

Rows narrowed(const ResampledImage& job) {
  const auto row_bytes = static_cast<size_t>(3 * job.width);
  const auto out_width = static_cast<size_t>(job.out_width);
  const auto height = static_cast<size_t>(job.height);
  Rows rows;
  rows.step = whole(3 * out_width, kFilterBlock);
  rows.bytes.resize(whole(height, kStrip) * rows.step);
  if (job.out_width == job.width) {
    for (size_t y = 0; y < height; ++y) {
      std::memcpy(rows.bytes.data() + y * rows.step, job.image + y * row_bytes, row_bytes);
    }
    return rows;
  }
  const PressKernels& kernels = press_kernels();
  const Taps taps = taps_of(job.width, job.out_width);
  std::vector<uint8_t> wide(whole(row_bytes, kStrip) * kStrip);
  std::vector<uint8_t> narrow(rows.step * kStrip);
  for (size_t y = 0; y < height; y += kStrip) {
    to_columns(job.image + y * row_bytes, std::min(kStrip, height - y), row_bytes, wide.data());
    for (size_t x = 0; x < out_width; ++x) {
      kernels.filter_row(wide.data() + taps.first[x] * kPixel, kPixel, taps.of(x), taps.count[x],
                         narrow.data() + x * kPixel, 1);
    }
    to_rows(narrow.data(), rows.step, rows.step, rows.bytes.data() + y * rows.step);
  }
  return rows;
}

}  // namespace

void resample_cubic(const ResampledImage& job, uint8_t* out) {
  const Rows rows = narrowed(job);
  const auto row_bytes = static_cast<size_t>(3 * job.out_width);
  const auto out_height = static_cast<size_t>(job.out_height);
  if (job.out_height == job.height) {
    for (size_t y = 0; y < out_height; ++y) {
      std::memcpy(out + y * row_bytes, rows.bytes.data() + y * rows.step, row_bytes);
    }
    return;
  }
  const PressKernels& kernels = press_kernels();
  const Taps taps = taps_of(job.height, job.out_height);
  std::vector<uint8_t> line(rows.step);
  for (size_t y = 0; y < out_height; ++y) {
    kernels.filter_row(rows.bytes.data() + taps.first[y] * rows.step, rows.step, taps.of(y),
                       taps.count[y], line.data(), rows.step / kFilterBlock);
    std::memcpy(out + y * row_bytes, line.data(), row_bytes);
  }
}

}  // namespace seal2real
