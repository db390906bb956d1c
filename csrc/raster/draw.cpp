#include "raster/draw.h"

#include <algorithm>
#include <cstring>

#include "raster/overlaps.h"
#include "raster/rings.h"
#include "raster/trace.h"

namespace seal2real {
namespace {

// 512 KiB of cells: edges are looked at once a band.
constexpr int kBandCells = 1 << 18;

int round_up(int value, int step) { return (value + step - 1) / step * step; }

}  // namespace

struct Drawer::State {
  Tracer tracer;
  Rings rings;
  Segments segments;
  std::vector<Cell> cells;
  std::vector<uint8_t> row;
  std::vector<PixelBox> boxes;      // of all parts
  std::vector<size_t> in_conflict;  // parts

  void draw(const std::vector<Part>& parts, const Warp& warp, const Canvas& canvas,
            const Kernels& kernels);
  bool draw_part(const Part& part, const PixelBox& box, bool first, const Warp& warp,
                 const Canvas& canvas, const Kernels& kernels);
  bool draw_rows(const Edges& edges, const PixelBox& box, int begin, int end, const Part& part,
                 const Canvas& canvas, const Kernels& kernels);
  bool draw_band(const Edges& edges, const PixelBox& box, int row_begin, int row_end,
                 const Part& part, const Canvas& canvas, const Kernels& kernels);
};

namespace {

// Composes coverage of the image pixels [x, x + count) of row y, as far as they lie in the canvas.
bool put_run(const uint8_t* coverage, int x, int count, int y, const Part& part,
             const Canvas& canvas, const Kernels& kernels) {
  const int left = x - canvas.x0;
  const int skip = std::max(0, -left);
  const int end = std::min(left + count, canvas.width);
  if (left + skip >= end) {
    return false;
  }
  const size_t at = static_cast<size_t>(y - canvas.y0) * canvas.width + left + skip;
  // Runs end on whole blocks of coverage, except where the canvas cuts off their beginning: there
  // the last block must not be read past the run, for what follows is left from another part.
  const int room = (skip % kBlock == 0 ? canvas.width : end) - left - skip;
  const Target target = {canvas.coverage + at, canvas.classes + at, room, part.cls, part.cut};
  return kernels.compose(coverage + skip, end - left - skip, target);
}

}  // namespace

bool Drawer::State::draw_band(const Edges& edges, const PixelBox& box, int row_begin, int row_end,
                              const Part& part, const Canvas& canvas, const Kernels& kernels) {
  const int blocks = round_up(box.width, kBlock) / kBlock;
  const int stride = (blocks + 2) * kBlock;
  const size_t size = static_cast<size_t>(row_end - row_begin) * stride + 64;
  if (cells.size() < size) {
    cells.resize(size, 0);
  }
  kernels.accumulate(edges, {cells.data(), stride, row_begin, row_end}, segments);
  const int left = box.x0 - canvas.x0;
  if (left >= 0 && left + blocks * kBlock <= canvas.width) {
    const size_t at = static_cast<size_t>(box.y0 + row_begin - canvas.y0) * canvas.width + left;
    return kernels.put_tile({cells.data(), stride, blocks, row_end - row_begin,
                             canvas.coverage + at, canvas.classes + at, canvas.width, part.cls,
                             part.cut});
  }
  bool conflict = false;
  for (int r = row_begin; r < row_end; ++r) {
    Cell* first = cells.data() + static_cast<size_t>(r - row_begin) * stride;
    kernels.resolve(first, blocks, row.data());
    conflict |= put_run(row.data(), box.x0, std::min(blocks * kBlock, box.width), box.y0 + r, part,
                        canvas, kernels);
    std::memset(first + blocks * kBlock, 0, 2 * kBlock * sizeof(Cell));
  }
  return conflict;
}

bool Drawer::State::draw_rows(const Edges& edges, const PixelBox& box, int begin, int end,
                              const Part& part, const Canvas& canvas, const Kernels& kernels) {
  const int band = std::max(16, kBandCells / round_up(box.width, kBlock));
  bool conflict = false;
  for (; begin < end; begin += band) {
    conflict |= draw_band(edges, box, begin, std::min(end, begin + band), part, canvas, kernels);
  }
  return conflict;
}

// The `first` part of a layout finds the canvas blank.
bool Drawer::State::draw_part(const Part& part, const PixelBox& box, bool first, const Warp& warp,
                              const Canvas& canvas, const Kernels& kernels) {
  if (box.x0 >= canvas.x0 + canvas.width || box.x0 + box.width <= canvas.x0) {
    return false;
  }
  const int top = std::max(0, canvas.y0 - box.y0);
  const int bottom = std::min(box.height, canvas.y0 + canvas.height - box.y0);
  if (top >= bottom) {
    return false;
  }
  const size_t width = static_cast<size_t>(round_up(box.width, kBlock)) + 2 * kBlock;
  if (row.size() < width) {
    row.resize(width);
  }
  const Edges edges = tracer.trace(part, warp, box, kernels);
  int begin = bottom;  // rows of spans
  int end = bottom;
  if (first) {
    rings.place(part, warp, box, kernels);
    begin = std::min(std::max(rings.first_row(), top), bottom);
    end = std::max(begin, std::min(rings.end_row(), bottom));
  }
  bool conflict = draw_rows(edges, box, top, begin, part, canvas, kernels);
  if (begin < end) {
    rings.draw(begin, end, box, part.cls, canvas, kernels);
  }
  conflict |= draw_rows(edges, box, end, bottom, part, canvas, kernels);
  return conflict;
}

void Drawer::State::draw(const std::vector<Part>& parts, const Warp& warp, const Canvas& canvas,
                         const Kernels& kernels) {
  boxes.clear();
  in_conflict.clear();
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i + 2 < parts.size()) {
      tracer.prefetch_glyph(parts[i + 2]);
    }
    if (i + 1 < parts.size()) {
      tracer.prefetch(parts[i + 1]);
    }
    boxes.push_back(pixel_box(parts[i], warp));
    if (draw_part(parts[i], boxes[i], i == 0, warp, canvas, kernels)) {
      in_conflict.push_back(i);
    }
  }
}

Drawer::Drawer() : state_(std::make_unique<State>()) {}
Drawer::~Drawer() = default;

void Drawer::draw(const Layout& layout, const Warp& warp, const Canvas& canvas,
                  const Kernels& kernels) {
  const size_t size = static_cast<size_t>(canvas.width) * canvas.height;
  if (!canvas.blank) {
    std::memset(canvas.coverage, 0, size);
  }
  std::memset(canvas.classes, 0, size);
  state_->draw(layout.parts, warp, canvas, kernels);
  if (!state_->in_conflict.empty()) {
    settle_overlaps(layout, warp, state_->boxes, state_->in_conflict, canvas, kernels,
                    state_->tracer);
  }
}

PixelBox Drawer::bounds() const {
  const std::vector<PixelBox>& boxes = state_->boxes;
  if (boxes.empty()) {
    return {0, 0, 0, 0};
  }
  PixelBox all = boxes[0];
  for (const PixelBox& box : boxes) {
    const int right = std::max(all.x0 + all.width, box.x0 + box.width);
    const int bottom = std::max(all.y0 + all.height, box.y0 + box.height);
    all.x0 = std::min(all.x0, box.x0);
    all.y0 = std::min(all.y0, box.y0);
    all.width = right - all.x0;
    all.height = bottom - all.y0;
  }
  return all;
}

}  // namespace seal2real
