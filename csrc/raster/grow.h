// Squares round what is set in a plane.
#pragma once

#include <cstdint>

namespace seal2real {

// Half-open rectangle of a plane's pixels; empty when y1 is 0.
struct SetBounds {
  int64_t x0, y0, x1, y1;
};

// A borrowed plane; what is not 0 is set.
struct SetPlane {
  const uint8_t* data;
  int64_t width;
  int64_t height;
  int64_t stride;  // pixels from a row to the next
};

// Bounds of what is set.
SetBounds bounds_of(const SetPlane& plane);

// Writes 1 within `radius` px of what is set (a square), 0 elsewhere; `out` may be the plane.
void grow(const SetPlane& plane, int64_t radius, uint8_t* out, int64_t out_stride);

}  // namespace seal2real
