#include "raster/overlaps.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "raster/rings.h"

namespace seal2real {
namespace {

constexpr int kLines = 64;            // sample lines a pixel, and samples a line
constexpr int kStep = kOne / kLines;  // between lines, 1/256 px
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
  std::vector<uint64_t> turned;  // bit j: all of the part's line j is flipped
};

// All samples right of `x` (1/256 px from the pixel's left edge).
uint64_t right_of(int64_t x) {
  // Sample i lies at kStep i + kStep / 2; the first one at or right of x:
  const int64_t first = (x + kStep / 2 - 1) >> 2;
  static_assert(kStep == 4, "the shift above divides by kStep");
  return first <= 0 ? ~uint64_t{0} : first >= kLines ? 0 : ~uint64_t{0} << first;
}

uint64_t lines_from(int line) { return line >= kLines ? 0 : ~uint64_t{0} << line; }

int64_t floor_div(int64_t a, int64_t b) { return a / b - ((a % b != 0) && ((a < 0) != (b < 0))); }

// First sample line of the pixel row that starts at `top` and lies at or below `y`; 1/256 px.
int line_from(int64_t y, int64_t top) {
  const int64_t line = floor_div(y - top - kStep / 2 + kStep - 1, kStep);
  return static_cast<int>(std::min<int64_t>(std::max<int64_t>(line, 0), kLines));
}

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
    const int64_t top = (row - shift) * kOne;
    for (size_t k = chunk.row_start[row]; k < chunk.row_start[row + 1]; ++k) {
      const int64_t left = static_cast<int64_t>(chunk.pixels[k].x - box.x0) * kOne;
      if (std::min(xa, xb) >= left + kOne) {
        continue;
      }
      int line = line_from(ya, top);
      const int end = line_from(yb, top);
      if (std::max(xa, xb) <= left) {  // most edges are left of the pixel
        chunk.turned[k] ^= lines_from(line) ^ lines_from(end);
        continue;
      }
      Samples& samples = chunk.part[k];
      for (; line < end; ++line) {
        const int64_t y = top + line * kStep + kStep / 2;
        const int64_t x = xa + floor_div((y - ya) * (xb - xa), yb - ya);
        samples[line] ^= right_of(x - left);
      }
    }
  }
}

// The pixels in the rows of `box`, by index; none when no pixel lies in the box.
struct Range {
  size_t first;
  size_t last;
};

Range pixels_in(const PixelBox& box, const Canvas& canvas, const Chunk& chunk) {
  const int from = std::max(0, box.y0 - canvas.y0);
  const int to = std::min(canvas.height, box.y0 + box.height - canvas.y0);
  if (from >= to) {
    return {0, 0};
  }
  const Range rows = {chunk.row_start[from], chunk.row_start[to]};
  for (size_t k = rows.first; k < rows.last; ++k) {
    if (chunk.pixels[k].x >= box.x0 && chunk.pixels[k].x < box.x0 + box.width) {
      return rows;
    }
  }
  return {0, 0};
}

// Borders enclose most characters that touch: none of their edges is near.
bool leaves_blank(const Part& part, const Warp& warp, const Chunk& chunk, Range range) {
  const Hollow hollow(part, warp);
  return std::all_of(chunk.pixels.begin() + static_cast<std::ptrdiff_t>(range.first),
                     chunk.pixels.begin() + static_cast<std::ptrdiff_t>(range.last),
                     [&](const Pixel& pixel) { return hollow.holds(pixel.x, pixel.y); });
}

void add_part(const Part& part, const PixelBox& box, const Warp& warp, const Canvas& canvas,
              const Kernels& kernels, Tracer& tracer, Chunk& chunk) {
  const Range range = pixels_in(box, canvas, chunk);
  if (range.first == range.last || leaves_blank(part, warp, chunk, range)) {
    return;
  }
  for (size_t k = range.first; k < range.last; ++k) {
    chunk.part[k].fill(0);
    chunk.turned[k] = 0;
  }
  const Edges edges = tracer.trace(part, warp, box, kernels);
  // Most edges of a part are above or below its pixels.
  const int top = (chunk.pixels[range.first].y - box.y0) * kOne;
  const int bottom = (chunk.pixels[range.last - 1].y + 1 - box.y0) * kOne;
  for (int i = 0; i < edges.count; ++i) {
    const Fixed24_8 y0 = edges.y[i];
    const Fixed24_8 y1 = edges.y[i + 1];
    if (edges.keep[i] != 0 && std::max(y0, y1) > top && std::min(y0, y1) < bottom) {
      flip_edge(edges.x[i], y0, edges.x[i + 1], y1, box, canvas, chunk);
    }
  }
  for (size_t k = range.first; k < range.last; ++k) {
    for (int line = 0; line < kLines; ++line) {
      const uint64_t samples = chunk.part[k][line] ^ -((chunk.turned[k] >> line) & 1);
      if (part.cut) {
        chunk.inked[k][line] &= ~samples;
      } else {
        chunk.inked[k][line] |= samples;
      }
    }
  }
}

