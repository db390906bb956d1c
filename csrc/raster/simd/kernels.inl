// Body of every kernels_<isa>.cpp. Includes nothing with inline functions: those would be compiled
// for the wide instruction set and could be picked by the linker for everyone.
//
// Before inclusion: kLanes (4, 8 or 16 values of 32 bits) in an anonymous namespace.

using Ints = int32_t __attribute__((vector_size(kLanes * 4)));
using Floats = float __attribute__((vector_size(kLanes * 4)));
using Bytes = uint8_t __attribute__((vector_size(16)));

inline Ints load(const int32_t* p) {
  Ints v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}
inline Floats load(const float* p) {
  Floats v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}
inline Bytes load(const uint8_t* p) {
  Bytes v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}
template <typename V, typename T>
inline void store(T* p, V v) {
  __builtin_memcpy(p, &v, sizeof v);
}

inline Ints splat(int32_t value) { return Ints{} + value; }
inline Floats splat(float value) { return Floats{} + value; }

inline Ints iota() {
  Ints v{};
  for (int i = 0; i < kLanes; ++i) {
    v[i] = i;
  }
  return v;
}

inline Floats to_float(Ints v) { return __builtin_convertvector(v, Floats); }

// Nearest integer for |v| < 2^22: adding 1.5 * 2^23 leaves it in the low bits.
inline Ints round_to_int(Floats v) {
  const Floats shifted = v + 12582912.0F;
  Ints bits;
  __builtin_memcpy(&bits, &shifted, sizeof bits);
  return bits - 0x4B400000;
}

template <typename V>
inline V least(V a, V b) {
  return a < b ? a : b;
}
template <typename V>
inline V most(V a, V b) {
  return a > b ? a : b;
}

// sin for any float of moderate size, error below 4e-6.
inline Floats wave(Floats t) {
  const Floats turns = to_float(round_to_int(t * 0.15915494F));
  Floats r = t - turns * 6.2831855F;
  const Floats half_pi = splat(1.5707964F);
  r = r > half_pi ? 3.1415927F - r : r;
  r = r < -half_pi ? -3.1415927F - r : r;
  const Floats z = r * r;
  return r +
         r * z * (-1.6666667e-1F + z * (8.3333333e-3F + z * (-1.9841270e-4F + z * 2.7557319e-6F)));
}

// Also turns NaN into 0, so that no cell outside the grid is ever addressed.
inline Ints to_fixed(Floats px, float limit) {
  Floats v = px * static_cast<float>(kOne);
  v = v > Floats{} ? v : Floats{};
  v = v < splat(limit) ? v : splat(limit);
  return round_to_int(v);
}

void transform(const VertexTransform& map, const float* x, const float* y, int count,
               Fixed24_8* out_x, Fixed24_8* out_y) {
  for (int i = 0; i < count; i += kLanes) {
    const Floats px = load(x + i);
    const Floats py = load(y + i);
    Floats qx = map.m[0] * px + map.m[1] * py + map.m[2];
    Floats qy = map.m[3] * px + map.m[4] * py + map.m[5];
    if (map.perspective) {
      const Floats w = map.m[6] * px + map.m[7] * py + map.m[8];
      qx = qx / w;
      qy = qy / w;
    }
    if (map.curl) {
      const Floats t = (qx * map.axis_x + qy * map.axis_y) * map.frequency + map.phase;
      const Floats shift = map.amplitude * wave(t);
      qx = qx - shift * map.axis_y;
      qy = qy + shift * map.axis_x;
    }
    store(out_x + i, to_fixed(qx, map.limit_x));
    store(out_y + i, to_fixed(qy, map.limit_y));
  }
}

// What round_to_int takes off, taken off once an edge: its bits wrap back into range when the share
// along the edge is added.
constexpr float kRounding = 12582912.0F;
constexpr int32_t kRoundingBits = 0x4B400000;

inline Ints bits_of(Floats v) {
  Ints bits;
  __builtin_memcpy(&bits, &v, sizeof bits);
  return bits;
}

