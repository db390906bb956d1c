#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <stdexcept>

#include "sealdb/luma_grid.h"

namespace py = pybind11;

namespace seal2real {
namespace {

py::array_t<int32_t> py_luma_grid(const py::array_t<uint8_t, py::array::c_style>& image,
                                  int64_t rows, int64_t cols) {
  if (image.ndim() != 3 || image.shape(2) != 3) {
    throw std::invalid_argument("luma_grid: image must have shape [H, W, 3]; pass an RGB array");
  }
  if (rows < 1 || cols < 1 || image.shape(0) < rows || image.shape(1) < cols) {
    throw std::invalid_argument(
        "luma_grid: rows and cols must be in 1..H and 1..W; ask for a coarser grid");
  }
  const LumaGrid grid{image.data(), image.shape(0), image.shape(1), rows, cols};
  py::array_t<int32_t> out({rows, cols});
  int32_t* data = out.mutable_data();
  py::gil_scoped_release release;
  luma_grid(grid, data);
  return out;
}

}  // namespace

void bind_sealdb(py::module_& m) {
  m.def("luma_grid", &py_luma_grid, py::arg("image"), py::arg("rows"), py::arg("cols"),
        "Return int32 [rows, cols]: the mean luma of every cell, in 1/16 grey levels.");
}

}  // namespace seal2real
