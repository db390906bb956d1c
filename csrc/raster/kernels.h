// The hot loops, compiled once for each instruction set and chosen at run time.
//
// Every operation is an integer one or a single IEEE float operation on one element, in the same
// order everywhere, so all builds give the same bits. Coverage is summed in integers.
#pragma once

#include <cstddef>
#include <cstdint>

#include "raster/isa.h"

namespace seal2real {

// Coordinates in 1/256 px relative to the grid's origin.
using Fixed24_8 = int32_t;
constexpr int kOne = 256;

// A cell packs what the edges in one pixel add: signed height (1/256 px) in the upper 12 bits, and
// height x (sum of both x fractions) in the lower 20. Outlines wind to 0 or 1, so heights end
// within +-256 and areas within +-2^17; sums on the way may wrap.
using Cell = int32_t;
constexpr int kAreaBits = 20;
constexpr int kBlock = 16;  // cells resolved at a time

struct Edges {
  const Fixed24_8* x;   // [count + padding]
  const Fixed24_8* y;   // [count + padding]
  const int32_t* keep;  // -1: vertex i starts an edge to i + 1; 0: it does not
  int count;
};

struct Grid {
  Cell* cells;    // [(row_end - row_begin) * stride], zero before
  int stride;     // a multiple of kBlock, two blocks above the width
  int row_begin;  // rows outside [row_begin, row_end) are not summed
  int row_end;
  uint8_t* touched;  // a flag per block of cells, or null
};

struct VertexTransform {
  float m[9];  // em (or mm) -> px relative to the grid, a homography
  bool perspective;
  bool curl;
  float amplitude;  // px
  float axis_x;
  float axis_y;
  float frequency;  // radians per px
  float phase;      // radians at the grid's origin
  float limit_x;    // 1/256 px, largest coordinates allowed
  float limit_y;
};

// Where a coverage row goes.
struct Target {
  uint8_t* coverage;
  uint8_t* classes;
  int room;  // pixels that may be written from here on
  uint8_t cls;
  bool cut;
};

// The grid of one part and the pixels under it, all of them inside the canvas.
struct Tile {
  Cell* cells;       // [rows, stride]
  uint8_t* touched;  // [rows, stride / kBlock], or null: every block is resolved
  int stride;
  int blocks;  // to resolve in each row
  int rows;
  uint8_t* coverage;  // of the first pixel; `pitch` pixels to the next row
  uint8_t* classes;
  int pitch;
  uint8_t cls;
  bool cut;
};

// Pixels partly covered by two parts are flagged in the class map and settled afterwards.
constexpr uint8_t kConflict = 0x80;

// Working memory of one accumulate call.
struct Segments {
  static constexpr int kCapacity = 1024;
  static constexpr int kRoom = kCapacity + 64;
  static constexpr int kEdges = 256;
  // Of each edge; lengths in 1/256 px.
  alignas(64) int32_t x0[kEdges + 64];    // of the upper end, less the bits of a rounded zero
  alignas(64) int32_t top[kEdges + 64];   // of its first row, below the upper end
  alignas(64) int32_t drop[kEdges + 64];  // from the upper end to the lower
  alignas(64) int32_t up[kEdges + 64];    // -1 when the outline runs upwards, else 0
  alignas(64) float slope[kEdges + 64];
  alignas(64) int32_t start[kEdges + 64];  // cell at the left of its first row
  alignas(64) int32_t rows[kEdges + 64];
  alignas(64) int32_t low[kRoom];
  alignas(64) int32_t high[kRoom];
  alignas(64) int32_t height[kRoom];
  alignas(64) int32_t base[kRoom];
  alignas(64) int32_t value0[kRoom];
  alignas(64) int32_t value1[kRoom];
  int32_t wide[kRoom];
};

struct Kernels {
  void (*transform)(const VertexTransform& map, const float* x, const float* y, int count,
                    Fixed24_8* out_x, Fixed24_8* out_y);
  void (*accumulate)(const Edges& edges, const Grid& grid, Segments& scratch);
  // Turns `blocks` blocks of a row into coverage and zeroes the cells; `*height` is the running
  // sum of heights before and after.
  void (*resolve)(Cell* cells, int blocks, int32_t* height, uint8_t* coverage);
  // Puts `count` pixels of coverage onto the target; true when any is in conflict. Reads coverage
  // in whole blocks.
  bool (*compose)(const uint8_t* coverage, int count, const Target& target);
  // resolve and compose for a whole tile, leaving cells and flags zero: the coverage of a block
  // never leaves the registers.
  bool (*put_tile)(const Tile& tile);
  void (*colour)(const uint8_t* coverage, size_t count, uint32_t rgb, uint32_t* out);
};

const Kernels& baseline_kernels();
const Kernels& avx2_kernels();
const Kernels& avx512_kernels();

const Kernels& kernels_for(Isa isa);

}  // namespace seal2real
