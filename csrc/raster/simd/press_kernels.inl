// Bodies of the press kernels; included once per instruction set with
// PRESS_TABLE set to the name of the table function. Plain loops that the
// compiler vectorises.
#include <cstring>
#if defined(__AVX512BW__)
#include <immintrin.h>
#elif defined(__AVX2__)
#include <immintrin.h>
#elif defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "raster/noise.h"
#include "raster/simd/press_kernels.h"

namespace seal2real {
namespace {

// Not std::min and std::max: a template emitted here with AVX-512 code could be
// the copy that the linker keeps for everybody.
inline int32_t smaller(int32_t a, int32_t b) { return a < b ? a : b; }
inline int32_t larger(int32_t a, int32_t b) { return a < b ? b : a; }
// Whole vectors, so that no loop needs a scalar tail (a third of the time at 332 px).
inline size_t whole(size_t count) { return (count + 63) & ~size_t{63}; }
inline int32_t clamp_to(int32_t value, int32_t low, int32_t high) {
  return smaller(larger(value, low), high);
}

void white_row(uint8_t* __restrict out, size_t quads, uint32_t first, uint32_t key_low,
               uint32_t key_high) {
  const size_t count = (quads + 15) & ~size_t{15};
  for (size_t i = 0; i < count; ++i) {
    const uint32_t hash = hash_column(first + static_cast<uint32_t>(i), key_low, key_high);
    std::memcpy(out + 4 * i, &hash, 4);
  }
}

void blend3_row(const uint8_t* above, const uint8_t* centre, const uint8_t* below,
                uint8_t* __restrict out, size_t width, uint32_t side) {
  const auto outer = static_cast<uint16_t>(side);
  const auto inner = static_cast<uint16_t>(256 - 2 * side);
  const size_t count = whole(width);
  for (size_t i = 0; i < count; ++i) {
    const auto pair = static_cast<uint16_t>(above[i] + below[i]);
    const auto sum = static_cast<uint16_t>(centre[i] * inner + pair * outer + 128);
    out[i] = static_cast<uint8_t>(sum >> 8);
  }
}

void blend3_row16(const uint16_t* above, const uint16_t* centre, const uint16_t* below,
                  uint16_t* __restrict out, size_t width, uint32_t side) {
  const uint32_t inner = 256 - 2 * side;
  const size_t count = whole(width);
  for (size_t i = 0; i < count; ++i) {
    const uint32_t pair = uint32_t{above[i]} + below[i];
    out[i] = static_cast<uint16_t>((centre[i] * inner + pair * side + 128) >> 8);
  }
}

void lerp_row(const uint8_t* near, const uint8_t* far, uint8_t* __restrict out, size_t width) {
  const size_t count = whole(width);
  for (size_t i = 0; i < count; ++i) {
    out[i] = static_cast<uint8_t>(static_cast<uint16_t>(3 * near[i] + far[i] + 2) >> 2);
  }
}

void double_row(const uint8_t* __restrict in, uint8_t* __restrict out, size_t cells) {
  const size_t count = whole(cells);
  for (size_t i = 0; i < count; ++i) {
    const auto a = static_cast<uint16_t>(in[i]);
    const auto b = static_cast<uint16_t>(in[i + 1]);
    const auto first = static_cast<uint16_t>(static_cast<uint16_t>(3 * a + b + 2) >> 2);
    const auto second = static_cast<uint16_t>(static_cast<uint16_t>(a + 3 * b + 2) >> 2);
    // One 16-bit store a cell: interleaved byte stores vectorise badly.
    const auto both = static_cast<uint16_t>(first | (second << 8));
    std::memcpy(out + 2 * i, &both, 2);
  }
}

void max_row(const uint8_t* a, const uint8_t* b, uint8_t* __restrict out, size_t width,
             uint32_t weight) {
  const size_t count = whole(width);
  for (size_t i = 0; i < count; ++i) {
    const auto scaled = static_cast<uint16_t>(static_cast<uint16_t>(b[i] * weight) >> 8);
    out[i] = static_cast<uint8_t>(larger(a[i], scaled));
  }
}

template <int Shift>
void expand_cells(const int16_t* __restrict grid, int16_t* __restrict out, size_t cells) {
  constexpr int kStep = 1 << Shift;
  for (size_t i = 0; i < cells; ++i) {
    const int32_t base = grid[i] * (2 * kStep);
    const int32_t slope = grid[i + 1] - grid[i];
    for (int k = 0; k < kStep; ++k) {
      out[i * kStep + static_cast<size_t>(k)] =
          static_cast<int16_t>((base + slope * (2 * k + 1) + kStep) >> (Shift + 1));
    }
  }
}

// 16-bit lanes that shuffle in one instruction.
#if defined(__AVX512BW__)
constexpr int kLanes = 32;
#else
constexpr int kLanes = 8;
#endif
using Shorts = int16_t __attribute__((vector_size(2 * kLanes)));
using Wrapping = uint16_t __attribute__((vector_size(2 * kLanes)));

// The same for values within +-1000 and shifts to 4: every result fits 16 bits, so terms may wrap
// on the way, which unsigned lanes do by definition. Reads kLanes values beyond the last.
template <int Shift>
void expand_near(const int16_t* grid, int16_t* out, size_t cells) {
  constexpr int kStep = 1 << Shift;
  constexpr int kWide = kStep > kLanes ? kStep : kLanes;  // values made at a time
  constexpr uint16_t kOne = 1;
  constexpr uint16_t kTwice = 2 * kStep;
  constexpr uint16_t kHalf = kStep;
  Wrapping cell{};
  Wrapping share[kWide / kLanes]{};
  for (int i = 0; i < kWide; ++i) {
    cell[i % kLanes] = static_cast<uint16_t>((i % kLanes) / kStep);
    share[i / kLanes][i % kLanes] = static_cast<uint16_t>(2 * (i % kStep) + 1);
  }
  for (size_t i = 0; i < cells; i += kWide / kStep) {
    Wrapping values;
    std::memcpy(&values, grid + i, sizeof values);
    const Wrapping near = __builtin_shuffle(values, cell);
    const Wrapping slope = __builtin_shuffle(values, cell + kOne) - near;
    for (int k = 0; k < kWide / kLanes; ++k) {
      const auto sum = reinterpret_cast<Shorts>(near * kTwice + slope * share[k] + kHalf);
      const Shorts made = sum >> (Shift + 1);
      std::memcpy(out + i * kStep + static_cast<size_t>(k) * kLanes, &made, sizeof made);
    }
  }
}

void expand_row(const int16_t* grid, int16_t* out, size_t cells, int shift) {
  switch (shift) {
    case 1:
      return expand_cells<1>(grid, out, cells);
    case 2:
      return expand_cells<2>(grid, out, cells);
    case 3:
      return expand_cells<3>(grid, out, cells);
    case 4:
      return expand_cells<4>(grid, out, cells);
    default:
      return expand_cells<5>(grid, out, cells);
  }
}

void contact_row(const int16_t* near, const int16_t* far, int16_t* __restrict scratch,
                 int16_t* __restrict out, size_t cells, int shift, int32_t weight) {
  const size_t count = (cells + 16) & ~size_t{15};
  for (size_t i = 0; i < count; ++i) {
    scratch[i] = static_cast<int16_t>((near[i] * 256 + (far[i] - near[i]) * weight + 128) >> 8);
  }
  switch (shift) {
    case 1:
      return expand_near<1>(scratch, out, cells);
    case 2:
      return expand_near<2>(scratch, out, cells);
    case 3:
      return expand_near<3>(scratch, out, cells);
    case 4:
      return expand_near<4>(scratch, out, cells);
    default:
      return expand_cells<5>(scratch, out, cells);
  }
}

// Q8; beyond contact 1 more ink still comes off, up to this.
constexpr int32_t kFullContact = 448;

// Pixels that are skipped together where nothing was bled: without an edge there is no density
// whatever the noise. The widest vector of 16-bit values.
constexpr size_t kInkBlock = 32;

inline bool empty_block(const uint8_t* block) {
  uint64_t word[kInkBlock / 8];
  std::memcpy(word, block, sizeof word);
  return (word[0] | word[1] | word[2] | word[3]) == 0;
}

// Arithmetic in 16 bits: twice the pixels a vector of 32-bit values holds.
inline int16_t narrow(int32_t value) { return static_cast<int16_t>(value); }
inline int16_t high_half(int16_t a, int16_t b) { return narrow((int32_t{a} * b) >> 16); }
inline int16_t smaller16(int16_t a, int16_t b) { return a < b ? a : b; }
inline int16_t larger16(int16_t a, int16_t b) { return a < b ? b : a; }
inline int16_t clamp16(int16_t value, int16_t low, int16_t high) {
  return smaller16(larger16(value, low), high);
}

// Each shift is split so that the product's high half is the result: (a * b) >> 8 is the high half
// of (a << 6) * (b << 2). The limits of row_settings keep all of it within 16 bits.
template <bool HasPaper, bool HasBlotch, bool HasRim>
void ink_pixels(const InkRow& row, const InkRowSettings& settings) {
  const size_t width = (row.width + kInkBlock - 1) & ~(kInkBlock - 1);
  const uint8_t* edge_in = row.edge;
  const uint8_t* wide_in = row.wide;
  const uint8_t* speckle_in = row.speckle;
  const uint8_t* blotch_in = row.blotch;
  const int16_t* contact_in = row.contact;
  const uint8_t* paper = row.paper;
  const uint8_t* paper_low = row.paper_low;
  uint8_t* out = row.density;
  const int16_t offset = narrow(settings.edge_offset);
  const int16_t gain = narrow(settings.edge_gain * 4);
  const int16_t nick_weight = narrow(settings.nick * 4);
  const int16_t speckle_weight = narrow(settings.speckle * 4);
  const int16_t mottle_weight = narrow(settings.mottle * 4);
  const int16_t rim_weight = narrow(settings.rim * 2);
  const int16_t grain_weight = narrow(settings.grain * 4);
  const int16_t scale = narrow(settings.density_scale * 2);
  for (size_t block = 0; block < width; block += kInkBlock) {
    if (empty_block(edge_in + block)) {
      std::memset(out + block, 0, kInkBlock);
      continue;
    }
    uint8_t densities[kInkBlock];  // of its own: nothing read can lie there
    for (size_t k = 0; k < kInkBlock; ++k) {
      const size_t i = block + k;
      const int16_t edge = edge_in[i];
      const int16_t speckle = narrow((speckle_in[i] - 128) * 128);
      const int16_t sharp = narrow(high_half(narrow((edge - offset) * 64), gain) + 128);
      int16_t cover = sharp;
      int16_t contact = narrow(contact_in[i] + high_half(speckle, speckle_weight));
      if (HasBlotch) {
        const int16_t blotch = narrow((blotch_in[i] - 128) * 128);
        // Blotches move the edge only where there is one: nothing appears on bare paper.
        const int16_t slope = narrow(narrow(edge * (255 - edge)) >> 6);
        const int16_t pull = high_half(blotch, nick_weight);
        cover = narrow(cover + high_half(narrow(slope * 128), narrow(pull * 2)));
        contact = narrow(contact + high_half(blotch, mottle_weight));
      }
      cover = clamp16(cover, 0, 255);
      if (HasRim) {
        const int16_t inside = larger16(narrow(cover - wide_in[i]), 0);
        contact = narrow(contact + high_half(narrow(inside * 128), rim_weight));
      }
      if (HasPaper) {
        const int16_t relief = clamp16(narrow(paper[i] - paper_low[i]), -24, 24);
        contact = narrow(contact + high_half(narrow(relief * 512), grain_weight));
      }
      contact = clamp16(contact, 0, kFullContact);
      const int16_t inked = high_half(narrow(cover * 128), narrow(contact * 2));
      // Rounded: (inked * density_scale + 128) >> 8.
      const int16_t density = narrow((((int32_t{narrow(inked * 64)} * scale) >> 14) + 1) >> 1);
      densities[k] = static_cast<uint8_t>(smaller16(density, 255));
    }
    std::memcpy(out + block, densities, kInkBlock);
  }
}

template <bool HasPaper, bool HasBlotch>
void ink_rims(const InkRow& row, const InkRowSettings& settings) {
  if (settings.rim != 0) {
    ink_pixels<HasPaper, HasBlotch, true>(row, settings);
  } else {
    ink_pixels<HasPaper, HasBlotch, false>(row, settings);
  }
}

template <bool HasPaper>
void ink_blotches(const InkRow& row, const InkRowSettings& settings) {
  if (settings.nick != 0 || settings.mottle != 0) {
    ink_rims<HasPaper, true>(row, settings);
  } else {
    ink_rims<HasPaper, false>(row, settings);
  }
}

void ink_row(const InkRow& row, const InkRowSettings& settings) {
  if (row.paper != nullptr) {
    ink_blotches<true>(row, settings);
  } else {
    ink_blotches<false>(row, settings);
  }
}

#if defined(__AVX512BW__)
constexpr size_t kBlendBlock = 32;

// Words of three channels' vectors in the order of interleaved pixels: which of red and green, and
// where blue goes, for each third of 32 pixels.
struct Interleaving {
  uint16_t two[3][32];
  uint16_t third[3][32];
  uint32_t is_third[3];