// Edges top to bottom with slope and the rows they cross.
inline void prepare_edges(const Edges& edges, int begin, int end, const Grid& grid, Segments& s) {
  for (int i = begin; i < end; i += kLanes) {
    const Ints keep = load(edges.keep + i);
    const Ints xa = load(edges.x + i);
    const Ints xb = load(edges.x + i + 1);
    const Ints ya = load(edges.y + i);
    const Ints yb = (load(edges.y + i + 1) & keep) | (ya & ~keep);
    const Ints down = ya <= yb;
    const Ints y0 = least(ya, yb);
    const Ints y1 = most(ya, yb);
    const Ints x0 = down ? xa : xb;
    const Ints x1 = down ? xb : xa;
    const Floats slope = to_float(x1 - x0) / to_float(most(y1 - y0, splat(1)));
    const Ints first = most(y0 >> 8, splat(grid.row_begin));
    const Ints last = least((y1 - 1) >> 8, splat(grid.row_end - 1));
    const Ints rows = y1 > y0 ? most(last - first + 1, Ints{}) : Ints{};
    const int k = i - begin;
    store(s.x0 + k, x0 - kRoundingBits);
    store(s.top + k, first * kOne - y0);
    store(s.drop + k, y1 - y0);
    store(s.up + k, down ? Ints{} : splat(-1));
    store(s.slope + k, slope);
    store(s.start + k, (first - grid.row_begin) * grid.stride);
    store(s.rows + k, rows);
  }
}

// A segment over three columns and more: its cells in vectors of columns.
inline void add_wide(const Segments& s, int i, const Grid& grid) {
  const int low = s.low[i];
  const int high = s.high[i];
  const float per_column = static_cast<float>(s.height[i]) / static_cast<float>(high - low);
  const int first = low >> 8;
  const int last = high >> 8;
  Cell* cells = grid.cells + s.base[i] + first;
  for (int column = first; column <= last; column += kLanes, cells += kLanes) {
    const Ints left = (splat(column) + iota()) * kOne;
    const Ints from = most(left, splat(low));
    const Ints to = most(least(left + kOne, splat(high)), from);
    const Ints height = round_to_int(to_float(to - low) * per_column) -
                        round_to_int(to_float(from - low) * per_column);
    const Ints value = height * ((1 << kAreaBits) + (from - left) + (to - left));
    // Beyond the last column height is 0, so whatever is added there is 0 too.
    store(cells, load(cells) + value);
  }
  if (grid.touched != nullptr) {
    const int cell = s.base[i] + first;
    for (int block = cell >> 4; block <= (s.base[i] + last) >> 4; ++block) {
      grid.touched[block] = 1;
    }
  }
}

// Adds the row segments [0, count) to the grid.
inline void flush(Segments& s, int count, const Grid& grid) {
  int wides = 0;
  for (int i = 0; i < count; i += kLanes) {
    const Ints low = load(s.low + i);
    const Ints high = load(s.high + i);
    const Ints height = load(s.height + i);
    const Ints column = low >> 8;
    const Ints span = (high >> 8) - column;
    const Ints low_fraction = low & 255;
    const Ints high_fraction = high & 255;
    const Floats per_x = to_float(height) / to_float(most(high - low, splat(1)));
    const Ints part = round_to_int(to_float(kOne - low_fraction) * per_x);
    const Ints one = span == 0;
    const Ints narrow = span < 2;
    const Ints height0 = one ? height : part;
    const Ints sum0 = low_fraction + (one ? high_fraction : splat(kOne));
    const Ints value0 = height0 * ((1 << kAreaBits) + sum0);
    const Ints value1 = (height - height0) * ((1 << kAreaBits) + high_fraction);
    store(s.value0 + i, narrow ? value0 : Ints{});
    store(s.value1 + i, narrow ? value1 : Ints{});
    store(s.base + i, load(s.base + i) + column);
    const Ints wide = narrow ? Ints{} : splat(1) & (iota() + i < count);
    int32_t flags[kLanes];
    store(flags, wide);
    for (int k = 0; k < kLanes; ++k) {
      s.wide[wides] = i + k;
      wides += flags[k];
    }
  }
  for (int i = 0; i < count; ++i) {
    Cell* cell = grid.cells + s.base[i];
    cell[0] += s.value0[i];
    cell[1] += s.value1[i];
  }
  if (grid.touched != nullptr) {
    for (int i = 0; i < count; ++i) {
      grid.touched[s.base[i] >> 4] = 1;
      grid.touched[(s.base[i] + 1) >> 4] = 1;
    }
  }
  for (int k = 0; k < wides; ++k) {
    const int i = s.wide[k];
    s.base[i] -= s.low[i] >> 8;
    add_wide(s, i, grid);
  }
}

