// Restart segments of baseline JPEG streams: finding, comparing, gathering and replacing them.
// Nothing here codes coefficients; that stays the JPEG library's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace seal2real::codec {

// Where the entropy-coded segments of a stream lie: segment i is [begins[i], ends[i]).
struct JpegSegments {
  std::vector<int64_t> begins;
  std::vector<int64_t> ends;
};

// Scans a single-scan stream. Throws std::invalid_argument when it is not one, is truncated, or
// when its restart markers are out of order.
JpegSegments scan_jpeg(const uint8_t* data, size_t size);

// A u8 RGB image; rows are `stride` bytes apart.
struct RgbView {
  const uint8_t* data;
  int64_t height;
  int64_t width;
  int64_t stride;
};

// A base image with a window pasted over it at (x0, y0), both inside the base.
struct Pasted {
  RgbView base;
  RgbView window;
  int64_t x0;
  int64_t y0;
};

// Numbers (row by row) of the segments of width x height pixels in which the paste changes a pixel.
std::vector<int32_t> changed_segments(const Pasted& image, int64_t segment_width,
                                      int64_t segment_height);

// Copies the given segments, each cut at the image's edge, into an RGBX stack whose rows are
// `stack_stride` bytes apart: below each other, or beside each other when `across`.
void stack_segments(const Pasted& image, int64_t segment_width, int64_t segment_height,
                    const int32_t* numbers, size_t count, bool across, uint8_t* stack,
                    int64_t stack_stride);

// A piece of another stream that takes the place of segment `number`.
struct Replacement {
  int32_t number;
  const uint8_t* data;
  size_t size;
};

// The base stream with some segments replaced, the headers before them and the restart markers
// between them kept. `replacements` ascend by number.
std::vector<uint8_t> splice_jpeg(const uint8_t* data, size_t size, const JpegSegments& segments,
                                 const std::vector<Replacement>& replacements);

}  // namespace seal2real::codec
