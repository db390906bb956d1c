// Smooth random planes and blurs, built from the row kernels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace seal2real {

struct PressKernels;

// Half-open rectangle of absolute pixels.
struct Window {
  int64_t x0;
  int64_t y0;
  int64_t width;
  int64_t height;
};

// Values after the last row that kernels may touch: they work in whole vectors.
constexpr size_t kPadding = 256;

// Distance between rows of scratch planes.
inline size_t padded_stride(int64_t width) {
  return (static_cast<size_t>(width) + 63) & ~size_t{63};
}

// Memory that later calls reuse: nothing is allocated per pixel or, once warm,
// per call.
using ByteBuffer = std::vector<uint8_t>;

// A byte plane inside a buffer: pixel (x, y) of its window is data[y * stride +
// x].
struct PlaneView {
  const uint8_t* data;
  size_t stride;
};

// How noise of one feature size is built: white lattice, smoothing, doublings.
struct NoiseShape {
  int doublings;     // lattice spacing is 2^doublings px
  uint32_t side;     // Q8 weight of the lattice's neighbours
  double deviation;  // standard deviation of the result, of 255
};

// Noise whose features are about `scale_px` wide.
NoiseShape noise_shape(double scale_px);

// Noise of `shape` over `window`; equal at equal absolute pixels whatever the
// window.
PlaneView noise_plane(const PressKernels& kernels, const Window& window, const NoiseShape& shape,
                      uint64_t seed, ByteBuffer& a, ByteBuffer& b);

// Whether rows of the noise do not depend on each other, so that no plane is needed.
inline bool is_white(const NoiseShape& shape) { return shape.doublings == 0 && shape.side == 0; }

// Row `y` of the window of noise whose shape is white, in `out`.
const uint8_t* white_noise_row(const PressKernels& kernels, const Window& window, uint64_t seed,
                               int64_t y, ByteBuffer& out);

// Passes of (side, 1 - 2 side, side) at growing distances.
struct BlurShape {
  int passes;
  uint32_t side;        // Q8
  int64_t distance[4];  // px
  int64_t radius;       // pixels further away have no influence
};

// Distances 1, 2, 4, 8 until the variance is reached.
BlurShape blur_shape(double sigma_px);

// Two passes that tell what lies within `width_px`, for rims; rougher and cheaper.
BlurShape rim_shape(double width_px);

// One pass of a blur, for row `y` of a plane of width x height, its edges repeated. Kernels read
// the plane in whole vectors: kPadding values after its last must be readable.
void blur_row(const PressKernels& kernels, const PlaneView& in, int64_t width, int64_t height,
              int64_t y, int64_t distance, uint32_t side, ByteBuffer& line, uint8_t* out);

// Blurs `in`, repeating the edge; returns `out`, or `in` where there is nothing to do. `out` has
// rows of padded_stride(width) values and kPadding after the last; `scratch` is overwritten.
PlaneView blur_plane(const PressKernels& kernels, const PlaneView& in, int64_t width,
                     int64_t height, const BlurShape& shape, ByteBuffer& scratch, ByteBuffer& out);

// Smooth noise of a few octaves on a coarse grid, in floating point.
class FieldNoise {
 public:
  // Columns sit at (first + i * step) / scale lattice cells.
  FieldNoise(const PressKernels& kernels, uint64_t seed, double scale_px, int64_t first,
             int64_t step, size_t columns);

  // Adds amount * noise, noise in [-1, 1], of the grid row at pixel `y` to
  // `out`.
  void add_row(int64_t y, double amount, double* out);

 private:
  // Values of a lattice row, in [-1, 1].
  void read_row(int64_t row, std::vector<double>& out);

  const PressKernels& kernels_;
  uint64_t seed_;
  double inverse_scale_;
  int64_t origin_ = 0;         // lattice column of the first value
  int64_t row_;                // lattice row that top_ holds; bottom_ holds the next
  std::vector<int32_t> cell_;  // a column, from origin_
  std::vector<double> weight_;
  std::vector<double> top_, bottom_, mixed_;
  ByteBuffer hashes_;
};

}  // namespace seal2real
