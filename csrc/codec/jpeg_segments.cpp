#include "codec/jpeg_segments.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string>

namespace seal2real::codec {
namespace {

constexpr uint8_t kMarker = 0xFF;
constexpr uint8_t kStartOfScan = 0xDA;
constexpr uint8_t kStartOfImage = 0xD8;
constexpr uint8_t kEndOfImage = 0xD9;
constexpr uint8_t kRestart0 = 0xD0;
constexpr uint8_t kRestart7 = 0xD7;

[[noreturn]] void refuse(const char* why) {
  throw std::invalid_argument(
      std::string("scan_jpeg: data must be a whole single-scan JPEG stream, got one that ") + why +
      "; encode the page again");
}

// Position of the first entropy-coded byte.
size_t find_scan(const uint8_t* data, size_t size) {
  if (size < 4 || data[0] != kMarker || data[1] != kStartOfImage) {
    refuse("does not begin with SOI");
  }
  size_t at = 2;
  while (at + 4 <= size) {
    if (data[at] != kMarker) {
      refuse("has a byte between its header segments");
    }
    const size_t length = static_cast<size_t>(data[at + 2]) << 8 | data[at + 3];
    if (length < 2 || at + 2 + length > size) {
      refuse("ends inside a header segment");
    }
    const bool scan = data[at + 1] == kStartOfScan;
    at += 2 + length;
    if (scan) {
      return at;
    }
  }
  refuse("has no scan");
}

}  // namespace

JpegSegments scan_jpeg(const uint8_t* data, size_t size) {
  JpegSegments found;
  size_t at = find_scan(data, size);
  found.begins.push_back(static_cast<int64_t>(at));
  uint8_t expected = kRestart0;
  while (true) {
    const void* hit = at < size ? std::memchr(data + at, kMarker, size - at) : nullptr;
    if (hit == nullptr) {
      refuse("ends inside its scan");
    }
    at = static_cast<size_t>(static_cast<const uint8_t*>(hit) - data);
    if (at + 1 >= size) {
      refuse("ends inside its scan");
    }
    const uint8_t code = data[at + 1];
    if (code == 0) {  // a stuffed 0xFF
      at += 2;
      continue;
    }
    found.ends.push_back(static_cast<int64_t>(at));
    if (code == kEndOfImage) {
      return found;
    }
    if (code != expected) {
      refuse("has restart markers out of order or a second scan");
    }
    expected = expected == kRestart7 ? kRestart0 : static_cast<uint8_t>(expected + 1);
    at += 2;
    found.begins.push_back(static_cast<int64_t>(at));
  }
}

std::vector<int32_t> changed_segments(const Pasted& image, int64_t segment_width,
                                      int64_t segment_height) {
  const int64_t columns = (image.base.width + segment_width - 1) / segment_width;
  std::vector<int32_t> numbers;
  const int64_t x1 = image.x0 + image.window.width;
  const int64_t y1 = image.y0 + image.window.height;
  if (x1 == image.x0 || y1 == image.y0) {
    return numbers;
  }
  for (int64_t row = image.y0 / segment_height; row * segment_height < y1; ++row) {
    const int64_t top = std::max(row * segment_height, image.y0);
    const int64_t bottom = std::min((row + 1) * segment_height, y1);
    for (int64_t column = image.x0 / segment_width; column * segment_width < x1; ++column) {
      const int64_t left = std::max(column * segment_width, image.x0);
      const int64_t right = std::min((column + 1) * segment_width, x1);
      for (int64_t y = top; y < bottom; ++y) {
        const uint8_t* was = image.base.data + y * image.base.stride + left * 3;
        const uint8_t* is =
            image.window.data + (y - image.y0) * image.window.stride + (left - image.x0) * 3;
        if (std::memcmp(was, is, static_cast<size_t>((right - left) * 3)) != 0) {
          numbers.push_back(static_cast<int32_t>(row * columns + column));
          break;
        }
      }
    }
  }
  return numbers;
}

namespace {

// The fourth byte is ignored by the encoder but must not be random.
void copy_rgbx(const uint8_t* from, int64_t pixels, uint8_t* to) {
  static constexpr uint8_t kOpaque[4] = {0, 0, 0, 0xFF};
  uint32_t opaque = 0;
  std::memcpy(&opaque, kOpaque, 4);
  // One load and one store a pixel: the load takes the next pixel's first byte too, so the last
  // pixel, which has no next one, goes bytewise.
  for (int64_t i = 0; i + 1 < pixels; ++i) {
    uint32_t pixel = 0;
    std::memcpy(&pixel, from + 3 * i, 4);
    pixel |= opaque;
    std::memcpy(to + 4 * i, &pixel, 4);
  }
  if (pixels > 0) {
    std::memcpy(to + 4 * (pixels - 1), from + 3 * (pixels - 1), 3);
    to[4 * pixels - 1] = 0xFF;
  }
}

// One row of a segment: the base's pixels, with the window's over them.
void copy_row(const Pasted& image, int64_t y, int64_t left, int64_t right, uint8_t* to) {
  const int64_t inner_left = std::clamp(image.x0, left, right);
  const int64_t inner_right = std::clamp(image.x0 + image.window.width, left, right);
  const uint8_t* base = image.base.data + y * image.base.stride;
  if (y < image.y0 || y >= image.y0 + image.window.height || inner_left >= inner_right) {
    copy_rgbx(base + left * 3, right - left, to);
    return;
  }
  const uint8_t* window = image.window.data + (y - image.y0) * image.window.stride;
  copy_rgbx(base + left * 3, inner_left - left, to);
  copy_rgbx(window + (inner_left - image.x0) * 3, inner_right - inner_left,
            to + (inner_left - left) * 4);
  copy_rgbx(base + inner_right * 3, right - inner_right, to + (inner_right - left) * 4);
}

}  // namespace

void stack_segments(const Pasted& image, int64_t segment_width, int64_t segment_height,
                    const int32_t* numbers, size_t count, bool across, uint8_t* stack,
                    int64_t stack_stride) {
  const int64_t columns = (image.base.width + segment_width - 1) / segment_width;
  uint8_t* to = stack;
  for (size_t i = 0; i < count; ++i) {
    const int64_t left = numbers[i] % columns * segment_width;
    const int64_t right = std::min(left + segment_width, image.base.width);
    const int64_t top = numbers[i] / columns * segment_height;
    const int64_t bottom = std::min(top + segment_height, image.base.height);
    for (int64_t y = top; y < bottom; ++y) {
      copy_row(image, y, left, right, to + (y - top) * stack_stride);
    }
    to += across ? (right - left) * 4 : (bottom - top) * stack_stride;
  }
}

std::vector<uint8_t> splice_jpeg(const uint8_t* data, size_t size, const JpegSegments& segments,
                                 const std::vector<Replacement>& replacements) {
  size_t total = size;
  for (const Replacement& piece : replacements) {
    total += piece.size;
    total -= static_cast<size_t>(segments.ends[piece.number] - segments.begins[piece.number]);
  }
  std::vector<uint8_t> out(total);
  uint8_t* to = out.data();
  int64_t copied = 0;
  for (const Replacement& piece : replacements) {
    // Everything up to this segment, restart markers included, stands as it was: a marker's number
    // depends on its place alone.
    const auto keep = static_cast<size_t>(segments.begins[piece.number] - copied);
    std::memcpy(to, data + copied, keep);
    std::memcpy(to + keep, piece.data, piece.size);
    to += keep + piece.size;
    copied = segments.ends[piece.number];
  }
  std::memcpy(to, data + copied, size - static_cast<size_t>(copied));
  return out;
}

}  // namespace seal2real::codec
