#include "read_spec.h"

#include <cmath>
#include <stdexcept>
#include <string>
#include <unordered_map>

namespace py = pybind11;

namespace seal2real {
namespace {

// Attribute names as interned strings, by the address of their literal: making a string object a
// look-up took longer than the layout itself.
py::object attribute(const py::handle& part, const char* name) {
  static auto* const names = new std::unordered_map<const char*, PyObject*>();
  PyObject*& key = (*names)[name];
  if (key == nullptr) {
    key = PyUnicode_InternFromString(name);
  }
  PyObject* value = PyObject_GetAttr(part.ptr(), key);
  if (value == nullptr) {
    throw py::error_already_set();
  }
  return py::reinterpret_steal<py::object>(value);
}

double number(const py::handle& part, const char* name) {
  const double value = PyFloat_AsDouble(attribute(part, name).ptr());
  if (value == -1.0 && PyErr_Occurred() != nullptr) {
    throw py::error_already_set();
  }
  if (!(std::fabs(value) <= 1e4)) {
    throw std::invalid_argument(std::string("layout: ") + name +
                                " must be finite and within 1e4, got " + std::to_string(value) +
                                "; give millimetres or degrees");
  }
  return value;
}

double positive(const py::handle& part, const char* name) {
  const double value = number(part, name);
  if (!(value > 0.0)) {
    throw std::invalid_argument(std::string("layout: ") + name + " must be above 0, got " +
                                std::to_string(value) + "; give millimetres");
  }
  return value;
}

std::optional<double> optional_number(const py::handle& part, const char* name) {
  if (attribute(part, name).is_none()) {
    return std::nullopt;
  }
  return number(part, name);
}

bool flag(const py::handle& part, const char* name) {
  return PyObject_IsTrue(attribute(part, name).ptr()) == 1;
}

std::string word(const py::handle& part, const char* name) {
  const py::object value = attribute(part, name);
  return value.is_none() ? std::string() : value.cast<std::string>();
}

std::u32string characters(const py::handle& part, const char* name) {
  const py::object value = attribute(part, name);
  if (!py::isinstance<py::str>(value)) {
    throw py::type_error(std::string("layout: ") + name + " must be a string; write the text");
  }
  std::u32string out;
  const Py_ssize_t size = PyUnicode_GetLength(value.ptr());
  for (Py_ssize_t i = 0; i < size; ++i) {
    out.push_back(PyUnicode_ReadChar(value.ptr(), i));
  }
  return out;
}

template <typename T, typename Read>
void read_all(const py::handle& spec, const char* name, std::vector<T>& out, Read read) {
  for (const py::handle part : attribute(spec, name)) {
    out.push_back(read(part));
  }
}

void read_text(const py::handle& part, TextSpec& text) {
  text.text = characters(part, "text");
  text.height_mm = positive(part, "height_mm");
  text.font = word(part, "font");
  text.font_role = word(part, "font_role");
  text.role = word(part, "role");
  text.condense = optional_number(part, "condense");
  text.max_condense = positive(part, "max_condense");
}

BorderSpec read_border(const py::handle& part) {
  return {positive(part, "width_mm"), number(part, "inset_mm"), number(part, "dash_mm"),
          number(part, "dash_gap_mm")};
}

Direction read_direction(const std::string& name) {
  if (name == "cw") {
    return Direction::kClockwise;
  }
  if (name == "ccw") {
    return Direction::kCounterClockwise;
  }
  if (name == "ccw_out") {
    return Direction::kCounterClockwiseOut;
  }
  throw std::invalid_argument("layout: direction must be cw, ccw or ccw_out, got '" + name +
                              "'; choose one of them");
}

RingTextSpec read_ring_text(const py::handle& part) {
  RingTextSpec text;
  read_text(part, text);
  text.radius_mm = optional_number(part, "radius_mm");
  text.gap_mm = number(part, "gap_mm");
  text.arc_deg = optional_number(part, "arc_deg");
  text.center_deg = number(part, "center_deg");
  text.direction = read_direction(word(part, "direction"));
  return text;
}

LineTextSpec read_line_text(const py::handle& part) {
  LineTextSpec text;
  read_text(part, text);
  text.x_mm = number(part, "x_mm");
  text.y_mm = number(part, "y_mm");
  text.width_mm = optional_number(part, "width_mm");
  text.spacing_mm = number(part, "spacing_mm");
  text.angle_deg = number(part, "angle_deg");
  text.vertical = flag(part, "vertical");
  text.spread = flag(part, "spread");
  return text;
}

RuleSpec read_rule(const py::handle& part) {
  return {number(part, "x0_mm"), number(part, "y0_mm"), number(part, "x1_mm"),
          number(part, "y1_mm"), positive(part, "width_mm")};
}

SecurityLineSpec read_security_line(const py::handle& part) {
  return {number(part, "angle_deg"), number(part, "radius_mm"), positive(part, "length_mm"),
          positive(part, "width_mm"), word(part, "kind") == "tangential"};
}

NameGridSpec read_name(const py::handle& part) {
  NameGridSpec name;
  name.text = characters(part, "text");
  for (const py::handle count : attribute(part, "columns")) {
    name.columns.push_back(count.cast<int>());
  }
  name.negative = word(part, "cut") == "bai";
  name.font = word(part, "font");
  name.font_role = word(part, "font_role");
  name.margin_mm = number(part, "margin_mm");
  name.gap_mm = number(part, "gap_mm");
  name.right_to_left = flag(part, "right_to_left");
  return name;
}

Shape read_shape(const std::string& name) {
  if (name == "round") {
    return Shape::kRound;
  }
  if (name == "oval") {
    return Shape::kOval;
  }
  if (name == "square") {
    return Shape::kSquare;
  }
  if (name == "rectangle") {
    return Shape::kRectangle;
  }
  if (name == "triangle") {
    return Shape::kTriangle;
  }
  if (name == "rhombus") {
    return Shape::kRhombus;
  }
  throw std::invalid_argument(
      "layout: shape must be round, oval, square, rectangle, triangle or rhombus, got '" + name +
      "'; choose one of them");
}

}  // namespace

SealSpec read_spec(const py::handle& spec) {
  SealSpec seal;
  seal.shape = read_shape(word(spec, "shape"));
  seal.width_mm = positive(spec, "width_mm");
  seal.height_mm = positive(spec, "height_mm");
  seal.corner_mm = number(spec, "corner_mm");
  read_all(spec, "borders", seal.borders, read_border);
  read_all(spec, "ring_texts", seal.ring_texts, read_ring_text);
  read_all(spec, "lines", seal.lines, read_line_text);
  read_all(spec, "rules", seal.rules, read_rule);
  read_all(spec, "security_lines", seal.security_lines, read_security_line);
  const py::object star = attribute(spec, "star");
  if (!star.is_none()) {
    seal.star = StarSpec{positive(star, "diameter_mm"), number(star, "x_mm"), number(star, "y_mm"),
                         number(star, "angle_deg")};
  }
  const py::object emblem = attribute(spec, "emblem");
  if (!emblem.is_none()) {
    seal.emblem = EmblemSpec{word(emblem, "kind"), positive(emblem, "diameter_mm"),
                             number(emblem, "x_mm"), number(emblem, "y_mm")};
  }
  const py::object name = attribute(spec, "name");
  if (!name.is_none()) {
    seal.name = read_name(name);
  }
  return seal;
}

}  // namespace seal2real
