#include <pybind11/pybind11.h>

namespace seal2real {

void bind_codec(pybind11::module_& /*m*/) {}

}  // namespace seal2real
