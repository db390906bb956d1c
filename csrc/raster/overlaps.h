// Pixels where several parts meet: their coverage is that of the union, not a sum or a maximum.
#pragma once

#include "raster/draw.h"

namespace seal2real {

// Replaces the coverage of pixels flagged kConflict by 64 x 64 samples of all parts in drawing
// order (union, and removal by cuts), and clears the flags.
void settle_overlaps(const Layout& layout, const Warp& warp, const Canvas& canvas,
                     const Kernels& kernels);

}  // namespace seal2real
