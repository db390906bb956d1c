#include "raster/batch.h"

#include <vector>

#include "raster/parallel.h"
#include "raster/slabs.h"

namespace seal2real {
namespace {

// Coverage of one drawing at a time; zero between two of them.
struct Plane {
  std::vector<uint8_t, LargePages<uint8_t>> coverage;
  bool blank = false;
};

void draw_one(const Batch& batch, size_t index, const Kernels& kernels) {
  thread_local Plane own;
  Plane& plane = own;  // one look-up of the thread's storage, not one an access
  const size_t size = static_cast<size_t>(batch.width) * batch.height;
  if (plane.coverage.size() < size) {
    plane.coverage.resize(size);
  }
  const Canvas canvas = {plane.coverage.data(),
                         batch.classes + index * size,
                         batch.width,
                         batch.height,
                         0,
                         0,
                         plane.blank};
  plane.blank = false;  // should drawing stop halfway
  thread_drawer().draw(*batch.layouts[index], batch.warps[index], canvas, kernels);
  const uint32_t rgb = static_cast<uint32_t>(batch.colour[0]) |
                       static_cast<uint32_t>(batch.colour[1]) << 8 |
                       static_cast<uint32_t>(batch.colour[2]) << 16;
  kernels.colour(plane.coverage.data(), size, rgb,
                 reinterpret_cast<uint32_t*>(batch.rgba + 4 * index * size));
  plane.blank = true;
}

}  // namespace

Drawer& thread_drawer() {
  thread_local Drawer drawer;
  return drawer;
}

void draw_all(const Batch& batch, int threads, const Kernels& kernels) {
  for_each_index(batch.count, threads, [&](size_t i) { draw_one(batch, i, kernels); });
}

}  // namespace seal2real
