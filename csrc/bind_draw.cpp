#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <stdexcept>
#include <string>

#include "bind_helpers.h"
#include "raster/batch.h"
#include "raster/draw.h"
#include "raster/flatten.h"
#include "raster/isa.h"
#include "raster/layout.h"
#include "raster/text_edges.h"
#include "read_spec.h"

namespace py = pybind11;

namespace seal2real {
namespace {

using Floats = py::array_t<float, py::array::c_style | py::array::forcecast>;
using Ints = py::array_t<int32_t, py::array::c_style | py::array::forcecast>;
using Doubles = py::array_t<double, py::array::c_style | py::array::forcecast>;
using Bytes = ByteArray;

std::vector<Polyline> read_contours(const Floats& points, const Ints& lengths) {
  require(points.size() == 0 || (points.ndim() == 2 && points.shape(1) == 2),
          "add_glyph: points must have shape [N, 2], got another; pass x y rows");
  const py::ssize_t count = points.size() / 2;
  std::vector<Polyline> contours;
  py::ssize_t used = 0;
  for (py::ssize_t c = 0; c < lengths.size(); ++c) {
    const int32_t size = lengths.data()[c];
    require(size >= 0 && used + size <= count,
            "add_glyph: lengths must sum to the number of points " + std::to_string(count) +
                ", got more; pass one length a contour");
    Polyline contour;
    for (int32_t i = 0; i < size; ++i, ++used) {
      const Point p = {points.data()[2 * used], points.data()[2 * used + 1]};
      // The message is built on failure only: printing two numbers a point took most of the time.
      if (!(std::fabs(p.x) <= 16.0 && std::fabs(p.y) <= 16.0)) {
        require(false, "add_glyph: points must lie within 16 em, got " + std::to_string(p.x) +
                           ", " + std::to_string(p.y) + "; pass em units");
      }
      contour.push_back(p);
    }
    contours.push_back(std::move(contour));
  }
  return contours;
}

void add_glyph(GlyphStore& store, int font, uint32_t codepoint, double advance_em,
               const Floats& points, const Ints& lengths) {
  require(store.has_font(font), "add_glyph: font must come from add_font, got " +
                                    std::to_string(font) + "; add the font first");
  require(advance_em >= 0.0 && advance_em <= 16.0, "add_glyph: advance_em must be in 0..16, got " +
                                                       std::to_string(advance_em) +
                                                       "; divide by the units per em");
  store.add_glyph(font, codepoint, advance_em, read_contours(points, lengths));
}

void set_em_box(GlyphStore& store, int font, double ascent_em, double descent_em) {
  require(store.has_font(font), "set_em_box: font must come from add_font, got " +
                                    std::to_string(font) + "; add the font first");
  require(std::fabs(ascent_em) <= 16.0 && std::fabs(descent_em) <= 16.0,
          "set_em_box: ascent_em and descent_em must lie within 16 em, got " +
              std::to_string(ascent_em) + ", " + std::to_string(descent_em) +
              "; divide by the units per em");
  store.set_em_box(font, ascent_em, descent_em);
}

// Draw calls as tuples of coordinates: three numbers move (the third is not used), two draw a line,
// four a quadratic and six a cubic curve.
void draw_call(FlatPen& pen, const py::tuple& call) {
  const auto point = [&](size_t at) {
    return Point{call[at].cast<double>(), call[at + 1].cast<double>()};
  };
  switch (call.size()) {
    case 2:
      return pen.line_to(point(0));
    case 3:
      return pen.move_to(point(0));
    case 4:
      return pen.quadratic_to(point(0), point(2));
    case 6:
      return pen.cubic_to(point(0), point(2), point(4));
    default:
      require(false, "flatten_outline: calls must have 2, 3, 4 or 6 numbers, got " +
                         std::to_string(call.size()) + "; pass what HarfBuzz drew");
  }
}

py::tuple flatten_outline(const py::list& calls, double upem, double flatness_em) {
  require(upem >= 1.0 && upem <= 1e6 && flatness_em >= 1e-6 && flatness_em <= 1.0,
          "flatten_outline: upem must be in 1..1e6 and flatness_em in 1e-6..1; pass the font's");
  FlatPen pen(flatness_em * upem);
  for (const py::handle call : calls) {
    draw_call(pen, py::cast<py::tuple>(call));
  }
  const std::vector<Polyline> contours = pen.finish();
  Ints lengths(static_cast<py::ssize_t>(contours.size()));
  py::ssize_t count = 0;
  for (size_t i = 0; i < contours.size(); ++i) {
    lengths.mutable_data()[i] = static_cast<int32_t>(contours[i].size());
    count += static_cast<py::ssize_t>(contours[i].size());
  }
  Floats points({count, py::ssize_t{2}});
  float* at = points.mutable_data();
  const double scale = 1.0 / upem;
  for (const Polyline& contour : contours) {
    for (const Point p : contour) {
      *at++ = static_cast<float>(p.x * scale);
      *at++ = static_cast<float>(p.y * scale);
    }
  }
  return py::make_tuple(points, lengths);
}

bool holds(const GlyphStore& store, int font, const py::str& text) {
  const Py_ssize_t size = PyUnicode_GetLength(text.ptr());
  for (Py_ssize_t i = 0; i < size; ++i) {
    if (!store.has(font, PyUnicode_ReadChar(text.ptr(), i))) {
      return false;
    }
  }
  return true;
}

Doubles to_array(const Point* points, size_t count) {
  Doubles out({static_cast<py::ssize_t>(count), py::ssize_t{2}});
  double* data = out.mutable_data();
  for (size_t i = 0; i < count; ++i) {
    data[2 * i] = points[i].x;
    data[2 * i + 1] = points[i].y;
  }
  return out;
}

Doubles warped(const std::vector<Point>& points, const Warp& warp) {
  std::vector<Point> out;
  for (const Point p : points) {
    out.push_back(warp.apply(p));
  }
  return to_array(out.data(), out.size());
}

py::dict text_dict(const TextLayout& text) {
  py::dict out;
  out["role"] = text.role;
  out["text"] = to_utf8(text.text);
  out["cls"] = static_cast<int>(text.cls);
  out["font"] = text.font;
  out["font_role"] = text.font_role.empty() ? text.font : text.font_role;
  out["direction"] = text.direction;
  out["arc"] = py::none();
  if (text.arc) {
    py::dict arc;
    arc["center_mm"] = py::make_tuple(text.arc->centre.x, text.arc->centre.y);
    arc["radius_mm"] = text.arc->radius_mm;
    arc["start_deg"] = text.arc->start_deg;
    arc["end_deg"] = text.arc->end_deg;
    out["arc"] = arc;
  }
  py::list chars;
  for (const LaidChar& c : text.chars) {
    chars.append(py::make_tuple(to_utf8({c.codepoint}), to_array(c.quad.data(), 4)));
  }
  out["chars"] = chars;
  const TextPolygons polygons = text_polygons(text);
  out["polygon_mm"] = to_array(polygons.dense.data(), polygons.dense.size());
  out["polygon16_mm"] = to_array(polygons.coarse.data(), polygons.coarse.size());
  return out;
}

py::list texts_of(const Layout& layout) {
  py::list out;
  for (const TextLayout& text : layout.texts) {
    out.append(text_dict(text));
  }
  return out;
}

// Layouts; None where a font or a glyph is not in the store yet.
py::list layout_batch(const py::object& store, const py::sequence& specs) {
  const auto& glyphs = store.cast<const GlyphStore&>();
  py::list out;
  for (const py::handle spec : specs) {
    try {
      py::object layout = py::cast(lay_out(glyphs, read_spec(spec)));
      py::detail::keep_alive_impl(layout, store);  // it points to the store's glyphs
      out.append(std::move(layout));
    } catch (const MissingInStore&) {
      out.append(py::none());
    }
  }
  return out;
}

Warp read_warp(const Doubles& h, const Doubles& curl, const char* where) {
  require(h.size() == 9 && curl.size() == 4,
          std::string(where) + ": warp must have 9 and 4 numbers, got " + std::to_string(h.size()) +
              " and " + std::to_string(curl.size()) + "; pass warp.h and warp.curl");
  return make_warp(h.data(), curl.data(), where);
}

void check_size(int width, int height, const char* where) {
  require(width >= 1 && height >= 1 && width <= 32768 && height <= 32768,
          std::string(where) + ": width and height must be in 1..32768, got " +
              std::to_string(width) + " x " + std::to_string(height) + "; draw a window");
}

py::tuple draw(const Layout& layout, const Doubles& h, const Doubles& curl, int width, int height,
               int x0, int y0, const py::object& isa) {
  const Warp warp = read_warp(h, curl, "draw");
  check_size(width, height, "draw");
  require(std::abs(static_cast<int64_t>(x0)) < 100000000 &&
              std::abs(static_cast<int64_t>(y0)) < 100000000,
          "draw: x0 and y0 must be below 1e8, got " + std::to_string(x0) + ", " +
              std::to_string(y0) + "; give the window's corner in the image");
  const Kernels& kernels =
      kernels_for(isa.is_none() ? current_isa() : isa_named(isa.cast<std::string>(), "draw"));
  Bytes coverage({height, width});
  Bytes classes({height, width});
  const Canvas canvas = {coverage.mutable_data(), classes.mutable_data(), width, height, x0, y0};
  {
    py::gil_scoped_release release;
    thread_drawer().draw(layout, warp, canvas, kernels);
  }
  return py::make_tuple(coverage, classes);
}

py::list text_labels(const Layout& layout, const Doubles& h, const Doubles& curl) {
  const Warp warp = read_warp(h, curl, "text_labels");
  py::list out;
  for (const TextLayout& text : layout.texts) {
    std::vector<Point> corners;
    for (const LaidChar& c : text.chars) {
      corners.insert(corners.end(), c.quad.begin(), c.quad.end());
    }
    py::list chars;
    for (const LaidChar& c : text.chars) {
      chars.append(to_utf8({c.codepoint}));
    }
    py::dict label;
    label["chars"] = chars;
    label["quads"] =
        warped(corners, warp)
            .reshape({static_cast<py::ssize_t>(text.chars.size()), py::ssize_t{4}, py::ssize_t{2}});
    const TextPolygons polygons = text_polygons(text);
    label["polygon"] = warped(polygons.dense, warp);
    label["polygon16"] = warped(polygons.coarse, warp);
    out.append(label);
  }
  return out;
}

py::tuple draw_batch(const std::vector<const Layout*>& layouts, const Doubles& warps, int width,
                     int height, const std::array<uint8_t, 3>& colour, int threads,
                     const py::object& rgba_out, const py::object& classes_out) {
  const auto count = static_cast<py::ssize_t>(layouts.size());
  require(warps.ndim() == 2 && warps.shape(0) == count && warps.shape(1) == 13,
          "draw_batch: warps must have shape [N, 13] for N layouts, got another; pass 9 homography "
          "and 4 curl numbers a row");
  check_size(width, height, "draw_batch");
  require(threads >= 1 && threads <= 256, "draw_batch: threads must be in 1..256, got " +
                                              std::to_string(threads) +
                                              "; use the number of cores");
  std::vector<Warp> read;
  for (py::ssize_t i = 0; i < count; ++i) {
    require(layouts[i] != nullptr,
            "draw_batch: layouts must hold layouts, got None; lay out first");
    read.push_back(make_warp(warps.data(i, 0), warps.data(i, 9), "draw_batch"));
  }
  Bytes rgba = output(rgba_out, {count, height, width, 4}, "draw_batch", "rgba");
  Bytes classes = output(classes_out, {count, height, width}, "draw_batch", "classes");
  const Batch batch = {layouts.data(), read.data(), layouts.size(),      width,
                       height,         colour,      rgba.mutable_data(), classes.mutable_data()};
  {
    py::gil_scoped_release release;
    draw_all(batch, threads, kernels_for(current_isa()));
  }
  return py::make_tuple(rgba, classes);
}

}  // namespace

void bind_draw(py::module_& m) {
  py::class_<GlyphStore>(m, "GlyphStore", "Glyph outlines by font and character.")
      .def(py::init<>())
      .def("add_font", &GlyphStore::add_font, py::arg("name"))
      .def("find_font", &GlyphStore::find_font, py::arg("name"))
      .def("set_em_box", &set_em_box, py::arg("font"), py::arg("ascent_em"), py::arg("descent_em"))
      .def(
          "has", [](const GlyphStore& s, int font, uint32_t c) { return s.has(font, c); },
          py::arg("font"), py::arg("codepoint"))
      .def("holds", &holds, py::arg("font"), py::arg("text"),
           "Tell whether every character of the text is in the store.")
      .def("add_glyph", &add_glyph, py::arg("font"), py::arg("codepoint"), py::arg("advance_em"),
           py::arg("points"), py::arg("lengths"));
  py::class_<Layout>(m, "Layout", "A seal laid out in millimetres.")
      .def(py::init([](const GlyphStore& store, const py::object& spec) {
             return lay_out(store, read_spec(spec));
           }),
           py::arg("store"), py::arg("spec"), py::keep_alive<1, 2>())
      .def_property_readonly("texts", &texts_of)
      .def_property_readonly(
          "size_mm", [](const Layout& l) { return py::make_tuple(l.width_mm, l.height_mm); })
      .def_property_readonly(
          "box_mm",
          [](const Layout& l) { return py::make_tuple(l.box.x0, l.box.y0, l.box.x1, l.box.y1); })
      .def_property_readonly("outline_mm", [](const Layout& l) {
        const Polyline outline = outline_of(l);
        return to_array(outline.data(), outline.size());
      });
  m.def("flatten_outline", &flatten_outline, py::arg("calls"), py::arg("upem"),
        py::arg("flatness_em"),
        "Return (points f32 [N, 2] in em, lengths i32 [C]) of an outline's draw calls.");
  m.def("layout_batch", &layout_batch, py::arg("store"), py::arg("specs"),
        "Return the layout of each spec; None where a font or a glyph is not in the store.");
  m.def("draw", &draw, py::arg("layout"), py::arg("warp_h"), py::arg("curl"), py::arg("width"),
        py::arg("height"), py::arg("x0") = 0, py::arg("y0") = 0, py::arg("isa") = py::none(),
        "Return (coverage u8 [H, W], classes u8 [H, W]) of the window at (x0, y0).");
  m.def("text_labels", &text_labels, py::arg("layout"), py::arg("warp_h"), py::arg("curl"),
        "Return a dict a text: chars (str), quads f64 [n, 4, 2], polygon and polygon16 f64 [k, 2], "
        "px.");
  m.def("draw_batch", &draw_batch, py::arg("layouts"), py::arg("warps"), py::arg("width"),
        py::arg("height"), py::arg("colour") = std::array<uint8_t, 3>{200, 20, 30},
        py::arg("threads") = 1, py::arg("rgba") = py::none(), py::arg("classes") = py::none(),
        "Return (rgba u8 [N, H, W, 4], classes u8 [N, H, W]).");
}

}  // namespace seal2real
