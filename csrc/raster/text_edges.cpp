#include "raster/text_edges.h"

#include <utility>

namespace seal2real {
namespace {

constexpr double kMarginMm = 0.02;
constexpr int kPasses = 6;
constexpr size_t kCoarseStations = 8;
constexpr size_t kReachShare = 4;  // a quarter of a step
constexpr int kMostStations = 121;

// A corner that must stay inside, and the stretch of the row it belongs to.
struct Held {
  Point point;
  double t0;
  double t1;
};

// Moves vertices along their up vectors (times `side`) until no held point lies beyond a chord.
Polyline grow_edge(const std::vector<Station>& stations, double offset, double side,
                   const std::vector<Held>& held) {
  Polyline edge;
  for (const Station& station : stations) {
    edge.push_back(station.base + (offset + side * kMarginMm) * station.up);
  }
  for (int pass = 0; pass < kPasses; ++pass) {
    std::vector<double> need(edge.size(), 0.0);
    for (size_t k = 0; k + 1 < edge.size(); ++k) {
      const Point chord = edge[k + 1] - edge[k];
      const double size = length(chord);
      if (size < 1e-9) {
        continue;
      }
      const Point normal = {side * chord.y / size, -side * chord.x / size};
      double most = 0.0;
      for (const Held& h : held) {
        const double along = dot(h.point - edge[k], chord) / size;
        const bool beside = along > -kMarginMm && along < size + kMarginMm;
        if (beside && h.t1 >= stations[k].t && h.t0 <= stations[k + 1].t) {
          most = std::max(most, dot(h.point - edge[k], normal));
        }
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

Polyline edge_polygon(const TextLayout& text, const std::vector<Station>& stations) {
  std::vector<Held> tops;
  std::vector<Held> bottoms;
  for (const LaidChar& c : text.chars) {
    for (const Point p : {c.quad[0], c.quad[1]}) {
      tops.push_back({p, c.t0, c.t1});
    }
    for (const Point p : {c.quad[2], c.quad[3]}) {
      bottoms.push_back({p, c.t0, c.t1});
    }
  }
  Polyline polygon = grow_edge(stations, text.run.top_mm, 1.0, tops);
  const Polyline low = grow_edge(stations, text.run.bottom_mm, -1.0, bottoms);
  polygon.insert(polygon.end(), low.rbegin(), low.rend());
  return polygon;
}

std::vector<Station> spread_stations(const TextRun& run, int count) {
  std::vector<Station> stations = {run.first};
  stations.front().t = 0.0;
  for (int k = 1; k + 1 < count; ++k) {
    const double t = static_cast<double>(k) / (count - 1);
    if (run.curve) {
      const Frame frame = run.curve->at(run.begin_mm + t * run.run_mm);
      stations.push_back({frame.position, run.tops_out ? frame.normal : -1.0 * frame.normal, t});
    } else {
      stations.push_back({run.first.base + t * (run.last.base - run.first.base), run.first.up, t});
    }
  }
  stations.push_back(run.last);
  stations.back().t = 1.0;
  return stations;
}

double off_chord(Point p, Point a, Point b) {
  const Point chord = unit(b - a);
  return std::fabs(cross(chord, p - a));
}

// Greatest distance of the stations between `from` and `to` from the chord, tops and bottoms.
double chord_error(const TextRun& run, const std::vector<Station>& all, size_t from, size_t to) {
  double worst = 0.0;
  for (const double offset : {run.top_mm, run.bottom_mm}) {
    const Point a = all[from].base + offset * all[from].up;
    const Point b = all[to].base + offset * all[to].up;
    for (size_t i = from + 1; i < to; ++i) {
      worst = std::max(worst, off_chord(all[i].base + offset * all[i].up, a, b));
    }
  }
  return worst;
}

// The few stations whose chords follow the row best: equal steps at first, then each in turn moves
// to where the worse of its two chords is best, so that corners get theirs. It stays near its equal
// step: a reader lays a spline through the points, and uneven knots make splines overshoot.
std::vector<Station> choose_stations(const TextRun& run, const std::vector<Station>& all) {
  std::vector<size_t> kept;
  for (size_t k = 0; k < kCoarseStations; ++k) {
    kept.push_back(k * (all.size() - 1) / (kCoarseStations - 1));
  }
  const size_t reach = (all.size() - 1) / (kCoarseStations - 1) / kReachShare;
  for (int sweep = 0; sweep < kPasses; ++sweep) {
    for (size_t k = 1; k + 1 < kept.size(); ++k) {
      double best = std::numeric_limits<double>::infinity();
      size_t place = kept[k];
      const size_t even = k * (all.size() - 1) / (kCoarseStations - 1);
      const size_t from = std::max(kept[k - 1] + 1, even - reach);
      const size_t to = std::min(kept[k + 1] - 1, even + reach);
      for (size_t i = from; i <= to; ++i) {
        const double error =
            std::max(chord_error(run, all, kept[k - 1], i), chord_error(run, all, i, kept[k + 1]));
        if (error < best) {
          best = error;
          place = i;
        }
      }
      kept[k] = place;
    }
  }
  std::vector<Station> out;
  for (const size_t i : kept) {
    out.push_back(all[i]);
  }
  return out;
}

// On circles equal steps are best as they are.
bool is_circle(const TextRun& run) {
  return run.curve && run.curve->is_ellipse() &&
         run.curve->half_width() == run.curve->half_height();
}

}  // namespace

TextPolygons text_polygons(const TextLayout& text) {
  if (!text.frame.empty()) {
    return {text.frame, text.frame};
  }
  const int chars = static_cast<int>(text.chars.size());
  if (!text.run.curve) {
    return {edge_polygon(text, spread_stations(text.run, chars + 1)),
            edge_polygon(text, spread_stations(text.run, std::min(chars + 1, 4)))};
  }
  const std::vector<Station> all =
      spread_stations(text.run, std::min(kMostStations, std::max(17, 4 * chars + 1)));
  const std::vector<Station> few =
      is_circle(text.run) ? spread_stations(text.run, static_cast<int>(kCoarseStations))
                          : choose_stations(text.run, all);
  return {edge_polygon(text, all), edge_polygon(text, few)};
}

}  // namespace seal2real
