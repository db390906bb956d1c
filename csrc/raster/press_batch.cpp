#include "raster/press_batch.h"

#include <vector>

#include "raster/batch.h"
#include "raster/isa.h"
#include "raster/parallel.h"

namespace seal2real {
namespace {

constexpr uint8_t kInkDensity = 15;  // an absorbance of 0.15 counts as ink

struct Scratch {
  std::vector<uint8_t> coverage, density;
};

void press_one(const PressBatch& batch, size_t index, const Kernels& kernels) {
  thread_local Scratch own;
  Scratch& scratch = own;  // one look-up of the thread's storage, not one an access
  const size_t size = static_cast<size_t>(batch.width) * static_cast<size_t>(batch.height);
  scratch.coverage.resize(size);
  scratch.density.resize(size);
  const PressJob& job = batch.jobs[index];
  const Canvas canvas = {scratch.coverage.data(), batch.classes + index * size, batch.width,
                         batch.height};
  thread_drawer().draw(*job.layout, job.warp, canvas, kernels);
  const InkImage image = {scratch.coverage.data(), nullptr, scratch.density.data(), batch.width,
                          batch.height};
  ink(image, job.ink, place_of(job));
  blend(batch.pages + 3 * index * size, scratch.density.data(), job.transmittance,
        batch.images + 3 * index * size, size);
  uint8_t* mask = batch.masks + index * size;
  const uint8_t* density = scratch.density.data();
  for (size_t i = 0; i < size; ++i) {
    mask[i] = density[i] >= kInkDensity ? 1 : 0;
  }
}

}  // namespace

InkPlace place_of(const PressJob& job) {
  const double scale = scale_at(job.warp, {0.0, 0.0});
  const Point center = job.warp.apply({0.0, 0.0});
  return {scale, center.x, center.y, 0.5 * scale * job.layout->width_mm,
          0.5 * scale * job.layout->height_mm};
}

void press_all(const PressBatch& batch, int threads) {
  const Kernels& kernels = kernels_for(current_isa());
  for_each_index(batch.count, threads, [&](size_t i) { press_one(batch, i, kernels); });
}

}  // namespace seal2real
