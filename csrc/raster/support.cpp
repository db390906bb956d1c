#include "raster/support.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <vector>

namespace seal2real {
namespace {

// Half-open rectangle of an image's pixels.
struct Box {
  int64_t x0, y0, x1, y1;
};

// Running maximum over 2 radius + 1 of `count` zero-or-one bytes.
void dilate_row(const uint8_t* in, uint8_t* out, int64_t count, int64_t radius) {
  int64_t until = -1;  // set up to here
  int64_t ahead = 0;
  for (int64_t i = 0; i < count; ++i) {
    for (; ahead < count && ahead <= i + radius; ++ahead) {
      if (in[ahead] != 0) {
        until = ahead + radius;
      }
    }
    out[i] = i <= until ? 1 : 0;
  }
}

// The same down every column of `box`, row by row: walking columns would miss the cache at every
// pixel. `in` holds the rows `from` .. `until` of the box; the rows around them are empty.
void dilate_columns(const uint8_t* in, int64_t from, int64_t until, uint8_t* mask, int64_t width,
                    const Box& box, int64_t radius) {
  const int64_t columns = box.x1 - box.x0;
  const auto reach = static_cast<uint32_t>(radius + 1);
  std::vector<uint32_t> left(static_cast<size_t>(columns));  // rows that the last set one reaches
  const std::vector<uint8_t> none(static_cast<size_t>(columns), 0);
  const auto pass = [&](int64_t y, bool first) {
    const uint8_t* row = y >= from && y < until ? in + (y - from) * columns : none.data();
    uint8_t* to = mask + y * width + box.x0;
    for (int64_t x = 0; x < columns; ++x) {
      const uint32_t before = left[static_cast<size_t>(x)];
      const uint32_t now = row[x] != 0 ? reach : before - (before > 0 ? 1 : 0);
      left[static_cast<size_t>(x)] = now;
      to[x] = static_cast<uint8_t>((first ? 0 : to[x]) | (now > 0 ? 1 : 0));
    }
  };
  for (int64_t y = box.y0; y < box.y1; ++y) {
    pass(y, true);
  }
  std::fill(left.begin(), left.end(), 0);
  for (int64_t y = box.y1; y-- > box.y0;) {
    pass(y, false);
  }
}

// Grows what is set, all of it inside `box`, by `radius` px in a square; returns its new bounds.
Box dilate(uint8_t* mask, int64_t width, int64_t height, const Box& box, int64_t radius) {
  const Box to{std::max<int64_t>(box.x0 - radius, 0), std::max<int64_t>(box.y0 - radius, 0),
               std::min(box.x1 + radius, width), std::min(box.y1 + radius, height)};
  const int64_t columns = to.x1 - to.x0;
  std::vector<uint8_t> rows(static_cast<size_t>(columns * (box.y1 - box.y0)));
  for (int64_t y = box.y0; y < box.y1; ++y) {
    dilate_row(mask + y * width + to.x0, rows.data() + (y - box.y0) * columns, columns, radius);
  }
  dilate_columns(rows.data(), box.y0, box.y1, mask, width, to, radius);
  return to;
}

// Sets every cell of the grid that holds a set pixel, and its eight neighbours; what is set lies
// inside `box`. Returns its new bounds.
Box grow_to_cells(uint8_t* mask, int64_t width, int64_t height, const Box& box, int64_t mcu) {
  const Box to{std::max<int64_t>(box.x0 / mcu - 1, 0) * mcu,
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

// Bounds of what is set; all zero when nothing is.
Box bounds_of(const uint8_t* mask, int64_t width, int64_t height) {
  Box box{width, 0, 0, 0};
  for (int64_t y = 0; y < height; ++y) {
    const uint8_t* row = mask + y * width;
    const auto* first =
        static_cast<const uint8_t*>(std::memchr(row, 1, static_cast<size_t>(width)));
    if (first == nullptr) {
      continue;
    }
    int64_t last = width;
    while (last > box.x1 && row[last - 1] == 0) {
      --last;
    }
    box.y0 = box.y1 == 0 ? y : box.y0;
    box.y1 = y + 1;
    box.x1 = last;
    box.x0 = std::min<int64_t>(box.x0, first - row);
  }
  return box.y1 > 0 ? box : Box{0, 0, 0, 0};
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
  Box box = bounds_of(mask, width, height);
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
