#include "read_spec.h"

#include <cmath>
#include <stdexcept>
#include <string>

#include "bind_helpers.h"

namespace py = pybind11;

namespace seal2real {
namespace {

const Key kText("text");
const Key kHeightMm("height_mm");
const Key kFont("font");
const Key kFontRole("font_role");
const Key kRole("role");
const Key kCondense("condense");
const Key kMaxCondense("max_condense");
const Key kWidthMm("width_mm");
const Key kInsetMm("inset_mm");
const Key kDashMm("dash_mm");
const Key kDashGapMm("dash_gap_mm");
const Key kRadiusMm("radius_mm");
const Key kGapMm("gap_mm");
const Key kArcDeg("arc_deg");
const Key kCenterDeg("center_deg");
const Key kDirection("direction");
const Key kXMm("x_mm");
const Key kYMm("y_mm");
const Key kSpacingMm("spacing_mm");
const Key kAngleDeg("angle_deg");
const Key kVertical("vertical");
const Key kSpread("spread");
const Key kX0Mm("x0_mm");
const Key kY0Mm("y0_mm");
const Key kX1Mm("x1_mm");
const Key kY1Mm("y1_mm");
const Key kLengthMm("length_mm");
const Key kKind("kind");
const Key kColumns("columns");
const Key kCut("cut");
const Key kMarginMm("margin_mm");
const Key kRightToLeft("right_to_left");
const Key kShape("shape");
const Key kCornerMm("corner_mm");
const Key kBorders("borders");
const Key kRingTexts("ring_texts");
const Key kLines("lines");
const Key kRules("rules");
const Key kSecurityLines("security_lines");
const Key kStar("star");
const Key kDiameterMm("diameter_mm");
const Key kEmblem("emblem");
const Key kName("name");

double number(const py::handle& part, const Key& key) {
  const double value = PyFloat_AsDouble(key.of(part).ptr());
  if (value == -1.0 && PyErr_Occurred() != nullptr) {
    throw py::error_already_set();
  }
  if (!(std::fabs(value) <= 1e4)) {
    throw std::invalid_argument(std::string("layout: ") + key.text() +
                                " must be finite and within 1e4, got " + std::to_string(value) +
                                "; give millimetres or degrees");
  }
  return value;
}

double positive(const py::handle& part, const Key& key) {
  const double value = number(part, key);
  if (!(value > 0.0)) {
    throw std::invalid_argument(std::string("layout: ") + key.text() + " must be above 0, got " +
                                std::to_string(value) + "; give millimetres");
  }
  return value;
}

std::optional<double> optional_number(const py::handle& part, const Key& key) {
  if (key.of(part).is_none()) {
    return std::nullopt;
  }
  return number(part, key);
}

bool flag(const py::handle& part, const Key& key) {
  return PyObject_IsTrue(key.of(part).ptr()) == 1;
}

std::string word(const py::handle& part, const Key& key) {
  const py::object value = key.of(part);
  return value.is_none() ? std::string() : value.cast<std::string>();
}

std::u32string characters(const py::handle& part, const Key& key) {
  const py::object value = key.of(part);
  if (!py::isinstance<py::str>(value)) {
    throw py::type_error(std::string("layout: ") + key.text() +
                         " must be a string; write the text");
  }
  std::u32string out;
  const Py_ssize_t size = PyUnicode_GetLength(value.ptr());
  out.reserve(static_cast<size_t>(size));
  for (Py_ssize_t i = 0; i < size; ++i) {
    out.push_back(PyUnicode_ReadChar(value.ptr(), i));
  }
  return out;
}

template <typename T, typename Read>
void read_all(const py::handle& spec, const Key& key, std::vector<T>& out, Read read) {
  for (const py::handle part : key.of(spec)) {
    out.push_back(read(part));
  }
}

void read_text(const py::handle& part, TextSpec& text) {
  text.text = characters(part, kText);
  text.height_mm = positive(part, kHeightMm);
  text.font = word(part, kFont);
  text.font_role = word(part, kFontRole);
  text.role = word(part, kRole);
  text.condense = optional_number(part, kCondense);
  text.max_condense = positive(part, kMaxCondense);
}

BorderSpec read_border(const py::handle& part) {
  return {positive(part, kWidthMm), number(part, kInsetMm), number(part, kDashMm),
          number(part, kDashGapMm)};
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
  text.radius_mm = optional_number(part, kRadiusMm);
  text.gap_mm = number(part, kGapMm);
  text.arc_deg = optional_number(part, kArcDeg);
  text.center_deg = number(part, kCenterDeg);
  text.direction = read_direction(word(part, kDirection));
  return text;
}

LineTextSpec read_line_text(const py::handle& part) {
  LineTextSpec text;
  read_text(part, text);
  text.x_mm = number(part, kXMm);
  text.y_mm = number(part, kYMm);
  text.width_mm = optional_number(part, kWidthMm);
  text.spacing_mm = number(part, kSpacingMm);
  text.angle_deg = number(part, kAngleDeg);
  text.vertical = flag(part, kVertical);
  text.spread = flag(part, kSpread);
  return text;
}

RuleSpec read_rule(const py::handle& part) {
  return {number(part, kX0Mm), number(part, kY0Mm), number(part, kX1Mm), number(part, kY1Mm),
          positive(part, kWidthMm)};
}

SecurityLineSpec read_security_line(const py::handle& part) {
  return {number(part, kAngleDeg), number(part, kRadiusMm), positive(part, kLengthMm),
          positive(part, kWidthMm), word(part, kKind) == "tangential"};
}

NameGridSpec read_name(const py::handle& part) {
  NameGridSpec name;
  name.text = characters(part, kText);
  for (const py::handle count : kColumns.of(part)) {
    name.columns.push_back(count.cast<int>());
  }
  name.negative = word(part, kCut) == "bai";
  name.font = word(part, kFont);
  name.font_role = word(part, kFontRole);
  name.margin_mm = number(part, kMarginMm);
  name.gap_mm = number(part, kGapMm);
  name.right_to_left = flag(part, kRightToLeft);
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
  seal.shape = read_shape(word(spec, kShape));
  seal.width_mm = positive(spec, kWidthMm);
  seal.height_mm = positive(spec, kHeightMm);
  seal.corner_mm = number(spec, kCornerMm);
  read_all(spec, kBorders, seal.borders, read_border);
  read_all(spec, kRingTexts, seal.ring_texts, read_ring_text);
  read_all(spec, kLines, seal.lines, read_line_text);
  read_all(spec, kRules, seal.rules, read_rule);
  read_all(spec, kSecurityLines, seal.security_lines, read_security_line);
  const py::object star = kStar.of(spec);
  if (!star.is_none()) {
    seal.star = StarSpec{positive(star, kDiameterMm), number(star, kXMm), number(star, kYMm),
                         number(star, kAngleDeg)};
  }
  const py::object emblem = kEmblem.of(spec);
  if (!emblem.is_none()) {
    seal.emblem = EmblemSpec{word(emblem, kKind), positive(emblem, kDiameterMm),
                             number(emblem, kXMm), number(emblem, kYMm)};
  }
  const py::object name = kName.of(spec);
  if (!name.is_none()) {
    seal.name = read_name(name);
  }
  return seal;
}

}  // namespace seal2real
