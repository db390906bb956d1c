// How the forger's weight falls off round ink.
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

// Ink grown by inner + ramp, averaged over a box of radius ramp, of 255; 0 outside the support.
void feather(const FeatherPlanes& planes, uint8_t* out);

}  // namespace seal2real
