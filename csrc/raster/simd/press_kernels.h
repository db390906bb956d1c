// Row kernels of ink, capture, resampling, noise, paste and maps, compiled once per instruction
// set. Integers, and single IEEE operations: every implementation gives the same bytes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "raster/philox.h"

namespace seal2real {

// Coefficients of one ink_row call; Q8 means that 256 is one.
struct InkRowSettings {
  int32_t edge_offset;    // coverage that maps to one half
  int32_t edge_gain;      // Q8 slope of the edge after bleeding
  int32_t nick;           // Q7 weight of blotches on the edge
  int32_t speckle;        // Q7 weight of fine grain on contact
  int32_t mottle;         // Q7 weight of blotches on contact
  int32_t rim;            // Q8 weight of the inner edge on contact
  int32_t grain;          // Q5 weight of the paper's own relief on contact
  int32_t density_scale;  // Q8 density at full contact over 255
};

// Borrowed rows of one ink_row call, `width` values each.
struct InkRow {
  const uint8_t* edge;     // bled coverage
  const uint8_t* wide;     // widely blurred coverage
  const uint8_t* speckle;  // fine noise
  const uint8_t* blotch;   // coarse noise
  const int16_t* contact;  // Q8 contact pressure
  const uint8_t* paper;    // paper luma, or null
  const uint8_t* paper_low;
  uint8_t* density;
  size_t width;
};

// What is left of a channel's light at a density, Q16. A factor is the high half of the product of
// its two digits: sixteen entries fit a register where 256 do not. 65535 stands for one: it leaves
// every byte as it is, since 255 * 65534 still rounds to 255 * 65536.
struct BlendTable {
  uint16_t high[3][16];     // density / 16
  uint16_t low[3][16];      // density % 16
  uint16_t factor[256][4];  // their products a density, and a spare
};

// Coefficients of tone_row.
struct ToneRowSettings {
  int32_t scale;         // Q15 factor from Q7 light to 0..255
  int32_t offset;        // Q7 added after scaling
  int32_t bend;          // Q8 brightening of the middle
  int32_t contrast;      // Q8 S-curve
  int32_t chroma_noise;  // Q9 weight, to Q7, of the channel's own noise
};

// Rows may be read and are written up to the next multiple of kRowStep values, except the
// interleaved images of light_row and interleave_row: callers pad their buffers.
constexpr size_t kRowStep = 64;

// Weights of filter_row are of 2^kFilterBits, and it makes this many bytes at a time.
constexpr int kFilterBits = 22;
constexpr size_t kFilterBlock = 48;

// uniform_row makes so many blocks, of two numbers each, at a time.
constexpr size_t kUniformBlock = 16;

// Rows of paste_row, `width` pixels each: interleaved RGB but for `weight`.
struct PasteRow {
  const uint8_t* forged;
  const uint8_t* synthetic;
  const uint8_t* clean;
  const uint8_t* weight;  // of the forged image, in 1/255
  uint8_t* out;
  size_t width;
};

struct PressKernels {
  // Four noise bytes a hash: columns 4 * first .. of the row whose key is
  // given.
  void (*white_row)(uint8_t* out, size_t quads, uint32_t first, uint32_t key_low,
                    uint32_t key_high);
  // (centre * (256 - 2 side) + (below + above) * side) / 256.
  void (*blend3_row)(const uint8_t* above, const uint8_t* centre, const uint8_t* below,
                     uint8_t* out, size_t width, uint32_t side);
  void (*blend3_row16)(const uint16_t* above, const uint16_t* centre, const uint16_t* below,
                       uint16_t* out, size_t width, uint32_t side);
  // (3 near + far) / 4.
  void (*lerp_row)(const uint8_t* near, const uint8_t* far, uint8_t* out, size_t width);
  // Doubles a row: out[2 i], out[2 i + 1] lie between in[i] and in[i + 1].
  void (*double_row)(const uint8_t* in, uint8_t* out, size_t cells);
  // max(a, b * weight / 256).
  void (*max_row)(const uint8_t* a, const uint8_t* b, uint8_t* out, size_t width, uint32_t weight);
  // Linear steps between `cells` + 1 grid values 2^shift apart, shift 1..5.
  void (*expand_row)(const int16_t* grid, int16_t* out, size_t cells, int shift);
  // Rows of the contact grid, `weight` / 256 from near to far, expanded; values within +-1000.
  void (*contact_row)(const int16_t* near, const int16_t* far, int16_t* scratch, int16_t* out,
                      size_t cells, int shift, int32_t weight);
  void (*ink_row)(const InkRow& row, const InkRowSettings& settings);
  // The row of an interleaved page seen through ink. Neither reads nor writes beyond `width`
  // pixels, except of `density`; `out` may be `page`.
  void (*blend_row)(const uint8_t* page, const uint8_t* density, const BlendTable& table,
                    uint8_t* out, size_t width);
  // 1 where density >= least, 0 elsewhere; writes `width` values.
  void (*mask_row)(const uint8_t* density, uint8_t* out, size_t width, uint32_t least);
  // Planar Q7 light of an interleaved row: pixel * light * gain.
  void (*light_row)(const uint8_t* pixels, const int16_t* light, uint16_t* red, uint16_t* green,
                    uint16_t* blue, size_t width, const int32_t* gains);
  void (*sharpen_row)(const uint16_t* sharp, const uint16_t* soft, uint16_t* out, size_t width,
                      int32_t amount);
  // Sum of four neighbouring noise bytes less their mean: sigma 147.8.
  void (*noise_row)(const uint8_t* row, const uint8_t* next, int16_t* out, size_t width);
  // (fine * fine_weight + (texture - 128) * texture_weight) / 512: Q7 levels.
  void (*mix_noise_row)(const int16_t* fine, const uint8_t* texture, int16_t* out, size_t width,
                        int32_t fine_weight, int32_t texture_weight);
  void (*tone_row)(const uint16_t* light, const int16_t* luma, const int16_t* chroma, uint8_t* out,
                   size_t width, const ToneRowSettings& settings);
  void (*interleave_row)(const uint8_t* red, const uint8_t* green, const uint8_t* blue,
                         uint8_t* out, size_t width);
  // The weighted sum of `taps` rows `step` bytes apart, rounded to bytes; reads and writes whole
  // blocks of kFilterBlock.
  void (*filter_row)(const uint8_t* rows, size_t step, const int32_t* weights, size_t taps,
                     uint8_t* out, size_t blocks);
  // Numbers uniform in +-`half_width`, two from each of `count` blocks, a multiple of
  // kUniformBlock.
  void (*uniform_row)(const PhiloxBlocks& blocks, size_t count, double half_width, float* out);
  // See paste.h; neither reads nor writes beyond `width` pixels.
  void (*paste_row)(const PasteRow& row);
  // The next two neither read nor write beyond `width` pixels.
  // Rec. 601 luma, (77 red + 150 green + 29 blue) / 256, of an interleaved row.
  void (*luma_row)(const uint8_t* pixels, uint8_t* out, size_t width);
  // Largest absolute difference of the channels of two interleaved rows.
  void (*difference_row)(const uint8_t* a, const uint8_t* b, uint8_t* out, size_t width);
};

const PressKernels& press_kernels_scalar();
const PressKernels& press_kernels_avx2();
const PressKernels& press_kernels_avx512();

// The kernels of the instruction set chosen at run time.
const PressKernels& press_kernels();

}  // namespace seal2real
