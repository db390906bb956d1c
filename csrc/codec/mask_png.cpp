#include "codec/mask_png.h"

#include <cstring>
#include <stdexcept>
#include <string>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "codec/checksum.h"
#include "codec/run_deflate.h"

namespace seal2real::codec {
namespace {

constexpr uint8_t kFilterNone = 0;
constexpr uint8_t kFilterUp = 2;
constexpr int64_t kWord = 64;  // pixels a bit mask holds

void put_be32(uint32_t value, std::vector<uint8_t>* out) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    out->push_back(static_cast<uint8_t>(value >> shift));
  }
}

// Begins a chunk; returns where its type stands, for end_chunk.
size_t begin_chunk(const char* type, std::vector<uint8_t>* out) {
  put_be32(0, out);
  const size_t start = out->size();
  out->insert(out->end(), type, type + 4);
  return start;
}

void end_chunk(size_t start, std::vector<uint8_t>* out) {
  const size_t size = out->size() - start;
  const auto length = static_cast<uint32_t>(size - 4);
  for (int i = 0; i < 4; ++i) {
    (*out)[start - 4 + i] = static_cast<uint8_t>(length >> (24 - 8 * i));
  }
  put_be32(crc32(0, out->data() + start, size), out);
}

void put_header(int64_t height, int64_t width, std::vector<uint8_t>* out) {
  static constexpr uint8_t kSignature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  out->insert(out->end(), kSignature, kSignature + 8);
  const size_t chunk = begin_chunk("IHDR", out);
  put_be32(static_cast<uint32_t>(width), out);
  put_be32(static_cast<uint32_t>(height), out);
  const uint8_t rest[5] = {8, 0, 0, 0, 0};  // 8 bits, grey, deflate, adaptive filters, no interlace
  out->insert(out->end(), rest, rest + 5);
  end_chunk(chunk, out);
}

// Bit i: p[i] != p[i - 1], for i in 0..63 (p[-1] is read).
uint64_t changes(const uint8_t* p) {
#if defined(__SSE2__)
  uint64_t equal = 0;
  for (int i = 0; i < 4; ++i) {
    const __m128i here = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + 16 * i));
    const __m128i before = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + 16 * i - 1));
    const auto bits = static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(here, before)));
    equal |= static_cast<uint64_t>(bits) << (16 * i);
  }
  return ~equal;
#else
  uint64_t different = 0;
  for (int i = 0; i < kWord; ++i) {
    different |= static_cast<uint64_t>(p[i] != p[i - 1]) << i;
  }
  return different;
#endif
}

// Appends base + i for every set bit i. Groups of four are written whole, as the number of bits is
// what a branch predictor cannot know (Langdale and Lemire 2019, section 3.2).
uint32_t* list_bits(uint64_t bits, uint32_t base, uint32_t* to) {
  const int count = __builtin_popcountll(bits);
  for (int done = 0; done < count; done += 4) {
    for (int i = 0; i < 4; ++i) {
      // Past the last bit this writes a value that the next call overwrites.
      to[done + i] = base + static_cast<uint32_t>(__builtin_ctzll(bits | uint64_t{1} << 63));
      bits &= bits - 1;
    }
  }
  return to + count;
}

// A filtered row and where its value changes. The row stands behind its filter byte and in front of
// padding that repeats its last value, so that whole words can be compared.
struct FilteredRow {
  std::vector<uint8_t> bytes;
  std::vector<uint64_t> starts;
  std::vector<uint32_t> positions;
  int64_t runs = 0;

  explicit FilteredRow(int64_t width)
      : bytes(static_cast<size_t>(1 + width + kWord)),
        starts(static_cast<size_t>((width + kWord - 1) / kWord)),
        positions(static_cast<size_t>(width + 1 + kWord)) {}

  void find_runs(int64_t width) {
    std::memset(bytes.data() + 1 + width, bytes[width], kWord);
    runs = 0;
    for (size_t word = 0; word < starts.size(); ++word) {
      starts[word] = changes(bytes.data() + 1 + word * kWord);
      runs += __builtin_popcountll(starts[word]);
    }
  }

  void write(int64_t width, RunDeflate* to) {
    // Position 0 is the filter byte; bit i of the masks stands for position i + 1.
    uint32_t* end = positions.data();
    for (size_t word = 0; word < starts.size(); ++word) {
      end = list_bits(starts[word], static_cast<uint32_t>(word * kWord + 1), end);
    }
    *end++ = static_cast<uint32_t>(width + 1);
    uint32_t begin = 0;
    for (const uint32_t* at = positions.data(); at != end; ++at) {
      to->run(bytes[begin], *at - begin);
      begin = *at;
    }
  }
};

void put_pixels(const uint8_t* pixels, int64_t height, int64_t width, int64_t stride,
                RunDeflate* to) {
  FilteredRow plain(width);
  FilteredRow up(width);
  const std::vector<uint8_t> zeros(static_cast<size_t>(width), 0);
  const uint8_t* above = zeros.data();
  plain.bytes[0] = kFilterNone;
  up.bytes[0] = kFilterUp;
  bool blank = true;  // the row above is all zero
  for (int64_t y = 0; y < height; ++y) {
    const uint8_t* row = pixels + y * stride;
    if (std::memcmp(row, above, static_cast<size_t>(width)) == 0) {
      // A repeated row needs no search; behind filter 0 zeros need one symbol less.
      to->run(blank ? kFilterNone : kFilterUp, 1);
      to->run(0, static_cast<uint32_t>(width));
      above = row;
      continue;
    }
    std::memcpy(plain.bytes.data() + 1, row, static_cast<size_t>(width));
    uint8_t* difference = up.bytes.data() + 1;
    for (int64_t x = 0; x < width; ++x) {
      difference[x] = static_cast<uint8_t>(row[x] - above[x]);
    }
    plain.find_runs(width);
    up.find_runs(width);
    (up.runs < plain.runs ? up : plain).write(width, to);
    blank = plain.runs == 0 && row[0] == 0;
    above = row;
  }
}

}  // namespace

std::vector<uint8_t> encode_mask_png(const uint8_t* pixels, int64_t height, int64_t width,
                                     int64_t stride) {
  for (const int64_t side : {height, width}) {
    if (side < 1 || side > kMaxPngSide) {
      throw std::invalid_argument(
          "png_encode_mask: mask must have sides of 1 to 65535 pixels, got " +
          std::to_string(height) + "x" + std::to_string(width) + "; cut the page into parts");
    }
  }
  std::vector<uint8_t> out;
  out.reserve(static_cast<size_t>(height * width / 16 + 1024));
  put_header(height, width, &out);
  const size_t chunk = begin_chunk("IDAT", &out);
  RunDeflate deflate(&out);
  put_pixels(pixels, height, width, stride, &deflate);
  deflate.finish();
  end_chunk(chunk, &out);
  end_chunk(begin_chunk("IEND", &out), &out);
  return out;
}

}  // namespace seal2real::codec
