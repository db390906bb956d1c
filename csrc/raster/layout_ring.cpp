// Ring text: glyphs along a curve parallel to the outline.
#include "raster/detmath.h"
#include "raster/layout_parts.h"
#include "raster/text_edges.h"
#include "raster/typeset.h"

namespace seal2real {
namespace {

// Advances are measured on the curve one third of the row's height from its inner edge: further
// out neighbours would collide at their inner corners, further in they would stand too loose.
constexpr double kInnerShare = 1.0 / 3.0;
// Least radius of the curve at corners, in row heights: tighter, glyphs on both sides of a triangle's
// tip run into each other and no polygon can straighten them.
constexpr double kTurnShare = 1.2;
// Without arc_deg, text may fill this share of the ring.
constexpr double kFullestRing = 0.95;
constexpr int kCoarseStations = 8;

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
         "fit " + number_text(limit) + " mm of its ring at condense >= " +
             number_text(row.spec->max_condense),
         number_text(condense),
         "text too long for its ring: shorten it, lower height_mm or widen arc_deg");
}

void fit(Row& row) {
  const RingTextSpec& spec = *row.spec;
  const double natural = row.set.advance_mm;
  const double length = row.curve.length_mm();
  const double limit = spec.arc_deg ? arc_length(row.curve, *spec.arc_deg, spec.center_deg)
                                    : kFullestRing * length;
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
    const double from = row.curve.position_of_angle(spec.center_deg - row.sign * 0.5 * *spec.arc_deg);
    row.begin_mm = from;
  }
}

Row make_row(const GlyphStore& store, const SealSpec& seal, const RingTextSpec& spec,
             const std::string& where) {
  SetText set = typeset(store, spec.text, spec.font, spec.height_mm, where);
  const double height = (set.top_em - set.bottom_em) * set.scale_mm;
  const double outer = spec.radius_mm ? 0.5 * seal.width_mm - *spec.radius_mm
                                      : innermost_mm(seal) + spec.gap_mm;
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

Station station_at(const Row& row, double s) {
  const Frame frame = row.curve.at(s);
  return {frame.position, row.tops_out ? frame.normal : -1.0 * frame.normal};
}

// Distances of the row's top and bottom from the curve, along up.
double top_mm(const Row& row) {
  return row.height_mm * (row.tops_out ? 1.0 - kInnerShare : kInnerShare);
}
double bottom_mm(const Row& row) { return top_mm(row) - row.height_mm; }

struct RowEnds {
  Station first;
  Station last;
};

// Places the glyphs in reading order; returns stations at both ends, square to the end glyphs.
RowEnds put_row(const Row& row, uint8_t cls, Layout& layout, TextLayout& text) {
  const double base_em = row.set.bottom_em - bottom_mm(row) / row.set.scale_mm;
  const double scale = row.set.scale_mm;
  double pen = 0.0;
  RowEnds ends{};
  for (size_t i = 0; i < row.set.glyphs.size(); ++i) {
    const SetGlyph& glyph = row.set.glyphs[i];
    const double width = glyph.advance_em * scale * row.condense;
    const Frame frame = row.curve.at(row.begin_mm + row.sign * (pen + 0.5 * width));
    const Point up = row.tops_out ? frame.normal : -1.0 * frame.normal;
    const Point right = row.tops_out ? frame.tangent : -1.0 * frame.tangent;
    put_glyph(glyph,
              place_glyph(glyph, scale * row.condense, scale, base_em, frame.position, right, up),
              row.set.top_em, row.set.bottom_em, cls, layout, text);
    const double read = row.sign * (row.tops_out ? 1.0 : -1.0);  // -1: glyphs run against reading
    if (i == 0) {
      ends.first = {frame.position - (0.5 * read * width) * right, up};
    }
    if (i + 1 == row.set.glyphs.size()) {
      ends.last = {frame.position + (0.5 * read * width) * right, up};
    }
    pen += width + row.gap_mm;
  }
  return ends;
}

std::vector<Point> row_polygon(const Row& row, const RowEnds& ends, int count,
                               const TextLayout& text) {
  std::vector<Station> stations = {ends.first};
  for (int k = 1; k + 1 < count; ++k) {
    stations.push_back(station_at(row, row.begin_mm + row.sign * row.total_mm * k / (count - 1)));
  }
  stations.push_back(ends.last);
  if (row.tops_out && row.sign < 0.0) {  // glyphs stand left to right against the reading order
    std::reverse(stations.begin(), stations.end());
  }
  return edge_polygon(stations, top_mm(row), bottom_mm(row), text.chars);
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
  const RowEnds ends = put_row(row, text.cls, layout, text);
  if (seal.shape == Shape::kRound) {
    text.arc = arc_of(row);
  }
  const int dense = std::min(121, std::max(17, 4 * static_cast<int>(text.chars.size()) + 1));
  text.dense = row_polygon(row, ends, dense, text);
  text.coarse = row_polygon(row, ends, kCoarseStations, text);
  layout.texts.push_back(std::move(text));
}

}  // namespace seal2real
