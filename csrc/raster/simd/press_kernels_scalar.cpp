#define PRESS_TABLE press_kernels_scalar
#include "raster/simd/press_kernels.inl"
