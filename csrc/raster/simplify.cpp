#include "raster/simplify.h"

#include <utility>

namespace seal2real {
namespace {

double distance_to_segment(Point p, Point a, Point b) {
  const Point ab = b - a;
  const double size = dot(ab, ab);
  const double t = size > 0.0 ? std::min(1.0, std::max(0.0, dot(p - a, ab) / size)) : 0.0;
  return length(p - (a + t * ab));
}

}  // namespace

Polyline simplify_closed(const Polyline& contour, double tolerance) {
  const size_t count = contour.size();
  if (count < 4) {
    return contour;
  }
  std::vector<char> kept(count + 1, 0);
  // Two anchors: the first vertex and the one farthest from it.
  size_t far = 0;
  for (size_t i = 1; i < count; ++i) {
    if (length(contour[i] - contour[0]) > length(contour[far] - contour[0])) {
      far = i;
    }
  }
  kept[0] = kept[far] = kept[count] = 1;
  std::vector<std::pair<size_t, size_t>> open = {{0, far}, {far, count}};
  while (!open.empty()) {
    const auto [first, last] = open.back();
    open.pop_back();
    double worst = tolerance;
    size_t split = 0;
    for (size_t i = first + 1; i < last; ++i) {
      const double d = distance_to_segment(contour[i], contour[first], contour[last % count]);
      if (d > worst) {
        worst = d;
        split = i;
      }
    }
    if (split != 0) {
      kept[split] = 1;
      open.emplace_back(first, split);
      open.emplace_back(split, last);
    }
  }
  Polyline out;
  for (size_t i = 0; i < count; ++i) {
    if (kept[i] != 0) {
      out.push_back(contour[i]);
    }
  }
  return out;
}

Polyline subdivide_closed(const Polyline& contour, double longest) {
  Polyline out;
  for (size_t i = 0; i < contour.size(); ++i) {
    const Point a = contour[i];
    const Point b = contour[(i + 1) % contour.size()];
    const int pieces = std::max(1, static_cast<int>(std::ceil(length(b - a) / longest)));
    for (int k = 0; k < pieces; ++k) {
      const double t = static_cast<double>(k) / pieces;
      out.push_back({a.x + t * (b.x - a.x), a.y + t * (b.y - a.y)});
    }
  }
  return out;
}

}  // namespace seal2real
