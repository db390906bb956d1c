// The steps of lay_out, one a kind of part. `where` names the part in errors: "ring_texts[0]".
#pragma once

#include <string>

#include "raster/layout.h"

namespace seal2real {

// Inset of the inner edge of the innermost border, 0 without borders.
double innermost_mm(const SealSpec& seal);

TextLayout text_header(const TextSpec& spec, uint8_t cls);

void lay_borders(const SealSpec& seal, Layout& layout);
void lay_rules(const SealSpec& seal, Layout& layout);
void lay_star(const StarSpec& star, Layout& layout);
void lay_emblem(const EmblemSpec& emblem, Layout& layout);
void lay_security_lines(const SealSpec& seal, Layout& layout);
void lay_ring_text(const GlyphStore& store, const SealSpec& seal, const RingTextSpec& spec,
                   const std::string& where, Layout& layout);
void lay_line_text(const GlyphStore& store, const LineTextSpec& spec, const std::string& where,
                   Layout& layout);
void lay_name(const GlyphStore& store, const SealSpec& seal, const NameGridSpec& spec,
              Layout& layout);

// Adds contours as one part; overlaps between them are united.
void put_shape(std::vector<Polyline> contours, uint8_t cls, bool cut, Layout& layout);

// The same for contours known to wind to 0 or 1.
void put_contours(std::vector<Contour> contours, uint8_t cls, bool cut, Layout& layout);

}  // namespace seal2real