  constexpr Interleaving() : two{}, third{}, is_third{} {
    for (uint16_t at = 0; at < 96; ++at) {
      const uint16_t pixel = at / 3;
      const uint16_t channel = at % 3;
      two[at / 32][at % 32] = static_cast<uint16_t>(channel == 1 ? 32 + pixel : pixel);
      third[at / 32][at % 32] = pixel;
      is_third[at / 32] |= channel == 2 ? uint32_t{1} << (at % 32) : 0;
    }
  }
};
constexpr Interleaving kInterleaving;
// The unmasked forms of some intrinsics start from an undefined vector, of which GCC 12 warns.
constexpr uint32_t kAll = ~uint32_t{0};

inline void blend_block(const uint8_t* page, const uint8_t* density, const BlendTable& table,
                        uint8_t* out) {
  const __m512i value =
      _mm512_cvtepu8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(density)));
  const __m512i high = _mm512_srli_epi16(value, 4);
  const __m512i low = _mm512_and_si512(value, _mm512_set1_epi16(15));
  const auto entries = [](const uint16_t* from) {
    return _mm512_maskz_broadcast_i64x4(0xFF,
                                        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
  };
  __m512i factor[3];
  for (int channel = 0; channel < 3; ++channel) {
    factor[channel] =
        _mm512_mulhi_epu16(_mm512_permutexvar_epi16(high, entries(table.high[channel])),
                           _mm512_permutexvar_epi16(low, entries(table.low[channel])));
  }
  __m256i blended[3];
  for (int part = 0; part < 3; ++part) {
    const __m512i two = _mm512_permutex2var_epi16(
        factor[0], _mm512_loadu_si512(kInterleaving.two[part]), factor[1]);
    const __m512i all =
        _mm512_mask_permutexvar_epi16(two, kInterleaving.is_third[part],
                                      _mm512_loadu_si512(kInterleaving.third[part]), factor[2]);
    const __m512i pixels = _mm512_cvtepu8_epi16(
        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(page + 32 * part)));
    const __m512i rounding = _mm512_srli_epi16(_mm512_mullo_epi16(pixels, all), 15);
    blended[part] = _mm512_maskz_cvtepi16_epi8(
        kAll, _mm512_add_epi16(_mm512_mulhi_epu16(pixels, all), rounding));
  }
  for (int part = 0; part < 3; ++part) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + 32 * part), blended[part]);
  }
}
#else
constexpr size_t kBlendBlock = 8;

