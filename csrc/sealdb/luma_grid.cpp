#include "sealdb/luma_grid.h"

#include <algorithm>
#include <vector>

namespace seal2real {
namespace {

// 257 rows of 255 fill 16 bits exactly.
constexpr int64_t kRowsPerSum = 257;

// Adds `rows` rows of bytes into 16-bit sums: the one loop over all pixels, which the compiler
// turns into wide additions because it knows nothing of channels.
void add_rows(const uint8_t* row, int64_t stride, int64_t rows, uint16_t* sums) {
  for (int64_t y = 0; y < rows; ++y, row += stride) {
    for (int64_t i = 0; i < stride; ++i) {
      sums[i] = static_cast<uint16_t>(sums[i] + row[i]);
    }
  }
}

// Adds the weighted channels (BT.601 in thousandths) of the columns [x0, x1).
uint64_t weigh(const uint16_t* sums, int64_t x0, int64_t x1) {
  uint64_t red = 0;
  uint64_t green = 0;
  uint64_t blue = 0;
  for (int64_t x = x0; x < x1; ++x) {
    red += sums[3 * x];
    green += sums[3 * x + 1];
    blue += sums[3 * x + 2];
  }
  return 299 * red + 587 * green + 114 * blue;
}

}  // namespace

void luma_grid(const LumaGrid& grid, int32_t* out) {
  const int64_t stride = 3 * grid.width;
  std::vector<uint16_t> sums(static_cast<size_t>(stride));
  std::vector<uint64_t> cells(static_cast<size_t>(grid.cols));
  for (int64_t r = 0; r < grid.rows; ++r) {
    const int64_t y0 = r * grid.height / grid.rows;
    const int64_t y1 = (r + 1) * grid.height / grid.rows;
    std::fill(cells.begin(), cells.end(), 0);
    for (int64_t y = y0; y < y1; y += kRowsPerSum) {
      std::fill(sums.begin(), sums.end(), uint16_t{0});
      add_rows(grid.rgb + y * stride, stride, std::min(kRowsPerSum, y1 - y), sums.data());
      for (int64_t c = 0; c < grid.cols; ++c) {
        cells[static_cast<size_t>(c)] +=
            weigh(sums.data(), c * grid.width / grid.cols, (c + 1) * grid.width / grid.cols);
      }
    }
    for (int64_t c = 0; c < grid.cols; ++c) {
      const int64_t columns = (c + 1) * grid.width / grid.cols - c * grid.width / grid.cols;
      const auto pixels = static_cast<uint64_t>((y1 - y0) * columns);
      out[r * grid.cols + c] =
          static_cast<int32_t>(16 * cells[static_cast<size_t>(c)] / (1000 * pixels));
    }
  }
}

}  // namespace seal2real
