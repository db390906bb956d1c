// Polygons around rows of glyphs.
#pragma once

#include "raster/layout.h"

namespace seal2real {

// Both have their first half along the glyphs' tops, left to right as the glyphs stand, and their
// second half back along the bottoms, with as many points; chords hold every char's quad.
struct TextPolygons {
  Polyline dense;   // mm, a point every few degrees
  Polyline coarse;  // mm, at most 16 points
};

TextPolygons text_polygons(const TextLayout& text);

}  // namespace seal2real
