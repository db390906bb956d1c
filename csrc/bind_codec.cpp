// Python face of csrc/codec: conversions only.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "codec/jpeg_segments.h"
#include "codec/mask_png.h"

namespace py = pybind11;

namespace seal2real {
namespace {

using Bytes2d = py::array_t<uint8_t, py::array::c_style | py::array::forcecast>;
using Int32s = py::array_t<int32_t, py::array::c_style | py::array::forcecast>;
using Int64s = py::array_t<int64_t, py::array::c_style | py::array::forcecast>;

py::bytes to_bytes(const std::vector<uint8_t>& data) {
  return py::bytes(reinterpret_cast<const char*>(data.data()), data.size());
}

const uint8_t* bytes_of(const py::bytes& data, size_t* size) {
  char* start = nullptr;
  Py_ssize_t length = 0;
  if (PyBytes_AsStringAndSize(data.ptr(), &start, &length) != 0) {
    throw py::error_already_set();
  }
  *size = static_cast<size_t>(length);
  return reinterpret_cast<const uint8_t*>(start);
}

py::bytes png_encode_mask(const py::buffer& mask) {
  const py::buffer_info info = mask.request();
  if (info.ndim != 2 || info.itemsize != 1 ||
      info.format != py::format_descriptor<uint8_t>::format()) {
    throw py::type_error("png_encode_mask: mask must be a uint8 array [H, W], got " +
                         std::to_string(info.ndim) + " axes of format '" + info.format +
                         "'; convert it with numpy.asarray(mask, numpy.uint8)");
  }
  // Rows may stand apart (a crop of a page needs no copy); pixels of a row may not.
  Bytes2d copy;
  const auto* pixels = static_cast<const uint8_t*>(info.ptr);
  int64_t stride = info.strides[0];
  if (info.strides[1] != 1 && info.size > 0) {
    copy = Bytes2d::ensure(mask);
    pixels = copy.data();
    stride = info.shape[1];
  }
  std::vector<uint8_t> out;
  {
    const py::gil_scoped_release release;
    out = codec::encode_mask_png(pixels, info.shape[0], info.shape[1], stride);
  }
  return to_bytes(out);
}

codec::RgbView view_of(const py::array_t<uint8_t>& image, const char* name) {
  if (image.ndim() != 3 || image.shape(2) != 3 || image.strides(2) != 1 || image.strides(1) != 3) {
    throw std::invalid_argument(std::string("jpeg segments: ") + name +
                                " must be a uint8 array [H, W, 3] with dense rows, got another "
                                "layout; pass numpy.ascontiguousarray(image)");
  }
  return {image.data(), image.shape(0), image.shape(1), image.strides(0)};
}

codec::Pasted pasted(const py::array_t<uint8_t>& base, const py::array_t<uint8_t>& window,
                     int64_t x0, int64_t y0) {
  const codec::Pasted image{view_of(base, "base"), view_of(window, "window"), x0, y0};
  // Differences of sizes: a sum with a hostile corner would overflow and pass.
  if (x0 < 0 || y0 < 0 || x0 > image.base.width - image.window.width ||
      y0 > image.base.height - image.window.height) {
    throw std::invalid_argument("jpeg segments: window must lie inside the page, got (" +
                                std::to_string(x0) + ", " + std::to_string(y0) +
                                "); cut it at the page's edges");
  }
  return image;
}

void check_segment_size(int64_t width, int64_t height) {
  constexpr int64_t most = 65535;  // side of a JPEG
  if (width < 1 || height < 1 || width > most || height > most) {
    throw std::invalid_argument("jpeg segments: segment must be 1x1 to 65535x65535, got " +
                                std::to_string(width) + "x" + std::to_string(height) +
                                "; use the MCU size");
  }
}

Int32s jpeg_changed(const py::array_t<uint8_t>& base, const py::array_t<uint8_t>& window,
                    int64_t x0, int64_t y0, int64_t segment_width, int64_t segment_height) {
  const codec::Pasted image = pasted(base, window, x0, y0);
  check_segment_size(segment_width, segment_height);
  std::vector<int32_t> numbers;
  {
    const py::gil_scoped_release release;
    numbers = codec::changed_segments(image, segment_width, segment_height);
  }
  return Int32s(static_cast<py::ssize_t>(numbers.size()), numbers.data());
}

// Size in pixels of the stack, after checking that every number exists and all cuts agree.
std::pair<int64_t, int64_t> stack_size(const codec::RgbView& base, int64_t segment_width,
                                       int64_t segment_height, const Int32s& numbers, bool across) {
  const int64_t columns = (base.width + segment_width - 1) / segment_width;
  const int64_t rows = (base.height + segment_height - 1) / segment_height;
  int64_t height = 0;
  int64_t width = 0;
  for (py::ssize_t i = 0; i < numbers.size(); ++i) {
    const int64_t number = numbers.data()[i];
    if (number < 0 || number >= rows * columns) {
      throw std::invalid_argument("jpeg_stack: numbers must be below " +
                                  std::to_string(rows * columns) + ", got " +
                                  std::to_string(number) + "; use those of jpeg_changed");
    }
    const int64_t w = std::min(segment_width, base.width - number % columns * segment_width);
    const int64_t h = std::min(segment_height, base.height - number / columns * segment_height);
    if (i > 0 && (across ? h != height : w != width)) {
      throw std::invalid_argument(
          "jpeg_stack: numbers must name segments of one size, got a mixture; stack edges apart");
    }
    width = across ? width + w : w;
    height = across ? h : height + h;
  }
  return {height, width};
}

py::array_t<uint8_t> jpeg_stack(const py::array_t<uint8_t>& base,
                                const py::array_t<uint8_t>& window, int64_t x0, int64_t y0,
                                int64_t segment_width, int64_t segment_height,
                                const Int32s& numbers, bool across) {
  const codec::Pasted image = pasted(base, window, x0, y0);
  check_segment_size(segment_width, segment_height);
  const auto [height, width] =
      stack_size(image.base, segment_width, segment_height, numbers, across);
  py::array_t<uint8_t> stack({height, width, int64_t{4}});
  uint8_t* to = stack.mutable_data();
  {
    const py::gil_scoped_release release;
    codec::stack_segments(image, segment_width, segment_height, numbers.data(),
                          static_cast<size_t>(numbers.size()), across, to, width * 4);
  }
  return stack;
}

py::tuple jpeg_scan(const py::bytes& data) {
  size_t size = 0;
  const uint8_t* start = bytes_of(data, &size);
  const codec::JpegSegments found = codec::scan_jpeg(start, size);
  const auto count = static_cast<py::ssize_t>(found.begins.size());
  return py::make_tuple(Int64s(count, found.begins.data()), Int64s(count, found.ends.data()));
}

// The segments table of `base`, checked so that splicing stays inside it.
codec::JpegSegments checked_segments(const Int64s& begins, const Int64s& ends, size_t size) {
  if (begins.size() != ends.size()) {
    throw std::invalid_argument(
        "jpeg_splice: begins and ends must be equally long, got others; "
        "use those of jpeg_scan");
  }
  codec::JpegSegments table;
  table.begins.assign(begins.data(), begins.data() + begins.size());
  table.ends.assign(ends.data(), ends.data() + ends.size());
  int64_t last = 0;
  for (size_t i = 0; i < table.begins.size(); ++i) {
    const bool ordered = last <= table.begins[i] && table.begins[i] <= table.ends[i];
    if (!ordered || table.ends[i] > static_cast<int64_t>(size)) {
      throw std::invalid_argument(
          "jpeg_splice: segments must lie in order inside the stream, got "
          "others; use those of jpeg_scan");
    }
    last = table.ends[i];
  }
  return table;
}

// Adds the segments of one encoded stack to `pieces`.
void add_pieces(const py::bytes& stack, const Int32s& numbers, size_t segments,
                std::vector<codec::Replacement>* pieces) {
  size_t size = 0;
  const uint8_t* start = bytes_of(stack, &size);
  const codec::JpegSegments found = codec::scan_jpeg(start, size);
  if (found.begins.size() != static_cast<size_t>(numbers.size())) {
    throw std::invalid_argument("jpeg_splice: stack must hold a segment a number, got " +
                                std::to_string(found.begins.size()) + " for " +
                                std::to_string(numbers.size()) +
                                "; encode it with the page's restart interval");
  }
  for (size_t i = 0; i < found.begins.size(); ++i) {
    const int32_t number = numbers.data()[i];
    if (number < 0 || static_cast<size_t>(number) >= segments) {
      throw std::invalid_argument("jpeg_splice: numbers must be below " + std::to_string(segments) +
                                  ", got " + std::to_string(number) +
                                  "; use those of jpeg_changed");
    }
    pieces->push_back(
        {number, start + found.begins[i], static_cast<size_t>(found.ends[i] - found.begins[i])});
  }
}

py::bytes jpeg_splice(const py::bytes& base, const Int64s& begins, const Int64s& ends,
                      const std::vector<std::pair<py::bytes, Int32s>>& stacks) {
  size_t size = 0;
  const uint8_t* start = bytes_of(base, &size);
  const codec::JpegSegments table = checked_segments(begins, ends, size);
  std::vector<codec::Replacement> pieces;
  for (const auto& [stack, numbers] : stacks) {
    add_pieces(stack, numbers, table.begins.size(), &pieces);
  }
  std::sort(pieces.begin(), pieces.end(),
            [](const auto& a, const auto& b) { return a.number < b.number; });
  for (size_t i = 1; i < pieces.size(); ++i) {
    if (pieces[i].number == pieces[i - 1].number) {
      throw std::invalid_argument("jpeg_splice: numbers must differ, got " +
                                  std::to_string(pieces[i].number) +
                                  " twice; stack each segment once");
    }
  }
  return to_bytes(codec::splice_jpeg(start, size, table, pieces));
}

}  // namespace

void bind_codec(py::module_& m) {
  m.def("png_encode_mask", &png_encode_mask, py::arg("mask"));
  m.def("jpeg_scan", &jpeg_scan, py::arg("data"));
  m.def("jpeg_changed", &jpeg_changed, py::arg("base"), py::arg("window"), py::arg("x0"),
        py::arg("y0"), py::arg("segment_width"), py::arg("segment_height"));
  m.def("jpeg_stack", &jpeg_stack, py::arg("base"), py::arg("window"), py::arg("x0"), py::arg("y0"),
        py::arg("segment_width"), py::arg("segment_height"), py::arg("numbers"), py::arg("across"));
  m.def("jpeg_splice", &jpeg_splice, py::arg("base"), py::arg("begins"), py::arg("ends"),
        py::arg("stacks"));
}

}  // namespace seal2real