#if defined(__SSE2__)
// Two pixels in the low six bytes of `six`; the upper two bytes are ignored and come out zero.
inline uint64_t blend_two(uint64_t six, const uint16_t* first, const uint16_t* second) {
  const uint64_t padded = (six & 0xFFFFFFu) | (six << 8 & 0xFFFFFF00000000u);
  const __m128i pixels =
      _mm_unpacklo_epi8(_mm_cvtsi64_si128(static_cast<long long>(padded)), _mm_setzero_si128());
  const __m128i factors =
      _mm_unpacklo_epi64(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(first)),
                         _mm_loadl_epi64(reinterpret_cast<const __m128i*>(second)));
  const __m128i rounding = _mm_srli_epi16(_mm_mullo_epi16(pixels, factors), 15);
  const __m128i scaled = _mm_add_epi16(_mm_mulhi_epu16(pixels, factors), rounding);
  const auto packed = static_cast<uint64_t>(_mm_cvtsi128_si64(_mm_packus_epi16(scaled, scaled)));
  return (packed & 0xFFFFFFu) | (packed >> 8 & 0xFFFFFF000000u);
}
#endif

// Eight pixels, 24 bytes: all are read before any is written, in whole words, so that no load waits
// for an overlapping store (measured: 480 against 90 us for 512x512).
inline void blend_block(const uint8_t* page, const uint8_t* density, const BlendTable& table,
                        uint8_t* out) {
#if defined(__SSE2__)
  uint64_t word[3];
  std::memcpy(word, page, sizeof word);
  const auto two = [&](uint64_t six, int k) {
    return blend_two(six, table.factor[density[k]], table.factor[density[k + 1]]);
  };
  const uint64_t a = two(word[0], 0);
  const uint64_t b = two(word[0] >> 48 | word[1] << 16, 2);
  const uint64_t c = two(word[1] >> 32 | word[2] << 32, 4);
  const uint64_t d = two(word[2] >> 16, 6);
  word[0] = a | b << 48;
  word[1] = b >> 16 | c << 32;
  word[2] = c >> 32 | d << 16;
  std::memcpy(out, word, sizeof word);
#else
  for (int k = 0; k < 8; ++k) {
    for (int channel = 0; channel < 3; ++channel) {
      const uint32_t factor = table.factor[density[k]][channel];
      out[3 * k + channel] = static_cast<uint8_t>((page[3 * k + channel] * factor + 32768U) >> 16);
    }
  }
#endif
}
#endif

