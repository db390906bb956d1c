#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

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

using Floats = py::array_t<float, py::array::c_style | py::array::forcecast>;
using Places = py::array_t<int64_t, py::array::c_style | py::array::forcecast>;

py::array_t<float> py_white_noise(Rng& rng, py::ssize_t height, py::ssize_t width) {
  require(height >= 0 && width >= 0, "Rng.white_noise: height and width must be at least 0, got " +
                                         std::to_string(height) + " and " + std::to_string(width) +
                                         "; ask for a size");
  py::array_t<float> out({height, width});
  white_noise(rng, static_cast<size_t>(out.size()), out.mutable_data());
  return out;
}

// Positions of pixels among `count` knots.
KnotPlaces knot_places(const Places& before, const Floats& share, py::ssize_t count) {
  require(before.ndim() == 1 && share.ndim() == 1 && before.size() == share.size(),
          "smooth_noise: before and share must be vectors of one length, got " +
              std::to_string(before.size()) + " and " + std::to_string(share.size()) +
              " values; give one of each a pixel");
  KnotPlaces places;
  places.before.reserve(static_cast<size_t>(before.size()));
  for (py::ssize_t i = 0; i < before.size(); ++i) {
    const int64_t knot = before.at(i);
    require(knot >= 0 && knot + 1 < count,
            "smooth_noise: before must name knots with one after them, got " +
                std::to_string(knot) + " of " + std::to_string(count) + "; draw a larger grid");
    places.before.push_back(static_cast<size_t>(knot));
  }
  places.share.assign(share.data(), share.data() + share.size());
  return places;
}

py::array_t<float> py_smooth_noise(const Floats& grid, const Places& before_y,
                                   const Floats& share_y, const Places& before_x,
                                   const Floats& share_x) {
  require(grid.ndim() == 2, "smooth_noise: grid must be [rows, columns], got " +
                                std::to_string(grid.ndim()) + " axes; reshape it");
  const KnotPlaces ys = knot_places(before_y, share_y, grid.shape(0));
  const KnotPlaces xs = knot_places(before_x, share_x, grid.shape(1));
  py::array_t<float> out({before_y.size(), before_x.size()});
  const float* knots = grid.data();
  const auto columns = static_cast<size_t>(grid.shape(1));
  float* values = out.mutable_data();
  {
    py::gil_scoped_release release;
    smooth_noise(knots, columns, ys, xs, values);
  }
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
      .def("_white_noise", &py_white_noise)
      .def("uniforms", [](Rng& rng, py::ssize_t n) { return fill(n, rng, &Rng::uniform); })
      .def("normals", [](Rng& rng, py::ssize_t n) { return fill(n, rng, &Rng::normal); });
  m.def("smooth_noise", &py_smooth_noise, py::arg("grid"), py::arg("before_y"), py::arg("share_y"),
        py::arg("before_x"), py::arg("share_x"),
        "Interpolate a grid [r, c] of independent draws at every pixel, keeping their variance.");
  def_elementwise<det_sin>(m, "sin", "Sine of x in radians, the same bits on every machine.");
  def_elementwise<det_cos>(m, "cos", "Cosine of x in radians, the same bits on every machine.");
  def_elementwise<det_exp>(m, "exp", "e to the x, the same bits on every machine.");
  def_elementwise<det_log>(m, "log", "Natural logarithm of x, the same bits on every machine.");
  m.def("atan2", py::vectorize([](double y, double x) { return det_atan2(y, x); }), py::arg("y"),
        py::arg("x"), "Angle of (x, y) in radians, the same bits on every machine.");
}

}  // namespace seal2real
