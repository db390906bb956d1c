// Bodies of the press kernels; included once per instruction set with
// PRESS_TABLE set to the name of the table function. Plain loops that the
// compiler vectorises.
#include <cstring>

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

// Q8; beyond contact 1 more ink still comes off, up to this.
constexpr int32_t kFullContact = 448;

// Pixels that are skipped together where nothing was bled: without an edge there is no density
// whatever the noise. 32 would lose the widest vectors: slower than skipping nothing.
constexpr size_t kInkBlock = 64;

inline bool empty_block(const uint8_t* block) {
  uint64_t word[kInkBlock / 8];
  std::memcpy(word, block, sizeof word);
  return (word[0] | word[1] | word[2] | word[3] | word[4] | word[5] | word[6] | word[7]) == 0;
}

template <bool HasPaper, bool HasBlotch, bool HasRim>
void ink_pixels(const InkRow& row, const InkRowSettings& settings) {
  // A copy: the stores below could otherwise change it, as far as the compiler knows.
  const InkRowSettings s = settings;
  const size_t width = whole(row.width);
  const uint8_t* __restrict edge_in = row.edge;
  const uint8_t* __restrict wide_in = row.wide;
  const uint8_t* __restrict speckle_in = row.speckle;
  const uint8_t* __restrict blotch_in = row.blotch;
  const int16_t* __restrict contact_in = row.contact;
  const uint8_t* __restrict paper = row.paper;
  const uint8_t* __restrict paper_low = row.paper_low;
  uint8_t* __restrict out = row.density;
  for (size_t block = 0; block < width; block += kInkBlock) {
    if (empty_block(edge_in + block)) {
      std::memset(out + block, 0, kInkBlock);
      continue;
    }
    for (size_t i = block; i < block + kInkBlock; ++i) {
      const int32_t edge = edge_in[i];
      const int32_t speckle = speckle_in[i] - 128;
      const int32_t blotch = HasBlotch ? blotch_in[i] - 128 : 0;
      // Blotches move the edge only where there is one: nothing appears on bare
      // paper.
      const int32_t slope = (edge * (255 - edge)) >> 6;
      const int32_t sharp = ((edge - s.edge_offset) * s.edge_gain >> 8) + 128;
      const int32_t nick = (slope * ((blotch * s.nick) >> 7)) >> 8;
      const int32_t cover = clamp_to(sharp + nick, 0, 255);
      const int32_t rim = HasRim ? (larger(cover - wide_in[i], 0) * s.rim) >> 8 : 0;
      int32_t contact =
          contact_in[i] + ((speckle * s.speckle) >> 7) + ((blotch * s.mottle) >> 7) + rim;
      if (HasPaper) {
        const int32_t relief = clamp_to(paper[i] - paper_low[i], -24, 24);
        contact += (relief * s.grain) >> 5;
      }
      contact = clamp_to(contact, 0, kFullContact);
      const int32_t density = (((cover * contact) >> 8) * s.density_scale + 128) >> 8;
      out[i] = static_cast<uint8_t>(smaller(density, 255));
    }
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

}  // namespace

const PressKernels& PRESS_TABLE() {
  static const PressKernels kernels{
      white_row, blend3_row, blend3_row16, lerp_row,  double_row,    max_row,  expand_row,
      ink_row,   light_row,  sharpen_row,  noise_row, mix_noise_row, tone_row, interleave_row};
  return kernels;
}

}  // namespace seal2real