inline bool any_of(const uint8_t* density) {
  uint64_t any = 0;
  for (size_t i = 0; i < kBlendBlock; i += 8) {
    uint64_t word = 0;
    std::memcpy(&word, density + i, 8);
    any |= word;
  }
  return any != 0;
}

void blend_row(const uint8_t* page, const uint8_t* density, const BlendTable& table, uint8_t* out,
               size_t width) {
  if (out != page) {
    std::memcpy(out, page, 3 * width);
  }
  size_t i = 0;
  for (; i + kBlendBlock <= width; i += kBlendBlock) {
    if (any_of(density + i)) {
      blend_block(page + 3 * i, density + i, table, out + 3 * i);
    }
  }
  const size_t rest = width - i;
  if (rest != 0) {
    uint8_t some[3 * kBlendBlock] = {};
    uint8_t depth[kBlendBlock] = {};
    std::memcpy(some, page + 3 * i, 3 * rest);
    std::memcpy(depth, density + i, rest);
    blend_block(some, depth, table, some);
    std::memcpy(out + 3 * i, some, 3 * rest);
  }
}

void mask_row(const uint8_t* __restrict density, uint8_t* __restrict out, size_t width,
              uint32_t least) {
  const auto limit = static_cast<uint8_t>(least);
  for (size_t i = 0; i < width; ++i) {
    out[i] = density[i] >= limit ? 1 : 0;
  }
}

