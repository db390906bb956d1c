#include "raster/typeset.h"

#include <cstdio>
#include <stdexcept>

namespace seal2real {
namespace {

// Blank left on both sides of a trimmed bracket, in em.
constexpr double kBracketBearing = 0.06;

bool is_wide(char32_t c) { return c >= 0x2E80; }

bool contains(const std::u32string& set, char32_t c) { return set.find(c) != std::u32string::npos; }

bool is_trimmed(char32_t c) {
  static const std::u32string kSet = U"（）［］｛｝《》〈〉【】「」『』〔〕“”‘’、，。：；！？·";
  return contains(kSet, c);
}

bool is_alphanumeric(char32_t c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

SetGlyph set_glyph(char32_t codepoint, const Glyph& glyph) {
  if (is_trimmed(codepoint) && !glyph.box.empty()) {
    const double ink = glyph.box.x1 - glyph.box.x0 + 2.0 * kBracketBearing;
    if (ink < glyph.advance_em) {
      return {codepoint, &glyph, glyph.box.x0 - kBracketBearing, ink, 0.0};
    }
  }
  return {codepoint, &glyph, 0.0, glyph.advance_em, 0.0};
}

std::string code_text(char32_t codepoint) {
  char buffer[16];
  std::snprintf(buffer, sizeof buffer, "U+%04X", static_cast<unsigned>(codepoint));
  return buffer;
}

// Digits and Latin letters: the tallest of them is `height_mm` high.
void fit_latin(SetText& row, double height_mm) {
  double letters = 0.0;
  double all = 0.0;
  double bottom = 0.0;
  for (const SetGlyph& g : row.glyphs) {
    if (!g.glyph->box.empty()) {
      all = std::max(all, g.glyph->box.y1);
      letters = is_alphanumeric(g.codepoint) ? std::max(letters, g.glyph->box.y1) : letters;
      bottom = std::min(bottom, g.glyph->box.y0);
    }
  }
  const double height_em = letters > 0.0 ? letters : std::max(all, 0.1);
  row.scale_mm = height_mm / height_em;
  row.top_em = std::max(all, height_em);
  row.bottom_em = bottom;
  row.middle_em = 0.5 * height_em;
}

std::string refusal(const std::string& where, const std::string& rule, const std::string& got,
                    const std::string& remedy) {
  return "layout: " + where + " must " + rule + ", got " + got + "; " + remedy;
}

}  // namespace

void refuse(const std::string& where, const std::string& rule, const std::string& got,
            const std::string& remedy) {
  throw std::invalid_argument(refusal(where, rule, got, remedy));
}

std::string number_text(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.3g", value);
  return buffer;
}

bool is_blank(char32_t codepoint) {
  return codepoint == ' ' || codepoint == 0x3000 || codepoint == 0xA0;
}

bool turns_in_column(char32_t codepoint) {
  static const std::u32string kSet = U"()（）［］｛｝[]{}《》〈〉【】「」『』〔〕—－-…～";
  return contains(kSet, codepoint);
}

SetText typeset(const GlyphStore& store, const std::u32string& text, const std::string& font,
                double height_mm, const std::string& where) {
  const int id = store.find_font(font);
  if (id < 0) {
    throw MissingInStore(refusal(where + ".font", "be in the glyph store", "'" + font + "'",
                                 "lay out through seal2real.seals.layout"));
  }
  SetText row;
  bool wide = false;
  bool visible = false;
  row.glyphs.reserve(text.size());
  for (const char32_t c : text) {
    __builtin_prefetch(store.find(id, c));  // the loop below would wait for one after the other
  }
  for (const char32_t c : text) {
    const Glyph* glyph = store.find(id, c);
    if (glyph == nullptr) {
      throw MissingInStore(refusal(where + ".text", "have its glyphs in the store", code_text(c),
                                   "lay out through seal2real.seals.layout"));
    }
    row.glyphs.push_back(set_glyph(c, *glyph));
    wide = wide || (is_wide(c) && !is_blank(c));
    visible = visible || !glyph->box.empty();
  }
  if (!visible) {
    refuse(where + ".text", "hold a visible character", "'" + to_utf8(text) + "'", "write one");
  }
  if (wide) {
    row.scale_mm = height_mm;
    row.top_em = store.ascent_em(id);
    row.bottom_em = store.descent_em(id);
    row.middle_em = 0.5 * (row.top_em + row.bottom_em);
    for (SetGlyph& g : row.glyphs) {
      if (contains(U"()[]{}", g.codepoint)) {
        g.raise_em = row.middle_em - 0.5 * (g.glyph->box.y0 + g.glyph->box.y1);
      }
    }
  } else {
    fit_latin(row, height_mm);
  }
  for (const SetGlyph& g : row.glyphs) {
    row.advance_mm += g.advance_em * row.scale_mm;
  }
  return row;
}

Affine place_glyph(const SetGlyph& glyph, double scale_x, double scale_y, double base_em,
                   Point centre, Point right, Point up) {
  const double middle = glyph.left_em + 0.5 * glyph.advance_em;
  const Point origin =
      centre - middle * scale_x * right - (base_em - glyph.raise_em) * scale_y * up;
  return {scale_x * right.x, scale_x * right.y, scale_y * up.x, scale_y * up.y, origin.x, origin.y};
}

void put_glyph(const SetGlyph& glyph, const Affine& place, double top_em, double bottom_em,
               uint8_t cls, Layout& layout, TextLayout& text) {
  if (glyph.glyph->box.empty()) {
    return;
  }
  const Box& ink = glyph.glyph->box;
  Part part;
  part.glyph = glyph.glyph;
  part.place = place;
  part.cls = cls;
  for (const Point corner : {Point{ink.x0, ink.y0}, Point{ink.x1, ink.y0}, Point{ink.x0, ink.y1},
                             Point{ink.x1, ink.y1}}) {
    part.box.add(place(corner));
  }
  layout.parts.push_back(std::move(part));
  const double left = std::min(glyph.left_em, ink.x0);
  const double right = std::max(glyph.left_em + glyph.advance_em, ink.x1);
  const double top = std::max(top_em - glyph.raise_em, ink.y1);
  const double bottom = std::min(bottom_em - glyph.raise_em, ink.y0);
  text.chars.push_back(
      {glyph.codepoint,
       {place({left, top}), place({right, top}), place({right, bottom}), place({left, bottom})}});
}

std::string to_utf8(const std::u32string& text) {
  std::string out;
  for (const char32_t c : text) {
    if (c < 0x80) {
      out += static_cast<char>(c);
    } else if (c < 0x800) {
      out += static_cast<char>(0xC0 | (c >> 6));
      out += static_cast<char>(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
      out += static_cast<char>(0xE0 | (c >> 12));
      out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
      out += static_cast<char>(0x80 | (c & 0x3F));
    } else {
      out += static_cast<char>(0xF0 | (c >> 18));
      out += static_cast<char>(0x80 | ((c >> 12) & 0x3F));
      out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
      out += static_cast<char>(0x80 | (c & 0x3F));
    }
  }
  return out;
}

}  // namespace seal2real
