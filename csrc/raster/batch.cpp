#include "raster/batch.h"

#include <vector>

#include "raster/parallel.h"

namespace seal2real {
namespace {

void draw_one(const Batch& batch, size_t index, const Kernels& kernels) {
  thread_local std::vector<uint8_t> coverage;
  const size_t size = static_cast<size_t>(batch.width) * batch.height;
  if (coverage.size() < size) {
    coverage.resize(size);
  }
  const Canvas canvas = {coverage.data(), batch.classes + index * size, batch.width, batch.height};
  thread_drawer().draw(*batch.layouts[index], batch.warps[index], canvas, kernels);
  const uint32_t rgb = static_cast<uint32_t>(batch.colour[0]) |
                       static_cast<uint32_t>(batch.colour[1]) << 8 |
                       static_cast<uint32_t>(batch.colour[2]) << 16;
  kernels.colour(coverage.data(), size, rgb,
                 reinterpret_cast<uint32_t*>(batch.rgba + 4 * index * size));
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
