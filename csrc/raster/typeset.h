// Texts as rows of glyphs in em units: advances, boxes and scale.
#pragma once

#include <string>
#include <vector>

#include "raster/glyphs.h"
#include "raster/layout.h"
#include "raster/spec.h"

namespace seal2real {

struct SetGlyph {
  char32_t codepoint;
  const Glyph* glyph;
  double left_em;         // where its advance starts in the glyph's own coordinates
  double advance_em;      // proportional; CJK brackets lose their blank half
  double raise_em = 0.0;  // Latin brackets among hanzi stand in the middle of the em box
};

struct SetText {
  std::vector<SetGlyph> glyphs;
  double scale_mm;  // mm per em
  double top_em;    // of the row's box
  double bottom_em;
  double middle_em;         // of the em box, or of the digits' height
  double advance_mm = 0.0;  // sum, not condensed
};

// Looks glyphs up. `height_mm` is the em box of CJK text; of a text of digits and Latin letters it
// is their ink height. Throws std::invalid_argument naming `where` for a missing font or glyph.
SetText typeset(const GlyphStore& store, const std::u32string& text, const std::string& font,
                double height_mm, const std::string& where);

bool is_blank(char32_t codepoint);
bool turns_in_column(char32_t codepoint);  // brackets and dashes lie down in a column

// em -> mm: the point (0, base_em) of the advance's middle stands at `centre`.
Affine place_glyph(const SetGlyph& glyph, double scale_x, double scale_y, double base_em,
                   Point centre, Point right, Point up);

// Adds the glyph's part and its label; the quad covers advance, row box and ink.
void put_glyph(const SetGlyph& glyph, const Affine& place, double top_em, double bottom_em,
               uint8_t cls, Layout& layout, TextLayout& text);

[[noreturn]] void refuse(const std::string& where, const std::string& rule, const std::string& got,
                         const std::string& remedy);

std::string number_text(double value);

}  // namespace seal2real