void accumulate(const Edges& edges, const Grid& grid, Segments& s) {
  const Ints row_tops = iota() * kOne;
  const Ints row_bottoms = row_tops + kOne;
  const Ints row_starts = iota() * grid.stride;
  const int next_start = kLanes * grid.stride;
  int filled = 0;
  for (int begin = 0; begin < edges.count; begin += Segments::kEdges) {
    const int end = begin + Segments::kEdges < edges.count ? begin + Segments::kEdges : edges.count;
    prepare_edges(edges, begin, end, grid, s);
    for (int e = 0; e < end - begin; ++e) {
      int top = s.top[e];
      int start = s.start[e];
      for (int left = s.rows[e]; left > 0; left -= kLanes) {
        // How far below its upper end the edge enters and leaves each row.
        const Ints from = most(row_tops + top, Ints{});
        const Ints to = least(row_bottoms + top, splat(s.drop[e]));
        const Floats slope = splat(s.slope[e]);
        const Ints xa = bits_of(to_float(from) * slope + kRounding) + s.x0[e];
        const Ints xb = bits_of(to_float(to) * slope + kRounding) + s.x0[e];
        store(s.low + filled, least(xa, xb));
        store(s.high + filled, most(xa, xb));
        store(s.height + filled, ((to - from) ^ s.up[e]) - s.up[e]);
        store(s.base + filled, row_starts + start);
        filled += left < kLanes ? left : kLanes;
        top += kLanes * kOne;
        start += next_start;
        if (filled > Segments::kCapacity) {
          flush(s, filled, grid);
          filled = 0;
        }
      }
    }
  }
  flush(s, filled, grid);
}

// Lanes moved up by `kShift`, zeros below.
template <int kShift>
inline Ints move_up(Ints v) {
  Ints index{};
  for (int i = 0; i < kLanes; ++i) {
    index[i] = i < kShift ? 0 : kLanes + i - kShift;
  }
  return __builtin_shuffle(Ints{}, v, index);
}

inline Ints prefix_sum(Ints v) {
  v += move_up<1>(v);
  v += move_up<2>(v);
  if (kLanes > 4) {
    v += move_up<(kLanes > 4 ? 4 : 1)>(v);
  }
  if (kLanes > 8) {
    v += move_up<(kLanes > 8 ? 8 : 1)>(v);
  }
  return v;
}

// Coverage of kLanes cells; `carry` is the height that they begin and then end with, in all lanes.
inline Ints covered_share(Ints cell, Ints* carry) {
  const Ints area = (cell << (32 - kAreaBits)) >> (32 - kAreaBits);
  const Ints sum = prefix_sum((cell - area) >> kAreaBits) + *carry;
  *carry = __builtin_shuffle(sum, splat(kLanes - 1));
  const Ints covered = sum * 512 - area;
  const Ints size = most(covered, -covered);
  return least(((size << 8) - size + 65536) >> 17, splat(255));  // size 255 / 2^17, rounded
}

void resolve(Cell* cells, int blocks, int32_t* height, uint8_t* coverage) {
  using Narrow = uint8_t __attribute__((vector_size(kLanes)));
  Ints carry = splat(*height);
  for (int i = 0; i < blocks * kBlock; i += kLanes) {
    const Ints cell = load(cells + i);
    store(cells + i, Ints{});
    store(coverage + i, __builtin_convertvector(covered_share(cell, &carry), Narrow));
  }
  *height = carry[0];
}

template <bool kCut>
inline Bytes compose_block(Bytes cover, Bytes old, Bytes old_class, uint8_t cls, Bytes* out_class,
                           Bytes* conflicts) {
  const Bytes zero{};
  const Bytes full = ~zero;
  const Bytes both = reinterpret_cast<Bytes>(old != zero) & reinterpret_cast<Bytes>(cover != zero);
  Bytes result;
  Bytes conflict;
  if (kCut) {
    result = least(old, static_cast<Bytes>(full - cover));
    conflict = both & reinterpret_cast<Bytes>(old != full) & reinterpret_cast<Bytes>(cover != full);
  } else {
    result = most(old, cover);
    conflict = both & reinterpret_cast<Bytes>(result != full);
  }
  const Bytes flags = (old_class & kConflict) | (conflict & kConflict);
  const Bytes hit = reinterpret_cast<Bytes>(cover >= 128);
  *out_class = (hit & cls) | (~hit & old_class & 0x7F) | flags;
  *conflicts |= conflict;
  return result;
}

