#include "raster/glyphs.h"

#include <stdexcept>

#include "raster/simplify.h"
#include "raster/unite.h"

namespace seal2real {

constexpr double Glyph::kLevelPx[];

namespace {
constexpr size_t kPage = 256;  // codepoints
constexpr double kPackedMax = 32767.0;

int32_t packed_steps(double share) {  // of a side of the box, from its middle
  return static_cast<int32_t>(std::floor(share * kPackedMax + 0.5));
}

void pack(const Polyline& contour, const Affine& unpack, std::vector<int32_t>& out) {
  if (contour.size() < 3) {
    return;
  }
  for (size_t i = 0; i <= contour.size(); ++i) {
    const Point p = contour[i % contour.size()];
    const int32_t x = packed_steps((p.x - unpack.e) / (unpack.a * kPackedMax)) & ~1;
    const int32_t y = packed_steps((p.y - unpack.f) / (unpack.d * kPackedMax));
    const int32_t ends = i == contour.size() ? 1 : 0;
    out.push_back(static_cast<int32_t>(static_cast<uint32_t>(y) << 16 |
                                       (static_cast<uint32_t>(x | ends) & 0xFFFF)));
  }
}

int whole_lines(int count) {
  return (count + PackedEdges::kLine - 1) / PackedEdges::kLine * PackedEdges::kLine;
}

// The outline at every level, one after the other.
std::vector<int32_t> pack_levels(const std::vector<Polyline>& contours, Glyph& glyph) {
  const Affine unpack = glyph.unpack();
  std::vector<int32_t> out;
  for (int level = 0; level < Glyph::kLevels; ++level) {
    const double tolerance = Glyph::kTolerancePx / Glyph::kLevelPx[level];
    const auto first = static_cast<int>(out.size());
    for (const Polyline& contour : contours) {
      pack(simplify_closed(contour, tolerance), unpack, out);
    }
    glyph.counts[level] = static_cast<int>(out.size()) - first;
    out.resize(static_cast<size_t>(whole_lines(static_cast<int>(out.size()))), 1);
  }
  return out;
}

}  // namespace

void EdgeList::add(const Polyline& contour) {
  if (contour.size() < 3) {
    return;
  }
  for (size_t i = 0; i <= contour.size(); ++i) {
    const Point p = contour[i % contour.size()];
    x.push_back(static_cast<float>(p.x));
    y.push_back(static_cast<float>(p.y));
    keep.push_back(i < contour.size() ? -1 : 0);
  }
}

void EdgeList::finish() {
  count = static_cast<int>(x.size());
  x.resize(x.size() + kPad, 0.0F);
  y.resize(y.size() + kPad, 0.0F);
  keep.resize(keep.size() + kPad, 0);
}

PackedEdges Glyph::edges(int level) const {
  const int32_t* first = packed;
  for (int k = 0; k < level; ++k) {
    first += whole_lines(counts[k]);
  }
  return {first, counts[level]};
}

Affine Glyph::unpack() const {
  const double half_x = std::max(0.5 * (box.x1 - box.x0), 1e-6);
  const double half_y = std::max(0.5 * (box.y1 - box.y0), 1e-6);
  return {half_x / kPackedMax,    0.0, 0.0, half_y / kPackedMax, 0.5 * (box.x0 + box.x1),
          0.5 * (box.y0 + box.y1)};
}

int Glyph::level(double px_per_em) {
  int level = 0;
  while (level < kLevels && px_per_em > kLevelPx[level]) {
    ++level;
  }
  return level;
}

int GlyphStore::add_font(const std::string& name) {
  const int known = find_font(name);
  if (known >= 0) {
    return known;
  }
  Font font;
  font.name = name;
  fonts_.push_back(std::move(font));
  return static_cast<int>(fonts_.size()) - 1;
}

int GlyphStore::find_font(const std::string& name) const {
  for (size_t i = 0; i < fonts_.size(); ++i) {
    if (fonts_[i].name == name) {
      return static_cast<int>(i);
    }
  }
  return -1;
}

const Glyph* GlyphStore::find(int font, char32_t codepoint) const {
  if (font < 0 || font >= static_cast<int>(fonts_.size())) {
    return nullptr;
  }
  const auto& pages = fonts_[font].pages;
  const size_t page = codepoint / kPage;
  return page < pages.size() && pages[page] != nullptr ? pages[page][codepoint % kPage] : nullptr;
}

void GlyphStore::set_em_box(int font, double ascent_em, double descent_em) {
  fonts_.at(font).ascent_em = ascent_em;
  fonts_.at(font).descent_em = descent_em;
}

void GlyphStore::add_glyph(int font, char32_t codepoint, double advance_em,
                           const std::vector<Polyline>& contours) {
  if (has(font, codepoint)) {
    return;
  }
  Glyph glyph;
  glyph.advance_em = advance_em;
  const std::vector<Polyline> united = unite(contours);
  for (const Polyline& contour : united) {
    for (const Point p : contour) {
      glyph.box.add(p);
    }
    glyph.whole.add(contour);
    glyph.fine.add(subdivide_closed(contour, 1.0 / 16.0));
  }
  glyph.whole.finish();
  glyph.fine.finish();
  glyph.packed = packed_.add(pack_levels(united, glyph));
  auto& pages = fonts_.at(font).pages;
  const size_t page = codepoint / kPage;
  if (pages.size() <= page) {
    pages.resize(page + 1, nullptr);
  }
  if (pages[page] == nullptr) {
    pages[page] = pages_.add(std::vector<const Glyph*>(kPage));
  }
  std::vector<Glyph> one;
  one.push_back(std::move(glyph));
  pages[page][codepoint % kPage] = glyphs_.add(std::move(one));
}

}  // namespace seal2real
