#include "raster/kernels.h"

namespace seal2real {

const Kernels& kernels_for(Isa isa) {
#if defined(__x86_64__)
  if (isa == Isa::kAvx512) {
    return avx512_kernels();
  }
  if (isa == Isa::kAvx2) {
    return avx2_kernels();
  }
#endif
  (void)isa;
  return baseline_kernels();
}

}  // namespace seal2real
