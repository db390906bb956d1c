#include "raster/support.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <vector>

#include "raster/grow.h"

namespace seal2real {
namespace {

// Grows what is set, all of it inside `box`, by `radius` px in a square; returns its new bounds.
SetBounds dilate(uint8_t* mask, int64_t width, int64_t height, const SetBounds& box,
                 int64_t radius) {
  const SetBounds to{std::max<int64_t>(box.x0 - radius, 0), std::max<int64_t>(box.y0 - radius, 0),
                     std::min(box.x1 + radius, width), std::min(box.y1 + radius, height)};
  uint8_t* part = mask + to.y0 * width + to.x0;
  grow({part, to.x1 - to.x0, to.y1 - to.y0, width}, radius, part, width);
  return to;
}

// Sets every cell of the grid that holds a set pixel, and its eight neighbours; what is set lies
// inside `box`. Returns its new bounds.
SetBounds grow_to_cells(uint8_t* mask, int64_t width, int64_t height, const SetBounds& box,
                        int64_t mcu) {
  const SetBounds to{std::max<int64_t>(box.x0 / mcu - 1, 0) * mcu,
                     std::max<int64_t>(box.y0 / mcu - 1, 0) * mcu,
                     std::min(((box.x1 - 1) / mcu + 2) * mcu, width),
                     std::min(((box.y1 - 1) / mcu + 2) * mcu, height)};
  const int64_t columns = (to.x1 - to.x0 + mcu - 1) / mcu;
  const int64_t rows = (to.y1 - to.y0 + mcu - 1) / mcu;
  std::vector<uint8_t> cells(static_cast<size_t>((columns + 2) * (rows + 2)), 0);
  for (int64_t y = box.y0; y < box.y1; ++y) {
    uint8_t* row = cells.data() + ((y - to.y0) / mcu + 1) * (columns + 2) + 1;
    for (int64_t i = 0; i < columns; ++i) {
      const int64_t x = to.x0 + i * mcu;
      const auto count = static_cast<size_t>(std::min(mcu, width - x));
      if (row[i] == 0 && std::memchr(mask + y * width + x, 1, count) != nullptr) {
        row[i] = 1;
      }
    }
  }
  for (int64_t j = 0; j < rows; ++j) {
    for (int64_t i = 0; i < columns; ++i) {
      uint8_t any = 0;
      for (int64_t k = 0; k < 9; ++k) {
        any |= cells[static_cast<size_t>((j + k / 3) * (columns + 2) + i + k % 3)];
      }
      const int64_t x = to.x0 + i * mcu;
      const auto count = static_cast<size_t>(std::min(mcu, width - x));
      for (int64_t y = to.y0 + j * mcu; y < std::min(to.y0 + (j + 1) * mcu, height); ++y) {
        std::memset(mask + y * width + x, any, count);
      }
    }
  }
  return to;
}

}  // namespace

void changed(const uint8_t* clean, const uint8_t* sealed, const uint8_t* mask, uint8_t* out,
             int64_t width, int64_t height) {
  const auto columns = static_cast<size_t>(width);
  for (int64_t y = 0; y < height; ++y) {
    const uint8_t* a = clean + 3 * y * width;
    const uint8_t* b = sealed + 3 * y * width;
    const uint8_t* inked = mask + y * width;
    uint8_t* to = out + y * width;
    const bool bare = std::memcmp(a, b, 3 * columns) == 0;
    for (int64_t i = 0; i < width; ++i) {
      to[i] = inked[i] != 0 ? 1 : 0;
    }
    for (int64_t i = 0; !bare && i < width; ++i) {
      const unsigned differs = static_cast<unsigned>(a[3 * i] ^ b[3 * i]) |
                               static_cast<unsigned>(a[3 * i + 1] ^ b[3 * i + 1]) |
                               static_cast<unsigned>(a[3 * i + 2] ^ b[3 * i + 2]);
      to[i] |= differs != 0 ? 1 : 0;
    }
  }
}

void grow_support(uint8_t* mask, int64_t width, int64_t height, int64_t radius, int64_t mcu,
                  int64_t* bounds) {
  SetBounds box = bounds_of({mask, width, height, width});
  if (box.y1 > 0 && radius > 0) {
    box = dilate(mask, width, height, box, radius);
  }
  if (box.y1 > 0 && mcu > 0) {
    box = grow_to_cells(mask, width, height, box, mcu);
  }
  bounds[0] = box.x0;
  bounds[1] = box.y0;
  bounds[2] = box.x1;
  bounds[3] = box.y1;
}

}  // namespace seal2real
