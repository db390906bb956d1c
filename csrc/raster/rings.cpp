#include "raster/rings.h"

#include <cstring>

namespace seal2real {
namespace {

constexpr size_t kMaxEllipses = 8;
constexpr int kWord = 8;                 // pixels written at a time
constexpr int32_t kSteepest = 4 * kOne;  // sideways in a row: five pixels with the fractions
// Most that the slope of a side may change from row to row: a row's line is then 1/50 px^2 off,
// spread over the pixels that it meets.
constexpr int32_t kMostBend = kOne / 4;
constexpr int kMet = 5;      // pixels that a side meets in a row, at most
constexpr int kOver = 32;    // pixels written beyond the last side, at most
constexpr size_t kPad = 64;  // entries that vectors may write beyond the rows
constexpr uint64_t kFullWord = ~uint64_t{0};

using Pixels = uint8_t __attribute__((vector_size(kWord)));
using SignedPixels = int8_t __attribute__((vector_size(kWord)));

bool nested(const Part& part) {
  const std::vector<Contour>& rings = part.contours;
  if (part.glyph != nullptr || part.cut || rings.empty() || rings.size() > kMaxEllipses) {
    return false;
  }
  for (size_t i = 0; i < rings.size(); ++i) {
    const bool inside = i == 0 || (rings[i].rx < rings[i - 1].rx && rings[i].ry < rings[i - 1].ry &&
                                   rings[i].centre.x == rings[0].centre.x &&
                                   rings[i].centre.y == rings[0].centre.y);
    if (!(rings[i].rx > 0.0 && inside && rings[i].reversed == (i % 2 == 1))) {
      return false;
    }
  }
  return true;
}

// K = P^T diag(1, 1, -1) P with P from pixels to the unit circle, but for a factor: a pixel
// q = (x, y, 1) lies on the ellipse where q^T K q is 0, and within it where that is below.
struct Conic {
  double xx, xy, x, yy, y, one;
};

Conic conic_of(const std::array<double, 9>& m) {
  const double p[9] = {
      m[4] * m[8] - m[5] * m[7], m[2] * m[7] - m[1] * m[8], m[1] * m[5] - m[2] * m[4],
      m[5] * m[6] - m[3] * m[8], m[0] * m[8] - m[2] * m[6], m[2] * m[3] - m[0] * m[5],
      m[3] * m[7] - m[4] * m[6], m[1] * m[6] - m[0] * m[7], m[0] * m[4] - m[1] * m[3]};
  const auto k = [&p](int i, int j) {
    return p[i] * p[j] + p[3 + i] * p[3 + j] - p[6 + i] * p[6 + j];
  };
  return {k(0, 0), k(0, 1), k(0, 2), k(1, 1), k(1, 2), k(2, 2)};
}

// A quadratic equation in x for each y.
EllipseRows ellipse_rows(const std::array<double, 9>& m, int width) {
  const Conic k = conic_of(m);
  const double b0 = k.x / k.xx;
  const double b1 = k.xy / k.xx;
  return {-b0,
          -b1,
          b0 * b0 - k.one / k.xx,
          2.0 * (b0 * b1 - k.y / k.xx),
          b1 * b1 - k.yy / k.xx,
          static_cast<double>(width * kOne)};
}

Affine place_of(const Contour& ring) {
  return {ring.rx, 0.0, 0.0, ring.ry, ring.centre.x, ring.centre.y};
}

void put(uint8_t* coverage, uint8_t* classes, Pixels cover, uint8_t cls) {
  const Pixels hit = reinterpret_cast<Pixels>(reinterpret_cast<SignedPixels>(cover) < 0) & cls;
  std::memcpy(coverage, &cover, sizeof cover);
  std::memcpy(classes, &hit, sizeof hit);
}

Pixels to_pixels(uint64_t word) {
  Pixels pixels;
  std::memcpy(&pixels, &word, sizeof word);
  return pixels;
}

Pixels load(const uint8_t* p) {
  Pixels pixels;
  std::memcpy(&pixels, p, sizeof pixels);
  return pixels;
}

Pixels less(Pixels a, Pixels b) { return (a > b ? a : b) - b; }  // not below 0

// The pixels between two sides, `from` and `to` the columns where those begin.
void put_span(int from, uint64_t right_of_from, int to, uint64_t right_of_to, uint8_t cls,
              uint8_t* coverage, uint8_t* classes) {
  const int apart = std::max(0, to - from);
  if (apart < kWord) {
    const uint64_t beyond = right_of_to << (8 * apart);
    put(coverage + from, classes + from, less(to_pixels(right_of_from), to_pixels(beyond)), cls);
    if (apart > 0) {
      const uint64_t rest = ~(right_of_to >> (64 - 8 * apart));
      put(coverage + from + kWord, classes + from + kWord,
          to_pixels(rest & (kFullWord >> (64 - 8 * apart))), cls);
    }
    return;
  }
  put(coverage + from, classes + from, to_pixels(right_of_from), cls);
  for (int x = from + kWord; x < to; x += kWord) {
    put(coverage + x, classes + x, to_pixels(kFullWord), cls);
  }
  put(coverage + to, classes + to, to_pixels(~right_of_to), cls);
}

}  // namespace

Hollow::Hollow(const Part& part, const Warp& warp) {
  if (warp.has_curl() || !nested(part) || part.contours.size() % 2 != 0) {
    return;
  }
  const Conic k = conic_of(placed(place_of(part.contours.back()), warp, PixelBox{}));
  k_ = {k.xx, k.xy, k.x, k.yy, k.y, k.one};
}

// An ellipse is convex: the corners tell.
bool Hollow::holds(int column, int row) const {
  constexpr int kMargin = 1;  // px
  for (const double x : {column - kMargin, column + 1 + kMargin}) {
    for (const double y : {row - kMargin, row + 1 + kMargin}) {
      const double form =
          (k_[0] * x + 2.0 * (k_[1] * y + k_[2])) * x + (k_[3] * y + 2.0 * k_[4]) * y + k_[5];
      if (!(form < 0.0)) {
        return false;
      }
    }
  }
  return true;
}

void Rings::place(const Part& part, const Warp& warp, const PixelBox& box, const Kernels& kernels) {
  first_ = end_ = 0;
  if (warp.has_curl() || !nested(part)) {
    return;
  }
  const size_t count = part.contours.size();
  sides_ = 2 * count;
  stride_ = static_cast<size_t>(box.height) + 1 + kPad;
  if (x_.size() < sides_ * stride_) {
    x_.resize(sides_ * stride_);
    column_.resize(sides_ * stride_);
    covered_.resize(sides_ * stride_);
  }
  for (size_t i = 0; i < count; ++i) {
    const std::array<double, 9> m = placed(place_of(part.contours[i]), warp, box);
    kernels.ellipse_sides(ellipse_rows(m, box.width), box.height + 1, x_.data() + i * stride_,
                          x_.data() + (sides_ - 1 - i) * stride_);
  }
  find_rows(box.height);
}

// The slopes of an ellipse's side grow steadily from one end to the other, so the rows where all
// sides are steep follow each other.
void Rings::find_rows(int height) {
  const auto steep = [this](int row) {
    for (size_t i = 0; i < sides_; ++i) {
      const int32_t* const x = side(i) + row;
      const int32_t bend =
          std::max(std::abs(x[1] - 2 * x[0] + x[-1]), std::abs(x[2] - 2 * x[1] + x[0]));
      if (std::abs(x[1] - x[0]) > kSteepest || bend > kMostBend) {
        return false;
      }
    }
    // Above and below an ellipse both of its sides stand still in the middle.
    const int32_t* const left = side(sides_ / 2 - 1) + row;
    const int32_t* const right = side(sides_ / 2) + row;
    return left[0] < right[0] && left[1] < right[1];
  };
  first_ = 1;  // the first and the last row have no neighbours
  while (first_ < height - 1 && !steep(first_)) {
    ++first_;
  }
  end_ = std::max(first_, height - 1);
  while (end_ > first_ && !steep(end_ - 1)) {
    --end_;
  }
}

void Rings::draw_row(size_t row, uint8_t cls, uint8_t* coverage, uint8_t* classes) const {
  int done = -1;  // the last column that the spans so far may have reached
  for (size_t i = 0; i < sides_; i += 2) {
    const size_t from = i * stride_ + row;
    const size_t to = from + stride_;
    const int column = column_[from];
    const Pixels before = column <= done ? load(coverage + column) : Pixels{};
    put_span(column, covered_[from], column_[to], covered_[to], cls, coverage, classes);
    if (column <= done) {  // two spans in one pixel: both count
      const Pixels here = load(coverage + column);
      const Pixels sum = here + before;
      put(coverage + column, classes + column, sum < here ? ~Pixels{} : sum, cls);
    }
    done = column_[to] + kMet;
  }
}

void Rings::draw(int begin, int end, const PixelBox& box, uint8_t cls, const Canvas& canvas,
                 const Kernels& kernels) {
  for (size_t i = 0; i < sides_; ++i) {
    const size_t at = i * stride_ + static_cast<size_t>(begin);
    kernels.cover_rows(x_.data() + at, end - begin, column_.data() + at, covered_.data() + at);
  }
  const int width = box.width + kOver;
  const int left = box.x0 - canvas.x0;
  const ptrdiff_t size = static_cast<ptrdiff_t>(canvas.width) * canvas.height;
  for (int row = begin; row < end; ++row) {
    const ptrdiff_t line = static_cast<ptrdiff_t>(box.y0 + row - canvas.y0) * canvas.width;
    // What is written beyond the right border lands in the next row, which is blank still.
    if (left >= 0 && left + box.width <= canvas.width && line + left + width <= size) {
      draw_row(static_cast<size_t>(row), cls, canvas.coverage + line + left,
               canvas.classes + line + left);
    } else {
      draw_cut_row(static_cast<size_t>(row), cls, box, canvas, line);
    }
  }
}

void Rings::draw_cut_row(size_t row, uint8_t cls, const PixelBox& box, const Canvas& canvas,
                         ptrdiff_t line) {
  const size_t width = static_cast<size_t>(box.width) + kOver;
  row_.assign(2 * width, 0);
  draw_row(row, cls, row_.data(), row_.data() + width);
  const int first = std::max(box.x0, canvas.x0);
  const int last = std::min(box.x0 + box.width, canvas.x0 + canvas.width);
  const auto count = static_cast<size_t>(last - first);
  std::memcpy(canvas.coverage + line + first - canvas.x0, row_.data() + first - box.x0, count);
  std::memcpy(canvas.classes + line + first - canvas.x0, row_.data() + width + first - box.x0,
              count);
}

}  // namespace seal2real
