// A seal laid out in millimetres: every glyph and every other inked part in its place.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "raster/curve.h"
#include "raster/geometry.h"
#include "raster/glyphs.h"
#include "raster/spec.h"

namespace seal2real {

enum Class : uint8_t {
  kBackground = 0,
  kRing = 1,
  kRingText = 2,
  kEmblem = 3,
  kCentreText = 4,
  kCode = 5,
  kLine = 6,
};

// A closed outline: a polyline, or an ellipse that is flattened when its size in pixels is known.
struct Contour {
  Polyline points;
  Point centre;
  double rx = 0.0;  // > 0: an ellipse
  double ry = 0.0;
  bool reversed = false;
};

// One inked (or, when `cut`, un-inked) shape. Its contours wind to 0 or 1 everywhere.
struct Part {
  const Glyph* glyph = nullptr;   // null: `contours`
  Affine place;                   // em -> mm, glyphs only
  std::vector<Contour> contours;  // mm
  uint8_t cls = kBackground;
  bool cut = false;
  Box box;  // mm
};

using Quad = std::array<Point, 4>;  // the glyph's own top left, then clockwise in its orientation

struct LaidChar {
  char32_t codepoint;
  Quad quad;        // mm
  double t0 = 0.0;  // its stretch of the row, see Station
  double t1 = 1.0;
};

struct Arc {
  Point centre;
  double radius_mm;  // middle of the glyphs' height
  double start_deg;  // clockwise from the top, in reading order
  double end_deg;
};

// A place along a text; `t` runs from 0 to 1 from left to right as the glyphs stand.
struct Station {
  Point base;
  Point up;  // towards the glyphs' tops
  double t = 0.0;
};

// Where a row of glyphs runs: along a curve, or straight from `first` to `last`.
struct TextRun {
  std::optional<Curve> curve;
  double begin_mm = 0.0;  // arc length where the leftmost glyph starts
  double run_mm = 0.0;    // arc length to the end of the rightmost; negative runs counter-clockwise
  bool tops_out = true;
  Station first;  // square to the end glyphs
  Station last;
  double top_mm = 0.0;  // from the stations along up
  double bottom_mm = 0.0;
};

struct TextLayout {
  std::string role;
  std::u32string text;
  std::string font;
  std::string font_role;
  std::string direction;  // cw, ccw, ccw_out, line, column, grid
  uint8_t cls = kBackground;
  std::optional<Arc> arc;
  std::vector<LaidChar> chars;  // reading order, blanks left out
  TextRun run;                  // rows only
  Polyline frame;               // columns and grids: their four corners, mm
};

struct Layout {
  std::vector<Part> parts;  // in drawing order
  std::vector<TextLayout> texts;
  std::optional<Curve> edge;  // the seal's outer edge
  Box box;                    // mm, all parts and the outline
  double width_mm = 0.0;
  double height_mm = 0.0;
};

// The seal's outer edge as a polygon, mm.
Polyline outline_of(const Layout& layout);

// A font or a glyph that the store does not hold.
struct MissingInStore : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

// Throws std::invalid_argument naming the part when something does not fit or is missing.
Layout lay_out(const GlyphStore& store, const SealSpec& spec);

std::string to_utf8(const std::u32string& text);

}  // namespace seal2real
