// Capture: what a scanner, copier, fax or phone makes of a page. Every effect
// is a function of the absolute pixel position, so a window of the result is
// the result of the window.
#pragma once

#include <cstddef>
#include <cstdint>

namespace seal2real {

struct CaptureSettings {
  double light_amount;    // swing of the illumination field, 0..1
  double light_scale_px;  // its feature size
  double light_slope_x;   // illumination gained per 1000 px
  double light_slope_y;
  double gain[3];  // colour cast: factor per channel
  double blur_sigma_px;
  double sharpen;               // share of the detail added again after blurring
  double chroma_blur_sigma_px;  // of colour alone, after lens and sharpening
  double black;                 // output of no light, 0..255
  double white;                 // output of full light, 0..255
  double bend;                  // brightening of the middle tones, -1..1 (a gamma)
  double contrast;              // S-curve, -1..1
  double noise_sigma;           // of 255
  double chroma_sigma;
  double texture_sigma;       // of 255: the paper's own relief, coarser than the sensor's noise
  double texture_scale_px;    // its feature size
  double threshold_softness;  // of 255; two-level output when positive
  double band_amount;         // gain swing of whole rows (copier drum), 0..1
  double streak_amount;       // gain swing of whole columns (scanner line sensor), 0..1
  double dust_density;        // specks of toner per pixel, 0..0.01
  int64_t line_px;            // rows repeated (fax), 1 = none
  bool grey;
  uint64_t seed;
};

struct CaptureImage {
  const uint8_t* in;  // [height, width, 3]
  uint8_t* out;       // the same shape
  int64_t width;
  int64_t height;
  int64_t x0;  // absolute position of the first pixel
  int64_t y0;
};

// Pixels beyond this distance have no influence (before JPEG).
int64_t capture_radius(const CaptureSettings& settings);

void capture(const CaptureImage& image, const CaptureSettings& settings);

}  // namespace seal2real
