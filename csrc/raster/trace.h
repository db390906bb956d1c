// Parts of a layout as fixed-point edges in pixels.
#pragma once

#include <array>
#include <vector>

#include "raster/kernels.h"
#include "raster/layout.h"
#include "raster/warp.h"

namespace seal2real {

// Largest width or height of one warped part.
constexpr int kMaxPartPx = 8192;

// Wider boxes start at whole blocks of the image.
constexpr int kWideBox = 160;

// Pixel box of a part; the same whatever window is drawn.
struct PixelBox {
  int x0;
  int y0;
  int width;
  int height;
};

// Box of `part` under `warp`; throws std::invalid_argument when the part is too large in pixels or
// not in front of the horizon.
PixelBox pixel_box(const Part& part, const Warp& warp);

// From em or mm after the placement `p` to pixels of the box, row-major: the warp without its curl.
std::array<double, 9> placed(const Affine& p, const Warp& warp, const PixelBox& box);

// Edges of one part, relative to its box; reused from part to part.
class Tracer {
 public:
  Edges trace(const Part& part, const Warp& warp, const PixelBox& box, const Kernels& kernels);

  // Asks for the outline of the next part: among thousands of characters it is in no cache, and
  // waiting for it cost 8 us of a seal's 190. For the part after it, asks where that outline is.
  void prefetch(const Part& part) const;
  void prefetch_glyph(const Part& part) const;

 private:
  Edges trace_packed(const Glyph& glyph, const Affine& place, const Warp& warp, const PixelBox& box,
                     const Kernels& kernels);
  void grow(size_t size);
  void trace_contours(const Part& part, const Warp& warp, const PixelBox& box,
                      const Kernels& kernels);
  void add_point(Point mm, const Warp& warp, const PixelBox& box);
  void add_polyline(const Polyline& points, const Warp& warp, const PixelBox& box);
  void add_ellipse(const Contour& contour, const Warp& warp, const PixelBox& box,
                   const Kernels& kernels);
  void close(size_t first);

  std::vector<Fixed24_8> x_;
  std::vector<Fixed24_8> y_;
  std::vector<int32_t> keep_;
  int level_ = 0;  // of the last glyph: neighbours have the same size
};

}  // namespace seal2real
