#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <string>
#include <vector>

#include "bind_helpers.h"
#include "raster/feather.h"
#include "raster/grow.h"
#include "raster/maps.h"

namespace py = pybind11;

namespace seal2real {
namespace {

using Bytes = ByteArray;
using Floats = py::array_t<float, py::array::c_style>;

// Radii set how much memory a plane takes beyond its own; a feather at 2400 dpi has 14 px.
constexpr int64_t kMostRadius = 128;

void require_radius(int64_t radius, const char* what) {
  require(radius >= 0 && radius <= kMostRadius, std::string(what) + " must be in 0.." +
                                                    std::to_string(kMostRadius) + " px, got " +
                                                    std::to_string(radius) + "; check the scale");
}

Bytes plane_like(const Bytes& array) {
  return Bytes(std::vector<py::ssize_t>{array.shape(0), array.shape(1)});
}

Bytes py_luma(const Bytes& image) {
  require_image(image, "luma: image");
  Bytes out = plane_like(image);
  uint8_t* plane = out.mutable_data();
  py::gil_scoped_release release;
  luma(image.data(), static_cast<size_t>(out.size()), plane);
  return out;
}

Bytes py_difference(const Bytes& a, const Bytes& b) {
  require_image(a, "difference: a");
  require_image(b, "difference: b");
  require_same(a, b, "difference: a");
  Bytes out = plane_like(a);
  uint8_t* plane = out.mutable_data();
  py::gil_scoped_release release;
  difference(a.data(), b.data(), static_cast<size_t>(out.size()), plane);
  return out;
}

int py_median(const Bytes& values, const Bytes& where, int least) {
  require_plane(values, "median: values");
  require_plane(where, "median: where");
  require_same(where, values, "median: where");
  py::gil_scoped_release release;
  return median(values.data(), where.data(), static_cast<size_t>(values.size()), least);
}

Bytes py_coloured(const Bytes& values, const Bytes& palette) {
  require_plane(values, "coloured: values");
  require(palette.ndim() == 2 && palette.shape(0) == 256 && palette.shape(1) == 3,
          "coloured: palette must have shape [256, 3]; give a colour of every value");
  Bytes out(std::vector<py::ssize_t>{values.shape(0), values.shape(1), 3});
  uint8_t* image = out.mutable_data();
  py::gil_scoped_release release;
  coloured(values.data(), static_cast<size_t>(values.size()), palette.data(), image);
  return out;
}

Floats py_spread(const Bytes& image, const Floats& table) {
  require(image.ndim() == 3, "spread: image must have shape [H, W, C], got " +
                                 std::to_string(image.ndim()) + " dimensions; pass an image");
  require(table.ndim() == 1 && table.size() == 256,
          "spread: table must have shape [256]; give a number of every value");
  Floats out(std::vector<py::ssize_t>{image.shape(2), image.shape(0), image.shape(1)});
  const auto pixels = static_cast<size_t>(image.shape(0) * image.shape(1));
  float* planes = out.mutable_data();
  py::gil_scoped_release release;
  spread(image.data(), pixels, static_cast<size_t>(image.shape(2)), table.data(), planes);
  return out;
}

Bytes py_levels(const Floats& planes, py::ssize_t height, py::ssize_t width) {
  require(planes.ndim() == 3 && planes.shape(0) == 3,
          "levels: planes must have shape [3, H, W]; pass an image as a network makes it");
  require(height >= 0 && width >= 0 && height <= planes.shape(1) && width <= planes.shape(2),
          "levels: height and width must be within the planes', got " + std::to_string(height) +
              " and " + std::to_string(width) + "; ask for less");
  Bytes out(std::vector<py::ssize_t>{height, width, 3});
  const SignedPlanes wanted{planes.data(), static_cast<size_t>(planes.shape(1) * planes.shape(2)),
                            static_cast<size_t>(planes.shape(2)), static_cast<size_t>(height),
                            static_cast<size_t>(width)};
  uint8_t* image = out.mutable_data();
  py::gil_scoped_release release;
  levels(wanted, image);
  return out;
}

Bytes py_grow(const Bytes& plane, int64_t radius) {
  require_plane(plane, "grow: plane");
  require_radius(radius, "grow: radius");
  Bytes out = plane_like(plane);
  uint8_t* grown = out.mutable_data();
  py::gil_scoped_release release;
  grow({plane.data(), plane.shape(1), plane.shape(0), plane.shape(1)}, radius, grown,
       plane.shape(1));
  return out;
}

Bytes py_feather(const Bytes& mask, const Bytes& support, int64_t inner, int64_t ramp) {
  require_plane(mask, "feather: mask");
  require_plane(support, "feather: support");
  require_same(support, mask, "feather: support");
  require_radius(inner, "feather: inner");
  require_radius(ramp, "feather: ramp");
  Bytes out = plane_like(mask);
  const FeatherPlanes planes{mask.data(),   support.data(), mask.shape(1),
                             mask.shape(0), inner,          ramp};
  uint8_t* weight = out.mutable_data();
  py::gil_scoped_release release;
  feather(planes, weight);
  return out;
}

}  // namespace

void bind_planes(py::module_& m) {
  m.def("luma", &py_luma, py::arg("image"), "Return Rec. 601 luma [H, W] of an image [H, W, 3].");
  m.def("difference", &py_difference, py::arg("a"), py::arg("b"),
        "Return the largest absolute difference [H, W] of the channels of two images [H, W, 3].");
  m.def("median", &py_median, py::arg("values"), py::arg("where"), py::arg("least"),
        "Return the median, rounded down, of the values >= least where `where` is set, or 0.");
  m.def("coloured", &py_coloured, py::arg("values"), py::arg("palette"),
        "Return an image [H, W, 3]: the colour in the palette [256, 3] of every value [H, W].");
  m.def("spread", &py_spread, py::arg("image"), py::arg("table"),
        "Return planes [C, H, W]: the table's [256] number of every value of an image [H, W, C].");
  m.def("levels", &py_levels, py::arg("planes"), py::arg("height"), py::arg("width"),
        "Return the image [height, width, 3] at the upper left of planes [3, H, W] in [-1, 1].");
  m.def("grow", &py_grow, py::arg("plane"), py::arg("radius"),
        "Return 1 within a square of `radius` px of what is set in the plane [H, W], else 0.");
  m.def("feather", &py_feather, py::arg("mask"), py::arg("support"), py::arg("inner"),
        py::arg("ramp"), "Return the forger's weight [H, W], in 1/255, round the mask's ink.");
}

}  // namespace seal2real
