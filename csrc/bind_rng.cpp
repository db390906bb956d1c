#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cmath>
#include <string>
#include <string_view>

#include "bind_helpers.h"
#include "raster/detmath.h"
#include "raster/noise_planes.h"
#include "raster/philox.h"

namespace py = pybind11;

namespace seal2real {
namespace {

uint64_t low_bits(const py::handle& number) {
  const uint64_t bits = PyLong_AsUnsignedLongLongMask(number.ptr());
  if (PyErr_Occurred() != nullptr) {
    throw py::error_already_set();
  }
  return bits;
}

StreamStep stream_step(const py::handle& step) {
  if (py::isinstance<py::str>(step)) {
    const auto name = step.cast<std::string_view>();
    return {fnv1a64(name.data(), name.size()), true};
  }
  if (PyIndex_Check(step.ptr()) == 0) {
    throw py::type_error("Rng: path must hold integers and strings, got " +
                         py::repr(step).cast<std::string>() + "; name the stream by those");
  }
  return {low_bits(py::reinterpret_steal<py::object>(PyNumber_Index(step.ptr()))), false};
}

Rng descend(Rng rng, const py::args& path) {
  for (const py::handle& step : path) {
    rng = rng.child(stream_step(step));
  }
  return rng;
}

Rng make_rng(const py::int_& seed, const py::args& path) {
  return descend(Rng(low_bits(seed)), path);
}

py::array_t<double> fill(py::ssize_t count, Rng& rng, double (Rng::*draw)()) {
  if (count < 0) {
    throw std::invalid_argument("Rng: count must be at least 0, got " + std::to_string(count) +
                                "; ask for a length");
  }
  py::array_t<double> out(count);
  double* values = out.mutable_data();
  for (py::ssize_t i = 0; i < count; ++i) {
    values[i] = (rng.*draw)();
  }
  return out;
}

// Scales below make more knots than anybody has memory for.
constexpr double kLeastPxPerMm = 0.01;

py::array_t<float> py_noise_planes(const Rng& rng, py::ssize_t channels, py::ssize_t height,
                                   py::ssize_t width, double px_per_mm) {
  require(channels >= 0 && height >= 1 && width >= 1,
          "noise_planes: height and width must be at least 1 and channels at least 0, got " +
              std::to_string(height) + ", " + std::to_string(width) + ", " +
              std::to_string(channels) + "; take them from the image and the forger");
  require(px_per_mm >= kLeastPxPerMm && std::isfinite(px_per_mm),
          "noise_planes: px_per_mm must be finite and at least 0.01, got " +
              std::to_string(px_per_mm) + "; it is dpi / 25.4");
  py::array_t<float> out({channels, height, width});
  const NoisePlanes planes{static_cast<size_t>(channels), static_cast<size_t>(height),
                           static_cast<size_t>(width), px_per_mm};
  float* values = out.mutable_data();
  py::gil_scoped_release release;
  noise_planes(rng, planes, values);
  return out;
}

template <double (*Function)(double)>
void def_elementwise(py::module_& m, const char* name, const char* doc) {
  m.def(name, py::vectorize([](double x) { return Function(x); }), py::arg("x"), doc);
}

}  // namespace

void bind_rng(py::module_& m) {
  py::class_<Rng>(m, "Rng", "A stream of random numbers (Philox4x32-10) named by its path.")
      .def(py::init(&make_rng), py::arg("seed"))
      .def("u64", &Rng::u64, "Return 64 random bits.")
      .def("_uniform", &Rng::uniform)
      .def("_normal", &Rng::normal)
      .def("_integer", &Rng::integer)
      .def("_child", &descend)
      .def("_assign", [](Rng& rng, const Rng& other) { rng = other; })
      .def("uniforms", [](Rng& rng, py::ssize_t n) { return fill(n, rng, &Rng::uniform); })
      .def("normals", [](Rng& rng, py::ssize_t n) { return fill(n, rng, &Rng::normal); });
  m.def("noise_planes", &py_noise_planes, py::arg("rng"), py::arg("channels"), py::arg("height"),
        py::arg("width"), py::arg("px_per_mm"),
        "Return white and smooth noise [channels, H, W] of mean 0 and variance 1.");
  def_elementwise<det_sin>(m, "sin", "Sine of x in radians, the same bits on every machine.");
  def_elementwise<det_cos>(m, "cos", "Cosine of x in radians, the same bits on every machine.");
  def_elementwise<det_exp>(m, "exp", "e to the x, the same bits on every machine.");
  def_elementwise<det_log>(m, "log", "Natural logarithm of x, the same bits on every machine.");
  m.def("atan2", py::vectorize([](double y, double x) { return det_atan2(y, x); }), py::arg("y"),
        py::arg("x"), "Angle of (x, y) in radians, the same bits on every machine.");
}

}  // namespace seal2real
