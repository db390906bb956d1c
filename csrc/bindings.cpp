// pybind11 module seal2real._C: conversions live in bind_<area>.cpp, one file an area.
#include <pybind11/pybind11.h>

namespace seal2real {
void bind_raster(pybind11::module_& m);
void bind_fields(pybind11::module_& m);
void bind_press(pybind11::module_& m);
void bind_planes(pybind11::module_& m);
void bind_codec(pybind11::module_& m);
void bind_labels(pybind11::module_& m);
void bind_sealdb(pybind11::module_& m);
void bind_isa(pybind11::module_& m);
}  // namespace seal2real

PYBIND11_MODULE(_C, m) {
  m.doc() = "Seal2Real native core: rasterizer, press and codecs.";
  seal2real::bind_raster(m);
  seal2real::bind_fields(m);
  seal2real::bind_press(m);
  seal2real::bind_planes(m);
  seal2real::bind_codec(m);
  seal2real::bind_labels(m);
  seal2real::bind_sealdb(m);
  seal2real::bind_isa(m);
}
