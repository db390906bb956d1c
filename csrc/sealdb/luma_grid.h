#pragma once

#include <cstdint>

namespace seal2real {

// Mean luma of every cell of a rows x cols grid laid over an image, in 1/16 grey levels.
// Cell r covers the pixel rows [r*height/rows, (r+1)*height/rows), columns alike.
struct LumaGrid {
  const uint8_t* rgb;  // [height, width, 3]
  int64_t height;      // >= rows
  int64_t width;       // >= cols
  int64_t rows;
  int64_t cols;
};

// out: int32 [rows, cols], 0 .. 4080
void luma_grid(const LumaGrid& grid, int32_t* out);

}  // namespace seal2real
