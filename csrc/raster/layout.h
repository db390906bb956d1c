// A seal laid out in millimetres: every glyph and every other inked part in its place.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
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
  Quad quad;  // mm
};

struct Arc {
  Point centre;
  double radius_mm;  // middle of the glyphs' height
  double start_deg;  // clockwise from the top, in reading order
  double end_deg;
};

// Stations along a text, in glyph orientation (left to right as the glyphs stand).
struct Station {
  Point base;
  Point up;  // towards the glyphs' tops
};

struct TextLayout {
  std::string role;
  std::u32string text;
  std::string font;
  std::string font_role;
  std::string direction;  // cw, ccw, ccw_out, line, column, grid
  uint8_t cls = kBackground;
  std::optional<Arc> arc;
  std::vector<LaidChar> chars;     // reading order, blanks left out
  std::vector<Point> dense;        // mm, first half along the tops, second half back
  std::vector<Point> coarse;       // mm, the same with at most 16 points
};

struct Layout {
  std::vector<Part> parts;  // in drawing order
  std::vector<TextLayout> texts;
  Polyline outline;  // mm, the seal's outer edge
  Box box;           // mm, all parts and the outline
  double width_mm = 0.0;
  double height_mm = 0.0;
};

// Throws std::invalid_argument naming the part when something does not fit or is missing.
Layout lay_out(const GlyphStore& store, const SealSpec& spec);

std::string to_utf8(const std::u32string& text);

}  // namespace seal2real
