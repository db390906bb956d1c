// Pixels where several parts meet: their coverage is that of the union, not a sum or a maximum.
#pragma once

#include <vector>

#include "raster/draw.h"
#include "raster/trace.h"

namespace seal2real {

// Replaces the coverage of pixels flagged kConflict by 64 x 64 samples of all parts in drawing
// order (union, and removal by cuts), and clears the flags. `boxes` are those of all parts;
// `parts` names the ones that may hold flagged pixels.
void settle_overlaps(const Layout& layout, const Warp& warp, const std::vector<PixelBox>& boxes,
                     const std::vector<size_t>& parts, const Canvas& canvas, const Kernels& kernels,
                     Tracer& tracer);

}  // namespace seal2real
