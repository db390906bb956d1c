// Polygons around rows of glyphs.
#pragma once

#include <vector>

#include "raster/layout.h"

namespace seal2real {

// Polygon along `stations`: top edge forth, bottom edge back, moved outward until the chords hold
// every corner of `quads`. `top` and `bottom` are distances along the stations' up vectors.
std::vector<Point> edge_polygon(const std::vector<Station>& stations, double top, double bottom,
                                const std::vector<LaidChar>& chars);

}  // namespace seal2real
