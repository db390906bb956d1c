// Support: where a clean and a sealed picture may differ after capture.
#pragma once

#include <cstdint>

namespace seal2real {

// What differs: `out` is 1 where clean and sealed [height, width, 3] differ or `mask` is set.
void changed(const uint8_t* clean, const uint8_t* sealed, const uint8_t* mask, uint8_t* out,
             int64_t width, int64_t height);

// Grows `mask` [height, width] in place by `radius` px (a square) and, when
// `mcu` > 0, to whole cells of an mcu-px grid and one cell more. Writes the
// bounds x0 y0 x1 y1; all zero when empty.
void grow_support(uint8_t* mask, int64_t width, int64_t height, int64_t radius, int64_t mcu,
                  int64_t* bounds);

}  // namespace seal2real
