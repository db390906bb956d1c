// Flattening glyph outlines: draw calls in font units become closed polylines.
#pragma once

#include <vector>

#include "raster/geometry.h"

namespace seal2real {

// Receives the draw calls of one outline.
class FlatPen {
 public:
  // `tolerance`: greatest distance of a chord from its curve, in the units of the calls.
  explicit FlatPen(double tolerance) : tolerance_(tolerance) {}

  void move_to(Point to);
  void line_to(Point to);
  void quadratic_to(Point control, Point to);
  void cubic_to(Point first, Point second, Point to);

  // Contours of three points or more without their repeated first, filled counter-clockwise (y up).
  std::vector<Polyline> finish();

 private:
  double tolerance_;
  Point last_{0.0, 0.0};
  std::vector<Polyline> contours_;
};

}  // namespace seal2real
