// Closed convex curves parallel to a seal's outline, addressed by arc length.
#pragma once

#include <vector>

#include "raster/geometry.h"
#include "raster/spec.h"

namespace seal2real {

struct Frame {
  Point position;
  Point tangent;  // clockwise
  Point normal;   // outward
};

// The outline of a seal, inset; starts straight above the centre and runs clockwise.
// An oval's inset curve is the ellipse whose half-axes are shorter by the inset: at 1 mm on a
// 40 x 30 mm seal this is within 0.02 mm of the parallel curve.
class Curve {
 public:
  // `inset_mm` from the outer edge; corners keep at least `min_radius_mm`. Throws
  // std::invalid_argument when nothing is left.
  Curve(const SealSpec& spec, double inset_mm, double min_radius_mm = 0.0);

  // Largest inset that leaves something.
  static double inradius_mm(const SealSpec& spec);

  double length_mm() const { return length_; }
  Frame at(double s_mm) const;  // any s; wraps around

  // Arc length, in [0, length), of the point that a ray from the centre meets; clockwise from top.
  double position_of_angle(double degrees) const;

  bool is_ellipse() const { return pieces_.empty(); }
  double half_width() const { return rx_; }   // ellipses only
  double half_height() const { return ry_; }  // ellipses only
  Polyline flatten() const;                   // chords within 0.001 mm for corners up to 5 mm

 private:
  struct Piece {  // a line (radius 0) or a circular arc
    Point start;
    Point tangent;  // at the start
    Point centre;
    double radius;
    double sweep;  // radians, clockwise
    double begin;  // arc length where it starts
    double length;
  };

  void build_ellipse(double rx, double ry);
  void build_polygon(Polyline corners, double radius, bool tip_on_top);
  void add_line(Point from, Point to);
  void add_arc(Point from, Point tangent, double radius, double sweep);
  static Frame frame_on(const Piece& piece, double along);

  std::vector<Piece> pieces_;
  std::vector<double> table_;  // ellipses: arc length at equal steps of the parameter
  double rx_ = 0.0;
  double ry_ = 0.0;
  double length_ = 0.0;
};

}  // namespace seal2real