void light_row(const uint8_t* __restrict pixels, const int16_t* __restrict light,
               uint16_t* __restrict red, uint16_t* __restrict green, uint16_t* __restrict blue,
               size_t width, const int32_t* gains) {
  const int32_t gain0 = gains[0];
  const int32_t gain1 = gains[1];
  const int32_t gain2 = gains[2];
  for (size_t i = 0; i < width; ++i) {
    const int32_t level = light[i];  // Q12
    red[i] = static_cast<uint16_t>(smaller((pixels[3 * i] * ((level * gain0) >> 12)) >> 5, 65535));
    green[i] =
        static_cast<uint16_t>(smaller((pixels[3 * i + 1] * ((level * gain1) >> 12)) >> 5, 65535));
    blue[i] =
        static_cast<uint16_t>(smaller((pixels[3 * i + 2] * ((level * gain2) >> 12)) >> 5, 65535));
  }
}

void sharpen_row(const uint16_t* sharp, const uint16_t* soft, uint16_t* __restrict out,
                 size_t width, int32_t amount) {
  const size_t count = whole(width);
  for (size_t i = 0; i < count; ++i) {
    const int32_t base = sharp[i];
    const int32_t detail = base - soft[i];
    out[i] = static_cast<uint16_t>(clamp_to(base + ((detail * amount) >> 8), 0, 65535));
  }
}

void noise_row(const uint8_t* row, const uint8_t* next, int16_t* __restrict out, size_t width) {
  const size_t count = whole(width);
  for (size_t i = 0; i < count; ++i) {
    out[i] = static_cast<int16_t>(row[i] + row[i + 1] + next[i] + next[i + 1] - 510);
  }
}

