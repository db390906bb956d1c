// Borders, rules, stars and cuts.
#include "raster/layout_parts.h"

#include "raster/detmath.h"

namespace seal2real {
namespace {

constexpr int kDashSteps = 12;  // chords along one dash: below 0.001 mm from the curve at 3 mm

Contour outline_at(const SealSpec& seal, double inset, bool reversed) {
  const Curve curve(seal, inset);
  Contour contour;
  contour.reversed = reversed;
  if (curve.is_ellipse()) {
    contour.rx = curve.half_width();
    contour.ry = curve.half_height();
  } else {
    contour.points = curve.flatten();
    if (reversed) {
      std::reverse(contour.points.begin(), contour.points.end());
    }
  }
  return contour;
}

// One dash as a closed band of the border's width along `curve`, its outer edge.
Contour dash(const Curve& curve, double from, double to, double width) {
  Contour contour;
  Polyline inner;
  for (int i = 0; i <= kDashSteps; ++i) {
    const Frame frame = curve.at(from + (to - from) * i / kDashSteps);
    contour.points.push_back(frame.position);
    inner.push_back(frame.position - width * frame.normal);
  }
  contour.points.insert(contour.points.end(), inner.rbegin(), inner.rend());
  return contour;
}

// A whole number of dashes goes round: dash and gap are scaled alike.
void lay_dashed(const SealSpec& seal, const BorderSpec& border, Layout& layout) {
  const Curve curve(seal, border.inset_mm, border.width_mm * 1.01);
  const double period = border.dash_mm + border.dash_gap_mm;
  const double count =
      std::min(2000.0, std::max(1.0, std::floor(curve.length_mm() / period + 0.5)));
  const double step = curve.length_mm() / count;
  const double size = step * border.dash_mm / period;
  std::vector<Contour> dashes;
  for (int i = 0; i < static_cast<int>(count); ++i) {
    dashes.push_back(dash(curve, step * i - 0.5 * size, step * i + 0.5 * size, border.width_mm));
  }
  put_contours(std::move(dashes), kRing, false, layout);
}

// Band of `width` around the segment a -> b.
Polyline band(Point a, Point b, double width) {
  const Point along = unit(b - a);
  const Point side = {-0.5 * width * along.y, 0.5 * width * along.x};
  return {a + side, b + side, b - side, a - side};
}

}  // namespace

void lay_borders(const SealSpec& seal, Layout& layout) {
  // Solid borders whose bands do not meet are one part: their contours cannot overlap.
  std::vector<BorderSpec> solid;
  for (const BorderSpec& border : seal.borders) {
    if (border.dash_mm > 0.0 && border.dash_gap_mm > 0.0) {
      lay_dashed(seal, border, layout);
    } else {
      solid.push_back(border);
    }
  }
  std::sort(solid.begin(), solid.end(),
            [](const BorderSpec& a, const BorderSpec& b) { return a.inset_mm < b.inset_mm; });
  std::vector<Contour> contours;
  double inner = -1.0;
  for (const BorderSpec& border : solid) {
    if (border.inset_mm <= inner) {
      put_contours(std::move(contours), kRing, false, layout);
      contours.clear();
    }
    contours.push_back(outline_at(seal, border.inset_mm, false));
    contours.push_back(outline_at(seal, border.inset_mm + border.width_mm, true));
    inner = std::max(inner, border.inset_mm + border.width_mm);
  }
  put_contours(std::move(contours), kRing, false, layout);
}

void lay_rules(const SealSpec& seal, Layout& layout) {
  std::vector<Polyline> bands;
  for (const RuleSpec& rule : seal.rules) {
    bands.push_back(band({rule.x0_mm, rule.y0_mm}, {rule.x1_mm, rule.y1_mm}, rule.width_mm));
  }
  put_shape(std::move(bands), kLine, false, layout);
}

void lay_star(const StarSpec& star, Layout& layout) {
  // The inner vertices of a pentagram lie at sin 18 / cos 36 of the radius.
  const double inner = det_sin(18.0 * kDegree) / det_cos(36.0 * kDegree);
  Contour contour;
  for (int i = 0; i < 10; ++i) {
    const double radius = 0.5 * star.diameter_mm * (i % 2 == 0 ? 1.0 : inner);
    const double angle = (36.0 * i + star.angle_deg) * kDegree;
    contour.points.push_back(
        {star.x_mm + radius * det_sin(angle), star.y_mm - radius * det_cos(angle)});
  }
  put_contours({contour}, kEmblem, false, layout);
}

void lay_security_lines(const SealSpec& seal, Layout& layout) {
  std::vector<Polyline> bands;
  for (const SecurityLineSpec& line : seal.security_lines) {
    const double angle = line.angle_deg * kDegree;
    const Point out = {det_sin(angle), -det_cos(angle)};
    const Point along = line.tangential ? Point{-out.y, out.x} : out;
    const Point middle = line.radius_mm * out;
    bands.push_back(band(middle - (0.5 * line.length_mm) * along,
                         middle + (0.5 * line.length_mm) * along, line.width_mm));
  }
  put_shape(std::move(bands), kBackground, true, layout);
}

}  // namespace seal2real
