#include "raster/batch.h"

#include <atomic>
#include <exception>
#include <thread>
#include <vector>

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
  std::atomic<size_t> next{0};
  std::vector<std::exception_ptr> errors(batch.count);
  const auto work = [&] {
    for (size_t i = next++; i < batch.count; i = next++) {
      try {
        draw_one(batch, i, kernels);
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
