// Fewer vertices within a tolerance.
#pragma once

#include "raster/geometry.h"

namespace seal2real {

// Douglas-Peucker on a closed polyline; every dropped vertex lies within `tolerance` of its chord.
Polyline simplify_closed(const Polyline& contour, double tolerance);

// Cuts the edges of a closed polyline into equal pieces of at most `longest`.
Polyline subdivide_closed(const Polyline& contour, double longest);

}  // namespace seal2real
