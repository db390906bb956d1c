#define PRESS_TABLE press_kernels_avx2
#include "raster/simd/press_kernels.inl"
