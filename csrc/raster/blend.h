// Factors of light that ink leaves.
#pragma once

#include "raster/simd/press_kernels.h"

namespace seal2real {

// The table of an ink of `transmittance` at absorbance 1, one a channel.
BlendTable blend_table(const double* transmittance);

}  // namespace seal2real
