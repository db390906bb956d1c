// Ink: from the ideal coverage of a seal to the density of its impression, and
// onto the page.
#pragma once

#include <cstddef>
#include <cstdint>

namespace seal2real {

// One impression's ink; lengths in millimetres, amounts in units of full
// contact.
struct InkSettings {
  double strength;           // absorbance at full contact
  double contact;            // mean contact; 1 inks everything
  double pressure_amount;    // swing of the pressure field
  double pressure_scale_mm;  // its feature size
  double tilt_x;             // contact gained from centre to right edge
  double tilt_y;             // contact gained from centre to bottom edge
  double dry_amount;         // contact lost in dry spots
  double dry_scale_mm;
  double speckle_amount;  // contact swing of the paper's grain (one sigma)
  double speckle_scale_mm;
  double mottle_amount;  // contact swing of blotches (one sigma)
  double grain_amount;   // contact swing by the page's own relief
  double spread_mm;      // growth of the edge by over-inking; negative shrinks
  double bleed_mm;       // softness of the edge (sigma)
  double nick_amount;    // blotches' pull on the edge, 0..1
  double nick_scale_mm;  // size of blotches and nicks
  double rim_amount;     // contact gained along inner edges
  double rim_width_mm;
  double ghost_dx_mm;
  double ghost_dy_mm;
  double ghost_strength;  // of the second strike, 0..1
  double fade;            // share of strength lost
  uint64_t seed;
};

// Where an impression lies on the pixel grid of its window.
struct InkPlace {
  double px_per_mm;
  double center_x;  // px, in the window
  double center_y;
  double half_width;  // px, of the seal
  double half_height;
};

struct Window;

// Kernels read rows in whole vectors: kPadding values after the last of each plane must be
// readable.
struct InkImage {
  const uint8_t* coverage;  // [height, width]
  const uint8_t* paper;     // luma [height, width], or null
  int64_t width;
  int64_t height;
  const Window* face = nullptr;  // outside it there is no coverage; null: it is looked for
};

// Writes the density [height, width] of every pixel, absorbance * 100. Equal pixels (relative to
// the centre) get equal densities whatever the window, as long as the window holds the coverage
// within the blur's reach.
void ink(const InkImage& image, const InkSettings& settings, const InkPlace& place,
         uint8_t* density);

// An absorbance of 0.15 counts as ink.
constexpr uint32_t kInkDensity = 15;

// A page and what pressing makes of it; images are [height, width, 3].
struct PressImage {
  const uint8_t* page;
  uint8_t* image;
  uint8_t* mask;  // [height, width]; 1 where the density is at least kInkDensity
};

// Ink and blending in one pass over the rows: what ink() and blend() give one after the other.
void press(const InkImage& image, const InkSettings& settings, const InkPlace& place,
           const double* transmittance, const PressImage& target);

// page * transmittance^(density / 100) per channel; pages are [height, width, 3] and `out` may be
// `page`.
void blend(const uint8_t* page, const uint8_t* density, const double* transmittance, uint8_t* out,
           size_t pixels);

}  // namespace seal2real
