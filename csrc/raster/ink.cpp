#include "raster/ink.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "raster/blend.h"
#include "raster/noise.h"
#include "raster/planes.h"
#include "raster/simd/press_kernels.h"

namespace seal2real {
namespace {

constexpr double kGridMm = 0.8;          // spacing of the contact grid, at most
constexpr double kMostContact = 1000.0;  // Q8 of the contact grid: far beyond what shows
constexpr uint64_t kSpeckleSeed = 1;     // streams of one impression's seed
constexpr uint64_t kBlotchSeed = 2;
constexpr uint64_t kPressureSeed = 3;
constexpr uint64_t kDetailSeed = 4;
constexpr uint64_t kDrySeed = 5;

struct Scratch {
  ByteBuffer coverage, edge, wide, paper_low, blur, speckle, blotch, spare_a, spare_b, line, flat;
  ByteBuffer edge_row, density;
  std::vector<double> field;
  std::vector<int16_t> grid, row, contact;
};

// Nearest integer, halves up. Not by std::floor: slow on the baseline instruction set.
int32_t round_to(double value, double low, double high) {
  const double at = std::min(std::max(value, low), high) + 0.5;
  const auto whole = static_cast<int32_t>(at);
  return at < whole ? whole - 1 : whole;
}

// First non-zero byte of a row, `count` when there is none; eight bytes at a time.
int64_t first_set(const uint8_t* row, int64_t count) {
  int64_t at = 0;
  for (uint64_t word = 0; at + 8 <= count; at += 8) {
    std::memcpy(&word, row + at, 8);
    if (word != 0) {
      break;
    }
  }
  while (at < count && row[at] == 0) {
    ++at;
  }
  return at;
}

// One past the last non-zero byte of a row that has one.
int64_t last_set(const uint8_t* row, int64_t count) {
  for (uint64_t word = 0; count >= 8; count -= 8) {
    std::memcpy(&word, row + count - 8, 8);
    if (word != 0) {
      break;
    }
  }
  while (row[count - 1] == 0) {
    --count;
  }
  return count;
}

bool is_blank(const uint8_t* row, int64_t count) { return first_set(row, count) == count; }

// The part of `window` grown by `margin` that lies in the image; width 0 when there is none.
Window grown_window(const InkImage& image, const Window& window, int64_t margin) {
  const int64_t left = std::max<int64_t>(window.x0 - margin, 0);
  const int64_t top = std::max<int64_t>(window.y0 - margin, 0);
  const int64_t width = std::min(window.x0 + window.width + margin, image.width) - left;
  const int64_t height = std::min(window.y0 + window.height + margin, image.height) - top;
  return width > 0 && height > 0 ? Window{left, top, width, height} : Window{0, 0, 0, 0};
}

// Smallest window with all coverage, grown by `margin`; width 0 when there is none.
Window inked_window(const InkImage& image, int64_t margin) {
  const Window all{0, 0, image.width, image.height};
  const Window face = grown_window(image, image.face == nullptr ? all : *image.face, 0);
  const auto row = [&](int64_t y) { return image.coverage + y * image.width + face.x0; };
  int64_t top = face.y0;
  int64_t bottom = face.y0 + face.height;
  while (top < bottom && is_blank(row(top), face.width)) {
    ++top;
  }
  if (top == bottom) {
    return {0, 0, 0, 0};
  }
  while (is_blank(row(bottom - 1), face.width)) {
    --bottom;
  }
  int64_t left = face.width;
  int64_t right = 0;
  // Only what lies outside the window so far is looked at.
  for (int64_t y = top; y < bottom; ++y) {
    left = first_set(row(y), left);
    if (!is_blank(row(y) + right, face.width - right)) {
      right = last_set(row(y), face.width);
    }
  }
  return grown_window(image, {face.x0 + left, top, right - left, bottom - top}, margin);
}

void copy_window(const uint8_t* in, int64_t width, const Window& window, ByteBuffer& out) {
  const size_t stride = padded_stride(window.width);
  out.resize(stride * static_cast<size_t>(window.height) + kPadding);
  for (int64_t y = 0; y < window.height; ++y) {
    std::memcpy(out.data() + static_cast<size_t>(y) * stride,
                in + (window.y0 + y) * width + window.x0, static_cast<size_t>(window.width));
  }
}

// The second strike: the same coverage elsewhere, fainter.
void add_ghost(const PressKernels& kernels, const InkImage& image, const Window& window,
               const InkSettings& ink, double px_per_mm, Scratch& scratch) {
  const auto dx = static_cast<int64_t>(std::floor(ink.ghost_dx_mm * px_per_mm + 0.5));
  const auto dy = static_cast<int64_t>(std::floor(ink.ghost_dy_mm * px_per_mm + 0.5));
  const auto weight = static_cast<uint32_t>(round_to(ink.ghost_strength * 256.0, 0.0, 256.0));
  const int64_t first = std::max<int64_t>(0, dx - window.x0);
  const int64_t last = std::min(window.width, image.width + dx - window.x0);
  if (weight == 0 || first >= last) {
    return;
  }
  const size_t stride = padded_stride(window.width);
  scratch.line.assign(stride + kPadding, 0);
  for (int64_t y = 0; y < window.height; ++y) {
    const int64_t source = window.y0 + y - dy;
    if (source < 0 || source >= image.height) {
      continue;
    }
    std::memcpy(scratch.line.data() + first,
                image.coverage + source * image.width + window.x0 + first - dx,
                static_cast<size_t>(last - first));
    uint8_t* row = scratch.coverage.data() + static_cast<size_t>(y) * stride;
    kernels.max_row(row, scratch.line.data(), row, static_cast<size_t>(window.width), weight);
  }
}

// Contact pressure on a grid of 2^shift px, Q8, over a window in pixels from
// the seal's centre.
class ContactField {
 public:
  ContactField(const PressKernels& kernels, const InkSettings& ink, const InkPlace& place,
               const Window& window, Scratch& scratch)
      : scratch_(scratch), shift_(grid_shift(place.px_per_mm)), window_(window) {
    const int64_t step = int64_t{1} << shift_;
    first_x_ = floor_shift(window.x0, shift_);
    first_y_ = floor_shift(window.y0, shift_);
    columns_ =
        static_cast<size_t>(floor_shift(window.x0 + window.width - 1, shift_) - first_x_) + 2;
    const auto rows =
        static_cast<size_t>(floor_shift(window.y0 + window.height - 1, shift_) - first_y_) + 2;
    scratch.grid.resize(rows * columns_ + kPadding);
    scratch.row.resize(columns_ + kPadding);
    scratch.contact.resize((columns_ << shift_) + kPadding);
    fill(kernels, ink, place, step, rows);
  }

