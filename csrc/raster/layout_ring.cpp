// Ring text: glyphs along a curve parallel to the outline.
#include "raster/detmath.h"
#include "raster/layout_parts.h"
#include "raster/typeset.h"

namespace seal2real {
namespace {

// Advances are measured on the curve one third of the row's height from its inner edge: further
// out neighbours would collide at their inner corners, further in they would stand too loose.
constexpr double kInnerShare = 1.0 / 3.0;
// Least radius of the curve at corners, in row heights: tighter, glyphs on both sides of a
// triangle's tip run into each other and no polygon can straighten them.
constexpr double kTurnShare = 1.2;
// Without arc_deg, text may fill this share of the ring.
constexpr double kFullestRing = 0.95;

struct Row {
  const RingTextSpec* spec;
  std::string where;
  SetText set;
  Curve curve;
  double height_mm;  // of the row's box
  double condense = 1.0;
  double gap_mm = 0.0;
  double begin_mm = 0.0;  // arc length of the reading start
  double total_mm = 0.0;
  double sign = 1.0;  // +1 reads clockwise
  bool tops_out = true;
};

// Arc length between the rays at both ends of `arc_deg`.
double arc_length(const Curve& curve, double arc_deg, double center_deg) {
  if (arc_deg >= 360.0) {
    return curve.length_mm();
  }
  const double begin = curve.position_of_angle(center_deg - 0.5 * arc_deg);
  const double end = curve.position_of_angle(center_deg + 0.5 * arc_deg);
  return end > begin ? end - begin : end - begin + curve.length_mm();
}

[[noreturn]] void refuse_long(const Row& row, double limit, double condense) {
  refuse(row.where + ".text",
         "fit " + number_text(limit) +
             " mm of its ring at condense >= " + number_text(row.spec->max_condense),
         number_text(condense),
         "text too long for its ring: shorten it, lower height_mm or widen arc_deg");
}

void fit(Row& row) {
  const RingTextSpec& spec = *row.spec;
  const double natural = row.set.advance_mm;
  const double length = row.curve.length_mm();
  const double limit =
      spec.arc_deg ? arc_length(row.curve, *spec.arc_deg, spec.center_deg) : kFullestRing * length;
  row.condense = spec.condense ? *spec.condense : std::min(1.0, limit / natural);
  if (spec.condense ? row.condense * natural > limit * (1.0 + 1e-9)
                    : row.condense < spec.max_condense) {
    refuse_long(row, limit, limit / natural);
  }
  const auto count = static_cast<double>(row.set.glyphs.size());
  const double spare = limit - row.condense * natural;
  if (spec.arc_deg && count > 1.0) {
    row.gap_mm = spare / (*spec.arc_deg >= 360.0 ? count : count - 1.0);
  }
  row.total_mm = row.condense * natural + row.gap_mm * (count - 1.0);
  const double middle = row.curve.position_of_angle(spec.center_deg);
  row.begin_mm = middle - row.sign * 0.5 * row.total_mm;
  if (spec.arc_deg && *spec.arc_deg < 360.0 && count > 1.0) {
    const double from =
        row.curve.position_of_angle(spec.center_deg - row.sign * 0.5 * *spec.arc_deg);
    row.begin_mm = from;
  }
}

Row make_row(const GlyphStore& store, const SealSpec& seal, const RingTextSpec& spec,
             const std::string& where) {
  SetText set = typeset(store, spec.text, spec.font, spec.height_mm, where);
  const double height = (set.top_em - set.bottom_em) * set.scale_mm;
  const double outer =
      spec.radius_mm ? 0.5 * seal.width_mm - *spec.radius_mm : innermost_mm(seal) + spec.gap_mm;
  const double inset = outer + (1.0 - kInnerShare) * height;
  if (!(outer + height < Curve::inradius_mm(seal))) {
    refuse(where + ".height_mm",
           "leave its inner edge outside the centre (inradius " +
               number_text(Curve::inradius_mm(seal)) + " mm)",
           number_text(outer + height), "lower height_mm or gap_mm");
  }
  Row row{&spec, where, std::move(set), Curve(seal, inset, kTurnShare * height), height};
  row.sign = spec.direction == Direction::kClockwise ? 1.0 : -1.0;
  row.tops_out = spec.direction != Direction::kCounterClockwise;
  fit(row);
  return row;
}

// Distances of the row's top and bottom from the curve, along up.
double top_mm(const Row& row) {
  return row.height_mm * (row.tops_out ? 1.0 - kInnerShare : kInnerShare);
}
double bottom_mm(const Row& row) { return top_mm(row) - row.height_mm; }

// Places the glyphs in reading order. Against it, with tops outward, they stand right to left.
void put_row(const Row& row, Layout& layout, TextLayout& text) {
  const double base_em = row.set.bottom_em - bottom_mm(row) / row.set.scale_mm;
  const double scale = row.set.scale_mm;
  const bool backward = row.tops_out && row.sign < 0.0;
  const double half = backward ? -0.5 : 0.5;
  double pen = 0.0;
  for (size_t i = 0; i < row.set.glyphs.size(); ++i) {
    const SetGlyph& glyph = row.set.glyphs[i];
    const double width = glyph.advance_em * scale * row.condense;
    const Frame frame = row.curve.at(row.begin_mm + row.sign * (pen + 0.5 * width));
    const Point up = row.tops_out ? frame.normal : -1.0 * frame.normal;
    const Point right = row.tops_out ? frame.tangent : -1.0 * frame.tangent;
    const size_t before = text.chars.size();
    put_glyph(glyph,
              place_glyph(glyph, scale * row.condense, scale, base_em, frame.position, right, up),
              row.set.top_em, row.set.bottom_em, text.cls, layout, text);
    const double t0 = pen / row.total_mm;
    const double t1 = (pen + width) / row.total_mm;
    if (text.chars.size() > before) {
      text.chars.back().t0 = backward ? 1.0 - t1 : t0;
      text.chars.back().t1 = backward ? 1.0 - t0 : t1;
    }
    if (i == 0) {
      Station& end = backward ? text.run.last : text.run.first;
      end = Station{frame.position - (half * width) * right, up, 0.0};
    }
    if (i + 1 == row.set.glyphs.size()) {
      Station& end = backward ? text.run.first : text.run.last;
      end = Station{frame.position + (half * width) * right, up, 0.0};
    }
    pen += width + row.gap_mm;
  }
  const double end_mm = row.begin_mm + row.sign * row.total_mm;
  text.run.begin_mm = backward ? end_mm : row.begin_mm;
  text.run.run_mm = (backward ? -row.sign : row.sign) * row.total_mm;
  text.run.tops_out = row.tops_out;
  text.run.top_mm = top_mm(row);
  text.run.bottom_mm = bottom_mm(row);
}

Arc arc_of(const Row& row) {
  const double radius = row.curve.half_width();
  const double degrees = 1.0 / (radius * kDegree);
  const double middle = radius + 0.5 * row.height_mm - kInnerShare * row.height_mm;
  return {{0.0, 0.0},
          middle,
          row.begin_mm * degrees,
          (row.begin_mm + row.sign * row.total_mm) * degrees};
}

}  // namespace

void lay_ring_text(const GlyphStore& store, const SealSpec& seal, const RingTextSpec& spec,
                   const std::string& where, Layout& layout) {
  const Row row = make_row(store, seal, spec, where);
  TextLayout text = text_header(spec, spec.role == "code" ? kCode : kRingText);
  text.direction = row.sign > 0.0 ? "cw" : row.tops_out ? "ccw_out" : "ccw";
  put_row(row, layout, text);
  if (seal.shape == Shape::kRound) {
    text.arc = arc_of(row);
  }
  text.run.curve = row.curve;
  layout.texts.push_back(std::move(text));
}

}  // namespace seal2real
