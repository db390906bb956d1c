// Ink onto the page: Beer-Lambert, one factor a density and channel.
#include "raster/blend.h"

#include <algorithm>

#include "raster/detmath.h"
#include "raster/ink.h"

namespace seal2real {
namespace {

// t^(density / 100) for 16 densities `step` apart, Q16.
void fill_digits(double transmittance, int step, uint16_t* digits) {
  const double one = det_exp(det_log(std::max(transmittance, 1e-4)) * step / 100.0);
  double factor = 65536.0;
  for (int i = 0; i < 16; ++i) {
    digits[i] = static_cast<uint16_t>(std::min(factor + 0.5, 65535.0));
    factor *= one;
  }
}

}  // namespace

BlendTable blend_table(const double* transmittance) {
  BlendTable table;
  for (int channel = 0; channel < 3; ++channel) {
    fill_digits(transmittance[channel], 16, table.high[channel]);
    fill_digits(transmittance[channel], 1, table.low[channel]);
    for (int d = 0; d < 256; ++d) {
      const uint32_t product = uint32_t{table.high[channel][d / 16]} * table.low[channel][d % 16];
      table.factor[d][channel] = static_cast<uint16_t>(product >> 16);
    }
  }
  for (auto& factor : table.factor) {
    factor[3] = 0;
  }
  return table;
}

void blend(const uint8_t* page, const uint8_t* density, const double* transmittance, uint8_t* out,
           size_t pixels) {
  press_kernels().blend_row(page, density, blend_table(transmittance), out, pixels);
}

}  // namespace seal2real
