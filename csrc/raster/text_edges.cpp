#include "raster/text_edges.h"

namespace seal2real {
namespace {

constexpr double kMarginMm = 0.02;
constexpr int kPasses = 8;

// Distance of p beyond the chord a -> b on the side `side`; negative when p is not beside it. What
// is further off than `reach` belongs to another stretch of the text.
double beyond(Point p, Point a, Point b, double side, double reach) {
  const Point chord = b - a;
  const double size = length(chord);
  if (size < 1e-9) {
    return -1.0;
  }
  const double along = dot(p - a, chord) / size;
  if (along < -kMarginMm || along > size + kMarginMm) {
    return -1.0;
  }
  const double distance = side * cross(p - a, chord) / size;
  return distance < reach ? distance : -1.0;
}

// Moves vertices along their up vectors (times `side`) until no point lies beyond a chord.
Polyline grow_edge(const std::vector<Station>& stations, double offset, double side,
                   const Polyline& inside, double reach) {
  Polyline edge;
  for (const Station& station : stations) {
    edge.push_back(station.base + (offset + side * kMarginMm) * station.up);
  }
  for (int pass = 0; pass < kPasses; ++pass) {
    std::vector<double> need(edge.size(), 0.0);
    for (size_t k = 0; k + 1 < edge.size(); ++k) {
      const Point chord = unit(edge[k + 1] - edge[k]);
      const Point normal = {side * chord.y, -side * chord.x};
      double most = 0.0;
      for (const Point p : inside) {
        most = std::max(most, beyond(p, edge[k], edge[k + 1], side, reach));
      }
      for (const size_t end : {k, k + 1}) {
        const double share = std::max(0.5, side * dot(stations[end].up, normal));
        need[end] = std::max(need[end], most / share);
      }
    }
    double moved = 0.0;
    for (size_t k = 0; k < edge.size(); ++k) {
      edge[k] = edge[k] + side * need[k] * stations[k].up;
      moved = std::max(moved, need[k]);
    }
    if (moved < 1e-4) {
      break;
    }
  }
  return edge;
}

}  // namespace

std::vector<Point> edge_polygon(const std::vector<Station>& stations, double top, double bottom,
                                const std::vector<LaidChar>& chars) {
  Polyline tops;
  Polyline bottoms;
  for (const LaidChar& c : chars) {
    tops.insert(tops.end(), {c.quad[0], 0.5 * (c.quad[0] + c.quad[1]), c.quad[1]});
    bottoms.insert(bottoms.end(), {c.quad[3], 0.5 * (c.quad[2] + c.quad[3]), c.quad[2]});
  }
  std::vector<Point> polygon = grow_edge(stations, top, 1.0, tops, top - bottom);
  const Polyline low = grow_edge(stations, bottom, -1.0, bottoms, top - bottom);
  polygon.insert(polygon.end(), low.rbegin(), low.rend());
  return polygon;
}

}  // namespace seal2real
