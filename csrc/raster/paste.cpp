#include "raster/paste.h"

#include <algorithm>
#include <cmath>

namespace seal2real {
namespace {

constexpr int kFull = 255;

// a / b rounded to the nearest, halves away from 0; b > 0. Whole numbers below 2^34 and 2^26: a
// quotient that is no half lies at least 2^-27 from one, so that doubles, which divide several
// times as fast, round as integers would.
int rounded(double a, double b) {
  const double quotient = a / b;
  return static_cast<int>(quotient + std::copysign(0.5, quotient));
}

void paste_pixel(const uint8_t* forged, const uint8_t* synthetic, const uint8_t* clean, int weight,
                 uint8_t* out) {
  int ink[3];
  int along = 0;
  int power = kFaintInk;
  for (int c = 0; c < 3; ++c) {
    ink[c] = synthetic[c] - clean[c];
    along += (forged[c] - synthetic[c]) * ink[c];
    power += ink[c] * ink[c];
  }
  along = std::clamp(along, -power, power);
  for (int c = 0; c < 3; ++c) {
    // The change times `power`: one division, so one rounding.
    const int darkest = -power * synthetic[c];
    const int lightest = power * (std::max(synthetic[c], clean[c]) - synthetic[c]);
    const double change = std::clamp(along * ink[c], darkest, lightest);
    out[c] = static_cast<uint8_t>(synthetic[c] + rounded(change * weight, power * kFull));
  }
}

}  // namespace

void paste(const PasteImages& images, uint8_t* out) {
  for (size_t i = 0; i < images.pixels; ++i) {
    const size_t at = 3 * i;
    if (images.weight[i] == 0) {
      std::copy_n(images.synthetic + at, 3, out + at);
      continue;
    }
    paste_pixel(images.forged + at, images.synthetic + at, images.clean + at, images.weight[i],
                out + at);
  }
}

}  // namespace seal2real