uint8_t share(const Samples& samples) {
  int count = 0;
  for (const uint64_t line : samples) {
    count += __builtin_popcountll(line);
  }
  return static_cast<uint8_t>((count * 255 + kLines * kLines / 2) / (kLines * kLines));
}

void settle(Chunk& chunk, const Layout& layout, const Warp& warp,
            const std::vector<PixelBox>& boxes, const Canvas& canvas, const Kernels& kernels,
            Tracer& tracer) {
  chunk.row_start.assign(static_cast<size_t>(canvas.height) + 1, 0);
  for (const Pixel& pixel : chunk.pixels) {
    ++chunk.row_start[pixel.y - canvas.y0 + 1];
  }
  for (int row = 0; row < canvas.height; ++row) {
    chunk.row_start[row + 1] += chunk.row_start[row];
  }
  chunk.inked.assign(chunk.pixels.size(), Samples{});
  chunk.part.resize(chunk.pixels.size());
  chunk.turned.resize(chunk.pixels.size());
  for (size_t i = 0; i < layout.parts.size(); ++i) {
    add_part(layout.parts[i], boxes[i], warp, canvas, kernels, tracer, chunk);
  }
  for (size_t k = 0; k < chunk.pixels.size(); ++k) {
    const size_t at = static_cast<size_t>(chunk.pixels[k].y - canvas.y0) * canvas.width +
                      (chunk.pixels[k].x - canvas.x0);
    canvas.coverage[at] = share(chunk.inked[k]);
  }
}

// Adds the flagged pixels of the box and clears their flags.
void collect(const PixelBox& box, const Canvas& canvas, std::vector<Pixel>& pixels) {
  constexpr int kWord = 8;
  const int left = std::max(0, box.x0 - canvas.x0);
  const int right = std::min(canvas.width, box.x0 + box.width - canvas.x0);
  const int top = std::max(0, box.y0 - canvas.y0);
  const int bottom = std::min(canvas.height, box.y0 + box.height - canvas.y0);
  for (int y = top; y < bottom; ++y) {
    uint8_t* const row = canvas.classes + static_cast<size_t>(y) * canvas.width;
    for (int x = left; x < right; x += kWord) {
      const int count = std::min(kWord, right - x);
      uint64_t word = 0;
      std::memcpy(&word, row + x, static_cast<size_t>(count));
      if ((word & (kConflict * 0x0101010101010101U)) == 0) {
        continue;
      }
      for (int k = x; k < x + count; ++k) {
        if ((row[k] & kConflict) != 0) {
          row[k] &= static_cast<uint8_t>(~kConflict);
          pixels.push_back({k + canvas.x0, y + canvas.y0});
        }
      }
    }
  }
}

}  // namespace

void settle_overlaps(const Layout& layout, const Warp& warp, const std::vector<PixelBox>& boxes,
                     const std::vector<size_t>& parts, const Canvas& canvas, const Kernels& kernels,
                     Tracer& tracer) {
  std::vector<Pixel> all;
  for (const size_t part : parts) {
    collect(boxes[part], canvas, all);
  }
  std::sort(all.begin(), all.end(),
            [](const Pixel& a, const Pixel& b) { return a.y != b.y ? a.y < b.y : a.x < b.x; });
  Chunk chunk;
  for (size_t first = 0; first < all.size(); first += kChunk) {
    const size_t last = std::min(all.size(), first + kChunk);
    chunk.pixels.assign(all.begin() + static_cast<std::ptrdiff_t>(first),
                        all.begin() + static_cast<std::ptrdiff_t>(last));
    settle(chunk, layout, warp, boxes, canvas, kernels, tracer);
  }
}

}  // namespace seal2real
