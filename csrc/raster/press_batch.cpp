#include "raster/press_batch.h"

#include <atomic>
#include <exception>
#include <thread>
#include <vector>

#include "raster/batch.h"
#include "raster/isa.h"

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
  const double scale = scale_at(job.warp, {0.0, 0.0});
  const Point center = job.warp.apply({0.0, 0.0});
  const InkPlace place = {scale, center.x, center.y, 0.5 * scale * job.layout->width_mm,
                          0.5 * scale * job.layout->height_mm};
  const InkImage image = {scratch.coverage.data(), nullptr, scratch.density.data(), batch.width,
                          batch.height};
  ink(image, job.ink, place);
  blend(batch.pages + 3 * index * size, scratch.density.data(), job.transmittance,
        batch.images + 3 * index * size, size);
  uint8_t* mask = batch.masks + index * size;
  const uint8_t* density = scratch.density.data();
  for (size_t i = 0; i < size; ++i) {
    mask[i] = density[i] >= kInkDensity ? 1 : 0;
  }
}

}  // namespace

void press_all(const PressBatch& batch, int threads) {
  const Kernels& kernels = kernels_for(current_isa());
  std::atomic<size_t> next{0};
  std::vector<std::exception_ptr> errors(batch.count);
  const auto work = [&] {
    for (size_t i = next++; i < batch.count; i = next++) {
      try {
        press_one(batch, i, kernels);
      } catch (...) {  // carried to the calling thread: an error must not end the process
        errors[i] = std::current_exception();
      }
    }
  };
  std::vector<std::thread> helpers;
  for (int i = 1; i < threads && static_cast<size_t>(i) < batch.count; ++i) {
    helpers.emplace_back(work);
  }
  work();
  for (std::thread& helper : helpers) {
    helper.join();
  }
  for (const std::exception_ptr& error : errors) {
    if (error) {
      std::rethrow_exception(error);
    }
  }
}

}  // namespace seal2real
