// From a seal's millimetres to image pixels: a homography, then a gentle sine wave (paper curl).
#pragma once

#include <array>

#include "raster/geometry.h"

namespace seal2real {

struct Warp {
  std::array<double, 9> h;  // row-major, mm -> px

  // p' = p + amplitude sin(2 pi (p . u) / wavelength + phase) n, with u at `axis` clockwise from
  // x and n = u turned clockwise by 90 degrees.
  double curl_amplitude_px = 0.0;
  double curl_wavelength_px = 1.0;
  Point curl_axis = {1.0, 0.0};  // u
  double curl_phase_rad = 0.0;

  bool has_curl() const { return curl_amplitude_px != 0.0; }
  bool is_affine() const { return h[6] == 0.0 && h[7] == 0.0; }
  double depth(Point mm) const { return h[6] * mm.x + h[7] * mm.y + h[8]; }
  Point project(Point mm) const {  // the homography alone
    const double w = depth(mm);
    return {(h[0] * mm.x + h[1] * mm.y + h[2]) / w, (h[3] * mm.x + h[4] * mm.y + h[5]) / w};
  }
  Point curl(Point px) const;  // the wave alone
  Point apply(Point mm) const { return curl(project(mm)); }
};

// Checks finiteness, ranges and a positive scale; throws std::invalid_argument naming `where`.
Warp make_warp(const double h[9], const double curl[4], const char* where);

// Pixels per millimetre near `mm`: the root of the local area scale of the homography.
double scale_at(const Warp& warp, Point mm);

}  // namespace seal2real
