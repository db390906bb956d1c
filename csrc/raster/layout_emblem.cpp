// Placeholder emblems: invented geometry, no state or party emblem.
#include "raster/detmath.h"
#include "raster/layout_parts.h"
#include "raster/typeset.h"

namespace seal2real {
namespace {

Polyline disc(double x, double y, double r, int steps = 96) {
  Polyline out;
  for (int i = 0; i < steps; ++i) {
    const double a = 2.0 * kPi * i / steps;
    out.push_back({x + r * det_sin(a), y - r * det_cos(a)});
  }
  return out;
}

Polyline reversed(Polyline line) {
  std::reverse(line.begin(), line.end());
  return line;
}

Polyline mirrored(const Polyline& line) {
  Polyline out;
  for (const Point p : line) {
    out.push_back({-p.x, p.y});
  }
  return reversed(out);
}

// All emblems in the unit circle, y down.
std::vector<Polyline> gear() {
  Polyline rim;
  for (int i = 0; i < 12; ++i) {
    const double offsets[4] = {-9.0, -5.5, 5.5, 9.0};
    const double radii[4] = {0.8, 1.0, 1.0, 0.8};
    for (int k = 0; k < 4; ++k) {
      const double a = (30.0 * i + offsets[k]) * kDegree;
      rim.push_back({radii[k] * det_sin(a), -radii[k] * det_cos(a)});
    }
  }
  return {rim, reversed(disc(0, 0, 0.55)), disc(0, 0, 0.25)};
}

std::vector<Polyline> wheat_ring() {
  std::vector<Polyline> out;
  for (int side = -1; side <= 1; side += 2) {
    for (int i = 0; i < 9; ++i) {
      const double a = (180.0 + side * (18.0 + 17.0 * i)) * kDegree;
      const Point out_dir = {det_sin(a), -det_cos(a)};
      const Point along = {side * -out_dir.y, side * out_dir.x};
      const Point centre = 0.84 * out_dir;
      Polyline grain;
      for (int k = 0; k < 24; ++k) {
        const double t = 2.0 * kPi * k / 24.0;
        const double u = 0.15 * det_cos(t);
        const double v = 0.07 * det_sin(t);
        const Point axis = unit(along + 0.45 * out_dir);
        grain.push_back(centre + u * axis + v * Point{-axis.y, axis.x});
      }
      out.push_back(cross(grain[1] - grain[0], grain[2] - grain[1]) > 0 ? grain : reversed(grain));
    }
  }
  out.push_back(disc(0, 0, 0.42));
  out.push_back(reversed(disc(0, 0, 0.3)));
  return out;
}

std::vector<Polyline> bell() {
  Polyline half = {{0.0, -0.8}};
  for (int i = 0; i <= 12; ++i) {
    const double a = 90.0 * i / 12.0 * kDegree;
    half.push_back({0.45 * det_sin(a), -0.35 - 0.45 * det_cos(a)});
  }
  half.insert(half.end(), {{0.5, 0.1}, {0.75, 0.42}, {0.75, 0.55}, {0.0, 0.55}});
  Polyline body = half;
  const Polyline left = mirrored(half);
  body.insert(body.end(), left.begin(), left.end());
  return {body, disc(0.0, -0.86, 0.12), disc(0.0, 0.72, 0.17)};
}

std::vector<Polyline> book() {
  const Polyline right = {{0.05, -0.45}, {0.45, -0.6}, {0.95, -0.5},
                          {0.95, 0.5},   {0.45, 0.4},  {0.05, 0.55}};
  const Polyline slot = {{0.2, -0.2}, {0.8, -0.3}, {0.8, -0.18}, {0.2, -0.08}};
  const Polyline slot2 = {{0.2, 0.1}, {0.8, 0.0}, {0.8, 0.12}, {0.2, 0.22}};
  return {right,           mirrored(right),          reversed(slot), reversed(mirrored(slot)),
          reversed(slot2), reversed(mirrored(slot2))};
}

std::vector<Polyline> shield() {
  const auto outline = [](double k) {
    Polyline half = {{0.0, -0.9 * k}, {0.4 * k, -0.75 * k}, {0.75 * k, -0.7 * k}};
    for (int i = 0; i <= 16; ++i) {
      const double t = i / 16.0;
      half.push_back({0.75 * k * (1.0 - t * t), (-0.1 + 1.0 * t) * k});
    }
    const Polyline left = mirrored(half);
    half.insert(half.end(), left.begin() + 1, left.end() - 1);
    return half;
  };
  return {outline(1.0), reversed(outline(0.8)), outline(0.55)};
}

std::vector<Polyline> dove() {
  const Polyline body = {{-0.95, -0.1}, {-0.7, -0.3}, {-0.45, -0.25}, {-0.2, 0.0}, {0.3, 0.1},
                         {0.95, 0.0},   {0.75, 0.25}, {0.9, 0.45},    {0.4, 0.4},  {0.0, 0.5},
                         {-0.35, 0.4},  {-0.6, 0.1},  {-0.72, -0.08}};
  const Polyline wing = {{-0.25, 0.05}, {-0.1, -0.5}, {0.35, -0.9}, {0.3, -0.6},
                         {0.6, -0.65},  {0.45, -0.4}, {0.65, -0.4}, {0.35, 0.15}};
  return {body, wing};
}

std::vector<Polyline> emblem_shape(const std::string& kind) {
  if (kind == "gear") {
    return gear();
  }
  if (kind == "wheat_ring") {
    return wheat_ring();
  }
  if (kind == "bell") {
    return bell();
  }
  if (kind == "book") {
    return book();
  }
  if (kind == "shield") {
    return shield();
  }
  if (kind == "dove") {
    return dove();
  }
  refuse("emblem.kind", "be gear, wheat_ring, bell, book, shield or dove", "'" + kind + "'",
         "choose one of them");
}

}  // namespace

void lay_emblem(const EmblemSpec& emblem, Layout& layout) {
  std::vector<Polyline> shape = emblem_shape(emblem.kind);
  for (Polyline& contour : shape) {
    for (Point& p : contour) {
      p = {emblem.x_mm + 0.5 * emblem.diameter_mm * p.x,
           emblem.y_mm + 0.5 * emblem.diameter_mm * p.y};
    }
  }
  put_shape(std::move(shape), kEmblem, false, layout);
}

}  // namespace seal2real
