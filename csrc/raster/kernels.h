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

// A cell holds what the edges in one pixel add to the coverage of this pixel and of all to its
// right, in 1/16384 px^2. Outlines wind to 0 or 1, so the running sum ends within +-2^14; sums on
// the way may wrap. Half the bytes of a cell with separate height and area, and one sum less a
// pixel: the tiles of a seal are resolved in 57 us where they took 77.
using Cell = int16_t;
constexpr int kFull = 1 << 14;
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
  Cell* cells;  // [rows, stride]
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

// The sides of an ellipse at height y lie at middle0 + middle1 y -+ sqrt(half0 + half1 y +
// half2 y^2); px, relative to the grid.
struct EllipseRows {
  double middle0;
  double middle1;
  double half0;
  double half1;
  double half2;
  double limit;  // 1/256 px, largest coordinate allowed
};

// Working memory of one accumulate call.
struct Segments {
  static constexpr int kEdges = 256;
  static constexpr int kWaiting = 64;  // wide segments that may wait for more
  static constexpr int kRoom = kEdges + kWaiting + 64;
  // Edges with rows left; lengths in 1/256 px.
  struct {
    alignas(64) int32_t place[kRoom];  // of the upper end, from the first cell on as if the first
                                       // row's cells went on to its left and right; less the bits
                                       // of a rounded zero
    alignas(64) int32_t top[kRoom];    // twice that of its first row below the upper end, plus 1
                                       // when it runs upwards
    alignas(64) int32_t drop[kRoom];   // from the upper end to the lower, or to the last row's end
    alignas(64) float slope[kRoom];
  } edges;
  // Row segments that reach beyond two columns, from the left of their first column.
  struct {
    alignas(64) int32_t low[kRoom];
    alignas(64) int32_t high[kRoom];
    alignas(64) float per_x[kRoom];   // height a 1/256 px
    alignas(64) int32_t base[kRoom];  // first cell
    int count;
  } wide;
  // What to add: four cells packed in 64 bits, from cell `base` on.
  alignas(64) int32_t base[kRoom];
  alignas(64) uint64_t value[kRoom];
};

struct Kernels {
  void (*transform)(const VertexTransform& map, const float* x, const float* y, int count,
                    Fixed24_8* out_x, Fixed24_8* out_y);
  // The same for packed vertices (glyphs.h); `map` starts from their 16-bit steps.
  void (*transform_packed)(const VertexTransform& map, const int32_t* vertices, int count,
                           Fixed24_8* out_x, Fixed24_8* out_y, int32_t* keep);
  void (*accumulate)(const Edges& edges, const Grid& grid, Segments& scratch);
  // Turns `blocks` blocks of a row into coverage and zeroes the cells.
  void (*resolve)(Cell* cells, int blocks, uint8_t* coverage);
  // Puts `count` pixels of coverage onto the target; true when any is in conflict. Reads coverage
  // in whole blocks.
  bool (*compose)(const uint8_t* coverage, int count, const Target& target);
  // resolve and compose for a whole tile, leaving its cells zero: the coverage of a block never
  // leaves the registers.
  bool (*put_tile)(const Tile& tile);
  // Both sides at the heights [0, count), 1/256 px; where there is none, they meet in the middle.
  // Writes whole vectors.
  void (*ellipse_sides)(const EllipseRows& ellipse, int count, Fixed24_8* left, Fixed24_8* right);
  // For a line that runs from x[i] to x[i + 1], at most 4 px away, in each of `count` rows: the
  // first pixel that it meets, and what is right of it of the eight pixels from there, a byte each.
  // Writes whole vectors.
  void (*cover_rows)(const Fixed24_8* x, int count, int32_t* column, uint64_t* covered);
  // `count` pixels of a colour; leaves the coverage zero, ready for the next drawing.
  void (*colour)(uint8_t* coverage, size_t count, uint32_t rgb, uint32_t* out);
};

const Kernels& baseline_kernels();
const Kernels& avx2_kernels();
const Kernels& avx512_kernels();

const Kernels& kernels_for(Isa isa);

}  // namespace seal2real
