#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "bind_helpers.h"
#include "raster/capture.h"
#include "raster/ink.h"
#include "raster/paste.h"
#include "raster/planes.h"
#include "raster/press_batch.h"
#include "raster/resample.h"
#include "raster/support.h"

namespace py = pybind11;

namespace seal2real {
namespace {

using Bytes = ByteArray;
using Pair = std::array<double, 2>;
constexpr int64_t kFarPx = 1000000000;

const Key kStrength("strength");
const Key kContact("contact");
const Key kPressureAmount("pressure_amount");
const Key kPressureScaleMm("pressure_scale_mm");
const Key kTiltX("tilt_x");
const Key kTiltY("tilt_y");
const Key kDryAmount("dry_amount");
const Key kDryScaleMm("dry_scale_mm");
const Key kSpeckleAmount("speckle_amount");
const Key kSpeckleScaleMm("speckle_scale_mm");
const Key kMottleAmount("mottle_amount");
const Key kGrainAmount("grain_amount");
const Key kSpreadMm("spread_mm");
const Key kBleedMm("bleed_mm");
const Key kNickAmount("nick_amount");
const Key kNickScaleMm("nick_scale_mm");
const Key kRimAmount("rim_amount");
const Key kRimWidthMm("rim_width_mm");
const Key kGhostDxMm("ghost_dx_mm");
const Key kGhostDyMm("ghost_dy_mm");
const Key kGhostStrength("ghost_strength");
const Key kFade("fade");
const Key kLightAmount("light_amount");
const Key kLightScalePx("light_scale_px");
const Key kLightSlopeX("light_slope_x");
const Key kLightSlopeY("light_slope_y");
const Key kBlurSigmaPx("blur_sigma_px");
const Key kSharpen("sharpen");
const Key kBlack("black");
const Key kWhite("white");
const Key kBend("bend");
const Key kContrast("contrast");
const Key kNoiseSigma("noise_sigma");
const Key kChromaSigma("chroma_sigma");
const Key kChromaBlurSigmaPx("chroma_blur_sigma_px");
const Key kTextureSigma("texture_sigma");
const Key kTextureScalePx("texture_scale_px");
const Key kThresholdSoftness("threshold_softness");
const Key kBandAmount("band_amount");
const Key kStreakAmount("streak_amount");
const Key kDustDensity("dust_density");
const Key kGain("gain");
const Key kTransmittance("transmittance");

double number(const py::handle& params, const Key& key, double most = 1e9) {
  const auto value = key.of(params).cast<double>();
  // The message is built on failure only: an impression reads two dozen numbers.
  if (!(std::fabs(value) <= most)) {
    require(false, std::string(key.text()) + " must lie within +-" + std::to_string(most) +
                       ", got " + std::to_string(value) + "; check the parameters");
  }
  return value;
}

// Lengths set how much memory a blur takes; no seal is a metre wide.
double length_mm(const py::handle& params, const Key& key) { return number(params, key, 1e3); }

uint64_t seed_of(const py::handle& params) {
  static const Key seed("seed");
  return seed.of(params).cast<uint64_t>();
}

// A factor of light for each channel.
std::array<double, 3> factors(const py::handle& params, const Key& key, double most) {
  const auto values = key.of(params).cast<std::array<double, 3>>();
  for (const double value : values) {
    if (!(value >= 0.0 && value <= most)) {
      require(false, std::string(key.text()) + " must lie in [0, " + std::to_string(most) +
                         "], got " + std::to_string(value) + "; pass shares of light");
    }
  }
  return values;
}

void require_place(const InkPlace& place, const char* where) {
  const std::string name(where);
  require(place.px_per_mm > 0.0 && place.px_per_mm < 1e4,
          name + ": px_per_mm must be in (0, 10000), got " + std::to_string(place.px_per_mm) +
              "; pass dpi / 25.4");
  for (const double px : {place.center_x, place.center_y, place.half_width, place.half_height}) {
    require(std::fabs(px) < 1e7, name + ": the seal must lie within +-1e7 px, got " +
                                     std::to_string(px) + "; check the placement");
  }
}

InkSettings ink_settings(const py::handle& p) {
  return {number(p, kStrength),
          number(p, kContact),
          number(p, kPressureAmount),
          length_mm(p, kPressureScaleMm),
          number(p, kTiltX),
          number(p, kTiltY),
          number(p, kDryAmount),
          length_mm(p, kDryScaleMm),
          number(p, kSpeckleAmount),
          length_mm(p, kSpeckleScaleMm),
          number(p, kMottleAmount),
          number(p, kGrainAmount),
          length_mm(p, kSpreadMm),
          length_mm(p, kBleedMm),
          number(p, kNickAmount),
          length_mm(p, kNickScaleMm),
          number(p, kRimAmount),
          length_mm(p, kRimWidthMm),
          length_mm(p, kGhostDxMm),
          length_mm(p, kGhostDyMm),
          number(p, kGhostStrength),
          number(p, kFade),
          seed_of(p)};
}

// Beyond these a capture is black, white or noise, and its integers would overflow.
constexpr double kMostAmount = 16.0;
constexpr double kMostLevel = 1024.0;

CaptureSettings capture_settings(const py::handle& p) {
  CaptureSettings s{};
  s.light_amount = number(p, kLightAmount, kMostAmount);
  s.light_scale_px = number(p, kLightScalePx);
  s.light_slope_x = number(p, kLightSlopeX, 1e3);
  s.light_slope_y = number(p, kLightSlopeY, 1e3);
  const std::array<double, 3> gain = factors(p, kGain, kMostAmount);
  std::copy(gain.begin(), gain.end(), s.gain);
  s.blur_sigma_px = number(p, kBlurSigmaPx);
  s.sharpen = number(p, kSharpen, kMostAmount);
  s.chroma_blur_sigma_px = number(p, kChromaBlurSigmaPx);
  s.black = number(p, kBlack, kMostLevel);
  s.white = number(p, kWhite, kMostLevel);
  s.bend = number(p, kBend, 1.0);
  s.contrast = number(p, kContrast, 1.0);
  s.noise_sigma = number(p, kNoiseSigma, kMostLevel);
  s.chroma_sigma = number(p, kChromaSigma, kMostLevel);
  s.texture_sigma = number(p, kTextureSigma, kMostLevel);
  s.texture_scale_px = number(p, kTextureScalePx);
  s.threshold_softness = number(p, kThresholdSoftness, kMostLevel);
  s.band_amount = number(p, kBandAmount, 1.0);
  s.streak_amount = number(p, kStreakAmount, 1.0);
  s.dust_density = number(p, kDustDensity, 1.0);
  s.line_px = p.attr("line_px").cast<int64_t>();
  require(s.line_px >= 1 && s.line_px <= 1000,
          "line_px must be in 1..1000, got " + std::to_string(s.line_px) + "; 1 repeats no row");
  s.grey = p.attr("grey").cast<bool>();
  s.seed = seed_of(p);
  return s;
}

Bytes like(const Bytes& array) {
  return Bytes(std::vector<py::ssize_t>(array.shape(), array.shape() + array.ndim()));
}

// A copy with room for kernels that read in whole vectors.
ByteBuffer padded(const Bytes& plane) {
  ByteBuffer out(static_cast<size_t>(plane.size()) + kPadding);
  std::copy_n(plane.data(), plane.size(), out.begin());
  return out;
}

Bytes py_ink(const Bytes& coverage, const py::object& params, double px_per_mm,
             const Pair& center_px, const Pair& half_size_px, const std::optional<Bytes>& paper) {
  require_plane(coverage, "ink: coverage");
  const InkPlace place{px_per_mm, center_px[0], center_px[1], half_size_px[0], half_size_px[1]};
  require_place(place, "ink");
  if (paper) {
    require_plane(*paper, "ink: paper_luma");
    require_same(*paper, coverage, "ink: paper_luma");
  }
  const InkSettings settings = ink_settings(params);
  Bytes density = like(coverage);
  const ByteBuffer inked = padded(coverage);
  const ByteBuffer under = paper ? padded(*paper) : ByteBuffer();
  const InkImage image{inked.data(), paper ? under.data() : nullptr, coverage.shape(1),
                       coverage.shape(0)};
  uint8_t* out = density.mutable_data();
  py::gil_scoped_release release;
  ink(image, settings, place, out);
  return density;
}

Bytes py_blend(const Bytes& page, const Bytes& density,
               const std::array<double, 3>& transmittance) {
  require_image(page, "blend: page");
  require_plane(density, "blend: density");
  require_same(density, page, "blend: density");
  for (const double t : transmittance) {
    require(t >= 0.0 && t <= 1.0, "blend: transmittance must lie in [0, 1], got " +
                                      std::to_string(t) + "; pass shares of light");
  }
  Bytes out = like(page);
  uint8_t* pixels = out.mutable_data();
  py::gil_scoped_release release;
  blend(page.data(), density.data(), transmittance.data(), pixels,
        static_cast<size_t>(density.size()));
  return out;
}

Bytes py_capture(const Bytes& image, const py::object& params,
                 const std::array<int64_t, 2>& origin) {
  require_image(image, "capture: image");
  for (const int64_t at : origin) {
    require(at > -kFarPx && at < kFarPx, "capture: origin_px must lie within +-1e9 px, got " +
                                             std::to_string(at) + "; pass the window's corner");
  }
  const CaptureSettings settings = capture_settings(params);
  Bytes out = like(image);
  const CaptureImage view{image.data(),   out.mutable_data(), image.shape(1),
                          image.shape(0), origin[0],          origin[1]};
  py::gil_scoped_release release;
  capture(view, settings);
  return out;
}

int64_t py_capture_radius(const py::object& params) {
  return capture_radius(capture_settings(params));
}

py::tuple py_support(const Bytes& clean, const Bytes& sealed, const Bytes& mask, int64_t radius,
                     int64_t mcu) {
  require_image(clean, "support: clean");
  require_image(sealed, "support: sealed");
  require_plane(mask, "support: mask");
  require_same(clean, sealed, "support: clean");
  require_same(mask, clean, "support: mask");
  require(radius >= 0 && mcu >= 0 && radius < 100000 && mcu < 100000,
          "support: radius and mcu must be at least 0; pass pixels");
  Bytes out = like(mask);
  uint8_t* grown = out.mutable_data();
  std::array<int64_t, 4> bounds{};
  {
    py::gil_scoped_release release;
    changed(clean.data(), sealed.data(), mask.data(), grown, mask.shape(1), mask.shape(0));
    grow_support(grown, mask.shape(1), mask.shape(0), radius, mcu, bounds.data());
  }
  return py::make_tuple(out, py::make_tuple(bounds[0], bounds[1], bounds[2], bounds[3]));
}

// Most pixels of a resampling's result, and of its rows before they are merged: memory is asked
// for before anything is known to fit.
constexpr int64_t kMostPixels = int64_t{1} << 28;

Bytes py_resample(const Bytes& image, int64_t width, int64_t height) {
  require_image(image, "resample: image");
  require(image.size() > 0, "resample: image must not be empty; pass at least a pixel");
  require(
      width >= 1 && height >= 1 && width <= kMostPixels &&
          std::max<int64_t>(height, image.shape(0)) <= kMostPixels / width,
      "resample: width times height, and times the image's height, must be in 1..2^28 px, got " +
          std::to_string(width) + " x " + std::to_string(height) + " of " +
          std::to_string(image.shape(0)) + " rows; ask for a smaller size");
  Bytes out(std::vector<py::ssize_t>{height, width, 3});
  const ResampledImage job{image.data(), image.shape(1), image.shape(0), width, height};
  uint8_t* pixels = out.mutable_data();
  py::gil_scoped_release release;
  resample_cubic(job, pixels);
  return out;
}

Bytes py_paste(const Bytes& forged, const Bytes& synthetic, const Bytes& weight,
               const Bytes& clean) {
  require_image(forged, "paste: forged");
  require_image(synthetic, "paste: synthetic");
  require_image(clean, "paste: clean");
  require_plane(weight, "paste: weight");
  require_same(forged, synthetic, "paste: forged");
  require_same(clean, synthetic, "paste: clean");
  require_same(weight, synthetic, "paste: weight");
  Bytes out = like(synthetic);
  const PasteImages images{forged.data(), synthetic.data(), clean.data(), weight.data(),
                           static_cast<size_t>(weight.size())};
  uint8_t* pixels = out.mutable_data();
  py::gil_scoped_release release;
  paste(images, pixels);
  return out;
}

std::vector<PressJob> press_jobs(const std::vector<const Layout*>& layouts,
                                 const py::array_t<double, py::array::c_style>& warps,
                                 const py::sequence& inks) {
  std::vector<PressJob> jobs(layouts.size());
  for (size_t i = 0; i < jobs.size(); ++i) {
    require(layouts[i] != nullptr, "press_batch: layouts must not hold None; lay out first");
    const auto row = static_cast<py::ssize_t>(i);
    const py::object params = inks[i];
    const std::array<double, 3> light = factors(params, kTransmittance, 1.0);
    jobs[i] = {layouts[i],
               make_warp(warps.data(row, 0), warps.data(row, 9), "press_batch"),
               ink_settings(params),
               {light[0], light[1], light[2]}};
    require_place(place_of(jobs[i]), "press_batch");
  }
  return jobs;
}

py::tuple py_press_batch(const std::vector<const Layout*>& layouts,
                         const py::array_t<double, py::array::c_style>& warps,
                         const py::sequence& inks, const Bytes& pages, int threads,
                         const py::object& images_out, const py::object& masks_out,
                         const py::object& classes_out) {
  const auto count = static_cast<py::ssize_t>(layouts.size());
  require(warps.ndim() == 2 && warps.shape(0) == count && warps.shape(1) == 13,
          "press_batch: warps must have shape [N, 13] for N layouts; pass Warp.row() of each");
  require(static_cast<py::ssize_t>(inks.size()) == count,
          "press_batch: inks must be as many as layouts, got " + std::to_string(inks.size()) +
              " for " + std::to_string(count) + "; pass one InkParams a layout");
  require(pages.ndim() == 4 && pages.shape(0) == count && pages.shape(3) == 3 &&
              pages.shape(1) >= 1 && pages.shape(1) <= 32768 && pages.shape(2) >= 1 &&
              pages.shape(2) <= 32768,
          "press_batch: pages must have shape [N, H, W, 3] with sides in 1..32768; stack one page "
          "a layout");
  require(threads >= 1 && threads <= 256, "press_batch: threads must be in 1..256, got " +
                                              std::to_string(threads) +
                                              "; use the number of cores");
  const std::vector<PressJob> jobs = press_jobs(layouts, warps, inks);
  const std::vector<py::ssize_t> planes{count, pages.shape(1), pages.shape(2)};
  Bytes images =
      output(images_out, {count, pages.shape(1), pages.shape(2), 3}, "press_batch", "images");
  Bytes masks = output(masks_out, planes, "press_batch", "masks");
  Bytes classes = output(classes_out, planes, "press_batch", "classes");
  const PressBatch batch = {jobs.data(),
                            jobs.size(),
                            static_cast<int>(pages.shape(2)),
                            static_cast<int>(pages.shape(1)),
                            pages.data(),
                            images.mutable_data(),
                            masks.mutable_data(),
                            classes.mutable_data()};
  {
    py::gil_scoped_release release;
    press_all(batch, threads);
  }
  return py::make_tuple(images, masks, classes);
}

}  // namespace

void bind_press(py::module_& m) {
  m.def("ink", &py_ink, py::arg("coverage"), py::arg("params"), py::arg("px_per_mm"),
        py::arg("center_px"), py::arg("half_size_px"), py::arg("paper_luma") = py::none(),
        "Return the ink density u8 [H, W] (absorbance * 100) of a coverage u8 "
        "[H, W].");
  m.def("blend", &py_blend, py::arg("page"), py::arg("density"), py::arg("transmittance"),
        "Return the page u8 [H, W, 3] seen through ink of a density u8 [H, W] "
        "(Beer-Lambert).");
  m.def("capture", &py_capture, py::arg("image"), py::arg("params"), py::arg("origin_px"),
        "Return the captured image u8 [H, W, 3], before JPEG.");
  m.def("capture_radius", &py_capture_radius, py::arg("params"),
        "Return the distance in px beyond which a pixel has no influence, "
        "before JPEG.");
  m.def("paste", &py_paste, py::arg("forged"), py::arg("synthetic"), py::arg("weight"),
        py::arg("clean"),
        "Return u8 [H, W, 3]: the ink of a synthetic page as a forged one has it, by weight.");
  m.def("resample", &py_resample, py::arg("image"), py::arg("width"), py::arg("height"),
        "Return an image [H, W, 3] at another size, bicubic, as Pillow's BICUBIC makes it.");
  m.def("support", &py_support, py::arg("clean"), py::arg("sealed"), py::arg("mask"),
        py::arg("radius"), py::arg("mcu"),
        "Return (support u8 [H, W], bounds x0 y0 x1 y1) of what differs, grown.");
  m.def(
      "press_batch", &py_press_batch, py::arg("layouts"), py::arg("warps"), py::arg("inks"),
      py::arg("pages"), py::arg("threads") = 1, py::arg("images") = py::none(),
      py::arg("masks") = py::none(), py::arg("classes") = py::none(),
      "Return (images u8 [N, H, W, 3], ink masks u8 [N, H, W] of 0 and 1, classes u8 [N, H, W]).");
}

}  // namespace seal2real
