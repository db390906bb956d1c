#include "raster/layout.h"

#include <stdexcept>

#include "raster/detmath.h"
#include "raster/layout_parts.h"
#include "raster/unite.h"

namespace seal2real {
namespace {

void set_outline(const SealSpec& seal, Layout& layout) {
  layout.edge.emplace(seal, 0.0);
  layout.width_mm = seal.width_mm;
  layout.height_mm = seal.height_mm;
  layout.box = {-seal.width_mm / 2.0, -seal.height_mm / 2.0, seal.width_mm / 2.0,
                seal.height_mm / 2.0};
  for (const Part& part : layout.parts) {
    layout.box.add({part.box.x0, part.box.y0});
    layout.box.add({part.box.x1, part.box.y1});
  }
}

// Room for all parts: growing copied every glyph's part twice.
void reserve(const SealSpec& seal, Layout& layout) {
  size_t glyphs = seal.name ? seal.name->text.size() : 0;
  for (const RingTextSpec& text : seal.ring_texts) {
    glyphs += text.text.size();
  }
  for (const LineTextSpec& text : seal.lines) {
    glyphs += text.text.size();
  }
  layout.parts.reserve(glyphs + seal.borders.size() + 6);
  layout.texts.reserve(seal.ring_texts.size() + seal.lines.size() + 1);
}

}  // namespace

Polyline outline_of(const Layout& layout) {
  const Curve& edge = *layout.edge;
  Polyline outline = edge.flatten();
  if (edge.is_ellipse()) {
    constexpr int kPoints = 64;
    for (int i = 0; i < kPoints; ++i) {
      outline.push_back(edge.at(edge.length_mm() * i / kPoints).position);
    }
  }
  return outline;
}

double innermost_mm(const SealSpec& seal) {
  double inner = 0.0;
  for (const BorderSpec& border : seal.borders) {
    inner = std::max(inner, border.inset_mm + border.width_mm);
  }
  return inner;
}

TextLayout text_header(const TextSpec& spec, uint8_t cls) {
  TextLayout text;
  text.role = spec.role;
  text.text = spec.text;
  text.font = spec.font;
  text.font_role = spec.font_role;
  text.cls = cls;
  text.chars.reserve(text.text.size());
  return text;
}

void put_contours(std::vector<Contour> contours, uint8_t cls, bool cut, Layout& layout) {
  Part part;
  part.cls = cls;
  part.cut = cut;
  for (const Contour& contour : contours) {
    if (contour.rx > 0.0) {
      part.box.add(contour.centre - Point{contour.rx, contour.ry});
      part.box.add(contour.centre + Point{contour.rx, contour.ry});
    }
    for (const Point p : contour.points) {
      part.box.add(p);
    }
  }
  part.contours = std::move(contours);
  if (!part.box.empty()) {
    layout.parts.push_back(std::move(part));
  }
}

void put_shape(std::vector<Polyline> contours, uint8_t cls, bool cut, Layout& layout) {
  std::vector<Contour> out;
  for (Polyline& points : unite(contours)) {
    Contour contour;
    contour.points = std::move(points);
    out.push_back(std::move(contour));
  }
  put_contours(std::move(out), cls, cut, layout);
}

Layout lay_out(const GlyphStore& store, const SealSpec& seal) {
  Layout layout;
  reserve(seal, layout);
  lay_borders(seal, layout);
  lay_rules(seal, layout);
  for (size_t i = 0; i < seal.ring_texts.size(); ++i) {
    lay_ring_text(store, seal, seal.ring_texts[i], "ring_texts[" + std::to_string(i) + "]", layout);
  }
  if (seal.star) {
    lay_star(*seal.star, layout);
  }
  if (seal.emblem) {
    lay_emblem(*seal.emblem, layout);
  }
  for (size_t i = 0; i < seal.lines.size(); ++i) {
    lay_line_text(store, seal.lines[i], "lines[" + std::to_string(i) + "]", layout);
  }
  if (seal.name) {
    lay_name(store, seal, *seal.name, layout);
  }
  lay_security_lines(seal, layout);
  set_outline(seal, layout);
  return layout;
}

}  // namespace seal2real
