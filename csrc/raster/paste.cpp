#include "raster/paste.h"

#include <algorithm>

namespace seal2real {
namespace {

constexpr int kFull = 255;

// a / b rounded to the nearest, b > 0.
int rounded(int a, int b) { return a >= 0 ? (a + b / 2) / b : -((b / 2 - a) / b); }

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
    const int limit = std::max(synthetic[c], clean[c]);
    const int made = std::clamp(synthetic[c] + rounded(along * ink[c], power), 0, limit);
    out[c] =
        static_cast<uint8_t>((made * weight + synthetic[c] * (kFull - weight) + kFull / 2) / kFull);
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
