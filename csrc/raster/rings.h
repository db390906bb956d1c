// Borders of round and oval seals, straight to pixels.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "raster/draw.h"
#include "raster/trace.h"

namespace seal2real {

// What nested rings leave blank in their middle; nothing where a part is anything else.
class Hollow {
 public:
  Hollow(const Part& part, const Warp& warp);

  // Whether a pixel of the image lies in it, a pixel or more from its rim.
  bool holds(int column, int row) const;

 private:
  std::array<double, 6> k_{};  // of the innermost ellipse: xx, xy, x, yy, y and 1; below 0 within
};

// Nested ellipses, inked between the first and the second, the third and the fourth, and so on.
// Where none of them runs flat, a row of pixels is a few spans whose ends lie in at most five
// pixels each: written at once, without cells, two rings of 500 px take 24 us where they took 48.
class Rings {
 public:
  // Finds the rows of `box` to draw this way; none when the part is anything else.
  void place(const Part& part, const Warp& warp, const PixelBox& box, const Kernels& kernels);

  int first_row() const { return first_; }  // of the box
  int end_row() const { return end_; }

  // Draws rows [begin, end) of those onto pixels that are blank, which therefore are in no
  // conflict.
  void draw(int begin, int end, const PixelBox& box, uint8_t cls, const Canvas& canvas,
            const Kernels& kernels);

 private:
  void find_rows(int height);
  void draw_row(size_t row, uint8_t cls, uint8_t* coverage, uint8_t* classes) const;
  void draw_cut_row(size_t row, uint8_t cls, const PixelBox& box, const Canvas& canvas,
                    ptrdiff_t line);
  const int32_t* side(size_t index) const { return x_.data() + index * stride_; }

  int first_ = 0;
  int end_ = 0;
  size_t sides_ = 0;             // twice the ellipses, from left to right
  size_t stride_ = 0;            // entries a side
  std::vector<int32_t> x_;       // [sides, stride] 1/256 px at the upper border of each row
  std::vector<int32_t> column_;  // [sides, stride] first pixel that a side meets in a row
  std::vector<uint64_t>
      covered_;               // [sides, stride] what is right of it, of eight pixels from there
  std::vector<uint8_t> row_;  // coverage and classes of a row that the canvas cuts off
};

}  // namespace seal2real
