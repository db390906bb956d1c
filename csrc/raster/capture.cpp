#include "raster/capture.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "raster/noise.h"
#include "raster/planes.h"
#include "raster/simd/press_kernels.h"

namespace seal2real {
namespace {

// Rows captured at a time: what they need (200 KB a plane of an A4 page at 200 dpi) stays in L2,
// and a page takes no more scratch than a crop.
constexpr int64_t kBandRows = 64;
constexpr int kGridShift = 5;              // illumination grid: 32 px
constexpr double kNoiseDeviation = 147.8;  // of the sum of four uniform bytes
constexpr uint64_t kLightSeed = 11;
constexpr uint64_t kDetailSeed = 12;
constexpr uint64_t kBandSeed = 13;
constexpr uint64_t kStreakSeed = 14;
constexpr uint64_t kDustSeed = 15;
constexpr uint64_t kThinDustSeed = 16;
constexpr uint64_t kTextureSeed = 21;
constexpr uint64_t kNoiseSeed = 17;  // and the three after it for the channels

using LightPlane = std::vector<uint16_t>;

// White noise of a row and the one below it: going down, the lower one is the next row's own.
struct WhiteRows {
  ByteBuffer upper, lower;
  bool started = false;
};

struct Scratch {
  LightPlane planes[3], sharp_planes[3], spare, sharp;
  std::vector<int16_t> grid, grid_row, light, streak, luma, mixed, chroma;
  std::vector<double> field;
  std::vector<uint16_t> line;
  ByteBuffer grey, white_a, white_b, texture_a, texture_b, rgb[3];
  WhiteRows white[4];  // of luma and the three channels
};

int32_t q(double value, double one) { return static_cast<int32_t>(std::floor(value * one + 0.5)); }

double clamp_to(double value, double low, double high) {
  return std::min(std::max(value, low), high);
}

// A number in [-1, 1) for row or column `at`.
double signed_hash(uint64_t seed, int64_t at) {
  return static_cast<double>(static_cast<int64_t>(row_key(seed, at))) * 0x1p-63;
}

// Illumination (Q12, 1 = 4096) over a window.
class LightField {
 public:
  LightField(const CaptureImage& image, const CaptureSettings& s, Scratch& scratch)
      : scratch_(scratch), x0_(image.x0), y0_(image.y0) {
    first_x_ = floor_shift(image.x0, kGridShift);
    first_y_ = floor_shift(image.y0, kGridShift);
    columns_ =
        static_cast<size_t>(floor_shift(image.x0 + image.width - 1, kGridShift) - first_x_) + 2;
    rows_ =
        static_cast<size_t>(floor_shift(image.y0 + image.height - 1, kGridShift) - first_y_) + 2;
    scratch.grid.resize(columns_ * rows_);
    scratch.grid_row.resize(columns_);
    scratch.light.resize((columns_ << kGridShift) + kPadding);
    scratch.field.resize(columns_);
    fill(press_kernels(), s);
    fill_streaks(image, s);
    band_seed_ = mix64(s.seed + kBandSeed);
    band_ = s.band_amount;
  }

  const int16_t* row(const PressKernels& kernels, int64_t y, int64_t width) {
    const int64_t at = y0_ + y;
    const int64_t cell = floor_shift(at, kGridShift);
    const int16_t* near = scratch_.grid.data() + static_cast<size_t>(cell - first_y_) * columns_;
    const auto weight = static_cast<int32_t>(2 * (at - cell * (int64_t{1} << kGridShift)) + 1)
                        << (7 - kGridShift);
    for (size_t i = 0; i < columns_; ++i) {
      const int32_t a = near[i];
      const int32_t b = near[i + columns_];
      scratch_.grid_row[i] = static_cast<int16_t>((a * 256 + (b - a) * weight + 128) >> 8);
    }
    kernels.expand_row(scratch_.grid_row.data(), scratch_.light.data(), columns_ - 1, kGridShift);
    int16_t* light = scratch_.light.data() + (x0_ - first_x_ * (int64_t{1} << kGridShift));
    if (band_ > 0.0 || has_streaks_) {
      const int32_t band = q(1.0 + band_ * band_at(at), 4096.0);
      for (int64_t i = 0; i < width; ++i) {
        const int32_t streak = has_streaks_ ? scratch_.streak[static_cast<size_t>(i)] : 4096;
        light[i] =
            static_cast<int16_t>(std::min((((light[i] * band) >> 12) * streak) >> 12, 32000));
      }
    }
    return light;
  }

