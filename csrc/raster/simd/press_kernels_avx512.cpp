#define PRESS_TABLE press_kernels_avx512
#include "raster/simd/press_kernels.inl"
