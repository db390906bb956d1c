#include "raster/kernels.h"

namespace seal2real {
namespace {

constexpr int kLanes = 4;

#include "raster/simd/kernels.inl"

}  // namespace

const Kernels& baseline_kernels() {
  static constexpr Kernels kKernels = {transform, transform_packed, accumulate, resolve, compose,
                                       put_tile,  ellipse_sides,    cover_rows, colour};
  return kKernels;
}

}  // namespace seal2real