 private:
  void fill(const PressKernels& kernels, const CaptureSettings& s) {
    const int64_t step = int64_t{1} << kGridShift;
    const int64_t left = first_x_ * step;
    const double scale = std::max(s.light_scale_px, 64.0);
    FieldNoise broad(kernels, mix64(s.seed + kLightSeed), scale, left, step, columns_);
    FieldNoise detail(kernels, mix64(s.seed + kDetailSeed), 0.45 * scale, left, step, columns_);
    for (size_t j = 0; j < rows_; ++j) {
      const int64_t y = (first_y_ + static_cast<int64_t>(j)) * step;
      for (size_t i = 0; i < columns_; ++i) {
        const auto x = static_cast<double>(left + static_cast<int64_t>(i) * step);
        scratch_.field[i] =
            1.0 + (s.light_slope_x * x + s.light_slope_y * static_cast<double>(y)) * 0.001;
      }
      broad.add_row(y, 0.8 * s.light_amount, scratch_.field.data());
      detail.add_row(y, 0.2 * s.light_amount, scratch_.field.data());
      for (size_t i = 0; i < columns_; ++i) {
        const double light = clamp_to(scratch_.field[i], 0.1, 2.0);
        scratch_.grid[j * columns_ + i] = static_cast<int16_t>(q(light, 4096.0));
      }
    }
  }

  void fill_streaks(const CaptureImage& image, const CaptureSettings& s) {
    has_streaks_ = s.streak_amount > 0.0;
    if (!has_streaks_) {
      return;
    }
    const uint64_t seed = mix64(s.seed + kStreakSeed);
    scratch_.streak.resize(static_cast<size_t>(image.width));
    for (int64_t i = 0; i < image.width; ++i) {
      const double gain = 1.0 + s.streak_amount * signed_hash(seed, image.x0 + i);
      scratch_.streak[static_cast<size_t>(i)] = static_cast<int16_t>(q(gain, 4096.0));
    }
  }

  // Rows of a drum: a slow swing and a fine one.
  double band_at(int64_t y) const {
    const int64_t slow = floor_shift(y, 4);
    const double part = static_cast<double>(y - slow * 16) / 16.0;
    const double a = signed_hash(band_seed_, slow);
    const double b = signed_hash(band_seed_, slow + 1);
    return 0.7 * (a + (b - a) * part) + 0.3 * signed_hash(band_seed_ + 1, y);
  }

