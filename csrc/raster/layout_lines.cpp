// Straight lines and columns of text, and the characters of private seals.
#include "raster/detmath.h"
#include "raster/layout_parts.h"
#include "raster/typeset.h"

namespace seal2real {
namespace {

struct Fit {
  double condense;
  double gap_mm;
  double total_mm;
};

Fit fit_line(const LineTextSpec& spec, const std::string& where, double natural_mm, size_t glyphs) {
  const double gaps = static_cast<double>(glyphs) - 1.0;
  const double spaced = spec.spacing_mm * gaps;
  double condense = spec.condense ? *spec.condense : 1.0;
  if (spec.width_mm) {
    const double fitting = (*spec.width_mm - spaced) / natural_mm;
    condense = spec.condense ? condense : std::min(1.0, fitting);
    if (spec.condense ? condense > fitting * (1.0 + 1e-9) : condense < spec.max_condense) {
      refuse(where + ".text",
             "fit width_mm " + number_text(*spec.width_mm) +
                 " at condense >= " + number_text(spec.max_condense),
             number_text(fitting), "text too long for its line: shorten it or lower height_mm");
    }
  }
  double gap = spec.spacing_mm;
  if (spec.spread && spec.width_mm && gaps > 0.0) {
    gap = std::max(gap, (*spec.width_mm - condense * natural_mm) / gaps);
  }
  return {condense, gap, condense * natural_mm + gap * gaps};
}

void put_row(const LineTextSpec& spec, const SetText& set, const Fit& fit, Point right, Point up,
             Layout& layout, TextLayout& text) {
  const Point centre = {spec.x_mm, spec.y_mm};
  double pen = -0.5 * fit.total_mm;
  for (const SetGlyph& glyph : set.glyphs) {
    const double width = glyph.advance_em * set.scale_mm * fit.condense;
    const Point at = centre + (pen + 0.5 * width) * right;
    const size_t before = text.chars.size();
    put_glyph(
        glyph,
        place_glyph(glyph, set.scale_mm * fit.condense, set.scale_mm, set.middle_em, at, right, up),
        set.top_em, set.bottom_em, text.cls, layout, text);
    if (text.chars.size() > before) {
      text.chars.back().t0 = pen / fit.total_mm + 0.5;
      text.chars.back().t1 = (pen + width) / fit.total_mm + 0.5;
    }
    pen += width + fit.gap_mm;
  }
  text.run.first = {centre - (0.5 * fit.total_mm) * right, up, 0.0};
  text.run.last = {centre + (0.5 * fit.total_mm) * right, up, 1.0};
  text.run.top_mm = (set.top_em - set.middle_em) * set.scale_mm;
  text.run.bottom_mm = (set.bottom_em - set.middle_em) * set.scale_mm;
}

// Length of a glyph along its column, em.
double column_advance(const SetGlyph& glyph, const SetText& set) {
  return turns_in_column(glyph.codepoint) ? glyph.advance_em : set.top_em - set.bottom_em;
}

void put_column(const LineTextSpec& spec, const SetText& set, const Fit& fit, Point right, Point up,
                Layout& layout, TextLayout& text) {
  const Point centre = {spec.x_mm, spec.y_mm};
  double pen = 0.5 * fit.total_mm;
  double widest = 0.0;
  for (const SetGlyph& glyph : set.glyphs) {
    const double size = column_advance(glyph, set) * set.scale_mm * fit.condense;
    const Point at = centre + (pen - 0.5 * size) * up;
    const double across = set.scale_mm;
    const double along = set.scale_mm * fit.condense;
    const bool turned = turns_in_column(glyph.codepoint);
    const double middle = 0.5 * (set.top_em + set.bottom_em);
    const Affine place = turned ? place_glyph(glyph, along, across, middle, at, -1.0 * up, right)
                                : place_glyph(glyph, across, along, middle, at, right, up);
    put_glyph(glyph, place, set.top_em, set.bottom_em, text.cls, layout, text);
    widest = std::max(widest, turned ? set.top_em - set.bottom_em : glyph.advance_em);
    pen -= size + fit.gap_mm;
  }
  // A column is read downward: its "tops" are the right-hand side.
  double left = -0.5 * widest * set.scale_mm;
  double far_right = -left;
  for (const LaidChar& c : text.chars) {
    for (const Point p : c.quad) {
      left = std::min(left, dot(p - centre, right));
      far_right = std::max(far_right, dot(p - centre, right));
    }
  }
  const Point top = centre + (0.5 * fit.total_mm) * up;
  const Point bottom = centre - (0.5 * fit.total_mm) * up;
  text.frame = {top + far_right * right, bottom + far_right * right, bottom + left * right,
                top + left * right};
}

// Half size and middle of the largest upright rectangle inside the outline inset by `inset`.
Box cells_box(const SealSpec& seal, double inset) {
  const double w = 0.5 * seal.width_mm - inset;
  const double h = 0.5 * seal.height_mm - inset;
  const double root = std::sqrt(0.5);
  if (seal.shape == Shape::kRound || seal.shape == Shape::kOval) {
    return {-w * root, -h * root, w * root, h * root};
  }
  if (seal.shape == Shape::kRhombus) {
    const double k = 1.0 - inset / Curve::inradius_mm(seal);
    return {-0.25 * k * seal.width_mm, -0.25 * k * seal.height_mm, 0.25 * k * seal.width_mm,
            0.25 * k * seal.height_mm};
  }
  if (seal.shape == Shape::kTriangle) {  // lower half of the triangle that is left
    const double k = 1.0 - inset / Curve::inradius_mm(seal);
    return {-0.25 * k * seal.width_mm, h - 0.5 * k * seal.height_mm, 0.25 * k * seal.width_mm, h};
  }
  return {-w, -h, w, h};
}

// The em-space box that is stretched to the cell: the ink, but flat characters such as U+4E00 keep
// most of their em so that they are not blown up into bars.
Box stretch_box(const Box& ink) {
  constexpr double kLeast = 0.7;
  const double pad_x = std::max(0.0, 0.5 * (kLeast - (ink.x1 - ink.x0)));
  const double pad_y = std::max(0.0, 0.5 * (kLeast - (ink.y1 - ink.y0)));
  return {ink.x0 - pad_x, ink.y0 - pad_y, ink.x1 + pad_x, ink.y1 + pad_y};
}

void put_in_cell(const SetGlyph& glyph, const Box& cell, bool cut, Layout& layout,
                 TextLayout& text) {
  const Box box = stretch_box(glyph.glyph->box);
  const double sx = (cell.x1 - cell.x0) / (box.x1 - box.x0);
  const double sy = (cell.y1 - cell.y0) / (box.y1 - box.y0);
  const Affine place = {sx, 0.0, 0.0, -sy, cell.x0 - sx * box.x0, cell.y1 + sy * box.y0};
  put_glyph(glyph, place, box.y1, box.y0, text.cls, layout, text);
  layout.parts.back().cut = cut;
  text.chars.back().quad = {Point{cell.x0, cell.y0}, Point{cell.x1, cell.y0},
                            Point{cell.x1, cell.y1}, Point{cell.x0, cell.y1}};
}

}  // namespace

void lay_line_text(const GlyphStore& store, const LineTextSpec& spec, const std::string& where,
                   Layout& layout) {
  const SetText set = typeset(store, spec.text, spec.font, spec.height_mm, where);
  TextLayout text = text_header(spec, spec.role == "code" ? kCode : kCentreText);
  text.direction = spec.vertical ? "column" : "line";
  const double c = det_cos(spec.angle_deg * kDegree);
  const double s = det_sin(spec.angle_deg * kDegree);
  const Point right = {c, s};
  const Point up = {s, -c};
  if (spec.vertical) {
    double natural = 0.0;
    for (const SetGlyph& glyph : set.glyphs) {
      natural += column_advance(glyph, set) * set.scale_mm;
    }
    put_column(spec, set, fit_line(spec, where, natural, set.glyphs.size()), right, up, layout,
               text);
  } else {
    put_row(spec, set, fit_line(spec, where, set.advance_mm, set.glyphs.size()), right, up, layout,
            text);
  }
  layout.texts.push_back(std::move(text));
}

void lay_name(const GlyphStore& store, const SealSpec& seal, const NameGridSpec& spec,
              Layout& layout) {
  const SetText set = typeset(store, spec.text, spec.font, 1.0, "name");
  TextLayout text;
  text.role = "name";
  text.text = spec.text;
  text.font = spec.font;
  text.font_role = spec.font_role;
  text.cls = kCentreText;
  text.direction = "grid";
  const double inner = innermost_mm(seal);
  if (spec.negative) {
    Contour field;
    const Curve edge(seal, inner);
    field.points = edge.flatten();
    field.rx = edge.is_ellipse() ? edge.half_width() : 0.0;
    field.ry = edge.is_ellipse() ? edge.half_height() : 0.0;
    put_contours({field}, kCentreText, false, layout);
  }
  const Box all = cells_box(seal, inner + spec.margin_mm);
  const auto columns = static_cast<double>(spec.columns.size());
  const double width = (all.x1 - all.x0 - spec.gap_mm * (columns - 1.0)) / columns;
  size_t next = 0;
  for (size_t k = 0; k < spec.columns.size(); ++k) {
    const auto rows = static_cast<double>(spec.columns[k]);
    const double height = (all.y1 - all.y0 - spec.gap_mm * (rows - 1.0)) / rows;
    if (!(width > 0.1 && height > 0.1)) {
      refuse("name.margin_mm", "leave cells of 0.1 mm and more",
             number_text(std::min(width, height)), "lower margin_mm or gap_mm");
    }
    const double from_left =
        spec.right_to_left ? columns - 1.0 - static_cast<double>(k) : static_cast<double>(k);
    const double x0 = all.x0 + from_left * (width + spec.gap_mm);
    for (int row = 0; row < spec.columns[k] && next < set.glyphs.size(); ++row, ++next) {
      const double y0 = all.y0 + row * (height + spec.gap_mm);
      if (!set.glyphs[next].glyph->box.empty()) {
        put_in_cell(set.glyphs[next], {x0, y0, x0 + width, y0 + height}, spec.negative, layout,
                    text);
      }
    }
  }
  text.frame = {{all.x0, all.y0}, {all.x1, all.y0}, {all.x1, all.y1}, {all.x0, all.y1}};
  layout.texts.push_back(std::move(text));
}

}  // namespace seal2real
