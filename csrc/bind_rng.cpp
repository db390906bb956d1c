#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <string>
#include <string_view>

#include "raster/detmath.h"
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
  def_elementwise<det_sin>(m, "sin", "Sine of x in radians, the same bits on every machine.");
  def_elementwise<det_cos>(m, "cos", "Cosine of x in radians, the same bits on every machine.");
  def_elementwise<det_exp>(m, "exp", "e to the x, the same bits on every machine.");
  def_elementwise<det_log>(m, "log", "Natural logarithm of x, the same bits on every machine.");
  m.def("atan2", py::vectorize([](double y, double x) { return det_atan2(y, x); }), py::arg("y"),
        py::arg("x"), "Angle of (x, y) in radians, the same bits on every machine.");
}

}  // namespace seal2real