  // Contact of the window's row `y`.
  const int16_t* row(const PressKernels& kernels, int64_t y) {
    const int64_t at = window_.y0 + y;
    const int64_t cell = floor_shift(at, shift_);
    const auto near = scratch_.grid.data() + static_cast<size_t>(cell - first_y_) * columns_;
    const auto weight = static_cast<int32_t>(2 * (at - cell * (int64_t{1} << shift_)) + 1)
                        << (7 - shift_);
    kernels.contact_row(near, near + columns_, scratch_.row.data(), scratch_.contact.data(),
                        columns_ - 1, shift_, weight);
    return scratch_.contact.data() + (window_.x0 - first_x_ * (int64_t{1} << shift_));
  }

 private:
  static int grid_shift(double px_per_mm) {
    int shift = 1;
    while (shift < 5 && static_cast<double>(2 << shift) <= kGridMm * px_per_mm * 1.5) {
      ++shift;
    }
    return shift;
  }

  void fill(const PressKernels& kernels, const InkSettings& ink, const InkPlace& place,
            int64_t step, size_t rows) {
    const int64_t left = first_x_ * step;
    const double pressure_px = std::max(ink.pressure_scale_mm * place.px_per_mm, 2.0);
    const double dry_px = std::max(ink.dry_scale_mm * place.px_per_mm, 2.0);
    const auto noise = [&](uint64_t stream, double scale_px) {
      return FieldNoise(kernels, mix64(ink.seed + stream), scale_px, left, step, columns_);
    };
    FieldNoise pressure = noise(kPressureSeed, pressure_px);
    FieldNoise detail = noise(kDetailSeed, 0.4 * pressure_px);
    FieldNoise dry = noise(kDrySeed, dry_px);
    std::vector<double>& field = scratch_.field;
    field.resize(2 * columns_);
    double* spots = field.data() + columns_;
    const double slope_x = ink.tilt_x / std::max(place.half_width, 1.0);
    const double slope_y = ink.tilt_y / std::max(place.half_height, 1.0);
    for (size_t j = 0; j < rows; ++j) {
      const int64_t y = (first_y_ + static_cast<int64_t>(j)) * step;
      for (size_t i = 0; i < columns_; ++i) {
        const auto x = static_cast<double>(left + static_cast<int64_t>(i) * step);
        field[i] = ink.contact + slope_x * x + slope_y * static_cast<double>(y);
      }
      if (ink.pressure_amount > 0.0) {
        pressure.add_row(y, 0.75 * ink.pressure_amount, field.data());
        detail.add_row(y, 0.35 * ink.pressure_amount, field.data());
      }
      if (ink.dry_amount > 0.0) {
        std::fill(spots, spots + columns_, 0.0);
        dry.add_row(y, 1.0, spots);
        dry_out(spots, ink.dry_amount, field.data());
      }
      for (size_t i = 0; i < columns_; ++i) {
        scratch_.grid[j * columns_ + i] =
            static_cast<int16_t>(round_to(field[i] * 256.0, -kMostContact, kMostContact));
      }
    }
  }

