// Pixel statistics behind labels: how much of a character is inked, and whether it is readable.
#pragma once

#include <cstddef>
#include <cstdint>

namespace seal2real {

// Borrowed 8-bit image planes of one size, row-major.
struct LabelPlanes {
  const uint8_t* clean_rgb;   // [H, W, 3] page without seals, after capture
  const uint8_t* sealed_rgb;  // [H, W, 3] page with seals, after capture
  const uint8_t* mask;        // [H, W] a bit per seal
  int64_t width;
  int64_t height;
};

struct CharStats {
  float ink_cover;  // share of the box that is inked, 0..1
  float contrast;   // (surround - stroke) / surround luma in the sealed image, 0..1
};

// Statistics of the box [x0, x1) x [y0, y1); parts outside the image are ignored.
CharStats char_stats(const LabelPlanes& planes, int64_t x0, int64_t y0, int64_t x1, int64_t y1);

// How many values of a plane [H, W] are set in the box; parts outside are ignored.
int64_t box_count(const uint8_t* plane, int64_t width, int64_t height, const int64_t* box);

// Borrowed bit planes of one size, row-major, and the bit to read.
struct SealPlanes {
  const uint8_t* shape;  // [H, W] ideal coverage >= 0.5
  const uint8_t* ink;    // [H, W] impressed ink
  int64_t width;
  int64_t height;
  uint8_t bit;  // 1 << seal
};

// Share of a convex quad's ideal pixels that are inked, 0..1; what lies outside the image counts
// as not inked. `quad` is x0 y0 .. x3 y3.
float quad_visibility(const SealPlanes& planes, const double* quad);

}  // namespace seal2real
