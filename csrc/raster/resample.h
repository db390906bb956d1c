// Images at another size: bicubic, without aliasing where they shrink.
#pragma once

#include <cstdint>

namespace seal2real {

// An interleaved RGB image and the size it shall have; sides of at least 1 px.
struct ResampledImage {
  const uint8_t* image;  // [height, width, 3]
  int64_t width;
  int64_t height;
  int64_t out_width;
  int64_t out_height;
};

// Writes [out_height, out_width, 3]. Rows first, rounded to bytes, then columns, in the fixed point
// of Pillow's BICUBIC: its bytes, which stored datasets were drawn with.
void resample_cubic(const ResampledImage& job, uint8_t* out);

}  // namespace seal2real
