// A realised seal back into its page.
#pragma once

#include <cstddef>
#include <cstdint>

namespace seal2real {

// Four images: interleaved RGB but for `weight`, all of `pixels` pixels.
struct PasteImages {
  const uint8_t* forged;
  const uint8_t* synthetic;
  const uint8_t* clean;
  // share of the forged image, in 1/255
  const uint8_t* weight;
  size_t pixels;
};

// Scale the ink's effect on every pixel (synthetic - clean) as the forged image asks, between none
// and twice, and mix the result with the synthetic one by weight. Integers: equal on every machine.
// `out` is none of the images.
void paste(const PasteImages& images, uint8_t* out);

}  // namespace seal2real
