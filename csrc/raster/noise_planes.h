// Planes of noise for networks: independent in every pixel, or smooth.
#pragma once

#include <cstddef>

#include "raster/philox.h"

namespace seal2real {

struct NoisePlanes {
  size_t channels;
  size_t height;
  size_t width;
  double px_per_mm;
};

// Planes of mean 0 and variance 1 in every pixel, one after the other: the first half (rounded up)
// is white, the others are smooth, with knots 6 mm and 1.5 mm apart in turn.
void noise_planes(const Rng& rng, const NoisePlanes& planes, float* out);

// `count` draws of mean 0 and variance 1, uniform in [-sqrt 3, sqrt 3).
void white_noise(Rng& rng, size_t count, float* out);

}  // namespace seal2real
