// The constructor of frozen dataclasses whose fields carry checks (seal2real.seals.fields): the
// usual values are tested here, every other one goes to the field's own check.
#include <pybind11/pybind11.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "bind_helpers.h"

namespace py = pybind11;

namespace seal2real {
namespace {

// What of a value can be told here: a value that passes is one that the Python check returns as is.
enum class Kind { kOther, kNumber, kLabel, kChoice, kFlag, kPart, kParts };

struct Field {
  py::str name;  // interned
  Kind kind;
  py::object check;     // (where, name, value) -> value
  py::object fallback;  // default value, or null
  py::object factory;   // of the default, or null
  py::object type;      // kPart, kParts: the class; kChoice: the set of words
  double low = 0.0;
  double high = 0.0;      // kLabel, kParts: the most
  bool optional = false;  // None is usual
};

struct Constructor {
  py::str where;
  std::vector<Field> fields;
  py::object plain;     // the dataclass's own __init__: words what is wrong with arguments
  py::object together;  // checks across fields, or None
};

constexpr const char* kCapsule = "seal2real.constructor";

// Characters that are surely printable; others are left to Python's own tables.
bool surely_printable(Py_UCS4 c) { return (c > 0x20 && c < 0x7F) || (c >= 0x4E00 && c <= 0x9FA5); }

bool usual_label(PyObject* value, const Field& field) {
  if (!PyUnicode_CheckExact(value)) {
    return false;
  }
  const Py_ssize_t size = PyUnicode_GET_LENGTH(value);
  if (size < 1 || static_cast<double>(size) > field.high) {
    return false;
  }
  const int kind = PyUnicode_KIND(value);
  const void* data = PyUnicode_DATA(value);
  for (Py_ssize_t i = 0; i < size; ++i) {
    const Py_UCS4 c = PyUnicode_READ(kind, data, i);
    const bool inner_space = c == 0x20 && i > 0 && i + 1 < size;
    if (!surely_printable(c) && !inner_space) {
      return false;
    }
  }
  return true;
}

bool usual_parts(PyObject* value, const Field& field) {
  if (!PyTuple_CheckExact(value) || static_cast<double>(PyTuple_GET_SIZE(value)) > field.high) {
    return false;
  }
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(value); ++i) {
    if (reinterpret_cast<PyObject*>(Py_TYPE(PyTuple_GET_ITEM(value, i))) != field.type.ptr()) {
      return false;
    }
  }
  return true;
}

bool is_usual(PyObject* value, const Field& field) {
  if (value == Py_None && field.optional) {
    return true;
  }
  switch (field.kind) {
    case Kind::kNumber: {
      if (!PyFloat_CheckExact(value)) {
        return false;
      }
      const double number = PyFloat_AS_DOUBLE(value);
      return number >= field.low && number <= field.high;
    }
    case Kind::kLabel:
      return usual_label(value, field);
    case Kind::kChoice:
      return PyUnicode_CheckExact(value) && PySet_Contains(field.type.ptr(), value) == 1;
    case Kind::kFlag:
      return PyBool_Check(value);
    case Kind::kPart:
      return reinterpret_cast<PyObject*>(Py_TYPE(value)) == field.type.ptr();
    case Kind::kParts:
      return usual_parts(value, field);
    default:
      return false;
  }
}

void set(PyObject* self, const Field& field, PyObject* value) {
  // Not the class's own __setattr__, which refuses: the object is frozen.
  if (PyObject_GenericSetAttr(self, field.name.ptr(), value) != 0) {
    throw py::error_already_set();
  }
}

// The argument of a field, borrowed, or null; counts those named.
PyObject* argument(const Field& field, size_t index, PyObject* args, PyObject* kwargs,
                   Py_ssize_t& named) {
  // args[0] is the object itself
  if (static_cast<Py_ssize_t>(index) + 1 < PyTuple_GET_SIZE(args)) {
    return PyTuple_GET_ITEM(args, static_cast<Py_ssize_t>(index) + 1);
  }
  PyObject* value = kwargs == nullptr ? nullptr : PyDict_GetItemWithError(kwargs, field.name.ptr());
  if (value == nullptr && PyErr_Occurred() != nullptr) {
    throw py::error_already_set();
  }
  named += value != nullptr ? 1 : 0;
  return value;
}

// Sets every field; false when the arguments are not the constructor's.
bool fill(const Constructor& made, PyObject* self, PyObject* args, PyObject* kwargs) {
  Py_ssize_t named = 0;
  if (PyTuple_GET_SIZE(args) - 1 > static_cast<Py_ssize_t>(made.fields.size())) {
    return false;
  }
  for (size_t i = 0; i < made.fields.size(); ++i) {
    const Field& field = made.fields[i];
    PyObject* value = argument(field, i, args, kwargs, named);
    if (value == nullptr) {
      if (field.factory) {
        set(self, field, field.factory().ptr());
      } else if (field.fallback) {
        set(self, field, field.fallback.ptr());
      } else {
        return false;
      }
    } else if (value == field.fallback.ptr() || is_usual(value, field)) {
      set(self, field, value);
    } else {
      set(self, field, field.check(made.where, field.name, py::handle(value)).ptr());
    }
  }
  return kwargs == nullptr || named == PyDict_GET_SIZE(kwargs);
}

PyObject* construct(PyObject* capsule, PyObject* args, PyObject* kwargs) {
  try {
    const auto& made = *static_cast<Constructor*>(PyCapsule_GetPointer(capsule, kCapsule));
    if (PyTuple_GET_SIZE(args) < 1) {
      throw py::type_error("__init__: must be called with an object");
    }
    PyObject* self = PyTuple_GET_ITEM(args, 0);
    if (!fill(made, self, args, kwargs)) {
      return PyObject_Call(made.plain.ptr(), args, kwargs);
    }
    if (!made.together.is_none()) {
      made.together(py::handle(self));
    }
    return py::none().release().ptr();
  } catch (py::error_already_set& error) {
    error.restore();
  } catch (const py::builtin_exception& error) {
    error.set_error();
  } catch (const std::exception& error) {
    PyErr_SetString(PyExc_RuntimeError, error.what());
  }
  return nullptr;
}

Kind kind_named(const std::string& name) {
  const char* const names[] = {"", "number", "label", "choice", "flag", "part", "parts"};
  for (int i = 0; i < 7; ++i) {
    if (name == names[i]) {
      return static_cast<Kind>(i);
    }
  }
  throw std::invalid_argument("constructor: kind must be a known one, got '" + name +
                              "'; leave it empty");
}

Field read_field(const py::tuple& given) {
  Field field;
  field.name = py::reinterpret_steal<py::str>(
      PyUnicode_InternFromString(given[0].cast<std::string>().c_str()));
  field.check = given[1];
  const py::tuple missing_or_default = given[2];  // () or (value,)
  if (!missing_or_default.empty()) {
    field.fallback = missing_or_default[0];
  }
  const py::tuple missing_or_factory = given[3];
  if (!missing_or_factory.empty()) {
    field.factory = missing_or_factory[0];
  }
  const py::tuple usual = given[4];  // (kind, what, low, high, optional)
  field.kind = kind_named(usual[0].cast<std::string>());
  field.type = usual[1];
  require(field.kind != Kind::kChoice || PyAnySet_Check(field.type.ptr()) != 0,
          "constructor: what of a choice must be a set of words; pass a frozenset");
  field.low = usual[2].cast<double>();
  field.high = usual[3].cast<double>();
  field.optional = usual[4].cast<bool>();
  return field;
}

py::object constructor(const py::str& where, const py::sequence& fields, const py::object& plain,
                       const py::object& together) {
  static PyMethodDef method = {
      "__init__", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(&construct)),
      METH_VARARGS | METH_KEYWORDS, "Set and check every field."};
  auto made = std::make_unique<Constructor>();
  made->where = where;
  made->plain = plain;
  made->together = together;
  for (const py::handle field : fields) {
    made->fields.push_back(read_field(field.cast<py::tuple>()));
  }
  // Classes live as long as the process: their constructors are never freed.
  const auto capsule =
      py::reinterpret_steal<py::object>(PyCapsule_New(made.release(), kCapsule, nullptr));
  const auto function = py::reinterpret_steal<py::object>(PyCFunction_New(&method, capsule.ptr()));
  return py::reinterpret_steal<py::object>(PyInstanceMethod_New(function.ptr()));
}

}  // namespace

void bind_fields(py::module_& m) {
  m.def(
      "constructor", &constructor, py::arg("where"), py::arg("fields"), py::arg("plain"),
      py::arg("together"),
      "Return an __init__ for a frozen dataclass; fields are (name, check, default or (), factory "
      "or (), usual).");
}

}  // namespace seal2real