void mix_noise_row(const int16_t* __restrict fine, const uint8_t* __restrict texture,
                   int16_t* __restrict out, size_t width, int32_t fine_weight,
                   int32_t texture_weight) {
  const size_t count = whole(width);
  for (size_t i = 0; i < count; ++i) {
    const int32_t sum = fine[i] * fine_weight + (texture[i] - 128) * texture_weight;
    out[i] = static_cast<int16_t>(sum >> 9);
  }
}

void tone_row(const uint16_t* __restrict light, const int16_t* __restrict luma,
              const int16_t* __restrict chroma, uint8_t* __restrict out, size_t width,
              const ToneRowSettings& settings) {
  const ToneRowSettings s = settings;
  const size_t count = whole(width);
  for (size_t i = 0; i < count; ++i) {
    int32_t value = ((light[i] * s.scale) >> 15) + s.offset;  // Q7
    value = clamp_to(value, 0, 32640);
    const int32_t middle = (value * ((32640 - value) >> 4)) >> 11;  // Q7 x(1-x), peak 8160
    value += (middle * s.bend) >> 8;
    value += (((middle * s.contrast) >> 8) * ((2 * value - 32640) >> 4)) >> 11;
    value += luma[i] + ((chroma[i] * s.chroma_noise) >> 9);
    out[i] = static_cast<uint8_t>(clamp_to((value + 64) >> 7, 0, 255));
  }
}

void interleave_row(const uint8_t* __restrict red, const uint8_t* __restrict green,
                    const uint8_t* __restrict blue, uint8_t* __restrict out, size_t width) {
  for (size_t i = 0; i < width; ++i) {
    out[3 * i] = red[i];
    out[3 * i + 1] = green[i];
    out[3 * i + 2] = blue[i];
  }
}

#if defined(__AVX512BW__)
constexpr size_t kSums = 16;
#elif defined(__AVX2__)
constexpr size_t kSums = 8;
#else
constexpr size_t kSums = 4;
#endif
using Sums = int32_t __attribute__((vector_size(4 * kSums)));

// Intrinsics where GCC 12 takes a vector of bytes apart one by one: three times as slow.
inline Sums widened(const uint8_t* bytes) {
#if defined(__AVX512BW__)
  return reinterpret_cast<Sums>(
      _mm512_maskz_cvtepu8_epi32(0xFFFF, _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes))));
#elif defined(__AVX2__)
  return reinterpret_cast<Sums>(
      _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(bytes))));
#elif defined(__SSE2__)
  int32_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  const __m128i zero = _mm_setzero_si128();
  return reinterpret_cast<Sums>(
      _mm_unpacklo_epi16(_mm_unpacklo_epi8(_mm_cvtsi32_si128(word), zero), zero));
#else
  Sums wide;
  for (size_t i = 0; i < kSums; ++i) {
    wide[i] = bytes[i];
  }
  return wide;
#endif
}

void filter_row(const uint8_t* rows, size_t step, const int32_t* weights, size_t taps, uint8_t* out,
                size_t blocks) {
  constexpr size_t kParts = kFilterBlock / kSums;
  for (size_t block = 0; block < blocks; ++block) {
    const uint8_t* from = rows + block * kFilterBlock;
    Sums sums[kParts] = {};
    for (size_t k = 0; k < taps; ++k, from += step) {
      for (size_t part = 0; part < kParts; ++part) {
        sums[part] += widened(from + part * kSums) * weights[k];
      }
    }
    int32_t levels[kFilterBlock];
    std::memcpy(levels, sums, sizeof levels);
    for (size_t i = 0; i < kFilterBlock; ++i) {
      const int32_t level = (levels[i] + (1 << (kFilterBits - 1))) >> kFilterBits;
      out[block * kFilterBlock + i] = static_cast<uint8_t>(clamp_to(level, 0, 255));
    }
  }
}

#if defined(__AVX512BW__)
constexpr size_t kLongs = 8;
#elif defined(__AVX2__)
constexpr size_t kLongs = 4;
#else
constexpr size_t kLongs = 2;
#endif
using Longs = uint64_t __attribute__((vector_size(8 * kLongs)));
using Reals = double __attribute__((vector_size(8 * kLongs)));
constexpr uint64_t kLowHalf = 0xFFFFFFFFU;

