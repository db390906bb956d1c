// Union of overlapping contours under the non-zero winding rule.
#pragma once

#include <vector>

#include "raster/geometry.h"

namespace seal2real {

// Contours with winding number 0 or 1 everywhere that fill what `contours` fill under the
// non-zero rule. Signed areas of the result add up to the true coverage.
std::vector<Polyline> unite(const std::vector<Polyline>& contours);

}  // namespace seal2real
