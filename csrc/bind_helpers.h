// What several bindings need: checks of arguments, attributes by interned name, given outputs.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace seal2real {

inline void require(bool ok, const std::string& message) {
  if (!ok) {
    throw std::invalid_argument(message);
  }
}

// An attribute's name as an interned string, made at its first use: making a string object a
// look-up took longer than laying a seal out.
class Key {
 public:
  explicit constexpr Key(const char* text) : text_(text) {}

  const char* text() const { return text_; }
  pybind11::object of(const pybind11::handle& thing) const {
    if (interned_ == nullptr) {
      interned_ = PyUnicode_InternFromString(text_);
    }
    PyObject* value = PyObject_GetAttr(thing.ptr(), interned_);
    if (value == nullptr) {
      throw pybind11::error_already_set();
    }
    return pybind11::reinterpret_steal<pybind11::object>(value);
  }

 private:
  const char* text_;
  mutable PyObject* interned_ = nullptr;
};

using ByteArray = pybind11::array_t<uint8_t, pybind11::array::c_style>;

inline void require_plane(const ByteArray& array, const char* what) {
  require(array.ndim() == 2, std::string(what) + " must have shape [H, W], got " +
                                 std::to_string(array.ndim()) + " dimensions; pass one plane");
}

inline void require_image(const ByteArray& array, const char* what) {
  require(array.ndim() == 3 && array.shape(2) == 3,
          std::string(what) + " must have shape [H, W, 3]; pass an RGB array");
}

inline void require_same(const ByteArray& a, const ByteArray& b, const char* what) {
  require(a.shape(0) == b.shape(0) && a.shape(1) == b.shape(1),
          std::string(what) + " must have the other array's H and W; pass arrays of one size");
}

// The caller's array to write into, or a new one when None.
inline ByteArray output(const pybind11::object& given, const std::vector<pybind11::ssize_t>& shape,
                        const char* where, const char* name) {
  if (given.is_none()) {
    return ByteArray(shape);
  }
  bool fits = pybind11::isinstance<ByteArray>(given);
  if (fits) {
    const auto array = given.cast<ByteArray>();
    fits = array.writeable() &&
           std::vector<pybind11::ssize_t>(array.shape(), array.shape() + array.ndim()) == shape;
  }
  require(fits, std::string(where) + ": " + name +
                    " must be a writable C-contiguous uint8 array of the result's shape, got "
                    "another; leave it out to get a new one");
  return given.cast<ByteArray>();
}

}  // namespace seal2real
