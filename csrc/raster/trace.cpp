#include "raster/trace.h"

#include <stdexcept>
#include <string>

#include "raster/detmath.h"
#include "raster/typeset.h"

namespace seal2real {
namespace {

constexpr double kBendPieceMm = 0.5;  // longest straight edge on curled paper

// The unit circle as a closed polygon, swollen to the circle's area.
EdgeList unit_circle(int steps) {
  const double step = 2.0 * kPi / steps;
  const double radius = std::sqrt(step / det_sin(step));
  Polyline points;
  for (int i = 0; i < steps; ++i) {
    points.push_back({radius * det_sin(step * i), -radius * det_cos(step * i)});
  }
  EdgeList list;
  list.add(points);
  list.finish();
  return list;
}

// Chords around an ellipse: at most 0.012 px from it once its area is made up for.
const EdgeList& circle_for(double radius_px) {
  static const EdgeList kCircles[] = {unit_circle(128), unit_circle(256), unit_circle(512),
                                      unit_circle(1024)};
  return kCircles[radius_px <= 100.0 ? 0 : radius_px <= 400.0 ? 1 : radius_px <= 1600.0 ? 2 : 3];
}

std::array<Point, 4> corners(const Part& part) {
  if (part.glyph != nullptr) {
    const Box& ink = part.glyph->box;
    return {part.place({ink.x0, ink.y0}), part.place({ink.x1, ink.y0}),
            part.place({ink.x0, ink.y1}), part.place({ink.x1, ink.y1})};
  }
  const Box& box = part.box;
  return {Point{box.x0, box.y0}, Point{box.x1, box.y0}, Point{box.x0, box.y1},
          Point{box.x1, box.y1}};
}

// One homography for all vertices.
VertexTransform vertex_transform(const Affine& p, const Warp& warp, const PixelBox& box) {
  const std::array<double, 9> m = placed(p, warp, box);
  VertexTransform out{};
  // Divided by the depth so that float keeps its precision.
  const double depth = m[8];
  for (int i = 0; i < 9; ++i) {
    out.m[i] = static_cast<float>(m[i] / depth);
  }
  out.perspective = !warp.is_affine();
  out.curl = warp.has_curl();
  out.amplitude = static_cast<float>(warp.curl_amplitude_px);
  out.axis_x = static_cast<float>(warp.curl_axis.x);
  out.axis_y = static_cast<float>(warp.curl_axis.y);
  out.frequency = static_cast<float>(2.0 * kPi / warp.curl_wavelength_px);
  const Point origin = {static_cast<double>(box.x0), static_cast<double>(box.y0)};
  const double turns =
      dot(origin, warp.curl_axis) / warp.curl_wavelength_px + warp.curl_phase_rad / (2.0 * kPi);
  out.phase = static_cast<float>(2.0 * kPi * (turns - std::floor(turns + 0.5)));
  out.limit_x = static_cast<float>(box.width * kOne);
  out.limit_y = static_cast<float>(box.height * kOne);
  return out;
}

Fixed24_8 to_fixed(double px, int limit) {
  const double value = px * kOne;
  if (!(value > 0.0)) {
    return 0;
  }
  return static_cast<Fixed24_8>(std::min(value, static_cast<double>(limit) * kOne) + 0.5);
}

}  // namespace

PixelBox pixel_box(const Part& part, const Warp& warp) {
  Box box;
  const double nearest = warp.depth({0.0, 0.0});
  for (const Point corner : corners(part)) {
    const double depth = warp.depth(corner);
    // The same sign as at the centre, and not within 1/50 of the horizon.
    if (!(depth * nearest > 0.02 * nearest * nearest)) {
      throw std::invalid_argument(
          "draw: warp must keep the seal in front of the horizon, got depth " +
          number_text(depth / nearest) + " of the centre's; use a weaker perspective");
    }
    box.add(warp.project(corner));
  }
  const double reach = std::fabs(warp.curl_amplitude_px);
  double x0 = std::floor(box.x0 - reach);
  const double y0 = std::floor(box.y0 - reach);
  double width = std::floor(box.x1 + reach) + 1.0 - x0;
  if (width > kWideBox) {  // so that borders end where the image does
    const double aligned = std::floor(x0 / kBlock) * kBlock;
    width += x0 - aligned;
    x0 = aligned;
  }
  const double height = std::floor(box.y1 + reach) + 1.0 - y0;
  const bool small = width <= kMaxPartPx && height <= kMaxPartPx;
  if (!(small && std::fabs(x0) < 1e8 && std::fabs(y0) < 1e8)) {
    throw std::invalid_argument("draw: warp must map each part to at most " +
                                std::to_string(kMaxPartPx) + " px, got " + number_text(width) +
                                " x " + number_text(height) + "; lower the resolution");
  }
  return {static_cast<int>(x0), static_cast<int>(y0), static_cast<int>(width),
          static_cast<int>(height)};
}

std::array<double, 9> placed(const Affine& p, const Warp& warp, const PixelBox& box) {
  const std::array<double, 9>& h = warp.h;
  std::array<double, 9> m{};
  for (int r = 0; r < 3; ++r) {
    m[3 * r] = h[3 * r] * p.a + h[3 * r + 1] * p.b;
    m[3 * r + 1] = h[3 * r] * p.c + h[3 * r + 1] * p.d;
    m[3 * r + 2] = h[3 * r] * p.e + h[3 * r + 1] * p.f + h[3 * r + 2];
  }
  for (int c = 0; c < 3; ++c) {
    m[c] -= box.x0 * m[6 + c];
    m[3 + c] -= box.y0 * m[6 + c];
  }
  return m;
}

Edges Tracer::trace(const Part& part, const Warp& warp, const PixelBox& box,
                    const Kernels& kernels) {
  if (part.glyph == nullptr) {
    x_.clear();
    y_.clear();
    keep_.clear();
    trace_contours(part, warp, box, kernels);
    const auto count = static_cast<int>(x_.size());
    x_.resize(x_.size() + EdgeList::kPad);
    y_.resize(y_.size() + EdgeList::kPad);
    keep_.resize(keep_.size() + EdgeList::kPad, 0);
    return {x_.data(), y_.data(), keep_.data(), count};
  }
  const Point middle = part.place({0.5, 0.4});
  const double em_mm =
      std::sqrt(std::fabs(part.place.a * part.place.d - part.place.b * part.place.c));
  level_ = Glyph::level(em_mm * scale_at(warp, middle));
  if (level_ < Glyph::kLevels && !warp.has_curl()) {
    return trace_packed(*part.glyph, part.place, warp, box, kernels);
  }
  const EdgeList& list = warp.has_curl() ? part.glyph->fine : part.glyph->whole;
  grow(list.x.size());
  kernels.transform(vertex_transform(part.place, warp, box), list.x.data(), list.y.data(),
                    list.count, x_.data(), y_.data());
  return {x_.data(), y_.data(), list.keep.data(), list.count};
}

Edges Tracer::trace_packed(const Glyph& glyph, const Affine& place, const Warp& warp,
                           const PixelBox& box, const Kernels& kernels) {
  const PackedEdges list = glyph.edges(level_);
  grow(static_cast<size_t>(list.count + EdgeList::kPad));
  const Affine u = glyph.unpack();
  const Point origin = place({u.e, u.f});
  const Affine from_steps = {place.a * u.a, place.b * u.a, place.c * u.d,
                             place.d * u.d, origin.x,      origin.y};
  kernels.transform_packed(vertex_transform(from_steps, warp, box), list.vertices, list.count,
                           x_.data(), y_.data(), keep_.data());
  return {x_.data(), y_.data(), keep_.data(), list.count};
}

void Tracer::grow(size_t size) {
  if (x_.size() < size) {
    x_.resize(size);
    y_.resize(size);
  }
  if (keep_.size() < size) {
    keep_.resize(size);
  }
}

void Tracer::prefetch_glyph(const Part& part) const {
  if (part.glyph != nullptr) {
    __builtin_prefetch(part.glyph);
  }
}

void Tracer::prefetch(const Part& part) const {
  if (part.glyph == nullptr || level_ == Glyph::kLevels) {
    return;
  }
  const PackedEdges list = part.glyph->edges(level_);
  for (int i = 0; i < list.count; i += PackedEdges::kLine) {
    __builtin_prefetch(list.vertices + i);
  }
}

void Tracer::trace_contours(const Part& part, const Warp& warp, const PixelBox& box,
                            const Kernels& kernels) {
  for (const Contour& contour : part.contours) {
    if (contour.rx > 0.0) {
      add_ellipse(contour, warp, box, kernels);
    } else {
      add_polyline(contour.points, warp, box);
    }
  }
}

void Tracer::add_point(Point mm, const Warp& warp, const PixelBox& box) {
  const Point px = warp.apply(mm);
  x_.push_back(to_fixed(px.x - box.x0, box.width));
  y_.push_back(to_fixed(px.y - box.y0, box.height));
  keep_.push_back(-1);
}

void Tracer::close(size_t first) {
  if (x_.size() > first) {
    x_.push_back(x_[first]);
    y_.push_back(y_[first]);
    keep_.push_back(0);
  }
}

void Tracer::add_polyline(const Polyline& points, const Warp& warp, const PixelBox& box) {
  const size_t first = x_.size();
  for (size_t i = 0; i < points.size(); ++i) {
    const Point a = points[i];
    add_point(a, warp, box);
    if (warp.has_curl()) {
      const Point b = points[(i + 1) % points.size()];
      const int pieces = std::min(1024, static_cast<int>(length(b - a) / kBendPieceMm) + 1);
      for (int k = 1; k < pieces; ++k) {
        const double t = static_cast<double>(k) / pieces;
        add_point({a.x + t * (b.x - a.x), a.y + t * (b.y - a.y)}, warp, box);
      }
    }
  }
  close(first);
}

void Tracer::add_ellipse(const Contour& contour, const Warp& warp, const PixelBox& box,
                         const Kernels& kernels) {
  const double radius_px = std::max(contour.rx, contour.ry) * scale_at(warp, contour.centre);
  const EdgeList& list = circle_for(radius_px);
  // Mirrored, the circle runs the other way round.
  const double rx = contour.reversed ? -contour.rx : contour.rx;
  const Affine place = {rx, 0.0, 0.0, contour.ry, contour.centre.x, contour.centre.y};
  const size_t first = x_.size();
  x_.resize(first + list.x.size());
  y_.resize(first + list.x.size());
  kernels.transform(vertex_transform(place, warp, box), list.x.data(), list.y.data(), list.count,
                    x_.data() + first, y_.data() + first);
  x_.resize(first + list.count);
  y_.resize(first + list.count);
  keep_.insert(keep_.end(), list.keep.begin(), list.keep.begin() + list.count);
}

}  // namespace seal2real
