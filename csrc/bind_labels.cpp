#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <stdexcept>

#include "bind_helpers.h"
#include "raster/labels.h"

namespace py = pybind11;

namespace seal2real {
namespace {

using Bytes = ByteArray;
using Boxes = py::array_t<int64_t, py::array::c_style>;

py::array_t<float> py_char_stats(const Bytes& clean, const Bytes& sealed, const Bytes& mask,
                                 const Boxes& boxes) {
  require(mask.ndim() == 2, "char_stats: mask must have shape [H, W]; pass one plane");
  for (const Bytes* image : {&clean, &sealed}) {
    require(image->ndim() == 3 && image->shape(0) == mask.shape(0) &&
                image->shape(1) == mask.shape(1) && image->shape(2) == 3,
            "char_stats: clean and sealed must have shape [H, W, 3] of the mask's H and W; "
            "pass RGB arrays of one size");
  }
  require(boxes.ndim() == 2 && boxes.shape(1) == 4,
          "char_stats: boxes must have shape [N, 4]; pass x0 y0 x1 y1 rows");
  const LabelPlanes planes{clean.data(), sealed.data(), mask.data(), mask.shape(1), mask.shape(0)};
  py::array_t<float> out({boxes.shape(0), py::ssize_t{2}});
  const int64_t* box = boxes.data();
  float* row = out.mutable_data();
  const py::ssize_t count = boxes.shape(0);
  py::gil_scoped_release release;
  for (py::ssize_t i = 0; i < count; ++i, box += 4, row += 2) {
    const CharStats stats = char_stats(planes, box[0], box[1], box[2], box[3]);
    row[0] = stats.ink_cover;
    row[1] = stats.contrast;
  }
  return out;
}

Boxes py_box_counts(const Bytes& plane, const Boxes& boxes) {
  require_plane(plane, "box_counts: plane");
  require(boxes.ndim() == 2 && boxes.shape(1) == 4,
          "box_counts: boxes must have shape [N, 4]; pass x0 y0 x1 y1 rows");
  const py::ssize_t number = boxes.shape(0);
  Boxes out(number);
  const uint8_t* values = plane.data();
  const int64_t width = plane.shape(1);
  const int64_t height = plane.shape(0);
  const int64_t* box = boxes.data();
  int64_t* counts = out.mutable_data();
  py::gil_scoped_release release;
  for (py::ssize_t i = 0; i < number; ++i) {
    counts[i] = box_count(values, width, height, box + 4 * i);
  }
  return out;
}

py::array_t<float> py_quad_visibility(const Bytes& shape, const Bytes& ink, int bit,
                                      const py::array_t<double, py::array::c_style>& quads) {
  require(shape.ndim() == 2 && ink.ndim() == 2 && shape.shape(0) == ink.shape(0) &&
              shape.shape(1) == ink.shape(1),
          "quad_visibility: shape and ink must have one shape [H, W]; pass two planes of one size");
  require(bit >= 0 && bit < 8, "quad_visibility: bit must be in 0..7; pass the seal's bit");
  require(quads.ndim() == 3 && quads.shape(1) == 4 && quads.shape(2) == 2,
          "quad_visibility: quads must have shape [N, 4, 2]; pass x y corners");
  const double* quad = quads.data();
  const py::ssize_t count = quads.shape(0);
  for (py::ssize_t i = 0; i < 8 * count; ++i) {
    require(quad[i] > -1e6 && quad[i] < 1e6,
            "quad_visibility: quads must lie within +-1e6 px; check the warp");
  }
  const SealPlanes planes{shape.data(), ink.data(), ink.shape(1), ink.shape(0),
                          static_cast<uint8_t>(1U << static_cast<unsigned>(bit))};
  py::array_t<float> out(count);
  float* share = out.mutable_data();
  py::gil_scoped_release release;
  for (py::ssize_t i = 0; i < count; ++i) {
    share[i] = quad_visibility(planes, quad + 8 * i);
  }
  return out;
}

}  // namespace

void bind_labels(py::module_& m) {
  m.def("char_stats", &py_char_stats, py::arg("clean"), py::arg("sealed"), py::arg("mask"),
        py::arg("boxes"),
        "Return float32 [N, 2]: the inked share and the stroke contrast of every box.");
  m.def("box_counts", &py_box_counts, py::arg("plane"), py::arg("boxes"),
        "Return int64 [N]: how many values of the plane [H, W] are set in every box.");
  m.def("quad_visibility", &py_quad_visibility, py::arg("shape"), py::arg("ink"), py::arg("bit"),
        py::arg("quads"), "Return float32 [N]: the inked share of every quad's ideal pixels.");
}

}  // namespace seal2real
