#include "raster/paste.h"

#include "raster/simd/press_kernels.h"

namespace seal2real {

void paste(const PasteImages& images, uint8_t* out) {
  if (images.pixels == 0) {  // an empty image may have no memory
    return;
  }
  press_kernels().paste_row(
      {images.forged, images.synthetic, images.clean, images.weight, out, images.pixels});
}

}  // namespace seal2real
