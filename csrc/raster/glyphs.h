// Glyph outlines as polylines in em space, read once and kept for the life of the store.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "raster/geometry.h"
#include "raster/slabs.h"

namespace seal2real {

// Closed polylines as arrays the transform can stream. Each contour repeats its first vertex;
// `keep[i]` is -1 where vertex i starts an edge to i + 1, 0 where a contour ends. All three arrays
// carry kPad more entries, so that a vector load never leaves them.
struct EdgeList {
  static constexpr int kPad = 32;

  std::vector<float> x;
  std::vector<float> y;
  std::vector<int32_t> keep;
  int count = 0;  // vertices

  void add(const Polyline& contour);
  void finish();
};

// The same in four bytes a vertex instead of twelve: among thousands of glyphs outlines come from
// far caches, and waiting for them took 15 us of a seal's 160. Each vertex packs x (even) and y in
// 16 bits within the glyph's box, 1/65534 of it apart; bit 0 is set where a contour ends.
struct PackedEdges {
  static constexpr int kLine = 64 / sizeof(int32_t);  // vertices in a cache line

  const int32_t* vertices;  // whole cache lines
  int count;
};

struct Glyph {
  // The same outline with fewer vertices for smaller sizes: level k is within kTolerancePx of the
  // outline up to kLevelPx[k] px per em; `whole` is the outline itself.
  static constexpr int kLevels = 3;
  static constexpr double kLevelPx[kLevels] = {24.0, 48.0, 96.0};
  static constexpr double kTolerancePx = 0.015;
  static int level(double px_per_em);  // kLevels: none will do

  // What nearly every seal asks for fills one cache line.
  alignas(64) double advance_em = 0.0;
  Box box;  // ink, em, y up; empty for blanks
  const int32_t* packed = nullptr;
  int32_t counts[kLevels] = {};  // vertices of the levels, which follow each other
  EdgeList whole;
  EdgeList fine;  // edges cut to at most 1/16 em, for warps that bend lines

  PackedEdges edges(int level) const;
  Affine unpack() const;  // from packed steps to em
};

class GlyphStore {
 public:
  GlyphStore() = default;
  GlyphStore(const GlyphStore&) = delete;
  GlyphStore& operator=(const GlyphStore&) = delete;
  GlyphStore(GlyphStore&&) = default;  // what layouts point to stays where it is
  GlyphStore& operator=(GlyphStore&&) = default;

  int add_font(const std::string& name);
  int find_font(const std::string& name) const;  // -1 when absent
  bool has_font(int font) const { return font >= 0 && font < static_cast<int>(fonts_.size()); }
  bool has(int font, char32_t codepoint) const { return find(font, codepoint) != nullptr; }
  const Glyph* find(int font, char32_t codepoint) const;

  // Keeps the first outline of a character: layouts point to it. Overlapping contours are united.
  void add_glyph(int font, char32_t codepoint, double advance_em,
                 const std::vector<Polyline>& contours);

  void set_em_box(int font, double ascent_em, double descent_em);
  double ascent_em(int font) const { return fonts_.at(font).ascent_em; }
  double descent_em(int font) const { return fonts_.at(font).descent_em; }

 private:
  struct Font {
    std::string name;
    double ascent_em = 0.88;  // CJK convention for the ideographic em box
    double descent_em = -0.12;
    std::vector<const Glyph**> pages;  // by codepoint, kPage each; null where none has a glyph
  };
  std::vector<Font> fonts_;
  Slabs<Glyph> glyphs_;
  Slabs<int32_t> packed_;
  Slabs<const Glyph*> pages_;
};

}  // namespace seal2real