// Products of the lower halves. Intrinsics: GCC 12 does not see that the upper halves do not count.
inline Longs times(Longs a, Longs b) {
#if defined(__AVX512BW__)
  return reinterpret_cast<Longs>(
      _mm512_maskz_mul_epu32(0xFF, reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b)));
#elif defined(__AVX2__)
  return reinterpret_cast<Longs>(
      _mm256_mul_epu32(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b)));
#elif defined(__SSE2__)
  return reinterpret_cast<Longs>(
      _mm_mul_epu32(reinterpret_cast<__m128i>(a), reinterpret_cast<__m128i>(b)));
#else
  return (a & kLowHalf) * (b & kLowHalf);
#endif
}

// unit_interval (philox.h) of the lower halves, scaled to +-half_width. Only AVX-512 converts 64
// bits: here both halves become mantissas, and differences that are exact leave the whole.
inline Reals uniform(Longs low, Longs high, double half_width) {
  const Longs bits = ((high << 32) | (low & kLowHalf)) >> 11;
  const Longs exponents = Longs{} + 0x4330000000000000U;        // 2^52
  const Longs upper_exponents = Longs{} + 0x4530000000000000U;  // 2^84
  const auto lower = reinterpret_cast<Reals>((bits & kLowHalf) | exponents);
  const auto upper = reinterpret_cast<Reals>((bits >> 32) | upper_exponents);
  const Reals unit = ((upper - (0x1p84 + 0x1p52)) + lower) * 0x1p-53;
  return (2.0 * unit - 1.0) * half_width;
}

void uniform_row(const PhiloxBlocks& blocks, size_t count, double half_width,
                 float* __restrict out) {
  constexpr uint64_t kWeyl0 = 0x9E3779B9U;
  constexpr uint64_t kWeyl1 = 0xBB67AE85U;
  const Longs multiplier0 = Longs{} + 0xD2511F53U;
  const Longs multiplier1 = Longs{} + 0xCD9E8D57U;
  Longs lane{};
  for (size_t i = 0; i < kLongs; ++i) {
    lane[i] = i;
  }
  for (size_t block = 0; block < count; block += kLongs) {
    // A 32-bit word in each lower half; what the upper ones hold does not count.
    const Longs number = lane + (blocks.first + block);
    Longs a = number;
    Longs b = number >> 32;
    Longs c = Longs{} + blocks.stream[0];
    Longs d = Longs{} + blocks.stream[1];
    uint64_t key0 = blocks.key[0];
    uint64_t key1 = blocks.key[1];
    for (int round = 0; round < 10; ++round, key0 += kWeyl0, key1 += kWeyl1) {
      const Longs product0 = times(multiplier0, a);
      const Longs product1 = times(multiplier1, c);
      a = (product1 >> 32) ^ b ^ key0;
      b = product1;
      c = (product0 >> 32) ^ d ^ key1;
      d = product0;
    }
    double made[2][kLongs];
    const Reals first = uniform(a, b, half_width);
    const Reals second = uniform(c, d, half_width);
    std::memcpy(made[0], &first, sizeof first);
    std::memcpy(made[1], &second, sizeof second);
    for (size_t i = 0; i < kLongs; ++i) {
      out[2 * (block + i)] = static_cast<float>(made[0][i]);
      out[2 * (block + i) + 1] = static_cast<float>(made[1][i]);
    }
  }
}

// Light levels squared: below its root, the ink's effect on a pixel is too faint to tell its hue.
constexpr int32_t kFaintInk = 256;
constexpr size_t kPasteBlock = 16;

// a * b / c rounded to the nearest, halves away from 0; c > 0. Whole numbers below 2^34 (the
// product) and 2^26: a quotient that is no half lies at least 2^-27 from one, so that doubles,
// which divide several times as fast, round as integers would.
inline int32_t rounded(int32_t a, int32_t b, int32_t c) {
  const double quotient = static_cast<double>(a) * static_cast<double>(b) / static_cast<double>(c);
  return static_cast<int32_t>(quotient + __builtin_copysign(0.5, quotient));
}

