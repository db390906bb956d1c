#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "raster/isa.h"

namespace py = pybind11;

namespace seal2real {

void bind_isa(py::module_& m) {
  m.def(
      "isa", [] { return std::string(isa_name(current_isa())); },
      "Return the instruction set in use: scalar, avx2 or avx512.");
  m.def("isas", &available_isas, "Return the instruction sets of this machine, slowest first.");
  m.def("set_isa", &set_isa, py::arg("name"), "Choose the instruction set; all give equal bytes.");
}

}  // namespace seal2real
