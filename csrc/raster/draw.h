// Layouts to coverage and class planes.
#pragma once

#include <cstdint>
#include <memory>

#include "raster/kernels.h"
#include "raster/layout.h"
#include "raster/warp.h"

namespace seal2real {

struct PixelBox;

// A window of an image: pixel (0, 0) is the image's (x0, y0).
struct Canvas {
  uint8_t* coverage;  // [height, width]
  uint8_t* classes;   // [height, width]
  int width;
  int height;
  int x0 = 0;
  int y0 = 0;
  bool blank = false;  // the coverage is zero already
};

// Scratch memory of one thread; grows to the largest drawing and is reused.
class Drawer {
 public:
  Drawer();
  ~Drawer();
  Drawer(const Drawer&) = delete;
  Drawer& operator=(const Drawer&) = delete;

  // Overwrites both planes. The pixels of a window equal those of the whole image.
  void draw(const Layout& layout, const Warp& warp, const Canvas& canvas, const Kernels& kernels);

  // Pixels of the image outside which the last drawing has no coverage.
  PixelBox bounds() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace seal2real
