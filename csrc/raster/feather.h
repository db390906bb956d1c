// Squares round ink: what lies near it, and how the forger's weight falls off.
#pragma once

#include <cstdint>

namespace seal2real {

// Two planes [height, width] of one size; what is not 0 is set.
struct FeatherPlanes {
  const uint8_t* mask;     // ink
  const uint8_t* support;  // where the weight may be above 0
  int64_t width;
  int64_t height;
  int64_t inner;  // radius of full weight, px
  int64_t ramp;   // half width of the ramp, px
};

// Writes 1 within `radius` px of what is set in `plane` (a square), 0 elsewhere.
void grow(const uint8_t* plane, int64_t width, int64_t height, int64_t radius, uint8_t* out);

// Ink grown by inner + ramp, averaged over a box of radius ramp, of 255; 0 outside the support.
void feather(const FeatherPlanes& planes, uint8_t* out);

}  // namespace seal2real
