// Many seals over several threads.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "raster/draw.h"

namespace seal2real {

struct Batch {
  const Layout* const* layouts;  // [count]
  const Warp* warps;             // [count]
  size_t count;
  int width;
  int height;
  std::array<uint8_t, 3> colour;
  uint8_t* rgba;     // [count, height, width, 4]
  uint8_t* classes;  // [count, height, width]
};

// The calling thread's scratch memory.
Drawer& thread_drawer();

// Draws all; rethrows the first error by index.
void draw_all(const Batch& batch, int threads, const Kernels& kernels);

}  // namespace seal2real
