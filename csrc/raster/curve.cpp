#include "raster/curve.h"

#include <stdexcept>
#include <string>

#include "raster/detmath.h"

namespace seal2real {
namespace {

constexpr int kEllipseSteps = 512;
constexpr int kArcStepsPerTurn = 192;

Point turn(Point v, double angle) {
  const double c = det_cos(angle);
  const double s = det_sin(angle);
  return {v.x * c - v.y * s, v.x * s + v.y * c};
}

Point inward(Point direction) { return {-direction.y, direction.x}; }

// Corners of the outline, clockwise from the top or top right.
Polyline corners_of(const SealSpec& spec) {
  const double w = spec.width_mm / 2.0;
  const double h = spec.height_mm / 2.0;
  if (spec.shape == Shape::kTriangle) {
    return {{0.0, -h}, {w, h}, {-w, h}};
  }
  if (spec.shape == Shape::kRhombus) {
    return {{0.0, -h}, {w, 0.0}, {0.0, h}, {-w, 0.0}};
  }
  return {{w, -h}, {w, h}, {-w, h}, {-w, -h}};
}

Polyline inset_polygon(const Polyline& corners, double inset) {
  const size_t count = corners.size();
  Polyline out;
  for (size_t i = 0; i < count; ++i) {
    const Point before = unit(corners[i] - corners[(i + count - 1) % count]);
    const Point after = unit(corners[(i + 1) % count] - corners[i]);
    // Moving along both edges' inward normals: corner + inset (n1 + n2) / (1 + n1 . n2).
    const double scale = inset / (1.0 + dot(before, after));
    out.push_back(corners[i] + scale * (inward(before) + inward(after)));
  }
  return out;
}

bool is_oval(const SealSpec& spec) {
  return spec.shape == Shape::kRound || spec.shape == Shape::kOval;
}

}  // namespace

double Curve::inradius_mm(const SealSpec& spec) {
  const double w = spec.width_mm;
  const double h = spec.height_mm;
  if (spec.shape == Shape::kTriangle) {
    return w * h / (w + 2.0 * std::sqrt(h * h + w * w / 4.0));
  }
  if (spec.shape == Shape::kRhombus) {
    return w * h / (2.0 * std::sqrt(w * w + h * h));
  }
  return std::min(w, h) / 2.0;
}

Curve::Curve(const SealSpec& spec, double inset_mm, double min_radius_mm) {
  if (!(inset_mm < inradius_mm(spec) - 1e-6)) {
    throw std::invalid_argument("layout: inset must be below " + std::to_string(inradius_mm(spec)) +
                                " mm to stay inside, got " + std::to_string(inset_mm) +
                                "; lower gap_mm, height_mm or inset_mm");
  }
  if (is_oval(spec)) {
    build_ellipse(spec.width_mm / 2.0 - inset_mm, spec.height_mm / 2.0 - inset_mm);
    return;
  }
  const bool tip = spec.shape == Shape::kTriangle || spec.shape == Shape::kRhombus;
  const double radius = std::max(spec.corner_mm - inset_mm, min_radius_mm);
  build_polygon(inset_polygon(corners_of(spec), inset_mm), std::max(radius, 0.0), tip);
}

void Curve::build_ellipse(double rx, double ry) {
  rx_ = rx;
  ry_ = ry;
  if (rx == ry) {
    length_ = 2.0 * kPi * rx;
    return;
  }
  table_.reserve(kEllipseSteps + 1);
  table_.push_back(0.0);
  Point last = {0.0, -ry};
  for (int i = 1; i <= kEllipseSteps; ++i) {
    const double phi = 2.0 * kPi * i / kEllipseSteps;
    const Point next = {rx * det_sin(phi), -ry * det_cos(phi)};
    table_.push_back(table_.back() + length(next - last));
    last = next;
  }
  length_ = table_.back();
}

void Curve::add_line(Point from, Point to) {
  const double size = length(to - from);
  if (size > 1e-12) {
    pieces_.push_back({from, unit(to - from), {}, 0.0, 0.0, length_, size});
    length_ += size;
  }
}

void Curve::add_arc(Point from, Point tangent, double radius, double sweep) {
  if (radius > 0.0) {
    const Point centre = from + radius * inward(tangent);
    pieces_.push_back({from, tangent, centre, radius, sweep, length_, radius * sweep});
    length_ += radius * sweep;
  }
}

void Curve::build_polygon(Polyline corners, double radius, bool tip_on_top) {
  const size_t count = corners.size();
  double ratio = 0.0;  // tan(turn / 2) at the sharpest corner
  double shortest = length(corners[0] - corners[count - 1]);
  for (size_t i = 0; i < count; ++i) {
    const Point before = unit(corners[i] - corners[(i + count - 1) % count]);
    const Point after = unit(corners[(i + 1) % count] - corners[i]);
    ratio = std::max(ratio, cross(before, after) / (1.0 + dot(before, after)));
    shortest = std::min(shortest, length(corners[(i + 1) % count] - corners[i]));
  }
  radius = std::min(radius, 0.499 * shortest / ratio);
  const Point top = {0.0, corners[0].y};
  Point pen = top;
  for (size_t i = tip_on_top ? 1 : 0; i < count + (tip_on_top ? 1 : 0); ++i) {
    const Point corner = corners[i % count];
    const Point before = unit(corner - corners[(i + count - 1) % count]);
    const Point after = unit(corners[(i + 1) % count] - corner);
    const double reach = radius * cross(before, after) / (1.0 + dot(before, after));
    const double sweep = det_atan2(cross(before, after), dot(before, after));
    if (tip_on_top && i == 1) {  // the tip's arc is shared by the start and the end
      const Point first = unit(corners[1] - corners[0]);
      const Point last = unit(corners[0] - corners[count - 1]);
      const double tip_sweep = det_atan2(cross(last, first), dot(last, first));
      const double tip_reach = radius * cross(last, first) / (1.0 + dot(last, first));
      const Point arc_end = corners[0] + tip_reach * first;
      const Point centre = arc_end + radius * inward(first);
      add_arc({centre.x, centre.y - radius}, {1.0, 0.0}, radius, tip_sweep / 2.0);
      pen = arc_end;
    }
    const Point arc_start = corner - reach * before;
    add_line(pen, arc_start);
    const bool closing_tip = tip_on_top && i == count;
    add_arc(arc_start, before, radius, closing_tip ? sweep / 2.0 : sweep);
    pen = corner + reach * after;
  }
  if (!tip_on_top) {
    add_line(pen, top);
  }
}

Frame Curve::frame_on(const Piece& piece, double along) {
  if (piece.radius == 0.0) {
    return {piece.start + along * piece.tangent, piece.tangent, -1.0 * inward(piece.tangent)};
  }
  const Point tangent = turn(piece.tangent, along / piece.radius);
  const Point normal = -1.0 * inward(tangent);
  return {piece.centre + piece.radius * normal, tangent, normal};
}

Frame Curve::at(double s_mm) const {
  double s = s_mm - length_ * std::floor(s_mm / length_);
  s = std::min(std::max(s, 0.0), length_);
  if (!is_ellipse()) {
    size_t i = 0;
    while (i + 1 < pieces_.size() && s >= pieces_[i + 1].begin) {
      ++i;
    }
    return frame_on(pieces_[i], s - pieces_[i].begin);
  }
  double phi = s / rx_;
  if (!table_.empty()) {
    const auto above = std::upper_bound(table_.begin() + 1, table_.end() - 1, s);
    const auto i = static_cast<double>(above - table_.begin()) - 1.0;
    const double low = *(above - 1);
    phi = 2.0 * kPi * (i + (s - low) / (*above - low)) / kEllipseSteps;
  }
  const auto [sine, cosine] = det_sin_cos(phi);
  const Point tangent = unit({rx_ * cosine, ry_ * sine});
  return {{rx_ * sine, -ry_ * cosine}, tangent, {tangent.y, -tangent.x}};
}

double Curve::position_of_angle(double degrees) const {
  const double turns = degrees / 360.0;
  const double wanted = 2.0 * kPi * (turns - std::floor(turns));
  if (is_ellipse() && table_.empty()) {
    return wanted * rx_;
  }
  double low = 0.0;
  double high = length_;
  for (int i = 0; i < 48; ++i) {
    const double middle = 0.5 * (low + high);
    const Point p = at(middle).position;
    double angle = det_atan2(p.x, -p.y);
    angle += angle < 0.0 ? 2.0 * kPi : 0.0;
    (angle < wanted ? low : high) = middle;
  }
  return low;
}

Polyline Curve::flatten() const {
  Polyline out;
  for (const Piece& piece : pieces_) {
    const int steps =
        piece.radius == 0.0
            ? 1
            : std::max(1,
                       static_cast<int>(std::ceil(piece.sweep * kArcStepsPerTurn / (2.0 * kPi))));
    for (int i = 0; i < steps; ++i) {
      out.push_back(frame_on(piece, piece.length * i / steps).position);
    }
  }
  return out;
}

}  // namespace seal2real
