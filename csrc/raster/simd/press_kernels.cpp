#include "raster/simd/press_kernels.h"

#include "raster/isa.h"

namespace seal2real {

const PressKernels& press_kernels() {
#if defined(__x86_64__)
  switch (current_isa()) {
    case Isa::kAvx512:
      return press_kernels_avx512();
    case Isa::kAvx2:
      return press_kernels_avx2();
    default:
      break;
  }
#endif
  return press_kernels_scalar();
}

}  // namespace seal2real
