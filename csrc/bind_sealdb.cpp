#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cmath>
#include <stdexcept>
#include <string>

#include "sealdb/json_text.h"
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

void append_json(PyObject* value, std::string& out);

[[noreturn]] void refuse(PyObject* value) {
  throw py::type_error(
      "dump_json: values must be dict, list, tuple, str, int, float, bool or "
      "None, got " +
      std::string(Py_TYPE(value)->tp_name) + "; convert it first");
}

void append_float(PyObject* value, std::string& out) {
  const double number = PyFloat_AS_DOUBLE(value);
  if (!std::isfinite(number)) {
    throw std::invalid_argument(
        "dump_json: numbers must be finite (not JSON compliant otherwise), got one that is not; "
        "use None");
  }
  if (append_short_decimal(number, out)) {
    return;
  }
  char* text = PyOS_double_to_string(number, 'r', 0, Py_DTSF_ADD_DOT_0, nullptr);
  if (text == nullptr) {
    throw py::error_already_set();
  }
  out.append(text);
  PyMem_Free(text);
}

void append_text(PyObject* value, std::string& out) {
  Py_ssize_t size = 0;
  const char* text = PyUnicode_AsUTF8AndSize(value, &size);
  if (text == nullptr) {
    throw py::error_already_set();
  }
  append_json_string(text, static_cast<size_t>(size), out);
}

void append_int(PyObject* value, std::string& out) {
  int overflow = 0;
  const long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
  if (overflow == 0) {
    out.append(std::to_string(number));
    return;
  }
  out.append(py::str(py::handle(value)).cast<std::string>());
}

void append_sequence(PyObject* value, std::string& out) {
  out.push_back('[');
  const Py_ssize_t size = PySequence_Fast_GET_SIZE(value);
  for (Py_ssize_t i = 0; i < size; ++i) {
    if (i != 0) {
      out.push_back(',');
    }
    append_json(PySequence_Fast_GET_ITEM(value, i), out);
  }
  out.push_back(']');
}

void append_dict(PyObject* value, std::string& out) {
  out.push_back('{');
  PyObject* key = nullptr;
  PyObject* item = nullptr;
  Py_ssize_t place = 0;
  for (bool first = true; PyDict_Next(value, &place, &key, &item) != 0; first = false) {
    if (!first) {
      out.push_back(',');
    }
    if (PyUnicode_Check(key) == 0) {
      refuse(key);
    }
    append_text(key, out);
    out.push_back(':');
    append_json(item, out);
  }
  out.push_back('}');
}

// Counts the depth, so that endless nesting is an error and not a crash.
class Depth {
 public:
  Depth() {
    if (Py_EnterRecursiveCall(" in dump_json") != 0) {
      throw py::error_already_set();
    }
  }
  ~Depth() { Py_LeaveRecursiveCall(); }
  Depth(const Depth&) = delete;
  Depth& operator=(const Depth&) = delete;
};

void append_json(PyObject* value, std::string& out) {
  const Depth depth;
  if (PyFloat_Check(value) != 0) {
    append_float(value, out);
  } else if (PyUnicode_Check(value) != 0) {
    append_text(value, out);
  } else if (value == Py_None) {
    out.append("null");
  } else if (PyBool_Check(value) != 0) {
    out.append(value == Py_True ? "true" : "false");
  } else if (PyLong_Check(value) != 0) {
    append_int(value, out);
  } else if (PyList_Check(value) != 0 || PyTuple_Check(value) != 0) {
    append_sequence(value, out);
  } else if (PyDict_Check(value) != 0) {
    append_dict(value, out);
  } else {
    refuse(value);
  }
}

py::bytes py_dump_json(const py::object& value) {
  std::string out;
  append_json(value.ptr(), out);
  return out;
}

}  // namespace

void bind_sealdb(py::module_& m) {
  m.def("luma_grid", &py_luma_grid, py::arg("image"), py::arg("rows"), py::arg("cols"),
        "Return int32 [rows, cols]: the mean luma of every cell, in 1/16 grey levels.");
  m.def("dump_json", &py_dump_json, py::arg("value"),
        "Return what json.dumps with ensure_ascii=False and no blanks gives, as UTF-8.");
}

}  // namespace seal2real