  // Only the peaks of the noise are dry: spots, not a second pressure field.
  void dry_out(const double* spots, double amount, double* field) const {
    for (size_t i = 0; i < columns_; ++i) {
      const double peak = std::min(std::max((spots[i] - 0.25) * 2.5, 0.0), 1.0);
      field[i] -= amount * peak * peak * (3.0 - 2.0 * peak);
    }
  }

  Scratch& scratch_;
  int shift_;
  Window window_;
  int64_t first_x_ = 0;
  int64_t first_y_ = 0;
  size_t columns_ = 0;
};

// Coefficients that do not change from row to row.
InkRowSettings row_settings(const InkSettings& ink, double edge_sigma_px, double spread_px,
                            const NoiseShape& speckle, const NoiseShape& blotch, bool with_rim) {
  const double per_speckle = 128.0 / speckle.deviation;  // amounts are one sigma
  const double per_blotch = 128.0 / blotch.deviation;
  InkRowSettings row{};
  // The profile of a blurred edge falls by 255 / (sigma sqrt(2 pi)) per px at
  // its middle.
  const double fall = edge_sigma_px > 0.0 ? 255.0 * 0.3989 / edge_sigma_px : 0.0;
  row.edge_offset = round_to(128.0 - spread_px * fall, 16.0, 240.0);
  // A moved edge is also hardened, or the blur needed to move it would show.
  const double bleed_px = std::max(edge_sigma_px - std::fabs(spread_px), 0.35 * edge_sigma_px);
  const double gain = bleed_px > 0.0 ? std::min(edge_sigma_px / bleed_px, 4.0) : 1.0;
  // At least as steep as it takes to map no coverage to none and full coverage to all.
  const double steepest = std::max(128.0 / row.edge_offset, 127.0 / (255 - row.edge_offset));
  row.edge_gain = round_to(std::ceil(std::max(gain, steepest) * 256.0), 256.0, 4096.0);
  row.nick = round_to(ink.nick_amount * 2.0 * per_blotch * 128.0, 0.0, 4096.0);
  row.speckle = round_to(ink.speckle_amount * per_speckle * 256.0, 0.0, 8191.0);
  row.mottle = round_to(ink.mottle_amount * per_blotch * 256.0, 0.0, 8191.0);
  row.rim = with_rim ? round_to(ink.rim_amount * 512.0, 0.0, 8192.0) : 0;
  row.grain = round_to(ink.grain_amount * 32.0 * 256.0 / 16.0, 0.0, 8191.0);
  const double peak = ink.strength * (1.0 - ink.fade) * 100.0;
  row.density_scale = round_to(peak * 256.0 / 255.0, 0.0, 256.0);
  return row;
}

// What an impression needs, decided before its first pixel.
struct Plan {
  double edge_px;    // sigma that blurs the edge
  double spread_px;  // how far it then moves
  BlurShape edge;
  BlurShape wide;
  NoiseShape speckle;
  NoiseShape blotch;
  Window window;  // of the image, all that can be inked
  bool with_rim;
  bool with_paper;
};

Plan make_plan(const InkImage& image, const InkSettings& ink, double px_per_mm) {
  Plan plan{};
  plan.spread_px = ink.spread_mm * px_per_mm;
  const double bleed_px = ink.bleed_mm * px_per_mm;
  plan.edge_px = std::sqrt(bleed_px * bleed_px + plan.spread_px * plan.spread_px);
  plan.edge = blur_shape(plan.edge_px);
  plan.wide = rim_shape(ink.rim_width_mm * px_per_mm);
  plan.speckle = noise_shape(ink.speckle_scale_mm * px_per_mm);
  plan.blotch = noise_shape(ink.nick_scale_mm * px_per_mm);
  plan.with_rim = ink.rim_amount > 0.0 && plan.wide.passes > 0;
  plan.with_paper = image.paper != nullptr && ink.grain_amount > 0.0;
  const double ghost_mm = std::max(std::fabs(ink.ghost_dx_mm), std::fabs(ink.ghost_dy_mm));
  const auto ghost_px = static_cast<int64_t>(std::ceil(ghost_mm * px_per_mm));
  const int64_t reach = plan.edge.radius + (ink.ghost_strength > 0.0 ? ghost_px : 0);
  plan.window = inked_window(image, reach);
  return plan;
}

// A window of a plane of `width` values a row, where it lies.
PlaneView view(const uint8_t* plane, int64_t width, const Window& window) {
  return {plane + window.y0 * width + window.x0, static_cast<size_t>(width)};
}

// Noise of a window, row by row.
class NoiseRows {
 public:
  NoiseRows(const PressKernels& kernels, const Window& window, const NoiseShape& shape,
            uint64_t seed, ByteBuffer& a, ByteBuffer& b)
      : kernels_(kernels), window_(window), seed_(seed), line_(a), by_row_(is_white(shape)) {
    if (!by_row_) {
      plane_ = noise_plane(kernels, window, shape, seed, a, b);
    }
  }

