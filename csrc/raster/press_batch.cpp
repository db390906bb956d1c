#include "raster/press_batch.h"

#include "raster/batch.h"
#include "raster/isa.h"
#include "raster/parallel.h"
#include "raster/planes.h"
#include "raster/trace.h"

namespace seal2real {
namespace {

void press_one(const PressBatch& batch, size_t index, const Kernels& kernels) {
  thread_local ByteBuffer own;
  ByteBuffer& coverage = own;  // one look-up of the thread's storage, not one an access
  const size_t size = static_cast<size_t>(batch.width) * static_cast<size_t>(batch.height);
  coverage.resize(size + kPadding);
  const PressJob& job = batch.jobs[index];
  const Canvas canvas = {coverage.data(), batch.classes + index * size, batch.width, batch.height};
  Drawer& drawer = thread_drawer();
  drawer.draw(*job.layout, job.warp, canvas, kernels);
  const PixelBox box = drawer.bounds();
  const Window face{box.x0, box.y0, box.width, box.height};
  const InkImage image = {coverage.data(), nullptr, batch.width, batch.height, &face};
  const PressImage target = {batch.pages + 3 * index * size, batch.images + 3 * index * size,
                             batch.masks + index * size};
  press(image, job.ink, place_of(job), job.transmittance, target);
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
