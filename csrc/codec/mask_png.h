// 8-bit grey PNG writer for masks and class maps: images made of runs.
#pragma once

#include <cstdint>
#include <vector>

namespace seal2real::codec {

constexpr int64_t kMaxPngSide = 65535;

// A PNG of height x width bytes, rows `stride` bytes apart. Throws std::invalid_argument for a side
// outside 1..65535.
std::vector<uint8_t> encode_mask_png(const uint8_t* pixels, int64_t height, int64_t width,
                                     int64_t stride);

}  // namespace seal2real::codec
