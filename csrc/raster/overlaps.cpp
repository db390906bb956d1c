#include "raster/overlaps.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "raster/trace.h"

namespace seal2real {
namespace {

constexpr int kLines = 64;            // sample lines a pixel, and samples a line
constexpr int kStep = kOne / kLines;  // between lines, 1/256 px
constexpr size_t kScan = 64;          // classes looked at together for conflicts
constexpr size_t kChunk = 1024;       // pixels settled at a time: 1 MiB

using Samples = std::array<uint64_t, kLines>;  // bit i of line j: sample (i, j)

struct Pixel {
  int x;  // in the image
  int y;
};

struct Chunk {
  std::vector<Pixel> pixels;      // by rows
  std::vector<size_t> row_start;  // per canvas row, index of its first pixel
  std::vector<Samples> inked;
  std::vector<Samples> part;
};

// All samples right of `x` (1/256 px from the pixel's left edge).
uint64_t right_of(int64_t x) {
  // Sample i lies at kStep i + kStep / 2; the first one at or right of x:
  const int64_t first = (x + kStep / 2 - 1) >> 2;
  static_assert(kStep == 4, "the shift above divides by kStep");
  return first <= 0 ? ~uint64_t{0} : first >= kLines ? 0 : ~uint64_t{0} << first;
}

int64_t floor_div(int64_t a, int64_t b) { return a / b - ((a % b != 0) && ((a < 0) != (b < 0))); }

// Flips, in every pixel of the rows that the edge crosses, the samples to its right.
void flip_edge(int64_t xa, int64_t ya, int64_t xb, int64_t yb, const PixelBox& box,
               const Canvas& canvas, Chunk& chunk) {
  if (ya == yb) {
    return;
  }
  if (ya > yb) {
    std::swap(xa, xb);
    std::swap(ya, yb);
  }
  const int64_t shift = box.y0 - canvas.y0;
  const int64_t first = std::max<int64_t>((ya >> 8) + shift, 0);
  const int64_t last = std::min<int64_t>(((yb - 1) >> 8) + shift, canvas.height - 1);
  for (int64_t row = first; row <= last; ++row) {
    for (size_t k = chunk.row_start[row]; k < chunk.row_start[row + 1]; ++k) {
      const int64_t left = static_cast<int64_t>(chunk.pixels[k].x - box.x0) * kOne;
      if (std::min(xa, xb) >= left + kOne) {
        continue;
      }
      const int64_t top = (row - shift) * kOne;
      // Edges left of the pixel, such as borders, flip whole lines: no division each.
      const bool beside = std::max(xa, xb) <= left;
      for (int line = 0; line < kLines; ++line) {
        const int64_t y = top + line * kStep + kStep / 2;
        if (y >= ya && y < yb) {
          const int64_t x = beside ? left : xa + floor_div((y - ya) * (xb - xa), yb - ya);
          chunk.part[k][line] ^= right_of(x - left);
        }
      }
    }
  }
}

bool reaches(const PixelBox& box, const Canvas& canvas, const Chunk& chunk) {
  const int64_t from = std::max(0, box.y0 - canvas.y0);
  const int64_t to = std::min(canvas.height, box.y0 + box.height - canvas.y0);
  if (from >= to) {
    return false;
  }
  const auto first = chunk.pixels.begin() + static_cast<int64_t>(chunk.row_start[from]);
  const auto last = chunk.pixels.begin() + static_cast<int64_t>(chunk.row_start[to]);
  return std::any_of(first, last, [&box](const Pixel& pixel) {
    return pixel.x >= box.x0 && pixel.x < box.x0 + box.width;
  });
}

void add_part(const Part& part, const Warp& warp, const Canvas& canvas, const Kernels& kernels,
              Tracer& tracer, Chunk& chunk) {
  const PixelBox box = pixel_box(part, warp);
  if (!reaches(box, canvas, chunk)) {
    return;
  }
  for (Samples& samples : chunk.part) {
    samples.fill(0);
  }
  const Edges edges = tracer.trace(part, warp, box, kernels);
  for (int i = 0; i < edges.count; ++i) {
    if (edges.keep[i] != 0) {
      flip_edge(edges.x[i], edges.y[i], edges.x[i + 1], edges.y[i + 1], box, canvas, chunk);
    }
  }
  for (size_t k = 0; k < chunk.pixels.size(); ++k) {
    for (int line = 0; line < kLines; ++line) {
      if (part.cut) {
        chunk.inked[k][line] &= ~chunk.part[k][line];
      } else {
        chunk.inked[k][line] |= chunk.part[k][line];
      }
    }
  }
}

// Looks at kScan classes at once: nearly all of an image has no conflict.
bool any_conflict(const uint8_t* classes) {
  std::array<uint64_t, kScan / 8> words;
  std::memcpy(words.data(), classes, kScan);
  uint64_t all = 0;
  for (const uint64_t word : words) {
    all |= word;
  }
  return (all & (kConflict * 0x0101010101010101U)) != 0;
}

uint8_t share(const Samples& samples) {
  int count = 0;
  for (const uint64_t line : samples) {
    count += __builtin_popcountll(line);
  }
  return static_cast<uint8_t>((count * 255 + kLines * kLines / 2) / (kLines * kLines));
}

void settle(Chunk& chunk, const Layout& layout, const Warp& warp, const Canvas& canvas,
            const Kernels& kernels) {
  chunk.row_start.assign(static_cast<size_t>(canvas.height) + 1, 0);
  for (const Pixel& pixel : chunk.pixels) {
    ++chunk.row_start[pixel.y - canvas.y0 + 1];
  }
  for (int row = 0; row < canvas.height; ++row) {
    chunk.row_start[row + 1] += chunk.row_start[row];
  }
  chunk.inked.assign(chunk.pixels.size(), Samples{});
  chunk.part.assign(chunk.pixels.size(), Samples{});
  Tracer tracer;
  for (const Part& part : layout.parts) {
    add_part(part, warp, canvas, kernels, tracer, chunk);
  }
  for (size_t k = 0; k < chunk.pixels.size(); ++k) {
    const size_t at = static_cast<size_t>(chunk.pixels[k].y - canvas.y0) * canvas.width +
                      (chunk.pixels[k].x - canvas.x0);
    canvas.coverage[at] = share(chunk.inked[k]);
    canvas.classes[at] &= static_cast<uint8_t>(~kConflict);
  }
  chunk.pixels.clear();
}

}  // namespace

void settle_overlaps(const Layout& layout, const Warp& warp, const Canvas& canvas,
                     const Kernels& kernels) {
  Chunk chunk;
  const size_t size = static_cast<size_t>(canvas.width) * canvas.height;
  size_t at = 0;
  while (at < size) {
    if (at % kScan == 0 && at + kScan <= size && !any_conflict(canvas.classes + at)) {
      at += kScan;
      continue;
    }
    if ((canvas.classes[at] & kConflict) != 0) {
      const auto x = static_cast<int>(at % canvas.width);
      const auto y = static_cast<int>(at / canvas.width);
      chunk.pixels.push_back({x + canvas.x0, y + canvas.y0});
      if (chunk.pixels.size() == kChunk) {
        settle(chunk, layout, warp, canvas, kernels);
      }
    }
    ++at;
  }
  if (!chunk.pixels.empty()) {
    settle(chunk, layout, warp, canvas, kernels);
  }
}

}  // namespace seal2real