  Scratch& scratch_;
  int64_t x0_, y0_;
  int64_t first_x_ = 0, first_y_ = 0;
  size_t columns_ = 0, rows_ = 0;
  bool has_streaks_ = false;
  uint64_t band_seed_ = 0;
  double band_ = 0.0;
};

// (77 R + 150 G + 29 B) / 256, in all three channels.
void grey_row(const uint8_t* in, uint8_t* out, int64_t width) {
  for (int64_t i = 0; i < width; ++i) {
    const auto luma = static_cast<uint8_t>(
        (77 * in[3 * i] + 150 * in[3 * i + 1] + 29 * in[3 * i + 2] + 128) >> 8);
    out[3 * i] = out[3 * i + 1] = out[3 * i + 2] = luma;
  }
}

// White noise of one absolute row; value of column x0 + i is data()[offset +
// i].
size_t white_row_at(const PressKernels& kernels, uint64_t seed, int64_t x0, int64_t y,
                    int64_t width, ByteBuffer& out) {
  const int64_t first = floor_shift(x0, 2);
  const auto quads = static_cast<size_t>(floor_shift(x0 + width, 2) + 1 - first);
  out.resize(4 * quads + kPadding);
  const uint64_t key = row_key(seed, y);
  kernels.white_row(out.data(), quads, static_cast<uint32_t>(first), static_cast<uint32_t>(key),
                    static_cast<uint32_t>(key >> 32));
  return static_cast<size_t>(x0 - 4 * first);
}

void add_dust(const PressKernels& kernels, const CaptureImage& image, const CaptureSettings& s,
              int64_t y, LightPlane* planes, Scratch& scratch) {
  // Two independent bytes below a threshold: densities under 1/256 are
  // possible.
  const double share = std::sqrt(clamp_to(s.dust_density, 0.0, 0.01));
  const auto limit = static_cast<uint8_t>(q(share, 256.0));
  const int64_t row = image.y0 + y;
  const size_t offset =
      white_row_at(kernels, mix64(s.seed + kDustSeed), image.x0, row, image.width, scratch.white_a);
  white_row_at(kernels, mix64(s.seed + kThinDustSeed), image.x0, row, image.width, scratch.white_b);
  const uint8_t* a = scratch.white_a.data() + offset;
  const uint8_t* b = scratch.white_b.data() + offset;
  for (int64_t i = 0; i < image.width; ++i) {
    if (a[i] < limit && b[i] < limit) {
      for (int channel = 0; channel < 3; ++channel) {
        uint16_t& value = planes[channel][static_cast<size_t>(y) * padded_stride(image.width) +
                                          static_cast<size_t>(i)];
        value = static_cast<uint16_t>(value >> 2);
      }
    }
  }
}

// Horizontal and vertical passes over a 16-bit plane, repeating the edge.
void blur_light(const PressKernels& kernels, int64_t width, int64_t height, const BlurShape& shape,
                Scratch& scratch, LightPlane& plane) {
  const auto columns = static_cast<size_t>(width);
  const size_t stride = padded_stride(width);
  scratch.spare.resize(plane.size());
  for (int pass = 0; pass < shape.passes; ++pass) {
    const int64_t distance = shape.distance[pass];
    const auto reach = static_cast<size_t>(distance);
    scratch.line.resize(columns + 2 * reach + kPadding);
    uint16_t* line = scratch.line.data();
    for (int64_t y = 0; y < height; ++y) {
      const uint16_t* centre = plane.data() + static_cast<size_t>(y) * stride;
      const uint16_t* above =
          plane.data() + static_cast<size_t>(std::max<int64_t>(y - distance, 0)) * stride;
      const uint16_t* below =
          plane.data() + static_cast<size_t>(std::min(y + distance, height - 1)) * stride;
      kernels.blend3_row16(above, centre, below, line + reach, columns, shape.side);
      std::fill(line, line + reach, line[reach]);
      std::fill(line + reach + columns, line + 2 * reach + columns, line[reach + columns - 1]);
      kernels.blend3_row16(line, line + reach, line + 2 * reach,
                           scratch.spare.data() + static_cast<size_t>(y) * stride, columns,
                           shape.side);
    }
    plane.swap(scratch.spare);
  }
}

void sharpen_light(const PressKernels& kernels, int64_t width, int64_t height, double amount,
                   Scratch& scratch, LightPlane& plane) {
  LightPlane& sharp = scratch.sharp;
  sharp.assign(plane.begin(), plane.end());
  blur_light(kernels, width, height, blur_shape(1.0), scratch, plane);
  for (int64_t y = 0; y < height; ++y) {
    const size_t at = static_cast<size_t>(y) * padded_stride(width);
    kernels.sharpen_row(sharp.data() + at, plane.data() + at, plane.data() + at,
                        static_cast<size_t>(width), q(amount, 256.0));
  }
}

// Blurs what differs between the channels and leaves their luma as it is: cameras take noise off
// colour where they keep it in luma.
void blur_chroma(const PressKernels& kernels, int64_t width, int64_t height, double sigma_px,
                 Scratch& scratch) {
  const BlurShape shape = blur_shape(sigma_px);
  for (int channel = 0; channel < 3; ++channel) {
    LightPlane& plane = scratch.planes[channel];
    scratch.sharp_planes[channel].assign(plane.begin(), plane.end());
    blur_light(kernels, width, height, shape, scratch, plane);
  }
  const uint16_t* sharp[3];
  uint16_t* soft[3];
  for (int channel = 0; channel < 3; ++channel) {
    sharp[channel] = scratch.sharp_planes[channel].data();
    soft[channel] = scratch.planes[channel].data();
  }
  const size_t count = padded_stride(width) * static_cast<size_t>(height);
  for (size_t i = 0; i < count; ++i) {
    // Luma is (r + 2 g + b) / 4: near enough, and the same from every processor.
    const int32_t fine =
        (sharp[0][i] - soft[0][i]) + 2 * (sharp[1][i] - soft[1][i]) + (sharp[2][i] - soft[2][i]);
    const int32_t detail = (fine + 2) >> 2;
    for (uint16_t* plane : soft) {
      plane[i] = static_cast<uint16_t>(std::min(std::max(plane[i] + detail, 0), 65535));
    }
  }
}

// Light of every channel, before the lens.
void fill_light(const PressKernels& kernels, const CaptureImage& image, const CaptureSettings& s,
                Scratch& scratch) {
  LightField field(image, s, scratch);
  int32_t gains[3];
  for (int channel = 0; channel < 3; ++channel) {
    gains[channel] = q(clamp_to(s.gain[channel], 0.0, 2.0), 4096.0);
    scratch.planes[channel].resize(padded_stride(image.width) * static_cast<size_t>(image.height) +
                                   kPadding);
  }
  scratch.grey.resize(static_cast<size_t>(3 * image.width));
  for (int64_t y = 0; y < image.height; ++y) {
    // A fax repeats lines of the absolute grid; at the top of a window the
    // first row stands in.
    const int64_t line = s.line_px > 1 ? (image.y0 + y) - (image.y0 + y) % s.line_px - image.y0 : y;
    const uint8_t* pixels = image.in + 3 * std::max<int64_t>(line, 0) * image.width;
    if (s.grey) {
      grey_row(pixels, scratch.grey.data(), image.width);
      pixels = scratch.grey.data();
    }
    const size_t at = static_cast<size_t>(y) * padded_stride(image.width);
    kernels.light_row(pixels, field.row(kernels, y, image.width), scratch.planes[0].data() + at,
                      scratch.planes[1].data() + at, scratch.planes[2].data() + at,
                      static_cast<size_t>(image.width), gains);
    if (s.dust_density > 0.0) {
      add_dust(kernels, image, s, y, scratch.planes, scratch);
    }
  }
}

// Noise of row `y` from the white rows of `seed`; a call for the row above must have come before,
// or none since the rows were last reset.
void noise_at(const PressKernels& kernels, uint64_t seed, const CaptureImage& image, int64_t y,
              WhiteRows& white, std::vector<int16_t>& out) {
  const int64_t row = image.y0 + y;
  if (white.started) {
    white.upper.swap(white.lower);
  } else {
    white_row_at(kernels, seed, image.x0, row, image.width + 1, white.upper);
    white.started = true;
  }
  const size_t offset =
      white_row_at(kernels, seed, image.x0, row + 1, image.width + 1, white.lower);
  kernels.noise_row(white.upper.data() + offset, white.lower.data() + offset, out.data(),
                    static_cast<size_t>(image.width));
}

// Weight that brings noise of a deviation to sigma levels in Q7, with nine more bits.
int32_t noise_weight(double sigma, double deviation) {
  return q(clamp_to(sigma, 0.0, 64.0) * 128.0 / deviation, 512.0);
}

ToneRowSettings tone_settings(const CaptureSettings& s) {
  ToneRowSettings tone{};
  tone.scale = q(clamp_to((s.white - s.black) / 255.0, -2.0, 4.0), 32768.0);
  tone.offset = q(clamp_to(s.black, -512.0, 255.0), 128.0);
  // The parabola x (1 - x) peaks at 1/4 and the cubic of the S-curve at 0.096.
  tone.bend = q(clamp_to(s.bend, -1.0, 1.0), 256.0);
  tone.contrast = q(clamp_to(s.contrast, -1.0, 1.0), 256.0);
  tone.chroma_noise = noise_weight(s.chroma_sigma, kNoiseDeviation);
  return tone;
}

void threshold_row(const int16_t* noise, double softness, uint8_t* row, int64_t width) {
  const int32_t weight = q(softness / kNoiseDeviation, 4096.0);
  for (int64_t i = 0; i < width; ++i) {
    row[i] = row[i] + ((noise[i] * weight) >> 12) >= 128 ? 255 : 0;
  }
}

// Rows of an image that are wanted; those around them are there for the blur.
struct Rows {
  int64_t first;
  int64_t last;  // exclusive
};

// The paper's relief over the wanted rows.
PlaneView texture_plane(const PressKernels& kernels, const CaptureImage& image, const Rows& rows,
                        const CaptureSettings& s, const NoiseShape& shape, Scratch& scratch) {
  const Window window{image.x0, image.y0 + rows.first, image.width, rows.last - rows.first};
  return noise_plane(kernels, window, shape, mix64(s.seed + kTextureSeed), scratch.texture_a,
                     scratch.texture_b);
}

void develop(const PressKernels& kernels, const CaptureImage& image, const Rows& rows,
             const CaptureSettings& s, Scratch& scratch) {
  const auto width = static_cast<size_t>(image.width);
  const ToneRowSettings tone = tone_settings(s);
  const NoiseShape shape = noise_shape(std::max(s.texture_scale_px, 1.0));
  const int32_t fine = noise_weight(s.noise_sigma, kNoiseDeviation);
  const int32_t coarse = noise_weight(s.texture_sigma, shape.deviation);
  const int channels = s.grey ? 1 : 3;
  scratch.luma.assign(width + kPadding, 0);
  scratch.mixed.assign(width + kPadding, 0);
  scratch.chroma.assign(width + kPadding, 0);
  for (auto& row : scratch.rgb) {
    row.resize(width + kPadding);
  }
  PlaneView texture{};
  if (coarse > 0) {
    texture = texture_plane(kernels, image, rows, s, shape, scratch);
  }
  scratch.white_a.assign(width + kPadding, 128);
  const ByteBuffer flat = scratch.white_a;
  for (WhiteRows& white : scratch.white) {
    white.started = false;
  }
  for (int64_t y = rows.first; y < rows.last; ++y) {
    if (fine > 0 || s.threshold_softness > 0.0) {
      noise_at(kernels, mix64(s.seed + kNoiseSeed), image, y, scratch.white[0], scratch.luma);
    }
    if (fine > 0 || coarse > 0) {
      const uint8_t* relief =
          coarse > 0 ? texture.data + static_cast<size_t>(y - rows.first) * texture.stride
                     : flat.data();
      kernels.mix_noise_row(scratch.luma.data(), relief, scratch.mixed.data(), width, fine, coarse);
    }
    for (int channel = 0; channel < channels; ++channel) {
      if (tone.chroma_noise > 0 && !s.grey) {
        noise_at(kernels, mix64(s.seed + kNoiseSeed + 1 + static_cast<uint64_t>(channel)), image, y,
                 scratch.white[channel + 1], scratch.chroma);
      }
      kernels.tone_row(
          scratch.planes[channel].data() + static_cast<size_t>(y) * padded_stride(image.width),
          scratch.mixed.data(), scratch.chroma.data(), scratch.rgb[channel].data(), width, tone);
      if (s.threshold_softness > 0.0) {
        threshold_row(scratch.luma.data(), s.threshold_softness, scratch.rgb[channel].data(),
                      image.width);
      }
    }
    const uint8_t* green = scratch.rgb[s.grey ? 0 : 1].data();
    const uint8_t* blue = scratch.rgb[s.grey ? 0 : 2].data();
    kernels.interleave_row(scratch.rgb[0].data(), green, blue, image.out + 3 * y * image.width,
                           width);
  }
}

// Captures the wanted rows of `image`; the others are within the lens's reach of them.
void capture_band(const PressKernels& kernels, const CaptureImage& image, const Rows& rows,
                  const CaptureSettings& settings, Scratch& scratch) {
  fill_light(kernels, image, settings, scratch);
  const int channels = settings.grey ? 1 : 3;
  for (int channel = 0; channel < channels; ++channel) {
    LightPlane& plane = scratch.planes[channel];
    blur_light(kernels, image.width, image.height, blur_shape(settings.blur_sigma_px), scratch,
               plane);
    if (settings.sharpen > 0.0) {
      sharpen_light(kernels, image.width, image.height, settings.sharpen, scratch, plane);
    }
  }
  if (settings.chroma_blur_sigma_px > 0.0 && !settings.grey) {
    blur_chroma(kernels, image.width, image.height, settings.chroma_blur_sigma_px, scratch);
  }
  develop(kernels, image, rows, settings, scratch);
}

}  // namespace

int64_t capture_radius(const CaptureSettings& s) {
  int64_t radius = blur_shape(s.blur_sigma_px).radius;
  if (s.sharpen > 0.0) {
    radius += blur_shape(1.0).radius;
  }
  if (!s.grey) {
    radius += blur_shape(s.chroma_blur_sigma_px).radius;
  }
  return radius + (s.line_px > 1 ? s.line_px - 1 : 0);
}

void capture(const CaptureImage& image, const CaptureSettings& settings) {
  thread_local Scratch own;
  Scratch& scratch = own;  // one look-up of the thread's storage, not one an access
  if (image.width == 0) {
    return;
  }
  const PressKernels& kernels = press_kernels();
  const int64_t margin = capture_radius(settings);
  const int64_t step = std::max(kBandRows, 4 * margin);
  for (int64_t top = 0; top < image.height; top += step) {
    const int64_t bottom = std::min(top + step, image.height);
    const int64_t first = std::max<int64_t>(top - margin, 0);
    const int64_t last = std::min(bottom + margin, image.height);
    const int64_t skipped = 3 * first * image.width;
    const CaptureImage band{image.in + skipped, image.out + skipped, image.width, last - first,
                            image.x0,           image.y0 + first};
    capture_band(kernels, band, {top - first, bottom - first}, settings, scratch);
  }
}

}  // namespace seal2real
