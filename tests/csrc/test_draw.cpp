// Layout and drawing: areas known by formula, any seal under any warp, windows as the whole.
#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "check.h"
#include "raster/batch.h"
#include "raster/draw.h"
#include "raster/isa.h"
#include "raster/layout.h"
#include "raster/philox.h"

namespace seal2real {
namespace {

struct Drawn {
  std::vector<uint8_t> coverage;
  std::vector<uint8_t> classes;
};

bool operator==(const Drawn& a, const Drawn& b) {
  return a.coverage == b.coverage && a.classes == b.classes;
}

// A font whose glyphs are square frames: "a" plain, "b" with a slanted bar across.
GlyphStore square_font() {
  GlyphStore store;
  const int font = store.add_font("squares");
  const Polyline outer = {{0.1, 0.0}, {0.9, 0.0}, {0.9, 0.8}, {0.1, 0.8}};
  const Polyline inner = {{0.3, 0.2}, {0.3, 0.6}, {0.7, 0.6}, {0.7, 0.2}};
  const Polyline bar = {{0.0, -0.1}, {1.0, 0.7}, {0.95, 0.85}, {-0.05, 0.05}};
  store.add_glyph(font, U'a', 1.0, {outer, inner});
  store.add_glyph(font, U'b', 1.0, {outer, inner, bar});
  store.add_glyph(font, U' ', 0.5, {});
  return store;
}

Warp similarity(double px_per_mm, double x, double y, double angle) {
  const double c = px_per_mm * std::cos(angle);
  const double s = px_per_mm * std::sin(angle);
  const double h[9] = {c, -s, x, s, c, y, 0.0, 0.0, 1.0};
  const double curl[4] = {0.0, 1.0, 0.0, 0.0};
  return make_warp(h, curl, "test");
}

Drawn drawn(const Layout& layout, const Warp& warp, int width, int height, int x0, int y0,
            const std::string& isa) {
  // Exactly as large as said: the sanitizer sees a write one byte too far.
  Drawn out{std::vector<uint8_t>(static_cast<size_t>(width) * height),
            std::vector<uint8_t>(static_cast<size_t>(width) * height)};
  Drawer drawer;
  drawer.draw(layout, warp, {out.coverage.data(), out.classes.data(), width, height, x0, y0},
              kernels_for(isa_named(isa, "test")));
  return out;
}

double inked_area_mm2(const Drawn& image, double px_per_mm) {
  int64_t sum = 0;
  for (const uint8_t value : image.coverage) {
    sum += value;
  }
  return static_cast<double>(sum) / 255.0 / (px_per_mm * px_per_mm);
}

// Expected: pi (R^2 - r^2) of a ring, and of a square frame its two squares.
TEST(areas_of_borders) {
  const GlyphStore store = square_font();
  SealSpec spec;
  spec.width_mm = spec.height_mm = 40.0;
  spec.borders = {{1.2, 0.0, 0.0, 0.0}};
  const double scale = 11.8;
  const Warp warp = similarity(scale, 256.3, 255.6, 0.3);
  const Drawn ring = drawn(lay_out(store, spec), warp, 512, 512, 0, 0, "scalar");
  const double expected = 3.14159265358979 * (20.0 * 20.0 - 18.8 * 18.8);
  CHECK_NEAR(inked_area_mm2(ring, scale), expected, expected * 2e-3);
  spec.shape = Shape::kSquare;
  spec.width_mm = spec.height_mm = 22.0;
  const Drawn square = drawn(lay_out(store, spec), warp, 512, 512, 0, 0, "scalar");
  CHECK_NEAR(inked_area_mm2(square, scale), 22.0 * 22.0 - 19.6 * 19.6, 0.3);
}

SealSpec any_spec(Rng& rng) {
  SealSpec spec;
  spec.shape = static_cast<Shape>(rng.integer(0, 6));
  spec.width_mm = 10.0 + 50.0 * rng.uniform();
  const bool round = spec.shape == Shape::kRound || spec.shape == Shape::kSquare;
  spec.height_mm = round ? spec.width_mm : spec.width_mm * (0.4 + 0.6 * rng.uniform());
  spec.corner_mm = spec.shape == Shape::kRound || spec.shape == Shape::kOval ? 0.0 : rng.uniform();
  for (int64_t n = rng.integer(0, 3); n > 0; --n) {
    const double dash = rng.uniform() < 0.3 ? 1.0 : 0.0;
    spec.borders.push_back({0.1 + 1.5 * rng.uniform(), 2.0 * rng.uniform(), dash, dash});
  }
  const std::u32string texts[] = {U"ab", U"abba bab", U"aaaaaaaaaaaaa", U"b"};
  for (int64_t n = rng.integer(0, 3); n > 0; --n) {
    RingTextSpec text;
    text.text = texts[rng.integer(0, 4)];
    text.font = "squares";
    text.height_mm = 1.0 + 5.0 * rng.uniform();
    text.center_deg = 360.0 * rng.uniform();
    text.direction = static_cast<Direction>(rng.integer(0, 3));
    if (rng.uniform() < 0.5) {
      text.arc_deg = 20.0 + 300.0 * rng.uniform();
    }
    spec.ring_texts.push_back(text);
  }
  for (int64_t n = rng.integer(0, 3); n > 0; --n) {
    LineTextSpec text;
    text.text = texts[rng.integer(0, 4)];
    text.font = "squares";
    text.height_mm = 1.0 + 6.0 * rng.uniform();
    text.x_mm = 20.0 * rng.uniform() - 10.0;
    text.y_mm = 20.0 * rng.uniform() - 10.0;
    text.angle_deg = 360.0 * rng.uniform();
    text.vertical = rng.uniform() < 0.3;
    text.spread = rng.uniform() < 0.3;
    if (rng.uniform() < 0.5) {
      text.width_mm = 3.0 + 30.0 * rng.uniform();
    }
    spec.lines.push_back(text);
  }
  if (rng.uniform() < 0.5) {
    spec.star = StarSpec{3.0 + 12.0 * rng.uniform(), 0.0, 0.0, 360.0 * rng.uniform()};
  }
  if (rng.uniform() < 0.4) {
    const char* kinds[] = {"gear", "wheat_ring", "bell", "book", "shield", "dove"};
    spec.emblem = EmblemSpec{kinds[rng.integer(0, 6)], 4.0 + 10.0 * rng.uniform(), 1.0, -1.0};
  }
  if (rng.uniform() < 0.4) {
    spec.rules.push_back({-8.0, 3.0 * rng.uniform(), 8.0, 1.0, 0.05 + rng.uniform()});
  }
  for (int64_t n = rng.integer(0, 4); n > 0; --n) {
    spec.security_lines.push_back(
        {360.0 * rng.uniform(), 18.0 * rng.uniform(), 3.0, 0.15, rng.uniform() < 0.5});
  }
  return spec;
}

Warp any_warp(Rng& rng, int width, int height) {
  const double scale = 0.5 + 25.0 * rng.uniform();
  const double angle = 6.3 * rng.uniform();
  const double c = scale * std::cos(angle);
  const double s = scale * std::sin(angle);
  const double x = width * (1.6 * rng.uniform() - 0.3);
  const double y = height * (1.6 * rng.uniform() - 0.3);
  const double tilt = rng.uniform() < 0.5 ? 0.004 : 0.0;
  const double px = tilt * (rng.uniform() - 0.5);
  const double py = tilt * (rng.uniform() - 0.5);
  const double h[9] = {c + px * x, -s + py * x, x, s + px * y, c + py * y, y, px, py, 1.0};
  const bool curls = rng.uniform() < 0.3;
  const double curl[4] = {curls ? 6.0 * rng.uniform() : 0.0, 150.0 + 800.0 * rng.uniform(),
                          360.0 * rng.uniform(), 6.0 * rng.uniform()};
  return make_warp(h, curl, "test");
}

// Any seal under any warp: refused with a message, or drawn alike on every instruction set, and
// any window of the drawing is that window of the whole.
TEST(any_seal_any_warp) {
  const GlyphStore store = square_font();
  Rng rng(77);
  int drew = 0;
  for (int round = 0; round < 1500; ++round) {
    const SealSpec spec = any_spec(rng);
    const int width = static_cast<int>(rng.integer(1, 300));
    const int height = static_cast<int>(rng.integer(1, 300));
    const Warp warp = any_warp(rng, width, height);
    Layout layout;
    try {
      layout = lay_out(store, spec);
    } catch (const std::invalid_argument& error) {
      CHECK(std::string(error.what()).find("must") != std::string::npos);
      continue;
    }
    ++drew;
    const Drawn whole = drawn(layout, warp, width, height, 0, 0, "scalar");
    for (const std::string& isa : available_isas()) {
      CHECK(drawn(layout, warp, width, height, 0, 0, isa) == whole);
    }
    const int x0 = static_cast<int>(rng.integer(0, width));
    const int y0 = static_cast<int>(rng.integer(0, height));
    const Drawn part =
        drawn(layout, warp, width - x0, height - y0, x0, y0, available_isas().back());
    bool same = true;
    for (int y = y0; y < height; ++y) {
      for (int x = x0; x < width; ++x) {
        const size_t a = static_cast<size_t>(y) * width + x;
        const size_t b = static_cast<size_t>(y - y0) * (width - x0) + (x - x0);
        same = same && whole.coverage[a] == part.coverage[b] && whole.classes[a] == part.classes[b];
      }
    }
    CHECK(same);
  }
  CHECK(drew > 400);
}

TEST(missing_glyphs_and_long_texts_are_refused) {
  const GlyphStore store = square_font();
  SealSpec spec;
  spec.width_mm = spec.height_mm = 30.0;
  RingTextSpec text;
  text.font = "squares";
  text.height_mm = 6.0;
  text.text = std::u32string(80, U'a');
  spec.ring_texts = {text};
  CHECK_THROWS(lay_out(store, spec), "must");
  spec.ring_texts[0].text = std::u32string(1, U'z');
  CHECK_THROWS(lay_out(store, spec), "must");
}

// One thread and four give the same bytes.
TEST(batches_do_not_depend_on_threads) {
  const GlyphStore store = square_font();
  Rng rng(9);
  std::vector<Layout> layouts;
  while (layouts.size() < 12) {
    try {
      layouts.push_back(lay_out(store, any_spec(rng)));
    } catch (const std::invalid_argument&) {
      continue;
    }
  }
  std::vector<const Layout*> pointers;
  std::vector<Warp> warps;
  for (const Layout& layout : layouts) {
    pointers.push_back(&layout);
    warps.push_back(any_warp(rng, 96, 80));
  }
  const size_t pixels = layouts.size() * 96 * 80;
  std::vector<uint8_t> rgba[2];
  std::vector<uint8_t> classes[2];
  for (int i = 0; i < 2; ++i) {
    rgba[i].resize(pixels * 4);
    classes[i].resize(pixels);
    const Batch batch = {pointers.data(), warps.data(),   layouts.size(),   96, 80,
                         {200, 20, 30},   rgba[i].data(), classes[i].data()};
    draw_all(batch, i == 0 ? 1 : 4, kernels_for(current_isa()));
  }
  CHECK(rgba[0] == rgba[1]);
  CHECK(classes[0] == classes[1]);
}

}  // namespace
}  // namespace seal2real