  // No noise: the middle everywhere.
  NoiseRows(const PressKernels& kernels, const Window& window, ByteBuffer& flat)
      : kernels_(kernels), window_(window), seed_(0), line_(flat), by_row_(false) {
    flat.assign(padded_stride(window.width) + kPadding, 128);
    plane_ = {flat.data(), 0};
  }

  const uint8_t* row(int64_t y) {
    return by_row_ ? white_noise_row(kernels_, window_, seed_, y, line_)
                   : plane_.data + static_cast<size_t>(y) * plane_.stride;
  }

 private:
  const PressKernels& kernels_;
  Window window_;
  uint64_t seed_;
  ByteBuffer& line_;
  bool by_row_;
  PlaneView plane_{};
};

// Coverage with its ghost, bled; a blur of one pass needs no plane of its own.
class EdgeRows {
 public:
  EdgeRows(const PressKernels& kernels, const InkImage& image, const InkSettings& ink,
           const Plan& plan, double px_per_mm, Scratch& scratch)
      : kernels_(kernels), window_(plan.window), shape_(plan.edge), scratch_(scratch) {
    in_ = view(image.coverage, image.width, window_);
    if (ink.ghost_strength > 0.0) {
      copy_window(image.coverage, image.width, window_, scratch.coverage);
      add_ghost(kernels, image, window_, ink, px_per_mm, scratch);
      in_ = {scratch.coverage.data(), padded_stride(window_.width)};
    }
    by_row_ = shape_.passes == 1 && !plan.with_rim;
    scratch.edge_row.resize(padded_stride(window_.width) + kPadding);
    if (!by_row_) {
      in_ = blur_plane(kernels, in_, window_.width, window_.height, shape_, scratch.blur,
                       scratch.edge);
    }
  }

  const PlaneView& plane() const { return in_; }  // all rows, unless they are blurred one by one

  const uint8_t* row(int64_t y) {
    if (!by_row_) {
      return in_.data + static_cast<size_t>(y) * in_.stride;
    }
    blur_row(kernels_, in_, window_.width, window_.height, y, shape_.distance[0], shape_.side,
             scratch_.blur, scratch_.edge_row.data());
    return scratch_.edge_row.data();
  }

