#include "raster/grow.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <vector>

namespace seal2real {
namespace {

bool any_in(const uint8_t* row, int64_t count) {
  return count > 0 &&
         (row[0] != 0 || std::memcmp(row, row + 1, static_cast<size_t>(count - 1)) != 0);
}

// Sets each of `count` bytes where it or one of the `span` - 1 bytes `step` apart behind it is set;
// reads count + (span - 1) * step bytes. Spans double, so that a radius of 3 takes 3 passes.
void or_behind(uint8_t* bytes, int64_t count, int64_t span, int64_t step) {
  for (int64_t done = 1; done < span;) {
    const int64_t more = std::min(done, span - done);
    const int64_t reach = count + (span - done - more) * step;
    for (int64_t i = 0; i < reach; ++i) {
      bytes[i] |= bytes[i + more * step];
    }
    done += more;
  }
}

}  // namespace

SetBounds bounds_of(const SetPlane& plane) {
  SetBounds box{plane.width, 0, 0, 0};
  for (int64_t y = 0; y < plane.height; ++y) {
    const uint8_t* row = plane.data + y * plane.stride;
    if (!any_in(row, plane.width)) {
      continue;
    }
    int64_t first = 0;
    int64_t last = plane.width;
    while (row[first] == 0) {
      ++first;
    }
    while (row[last - 1] == 0) {
      --last;
    }
    box = {std::min(box.x0, first), box.y1 == 0 ? y : box.y0, std::max(box.x1, last), y + 1};
  }
  return box.y1 > 0 ? box : SetBounds{0, 0, 0, 0};
}

void grow(const SetPlane& plane, int64_t radius, uint8_t* out, int64_t out_stride) {
  // Farther than the plane is large is as good as that far; a narrow plane must not ask for the
  // room of a square one.
  const int64_t across = std::min(radius, plane.width);
  const int64_t down = std::min(radius, plane.height);
  // Room for the reach on all sides: what is behind a byte here is around it in the plane.
  const int64_t stride = plane.width + 2 * across;
  std::vector<uint8_t> wide(static_cast<size_t>(stride * (plane.height + 2 * down)), 0);
  for (int64_t y = 0; y < plane.height; ++y) {
    uint8_t* row = wide.data() + (y + down) * stride;
    const uint8_t* from = plane.data + y * plane.stride;
    for (int64_t x = 0; x < plane.width; ++x) {
      row[across + x] = from[x] != 0 ? 1 : 0;
    }
    or_behind(row, plane.width, 2 * across + 1, 1);
  }
  or_behind(wide.data(), plane.height * stride, 2 * down + 1, stride);
  for (int64_t y = 0; y < plane.height; ++y) {
    std::copy_n(wide.data() + y * stride, plane.width, out + y * out_stride);
  }
}

}  // namespace seal2real
