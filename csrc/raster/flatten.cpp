#include "raster/flatten.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace seal2real {
namespace {

// Beyond this a curve would be cut into more pieces than any glyph needs: a broken font.
constexpr double kMostPieces = 4096.0;

bool same(Point a, Point b) { return a.x == b.x && a.y == b.y; }

double bend(Point a, Point b, Point c) {
  const double x = a.x - 2.0 * b.x + c.x;
  const double y = a.y - 2.0 * b.y + c.y;
  return std::sqrt(x * x + y * y);
}

// Wang's bound for degree d: error <= d (d - 1) / 8 * bend / n^2.
int pieces_of(double share, double bend, double tolerance) {
  const double pieces = std::ceil(std::sqrt(share * bend / tolerance));
  return static_cast<int>(std::min(pieces, kMostPieces));
}

// Positive for counter-clockwise with y up.
double twice_area(const Polyline& contour) {
  double total = 0.0;
  Point last = contour.back();
  for (const Point p : contour) {
    total += last.x * p.y - p.x * last.y;
    last = p;
  }
  return total;
}

}  // namespace

void FlatPen::move_to(Point to) {
  contours_.push_back({to});
  last_ = to;
}

void FlatPen::line_to(Point to) {
  if (contours_.empty()) {
    throw std::invalid_argument(
        "flatten_outline: calls must begin with a move, got a line; pass what HarfBuzz drew");
  }
  if (!same(to, last_)) {
    contours_.back().push_back(to);
    last_ = to;
  }
}

void FlatPen::quadratic_to(Point control, Point to) {
  const Point from = last_;
  const int pieces = pieces_of(0.25, bend(from, control, to), tolerance_);
  for (int i = 1; i < pieces; ++i) {
    const double t = static_cast<double>(i) / pieces;
    const double s = 1.0 - t;
    const double a = s * s;
    const double b = 2.0 * s * t;
    const double c = t * t;
    line_to({a * from.x + b * control.x + c * to.x, a * from.y + b * control.y + c * to.y});
  }
  line_to(to);
}

void FlatPen::cubic_to(Point first, Point second, Point to) {
  const Point from = last_;
  const double most = std::max(bend(from, first, second), bend(first, second, to));
  const int pieces = pieces_of(0.75, most, tolerance_);
  for (int i = 1; i < pieces; ++i) {
    const double t = static_cast<double>(i) / pieces;
    const double s = 1.0 - t;
    const double a = s * s * s;
    const double b = 3.0 * s * s * t;
    const double c = 3.0 * s * t * t;
    const double d = t * t * t;
    line_to({a * from.x + b * first.x + c * second.x + d * to.x,
             a * from.y + b * first.y + c * second.y + d * to.y});
  }
  line_to(to);
}

std::vector<Polyline> FlatPen::finish() {
  std::vector<Polyline> out;
  double area = 0.0;
  for (Polyline& contour : contours_) {
    if (contour.size() > 1 && same(contour.front(), contour.back())) {
      contour.pop_back();
    }
    if (contour.size() >= 3) {
      area += twice_area(contour);
      out.push_back(std::move(contour));
    }
  }
  if (area < 0.0) {
    for (Polyline& contour : out) {
      std::reverse(contour.begin(), contour.end());
    }
  }
  contours_.clear();
  return out;
}

}  // namespace seal2real
