#include "raster/warp.h"

#include <stdexcept>
#include <string>

#include "raster/detmath.h"

namespace seal2real {

Point Warp::curl(Point px) const {
  if (!has_curl()) {
    return px;
  }
  const double angle = 2.0 * kPi * dot(px, curl_axis) / curl_wavelength_px + curl_phase_rad;
  const double shift = curl_amplitude_px * det_sin(angle);
  return {px.x - shift * curl_axis.y, px.y + shift * curl_axis.x};
}

Warp make_warp(const double h[9], const double curl[4], const char* where) {
  const std::string name(where);
  for (int i = 0; i < 13; ++i) {
    const double value = i < 9 ? h[i] : curl[i - 9];
    if (!(std::fabs(value) < 1e9)) {
      throw std::invalid_argument(name + ": warp must hold finite numbers below 1e9, got " +
                                  std::to_string(value) + "; build it with Warp.similarity");
    }
  }
  if (!(curl[1] >= 1.0)) {
    throw std::invalid_argument(name + ": warp must have a curl wavelength of at least 1 px, got " +
                                std::to_string(curl[1]) + "; use 0 amplitude for flat paper");
  }
  Warp warp;
  std::copy(h, h + 9, warp.h.begin());
  warp.curl_amplitude_px = curl[0];
  warp.curl_wavelength_px = curl[1];
  warp.curl_axis = {det_cos(curl[2] * kDegree), det_sin(curl[2] * kDegree)};
  warp.curl_phase_rad = curl[3];
  return warp;
}

double scale_at(const Warp& warp, Point mm) {
  const Point p = warp.project(mm);
  const double w = warp.depth(mm);
  const Point dx = {(warp.h[0] - p.x * warp.h[6]) / w, (warp.h[3] - p.y * warp.h[6]) / w};
  const Point dy = {(warp.h[1] - p.x * warp.h[7]) / w, (warp.h[4] - p.y * warp.h[7]) / w};
  return std::sqrt(std::fabs(cross(dx, dy)));
}

}  // namespace seal2real
