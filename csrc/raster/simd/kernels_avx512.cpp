// Compiled with the flags of its name, see CMakeLists.txt; empty elsewhere.
#include "raster/kernels.h"

#if defined(__x86_64__)

namespace seal2real {
namespace {

constexpr int kLanes = 16;

#include "raster/simd/kernels.inl"

}  // namespace

const Kernels& avx512_kernels() {
  static constexpr Kernels kKernels = {transform, transform_packed, accumulate, resolve, compose,
                                       put_tile,  ellipse_sides,    cover_rows, colour};
  return kKernels;
}

}  // namespace seal2real

#endif  // __x86_64__
