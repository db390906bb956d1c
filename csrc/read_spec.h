// seal2real.seals.SealSpec, read attribute by attribute.
#pragma once

#include <pybind11/pybind11.h>

#include "raster/spec.h"

namespace seal2real {

SealSpec read_spec(const pybind11::handle& spec);

}  // namespace seal2real
