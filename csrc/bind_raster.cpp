#include <pybind11/pybind11.h>

namespace seal2real {

void bind_rng(pybind11::module_& m);
void bind_draw(pybind11::module_& m);

void bind_raster(pybind11::module_& m) {
  bind_rng(m);
  bind_draw(m);
}

}  // namespace seal2real
