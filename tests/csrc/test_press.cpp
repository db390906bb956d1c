// Ink and capture: any parameters, any size, every instruction set, windows as the whole.
#include <algorithm>
#include <vector>

#include "check.h"
#include "raster/capture.h"
#include "raster/ink.h"
#include "raster/isa.h"
#include "raster/labels.h"
#include "raster/paste.h"
#include "raster/philox.h"
#include "raster/planes.h"

namespace seal2real {
namespace {

std::vector<uint8_t> noise(Rng& rng, size_t size) {
  std::vector<uint8_t> out(size);
  for (uint8_t& value : out) {
    value = static_cast<uint8_t>(rng.integer(0, 256));
  }
  return out;
}

double between(Rng& rng, double low, double high) { return low + (high - low) * rng.uniform(); }

InkSettings any_ink(Rng& rng) {
  InkSettings s{};
  s.strength = between(rng, 0.0, 3.0);
  s.contact = between(rng, 0.0, 2.0);
  s.pressure_amount = between(rng, 0.0, 1.0);
  s.pressure_scale_mm = between(rng, 0.1, 40.0);
  s.tilt_x = between(rng, -1.0, 1.0);
  s.tilt_y = between(rng, -1.0, 1.0);
  s.dry_amount = between(rng, 0.0, 1.0);
  s.dry_scale_mm = between(rng, 0.1, 10.0);
  s.speckle_amount = between(rng, 0.0, 1.0);
  s.speckle_scale_mm = between(rng, 0.01, 1.0);
  s.mottle_amount = between(rng, 0.0, 1.0);
  s.grain_amount = between(rng, 0.0, 1.0);
  s.spread_mm = between(rng, -0.3, 0.3);
  s.bleed_mm = between(rng, 0.0, 0.4);
  s.nick_amount = between(rng, 0.0, 1.0);
  s.nick_scale_mm = between(rng, 0.05, 2.0);
  s.rim_amount = between(rng, 0.0, 1.0);
  s.rim_width_mm = between(rng, 0.0, 0.6);
  s.ghost_dx_mm = between(rng, -2.0, 2.0);
  s.ghost_dy_mm = between(rng, -2.0, 2.0);
  s.ghost_strength = rng.uniform() < 0.5 ? 0.0 : rng.uniform();
  s.fade = between(rng, 0.0, 1.0);
  s.seed = rng.u64();
  return s;
}

std::vector<uint8_t> padded(std::vector<uint8_t> plane) {
  plane.resize(plane.size() + kPadding);
  return plane;
}

InkPlace place_of(int64_t width, int64_t height) {
  return {11.8, width / 2.0, height / 2.0, width / 2.0 + 1, height / 2.0 + 1};
}

std::vector<uint8_t> inked(const std::vector<uint8_t>& coverage, const std::vector<uint8_t>* paper,
                           int64_t width, int64_t height, const InkSettings& settings,
                           const char* isa) {
  set_isa(isa);
  std::vector<uint8_t> density(coverage.size());
  const std::vector<uint8_t> under = paper != nullptr ? padded(*paper) : std::vector<uint8_t>();
  const std::vector<uint8_t> over = padded(coverage);
  ink({over.data(), paper != nullptr ? under.data() : nullptr, width, height}, settings,
      place_of(width, height), density.data());
  return density;
}

TEST(ink_any_parameters_same_on_every_isa) {
  Rng rng(21);
  for (int round = 0; round < 25; ++round) {
    const int64_t width = round < 4 ? 1 + round : rng.integer(1, 200);
    const int64_t height = round < 4 ? 1 : rng.integer(1, 90);
    const std::vector<uint8_t> coverage = noise(rng, static_cast<size_t>(width * height));
    const std::vector<uint8_t> paper = noise(rng, coverage.size());
    const std::vector<uint8_t>* page = round % 2 == 0 ? &paper : nullptr;
    const InkSettings settings = any_ink(rng);
    const std::vector<uint8_t> first = inked(coverage, page, width, height, settings, "scalar");
    for (const std::string& isa : available_isas()) {
      CHECK(inked(coverage, page, width, height, settings, isa.c_str()) == first);
    }
  }
}

TEST(no_coverage_gives_no_ink) {
  Rng rng(3);
  const std::vector<uint8_t> blank(64 * 48, 0);
  for (int round = 0; round < 5; ++round) {
    CHECK(inked(blank, nullptr, 64, 48, any_ink(rng), "scalar") == blank);
  }
}

// Expected: Beer-Lambert at densities 0 (paper unchanged) and 100 (paper times transmittance).
TEST(blend_at_known_densities) {
  const uint8_t page[] = {200, 100, 50, 200, 100, 50};
  const uint8_t density[] = {0, 100};
  const double transmittance[] = {0.9, 0.5, 0.2};
  uint8_t out[6];
  blend(page, density, transmittance, out, 2);
  CHECK(out[0] == 200 && out[1] == 100 && out[2] == 50);
  CHECK_NEAR(out[3], 180.0, 1.0);
  CHECK_NEAR(out[4], 50.0, 1.0);
  CHECK_NEAR(out[5], 10.0, 1.0);
}

// Expected: paste.h in whole numbers, halves away from 0; neither reads nor writes beyond the
// image.
uint8_t pasted(const uint8_t* forged, const uint8_t* synthetic, const uint8_t* clean, int weight,
               int channel) {
  int64_t along = 0;
  int64_t power = 256;
  for (int c = 0; c < 3; ++c) {
    const int64_t ink = synthetic[c] - clean[c];
    along += (forged[c] - synthetic[c]) * ink;
    power += ink * ink;
  }
  const int64_t page = synthetic[channel];
  const int64_t brightest = std::max<int64_t>(page, clean[channel]);
  const int64_t asked = std::clamp(along, -power, power) * (page - clean[channel]);
  const int64_t change = std::clamp(asked, -power * page, power * (brightest - page)) * weight;
  const int64_t whole = 255 * power;
  return static_cast<uint8_t>(page + (2 * change + (change < 0 ? -whole : whole)) / (2 * whole));
}

TEST(paste_same_on_every_isa) {
  Rng rng(34);
  for (int round = 0; round < 60; ++round) {
    const auto pixels = static_cast<size_t>(round < 20 ? round : rng.integer(20, 900));
    const std::vector<uint8_t> forged = noise(rng, 3 * pixels);
    std::vector<uint8_t> synthetic = noise(rng, 3 * pixels);
    const std::vector<uint8_t> clean = noise(rng, 3 * pixels);
    std::vector<uint8_t> weight = noise(rng, pixels);
    for (size_t i = 0; i < pixels; ++i) {
      weight[i] = i / 23 % 2 == 0 ? weight[i] : 0;
      for (size_t c = 0; round % 2 == 0 && c < 3; ++c) {  // faint ink, where halves are common
        synthetic[3 * i + c] =
            static_cast<uint8_t>(clean[3 * i + c] / 2 + synthetic[3 * i + c] % 9);
      }
    }
    for (const std::string& isa : available_isas()) {
      set_isa(isa);
      std::vector<uint8_t> out(3 * pixels);
      paste({forged.data(), synthetic.data(), clean.data(), weight.data(), pixels}, out.data());
      for (size_t i = 0; i < 3 * pixels; ++i) {
        const size_t at = i - i % 3;
        CHECK(out[i] == pasted(&forged[at], &synthetic[at], &clean[at], weight[i / 3],
                               static_cast<int>(i % 3)));
      }
    }
  }
}

// Red ink on paper asked for none, as it is, and more than twice; a pixel of weight 0 beside it.
TEST(paste_scales_the_ink) {
  const uint8_t clean[12] = {200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200};
  const uint8_t synthetic[12] = {190, 120, 110, 190, 120, 110, 190, 120, 110, 190, 120, 110};
  const uint8_t forged[12] = {255, 255, 255, 190, 120, 110, 0, 0, 0, 0, 0, 0};
  const uint8_t weight[4] = {255, 255, 255, 0};
  uint8_t out[12];
  paste({forged, synthetic, clean, weight, 4}, out);
  const uint8_t expected[12] = {200, 200, 200, 190, 120, 110, 180, 40, 20, 190, 120, 110};
  for (int i = 0; i < 12; ++i) {
    CHECK(out[i] == expected[i]);
  }
}

// Expected: ink() and then blend(), whose bytes are the scalar path's; nothing beyond the image.
TEST(press_is_ink_and_blend_on_every_isa) {
  Rng rng(33);
  const double transmittance[] = {0.8, 0.1, 0.0};
  for (int round = 0; round < 25; ++round) {
    const int64_t width = round < 4 ? 1 + round : rng.integer(1, 200);
    const int64_t height = round < 4 ? 1 : rng.integer(1, 90);
    const auto size = static_cast<size_t>(width * height);
    std::vector<uint8_t> coverage = noise(rng, size);
    if (round % 3 == 0) {
      std::fill(coverage.begin(), coverage.begin() + static_cast<int64_t>(size / 2), uint8_t{0});
    }
    const std::vector<uint8_t> page = noise(rng, 3 * size);
    const InkSettings settings = any_ink(rng);
    const auto density = inked(coverage, nullptr, width, height, settings, "scalar");
    std::vector<uint8_t> expected(3 * size);
    blend(page.data(), density.data(), transmittance, expected.data(), size);
    const std::vector<uint8_t> over = padded(coverage);
    for (const std::string& isa : available_isas()) {
      set_isa(isa);
      std::vector<uint8_t> image(3 * size + 1, 77);
      std::vector<uint8_t> mask(size + 1, 77);
      press({over.data(), nullptr, width, height}, settings, place_of(width, height), transmittance,
            {page.data(), image.data(), mask.data()});
      CHECK(image.back() == 77 && mask.back() == 77);
      image.pop_back();
      CHECK(image == expected);
      for (size_t i = 0; i < size; ++i) {
        CHECK(mask[i] == (density[i] >= kInkDensity ? 1 : 0));
      }
    }
  }
}

CaptureSettings any_capture(Rng& rng) {
  CaptureSettings s{};
  s.light_amount = between(rng, 0.0, 0.5);
  s.light_scale_px = between(rng, 20.0, 900.0);
  s.light_slope_x = between(rng, -0.2, 0.2);
  s.light_slope_y = between(rng, -0.2, 0.2);
  for (double& gain : s.gain) {
    gain = between(rng, 0.7, 1.2);
  }
  s.blur_sigma_px = rng.uniform() < 0.3 ? 0.0 : between(rng, 0.1, 3.0);
  s.chroma_blur_sigma_px = rng.uniform() < 0.3 ? 0.0 : between(rng, 0.1, 4.0);
  s.sharpen = between(rng, 0.0, 1.0);
  s.black = between(rng, 0.0, 40.0);
  s.white = between(rng, 200.0, 255.0);
  s.bend = between(rng, -0.5, 0.5);
  s.contrast = between(rng, -0.5, 0.5);
  s.noise_sigma = between(rng, 0.0, 12.0);
  s.chroma_sigma = between(rng, 0.0, 8.0);
  s.threshold_softness = rng.uniform() < 0.3 ? between(rng, 1.0, 40.0) : 0.0;
  s.band_amount = between(rng, 0.0, 0.1);
  s.streak_amount = between(rng, 0.0, 0.1);
  s.dust_density = between(rng, 0.0, 0.005);
  s.line_px = rng.integer(1, 4);
  s.grey = rng.uniform() < 0.3;
  s.seed = rng.u64();
  return s;
}

std::vector<uint8_t> captured(const std::vector<uint8_t>& page, int64_t width, int64_t height,
                              int64_t x0, int64_t y0, const CaptureSettings& settings,
                              const std::string& isa) {
  set_isa(isa);
  std::vector<uint8_t> out(page.size());
  capture({page.data(), out.data(), width, height, x0, y0}, settings);
  return out;
}

TEST(capture_any_parameters_same_on_every_isa) {
  Rng rng(8);
  for (int round = 0; round < 25; ++round) {
    const int64_t width = round < 4 ? 1 + round : rng.integer(1, 130);
    const int64_t height = round < 4 ? 1 : rng.integer(1, 70);
    const std::vector<uint8_t> page = noise(rng, static_cast<size_t>(width * height * 3));
    const CaptureSettings settings = any_capture(rng);
    const int64_t x0 = rng.integer(0, 4000);
    const int64_t y0 = rng.integer(0, 4000);
    const auto first = captured(page, width, height, x0, y0, settings, "scalar");
    for (const std::string& isa : available_isas()) {
      CHECK(captured(page, width, height, x0, y0, settings, isa) == first);
    }
  }
}

// Boxes outside, across and around the image are legal and count only what lies inside.
TEST(character_boxes_anywhere) {
  Rng rng(4);
  const std::vector<uint8_t> page(20 * 10 * 3, 200);
  std::vector<uint8_t> mask(20 * 10, 0);
  mask[0] = 1;
  const LabelPlanes planes = {page.data(), page.data(), mask.data(), 20, 10};
  for (int round = 0; round < 2000; ++round) {
    const int64_t x0 = rng.integer(-50, 50);
    const int64_t y0 = rng.integer(-50, 50);
    const CharStats stats =
        char_stats(planes, x0, y0, x0 + rng.integer(-5, 60), y0 + rng.integer(-5, 60));
    CHECK(stats.ink_cover >= 0.0F && stats.ink_cover <= 1.0F);
    CHECK(stats.contrast >= 0.0F && stats.contrast <= 1.0F);
  }
  CHECK_NEAR(char_stats(planes, 0, 0, 2, 2).ink_cover, 0.25, 1e-6);
}

}  // namespace
}  // namespace seal2real