template <bool kCut>
bool compose_as(const uint8_t* coverage, int count, const Target& target) {
  Bytes conflicts{};
  for (int i = 0; i < count; i += kBlock) {
    Bytes out_class;
    if (i + kBlock <= target.room) {
      const Bytes result =
          compose_block<kCut>(load(coverage + i), load(target.coverage + i),
                              load(target.classes + i), target.cls, &out_class, &conflicts);
      store(target.coverage + i, result);
      store(target.classes + i, out_class);
    } else {
      const auto left = static_cast<size_t>(target.room - i);
      Bytes old{};
      Bytes old_class{};
      Bytes cover{};
      __builtin_memcpy(&cover, coverage + i, left);
      __builtin_memcpy(&old, target.coverage + i, left);
      __builtin_memcpy(&old_class, target.classes + i, left);
      const Bytes result =
          compose_block<kCut>(cover, old, old_class, target.cls, &out_class, &conflicts);
      __builtin_memcpy(target.coverage + i, &result, left);
      __builtin_memcpy(target.classes + i, &out_class, left);
    }
  }
  uint64_t words[2];
  store(words, conflicts);
  return (words[0] | words[1]) != 0;
}

bool compose(const uint8_t* coverage, int count, const Target& target) {
  return target.cut ? compose_as<true>(coverage, count, target)
                    : compose_as<false>(coverage, count, target);
}

template <bool kCut>
inline void put_block(Bytes cover, size_t at, const Tile& tile, Bytes* conflicts) {
  Bytes out_class;
  const Bytes result = compose_block<kCut>(cover, load(tile.coverage + at), load(tile.classes + at),
                                           tile.cls, &out_class, conflicts);
  store(tile.coverage + at, result);
  store(tile.classes + at, out_class);
}

// Resolves one block of cells onto the pixels at `at`.
template <bool kCut>
inline void put_cells(Cell* cells, size_t at, const Tile& tile, Ints* carry, Bytes* conflicts) {
  using Narrow = uint8_t __attribute__((vector_size(kLanes)));
  uint8_t bytes[kBlock];
  for (int i = 0; i < kBlock; i += kLanes) {
    const Ints share = covered_share(load(cells + i), carry);
    store(cells + i, Ints{});
    store(bytes + i, __builtin_convertvector(share, Narrow));
  }
  put_block<kCut>(load(bytes), at, tile, conflicts);
}

// What lies right of the tile's blocks: edges at its right border leave cells there.
inline void clear_margin(Cell* cells) {
  for (int i = 0; i < 2 * kBlock; i += kLanes) {
    store(cells + i, Ints{});
  }
}

// A row of which few blocks hold edges: between them height is constant, mostly zero.
template <bool kCut>
inline void put_sparse_row(Cell* cells, uint8_t* touched, size_t at, const Tile& tile,
                           Bytes* conflicts) {
  Ints carry{};
  for (int block = 0; block < tile.blocks; ++block) {
    uint64_t flags;  // of eight blocks: the two of the margin and seven beyond can be read
    __builtin_memcpy(&flags, touched + block, sizeof flags);
    if (flags == 0 && carry[0] == 0) {
      block += 7;
    } else if ((flags & 0xFF) != 0) {
      put_cells<kCut>(cells + block * kBlock, at + block * kBlock, tile, &carry, conflicts);
    } else if (carry[0] != 0) {
      const Ints share = covered_share(Ints{}, &carry);
      put_block<kCut>(Bytes{} + static_cast<uint8_t>(share[0]), at + block * kBlock, tile,
                      conflicts);
    }
  }
  if ((touched[tile.blocks] | touched[tile.blocks + 1]) != 0) {
    clear_margin(cells + tile.blocks * kBlock);
  }
  __builtin_memset(touched, 0, static_cast<size_t>(tile.stride / kBlock));
}

template <bool kCut>
bool put_tile_as(const Tile tile) {  // a copy: stores to the pixels could change the caller's
  Bytes conflicts{};
  for (int row = 0; row < tile.rows; ++row) {
    Cell* cells = tile.cells + static_cast<size_t>(row) * tile.stride;
    const size_t at = static_cast<size_t>(row) * tile.pitch;
    if (tile.touched != nullptr) {
      uint8_t* touched = tile.touched + static_cast<size_t>(row) * (tile.stride / kBlock);
      put_sparse_row<kCut>(cells, touched, at, tile, &conflicts);
    } else {
      Ints carry{};
      for (int block = 0; block < tile.blocks; ++block) {
        put_cells<kCut>(cells + block * kBlock, at + block * kBlock, tile, &carry, &conflicts);
      }
      clear_margin(cells + tile.blocks * kBlock);
    }
  }
  uint64_t words[2];
  store(words, conflicts);
  return (words[0] | words[1]) != 0;
}

bool put_tile(const Tile& tile) {
  return tile.cut ? put_tile_as<true>(tile) : put_tile_as<false>(tile);
}

void colour(const uint8_t* coverage, size_t count, uint32_t rgb, uint32_t* out) {
  for (size_t i = 0; i < count; ++i) {
    out[i] = rgb | static_cast<uint32_t>(coverage[i]) << 24;
  }
}
