// Many sealed pages over several threads: drawing, ink and blending without a stop in between.
#pragma once

#include <cstddef>
#include <cstdint>

#include "raster/draw.h"
#include "raster/ink.h"

namespace seal2real {

struct PressJob {
  const Layout* layout;
  Warp warp;
  InkSettings ink;
  double transmittance[3];
};

// Where the ink of `job` lies: scale and pixel of the seal's centre, half its size.
InkPlace place_of(const PressJob& job);

struct PressBatch {
  const PressJob* jobs;  // [count]
  size_t count;
  int width;
  int height;
  const uint8_t* pages;  // [count, height, width, 3]
  uint8_t* images;       // [count, height, width, 3]
  uint8_t* masks;        // [count, height, width]; 1 where density >= 15
  uint8_t* classes;      // [count, height, width]
};

// Presses all; rethrows the first error by index. Equal bytes for any number of threads.
void press_all(const PressBatch& batch, int threads);

}  // namespace seal2real
