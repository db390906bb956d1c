// A seal as plain data in millimetres: what seal2real.seals.spec describes, without its checks.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace seal2real {

enum class Shape { kRound, kOval, kSquare, kRectangle, kTriangle, kRhombus };
enum class Direction { kClockwise, kCounterClockwise, kCounterClockwiseOut };

struct BorderSpec {
  double width_mm = 0.0;
  double inset_mm = 0.0;
  double dash_mm = 0.0;
  double dash_gap_mm = 0.0;
};

// What ring and straight texts share.
struct TextSpec {
  std::u32string text;
  double height_mm = 0.0;
  std::string font;
  std::string font_role;
  std::string role;
  std::optional<double> condense;
  double max_condense = 0.4;
};

struct RingTextSpec : TextSpec {
  std::optional<double> radius_mm;
  double gap_mm = 0.8;
  std::optional<double> arc_deg;
  double center_deg = 0.0;
  Direction direction = Direction::kClockwise;
};

struct LineTextSpec : TextSpec {
  double x_mm = 0.0;
  double y_mm = 0.0;
  std::optional<double> width_mm;
  double spacing_mm = 0.0;
  double angle_deg = 0.0;
  bool vertical = false;
  bool spread = false;
};

struct StarSpec {
  double diameter_mm = 0.0;
  double x_mm = 0.0;
  double y_mm = 0.0;
  double angle_deg = 0.0;
};

struct EmblemSpec {
  std::string kind;
  double diameter_mm = 0.0;
  double x_mm = 0.0;
  double y_mm = 0.0;
};

struct RuleSpec {
  double x0_mm = 0.0;
  double y0_mm = 0.0;
  double x1_mm = 0.0;
  double y1_mm = 0.0;
  double width_mm = 0.0;
};

struct SecurityLineSpec {
  double angle_deg = 0.0;
  double radius_mm = 0.0;
  double length_mm = 0.0;
  double width_mm = 0.0;
  bool tangential = false;
};

struct NameGridSpec {
  std::u32string text;
  std::vector<int> columns;
  bool negative = false;  // "bai": the field is inked, the glyphs are not
  std::string font;
  std::string font_role;
  double margin_mm = 0.0;
  double gap_mm = 0.0;
  bool right_to_left = true;
};

struct SealSpec {
  Shape shape = Shape::kRound;
  double width_mm = 0.0;
  double height_mm = 0.0;
  double corner_mm = 0.0;
  std::vector<BorderSpec> borders;
  std::vector<RingTextSpec> ring_texts;
  std::vector<LineTextSpec> lines;
  std::vector<RuleSpec> rules;
  std::vector<SecurityLineSpec> security_lines;
  std::optional<StarSpec> star;
  std::optional<EmblemSpec> emblem;
  std::optional<NameGridSpec> name;
};

}  // namespace seal2real