void paste_block(const uint8_t* forged, const uint8_t* synthetic, const uint8_t* clean,
                 const uint8_t* weight, uint8_t* out) {
  int32_t page[3][kPasteBlock];
  int32_t ink[3][kPasteBlock];
  int32_t along[kPasteBlock];
  int32_t power[kPasteBlock];
  int32_t share[kPasteBlock];
  for (size_t i = 0; i < kPasteBlock; ++i) {
    along[i] = 0;
    power[i] = kFaintInk;
    share[i] = weight[i];
    for (size_t c = 0; c < 3; ++c) {
      page[c][i] = synthetic[3 * i + c];
      ink[c][i] = page[c][i] - clean[3 * i + c];
      along[i] += (forged[3 * i + c] - page[c][i]) * ink[c][i];
      power[i] += ink[c][i] * ink[c][i];
    }
  }
  int32_t made[3][kPasteBlock];
  for (size_t c = 0; c < 3; ++c) {
    for (size_t i = 0; i < kPasteBlock; ++i) {
      const int32_t asked = clamp_to(along[i], -power[i], power[i]) * ink[c][i];
      // The change times `power`: one division, so one rounding.
      const int32_t darkest = -power[i] * page[c][i];
      const int32_t lightest = power[i] * larger(-ink[c][i], 0);
      const int32_t change = clamp_to(asked, darkest, lightest);
      made[c][i] = page[c][i] + rounded(change, share[i], 255 * power[i]);
    }
  }
  for (size_t i = 0; i < kPasteBlock; ++i) {
    for (size_t c = 0; c < 3; ++c) {
      out[3 * i + c] = static_cast<uint8_t>(made[c][i]);
    }
  }
}

void paste_row(const PasteRow& row) {
  std::memcpy(row.out, row.synthetic, 3 * row.width);
  size_t i = 0;
  for (; i + kPasteBlock <= row.width; i += kPasteBlock) {
    uint64_t any[2];
    std::memcpy(any, row.weight + i, sizeof any);
    if ((any[0] | any[1]) != 0) {
      paste_block(row.forged + 3 * i, row.synthetic + 3 * i, row.clean + 3 * i, row.weight + i,
                  row.out + 3 * i);
    }
  }
  const size_t rest = row.width - i;
  if (rest != 0) {
    uint8_t pixels[3][3 * kPasteBlock] = {};
    uint8_t weight[kPasteBlock] = {};
    uint8_t made[3 * kPasteBlock];
    std::memcpy(pixels[0], row.forged + 3 * i, 3 * rest);
    std::memcpy(pixels[1], row.synthetic + 3 * i, 3 * rest);
    std::memcpy(pixels[2], row.clean + 3 * i, 3 * rest);
    std::memcpy(weight, row.weight + i, rest);
    paste_block(pixels[0], pixels[1], pixels[2], weight, made);
    std::memcpy(row.out + 3 * i, made, 3 * rest);
  }
}

void luma_row(const uint8_t* __restrict pixels, uint8_t* __restrict out, size_t width) {
  for (size_t i = 0; i < width; ++i) {
    const auto sum = static_cast<uint16_t>(77 * pixels[3 * i] + 150 * pixels[3 * i + 1] +
                                           29 * pixels[3 * i + 2]);
    out[i] = static_cast<uint8_t>(sum >> 8);
  }
}

void difference_row(const uint8_t* a, const uint8_t* b, uint8_t* __restrict out, size_t width) {
  for (size_t i = 0; i < width; ++i) {
    uint8_t most = 0;
    for (size_t c = 0; c < 3; ++c) {
      const uint8_t one = a[3 * i + c];
      const uint8_t other = b[3 * i + c];
      const auto apart = static_cast<uint8_t>(one > other ? one - other : other - one);
      most = apart > most ? apart : most;
    }
    out[i] = most;
  }
}

}  // namespace

const PressKernels& PRESS_TABLE() {
  static const PressKernels kernels{
      white_row,   blend3_row,  blend3_row16,  lerp_row,      double_row,     max_row,
      expand_row,  contact_row, ink_row,       blend_row,     mask_row,       light_row,
      sharpen_row, noise_row,   mix_noise_row, tone_row,      interleave_row, filter_row,
      uniform_row, paste_row,   luma_row,      difference_row};
  return kernels;
}

}  // namespace seal2real
