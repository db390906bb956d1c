// Planes of noise for networks: independent in every pixel, or smooth.
#pragma once

#include <cstddef>
#include <vector>

#include "raster/philox.h"

namespace seal2real {

// Between which knots the pixels of a row or column lie: the one before, and the share of the way
// to the next.
struct KnotPlaces {
  std::vector<size_t> before;
  std::vector<float> share;
};

// `count` draws of mean 0 and variance 1, uniform in [-sqrt 3, sqrt 3).
void white_noise(Rng& rng, size_t count, float* out);

// A grid of independent draws (rows of `columns` knots) interpolated at every pixel, scaled back to
// the variance of a knot. The grid holds a knot after the last one named.
void smooth_noise(const float* grid, size_t columns, const KnotPlaces& ys, const KnotPlaces& xs,
                  float* out);

}  // namespace seal2real