 private:
  const PressKernels& kernels_;
  Window window_;
  BlurShape shape_;
  Scratch& scratch_;
  PlaneView in_{};
  bool by_row_ = false;
};

// Calls use(y, densities) for every row of the window, y in the image.
template <typename Use>
void each_row(const PressKernels& kernels, const InkImage& image, const InkSettings& settings,
              const InkPlace& place, const Plan& plan, Scratch& scratch, const Use& use) {
  const Window& window = plan.window;
  EdgeRows edge(kernels, image, settings, plan, place.px_per_mm, scratch);
  const PlaneView none{nullptr, 0};
  const PlaneView wide = plan.with_rim
                             ? blur_plane(kernels, edge.plane(), window.width, window.height,
                                          plan.wide, scratch.blur, scratch.wide)
                             : none;
  const PlaneView paper = plan.with_paper ? view(image.paper, image.width, window) : none;
  const PlaneView paper_low =
      plan.with_paper
          ? blur_plane(kernels, paper, window.width, window.height,
                       blur_shape(0.25 * place.px_per_mm), scratch.blur, scratch.paper_low)
          : none;
  // Noise is named by whole pixels from the centre's pixel.
  const auto center_x = static_cast<int64_t>(std::floor(place.center_x));
  const auto center_y = static_cast<int64_t>(std::floor(place.center_y));
  const Window named{window.x0 - center_x, window.y0 - center_y, window.width, window.height};
  const auto noise = [&](bool used, const NoiseShape& shape, uint64_t stream, ByteBuffer& a,
                         ByteBuffer& b) {
    return used ? NoiseRows(kernels, named, shape, mix64(settings.seed + stream), a, b)
                : NoiseRows(kernels, named, scratch.flat);
  };
  NoiseRows speckle = noise(settings.speckle_amount > 0.0, plan.speckle, kSpeckleSeed,
                            scratch.speckle, scratch.spare_a);
  NoiseRows blotch = noise(settings.nick_amount > 0.0 || settings.mottle_amount > 0.0, plan.blotch,
                           kBlotchSeed, scratch.blotch, scratch.spare_b);
  ContactField contact(kernels, settings, place, named, scratch);
  const InkRowSettings values = row_settings(settings, plan.edge_px, plan.spread_px, plan.speckle,
                                             plan.blotch, plan.with_rim);
  scratch.density.resize(padded_stride(window.width) + kPadding);
  const auto row_of = [](const PlaneView& plane, int64_t y) {
    return plane.data == nullptr ? nullptr : plane.data + static_cast<size_t>(y) * plane.stride;
  };
  for (int64_t y = 0; y < window.height; ++y) {
    const InkRow row{
        edge.row(y),          row_of(wide, y),         speckle.row(y),
        blotch.row(y),        contact.row(kernels, y), row_of(paper, y),
        row_of(paper_low, y), scratch.density.data(),  static_cast<size_t>(window.width)};
    kernels.ink_row(row, values);
    use(window.y0 + y, scratch.density.data());
  }
}

Scratch& thread_scratch() {
  thread_local Scratch own;
  return own;
}

}  // namespace

void ink(const InkImage& image, const InkSettings& settings, const InkPlace& place,
         uint8_t* density) {
  std::memset(density, 0, static_cast<size_t>(image.width * image.height));
  const Plan plan = make_plan(image, settings, place.px_per_mm);
  const Window& window = plan.window;
  if (window.width == 0) {
    return;
  }
  const auto keep = [&](int64_t y, const uint8_t* row) {
    std::memcpy(density + y * image.width + window.x0, row, static_cast<size_t>(window.width));
  };
  each_row(press_kernels(), image, settings, place, plan, thread_scratch(), keep);
}

void press(const InkImage& image, const InkSettings& settings, const InkPlace& place,
           const double* transmittance, const PressImage& target) {
  const PressKernels& kernels = press_kernels();
  const Plan plan = make_plan(image, settings, place.px_per_mm);
  const Window& window = plan.window;
  // Outside the window the page stays as it is.
  const auto keep = [&](int64_t begin, int64_t end) {
    const auto count = static_cast<size_t>(std::max<int64_t>(end - begin, 0));
    std::memcpy(target.image + 3 * begin, target.page + 3 * begin, 3 * count);
    std::memset(target.mask + begin, 0, count);
  };
  const int64_t size = image.width * image.height;
  if (window.width == 0) {
    keep(0, size);
    return;
  }
  const BlendTable table = blend_table(transmittance);
  int64_t done = 0;  // pixels
  const auto use = [&](int64_t y, const uint8_t* row) {
    const int64_t begin = y * image.width + window.x0;
    const auto width = static_cast<size_t>(window.width);
    keep(done, begin);
    kernels.blend_row(target.page + 3 * begin, row, table, target.image + 3 * begin, width);
    kernels.mask_row(row, target.mask + begin, width, kInkDensity);
    done = begin + window.width;
  };
  each_row(kernels, image, settings, place, plan, thread_scratch(), use);
  keep(done, size);
}

}  // namespace seal2real
