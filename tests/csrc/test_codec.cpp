// Mask PNG and JPEG segments: structure, refusals, and bytes that nobody would send.
#include <cstring>
#include <stdexcept>
#include <vector>

#include "check.h"
#include "codec/checksum.h"
#include "codec/jpeg_segments.h"
#include "codec/mask_png.h"
#include "raster/philox.h"

namespace seal2real::codec {
namespace {

uint32_t big_endian(const uint8_t* at) {
  return static_cast<uint32_t>(at[0]) << 24 | static_cast<uint32_t>(at[1]) << 16 |
         static_cast<uint32_t>(at[2]) << 8 | at[3];
}

// Expected: "123456789", the check value of CRC-32/ISO-HDLC and of Adler-32.
TEST(checksums_known_answers) {
  const char* text = "123456789";
  CHECK(crc32(0, reinterpret_cast<const uint8_t*>(text), 9) == 0xcbf43926U);
  RunAdler adler;
  for (const char* c = text; *c != 0; ++c) {
    adler.add(static_cast<uint8_t>(*c), 1);
  }
  CHECK(adler.value() == 0x091e01deU);
}

// Chunk lengths add up and every chunk's CRC holds, whatever the size and the content.
TEST(mask_png_chunks) {
  Rng rng(11);
  for (int round = 0; round < 60; ++round) {
    const int64_t height = rng.integer(1, 70);
    const int64_t width = rng.integer(1, 700);
    const int64_t stride = width + rng.integer(0, 9);
    std::vector<uint8_t> pixels(static_cast<size_t>(height * stride));
    const int64_t longest = rng.integer(1, 900);
    for (size_t i = 0; i < pixels.size();) {
      const auto value = static_cast<uint8_t>(rng.integer(0, 256));
      for (int64_t n = rng.integer(1, longest + 1); n > 0 && i < pixels.size(); --n) {
        pixels[i++] = value;
      }
    }
    const std::vector<uint8_t> png = encode_mask_png(pixels.data(), height, width, stride);
    CHECK(std::memcmp(png.data(), "\x89PNG\r\n\x1a\n", 8) == 0);
    size_t at = 8;
    while (at < png.size()) {
      const size_t length = big_endian(&png[at]);
      CHECK(at + 12 + length <= png.size());
      CHECK(crc32(0, &png[at + 4], length + 4) == big_endian(&png[at + 8 + length]));
      at += 12 + length;
    }
    CHECK(at == png.size());
  }
  const uint8_t pixel = 0;
  CHECK_THROWS(encode_mask_png(&pixel, 0, 1, 1), "65535");
  CHECK_THROWS(encode_mask_png(&pixel, 1, kMaxPngSide + 1, 1), "65535");
}

// A stream with the marker structure of a baseline JPEG: SOI, SOS, three segments, EOI.
std::vector<uint8_t> small_stream() {
  return {0xff, 0xd8, 0xff, 0xda, 0x00, 0x08, 0x01, 0x01, 0x00, 0x00, 0x3f, 0x00,
          0x12, 0x34, 0xff, 0xd0, 0x56, 0xff, 0x00, 0xff, 0xd1, 0x78, 0xff, 0xd9};
}

TEST(jpeg_segments_of_a_small_stream) {
  const std::vector<uint8_t> stream = small_stream();
  const JpegSegments found = scan_jpeg(stream.data(), stream.size());
  CHECK((found.begins == std::vector<int64_t>{12, 16, 21}));
  CHECK((found.ends == std::vector<int64_t>{14, 19, 22}));
  const uint8_t other[] = {0xaa, 0xbb, 0xcc};
  const std::vector<uint8_t> spliced =
      splice_jpeg(stream.data(), stream.size(), found, {{1, other, sizeof other}});
  const JpegSegments again = scan_jpeg(spliced.data(), spliced.size());
  CHECK(again.begins.size() == 3);
  CHECK(std::memcmp(&spliced[static_cast<size_t>(again.begins[1])], other, 3) == 0);
  CHECK((splice_jpeg(stream.data(), stream.size(), found, {}) == stream));
}

// Any bytes are either scanned to segments inside the stream or refused.
TEST(jpeg_scan_survives_any_bytes) {
  Rng rng(5);
  for (int round = 0; round < 20000; ++round) {
    std::vector<uint8_t> stream = small_stream();
    for (int64_t n = rng.integer(1, 6); n > 0; --n) {
      const auto at = static_cast<size_t>(rng.integer(0, static_cast<int64_t>(stream.size())));
      stream[at] = rng.uniform() < 0.4 ? 0xff : static_cast<uint8_t>(rng.integer(0, 256));
    }
    stream.resize(static_cast<size_t>(rng.integer(0, static_cast<int64_t>(stream.size()) + 1)));
    // A copy of exact size: the sanitizer sees one byte too far.
    const std::vector<uint8_t> exact(stream.begin(), stream.end());
    try {
      const JpegSegments found = scan_jpeg(exact.data(), exact.size());
      for (size_t i = 0; i < found.begins.size(); ++i) {
        CHECK(0 <= found.begins[i] && found.begins[i] <= found.ends[i]);
        CHECK(found.ends[i] <= static_cast<int64_t>(exact.size()));
      }
    } catch (const std::invalid_argument&) {
      continue;
    }
  }
}

}  // namespace
}  // namespace seal2real::codec
