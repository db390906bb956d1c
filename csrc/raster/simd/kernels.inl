// Body of every kernels_<isa>.cpp. Includes nothing with inline functions: those would be compiled
// for the wide instruction set and could be picked by the linker for everyone.
//
// Before inclusion: kLanes (4, 8 or 16 values of 32 bits) in an anonymous namespace.

using Ints = int32_t __attribute__((vector_size(kLanes * 4)));
using Floats = float __attribute__((vector_size(kLanes * 4)));
using Bytes = uint8_t __attribute__((vector_size(16)));
constexpr int kWords = kLanes > 4 ? 16 : 8;  // 32 bytes also where 64 fit: blocks are that long
using Words = int16_t __attribute__((vector_size(kWords * 2)));
using Doubles = double __attribute__((vector_size(kLanes * 4)));
using Mask = uint32_t;  // a bit a lane

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
inline Words load(const int16_t* p) {
  Words v;
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

// Lanes that are not zero (all ones, that is).
inline Mask mask_of(Ints v) {
#if defined(__AVX512DQ__)
  return static_cast<Mask>(__builtin_ia32_cvtd2mask512(v));
#elif defined(__AVX2__)
  return static_cast<Mask>(__builtin_ia32_movmskps256(reinterpret_cast<Floats>(v)));
#elif defined(__SSE2__)
  return static_cast<Mask>(__builtin_ia32_movmskps(reinterpret_cast<Floats>(v)));
#else
  Mask mask = 0;
  for (int k = 0; k < kLanes; ++k) {
    mask |= v[k] != 0 ? Mask{1} << k : 0;
  }
  return mask;
#endif
}

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

inline void transform_at(const VertexTransform& map, Floats px, Floats py, Fixed24_8* out_x,
                         Fixed24_8* out_y) {
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
  store(out_x, to_fixed(qx, map.limit_x));
  store(out_y, to_fixed(qy, map.limit_y));
}

void transform(const VertexTransform& map, const float* x, const float* y, int count,
               Fixed24_8* out_x, Fixed24_8* out_y) {
  for (int i = 0; i < count; i += kLanes) {
    transform_at(map, load(x + i), load(y + i), out_x + i, out_y + i);
  }
}

void transform_packed(const VertexTransform& map, const int32_t* vertices, int count,
                      Fixed24_8* out_x, Fixed24_8* out_y, int32_t* keep) {
  for (int i = 0; i < count; i += kLanes) {
    const Ints vertex = load(vertices + i);
    const Ints x = ((vertex & ~1) << 16) >> 16;
    transform_at(map, to_float(x), to_float(vertex >> 16), out_x + i, out_y + i);
    store(keep + i, (vertex & 1) - 1);
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

// Moves the lanes of `v` whose `keep` is set to the front and stores them; writes whole vectors.
inline void store_kept(int32_t* p, Ints v, Mask keep) {
#if defined(__AVX512F__)
  store(p, reinterpret_cast<Ints>(__builtin_ia32_compresssi512_mask(v, Ints{}, keep)));
#else
  int count = 0;
  for (int k = 0; k < kLanes; ++k) {
    p[count] = v[k];
    count += (keep >> k) & 1;
  }
#endif
}
inline void store_kept(float* p, Floats v, Mask keep) {
  store_kept(reinterpret_cast<int32_t*>(p), reinterpret_cast<Ints>(v), keep);
}

// Values of 64 bits from their lower and upper halves.
inline void store_pairs(uint64_t* p, Ints low, Ints high) {
  Ints evens{};
  Ints odds{};
  for (int i = 0; i < kLanes; ++i) {
    evens[i] = i / 2 + (i % 2) * kLanes;
    odds[i] = kLanes / 2 + evens[i];
  }
  store(p, __builtin_shuffle(low, high, evens));
  store(p + kLanes / 2, __builtin_shuffle(low, high, odds));
}

// Packs what two neighbouring columns and the one after them get; heights up to the left of the
// first, between them and to the right of the second, and their sums of both x fractions.
inline void store_values(uint64_t* p, Ints before, Ints between, Ints after, Ints sum0, Ints sum1) {
  const Ints height0 = between - before;
  const Ints height1 = after - between;
  const Ints right0 = (height0 * sum0 + 4) >> 3;
  const Ints right1 = (height1 * sum1 + 4) >> 3;
  const Ints value0 = height0 * 64 - right0;
  const Ints value1 = height1 * 64 - right1 + right0;
  const Ints low = (value0 & 0xFFFF) | (value1 << 16);
  const Ints high = right1 & 0xFFFF;
  store_pairs(p, low, high);
}

// Adds the values [0, count) to the grid. Neighbours along an outline often share cells, and a load
// that overlaps a store in flight waits for it, so sixteen stretches take turns: 182 us a seal
// where the plain order takes 190.
inline void scatter(const Segments& s, int count, const Grid& grid) {
  using Four = int16_t __attribute__((vector_size(8)));
  Cell* const cells = grid.cells;
  const int step = (count + 15) / 16;
  for (int first = 0; first < step; ++first) {
    for (int i = first; i < count; i += step) {
      Four sum;
      Four value;
      __builtin_memcpy(&sum, cells + s.base[i], sizeof sum);
      __builtin_memcpy(&value, s.value + i, sizeof value);
      sum += value;
      __builtin_memcpy(cells + s.base[i], &sum, sizeof sum);
    }
  }
}

// Height of a segment up to `x`, 1/256 px from the left of its first column.
inline Ints height_at(Ints x, Ints low, Ints width, Floats per_x) {
  return round_to_int(to_float(least(x - low, width)) * per_x);
}

// The segment `i` of the wide ones from column `begin` on, in vectors of columns.
inline void add_long(const Segments& s, int i, int begin, const Grid& grid) {
  using Few = int16_t __attribute__((vector_size(kLanes * 2)));
  const Ints low = splat(s.wide.low[i]);
  const int high = s.wide.high[i];
  const Ints width = splat(high) - low;
  const Floats per_x = splat(s.wide.per_x[i]);
  Cell* cells = grid.cells + s.wide.base[i];
  Ints rotated{};  // the last lane of the vector before, then those of this one
  for (int k = 0; k < kLanes; ++k) {
    rotated[k] = k + kLanes - 1;
  }
  Ints before{};
  Ints left = (splat(begin) + iota()) * kOne;
  for (int first = begin; first <= (high >> 8) + 1; first += kLanes, left += kLanes * kOne) {
    const Ints height =
        height_at(left + kOne, low, width, per_x) - height_at(left, low, width, per_x);
    // Beyond the last column height is 0, so whatever is added there is 0 too.
    const Ints right = (height * least(splat(high) - left, splat(kOne)) + 4) >> 3;
    const Ints value = height * 64 - right + __builtin_shuffle(before, right, rotated);
    Few sum;
    __builtin_memcpy(&sum, cells + first, sizeof sum);
    sum += __builtin_convertvector(value, Few);
    __builtin_memcpy(cells + first, &sum, sizeof sum);
    before = right;
  }
}

// The rest of the wide segments: two columns of all of them at a time while they are many.
inline void finish_wide(Segments& s, const Grid& grid) {
  constexpr int kFew = kLanes / 4;
  int count = s.wide.count;
  int column = 2;
  for (; count > kFew; column += 2) {
    const int x = column * kOne;
    int kept = 0;
    for (int i = 0; i < count; i += kLanes) {
      const Ints low = load(s.wide.low + i);
      const Ints high = load(s.wide.high + i);
      const Floats per_x = load(s.wide.per_x + i);
      const Ints base = load(s.wide.base + i);
      const Ints width = high - low;
      store(s.base + i, base + column);
      store_values(s.value + i, height_at(splat(x), low, width, per_x),
                   height_at(splat(x + kOne), low, width, per_x),
                   height_at(splat(x + 2 * kOne), low, width, per_x), least(high - x, splat(kOne)),
                   least(high - (x + kOne), splat(kOne)));
      const Mask more = mask_of((high > x + 2 * kOne) & (iota() + i < count));
      store_kept(s.wide.low + kept, low, more);
      store_kept(s.wide.high + kept, high, more);
      store_kept(s.wide.per_x + kept, per_x, more);
      store_kept(s.wide.base + kept, base, more);
      kept += __builtin_popcount(more);
    }
    scatter(s, count, grid);
    count = kept;
  }
  for (int i = 0; i < count; ++i) {
    add_long(s, i, column, grid);
  }
  s.wide.count = 0;
}

// Makes room for one wide segment of each edge.
inline void drain_wide(Segments& s, const Grid& grid) {
  if (s.wide.count > Segments::kWaiting) {
    finish_wide(s, grid);
  }
}

// Segments of edges in one row each: `from` and `to` lie below the edges' upper ends, `place` is
// what Segments::edges keeps, in this row. Stores what the first two columns get as additions `at`
// and on; the lanes of `real` may go on in the wide ones.
inline void add_segments(Ints from, Ints to, Floats slope, Ints place, Ints up, int at, Mask real,
                         Segments& s) {
  const Ints xa = bits_of(to_float(from) * slope + kRounding) + place;
  const Ints xb = bits_of(to_float(to) * slope + kRounding) + place;
  const Ints left = least(xa, xb);
  const Ints base = left >> 8;
  const Ints low = left & 255;
  const Ints span = most(xa, xb) - left;
  const Ints high = low + span;
  const Ints width = most(span, splat(1));
  const Floats per_x = to_float(((to - from) ^ up) - up) / to_float(width);
  store(s.base + at, base);
  store_values(s.value + at, Ints{}, height_at(splat(kOne), low, width, per_x),
               height_at(splat(2 * kOne), low, width, per_x), low + least(high, splat(kOne)),
               least(high - kOne, splat(kOne)));
  const Mask more = mask_of(high > 2 * kOne) & real;
  if (more != 0) {
    const int kept = s.wide.count;
    store_kept(s.wide.low + kept, low, more);
    store_kept(s.wide.high + kept, high, more);
    store_kept(s.wide.per_x + kept, per_x, more);
    store_kept(s.wide.base + kept, base, more);
    s.wide.count = kept + __builtin_popcount(more);
  }
}

// Keeps the edges of the lanes `more` behind `count` others.
inline void keep_edges(Ints place, Ints top, Ints drop, Floats slope, Mask more, int count,
                       Segments& s) {
  store_kept(s.edges.place + count, place, more);
  store_kept(s.edges.top + count, top, more);
  store_kept(s.edges.drop + count, drop, more);
  store_kept(s.edges.slope + count, slope, more);
}

// Edges top to bottom with slope, and the first row of each; keeps those that have more. Keeping
// the edges before their first row as well took 3 us more a seal. Returns how many there are.
inline int add_first_rows(const Edges& edges, int begin, int end, const Grid& grid, Segments& s) {
  int count = 0;
  int added = 0;
  for (int i = begin; i < end; i += kLanes) {
    const Ints ya = load(edges.y + i);
    const Ints yb = load(edges.y + i + 1);
    const Ints y0 = least(ya, yb);
    const Ints y1 = least(most(ya, yb), splat(grid.row_end * kOne));
    const Ints first = most(y0 >> 8, splat(grid.row_begin));
    const Ints live = load(edges.keep + i) & (y1 > y0) & (y1 > first * kOne) & (iota() + i < end);
    const Mask crosses = mask_of(live);
    if (crosses == 0) {
      continue;
    }
    const Ints xa = load(edges.x + i);
    const Ints xb = load(edges.x + i + 1);
    const Ints down = ya <= yb;
    const Ints upper = down ? xa : xb;
    const Ints lower = down ? xb : xa;
    const Floats slope = to_float(lower - upper) / to_float(most(most(ya, yb) - y0, splat(1)));
    const Ints row = (first - grid.row_begin) * (grid.stride * kOne);
    const Ints place = ((upper + row) & live) - kRoundingBits;
    const Ints top = first * kOne - y0;
    const Ints drop = y1 - y0;
    // The other lanes add nothing to the first cell.
    add_segments(most(top, Ints{}) & live, least(top + kOne, drop) & live, slope, place, ~down,
                 added, crosses, s);
    added += kLanes;
    const Mask more = crosses & mask_of(drop > top + kOne);
    keep_edges(place, top * 2 - ~down, drop, slope, more, count, s);
    count += __builtin_popcount(more);
  }
  scatter(s, added, grid);
  drain_wide(s, grid);
  return count;
}

// One row of each of `count` edges, their row number `row`; keeps those that have more.
// Returns how many.
inline int add_row(int row, int count, const Grid& grid, Segments& s) {
  int kept = 0;
  for (int i = 0; i < count; i += kLanes) {
    const Ints place = load(s.edges.place + i);
    const Ints top = load(s.edges.top + i);
    const Ints drop = load(s.edges.drop + i);
    const Floats slope = load(s.edges.slope + i);
    const Ints real = iota() + i < count;
    const Ints row_top = (top >> 1) + row * kOne;
    const Ints row_bottom = row_top + kOne;
    add_segments(most(row_top, Ints{}), least(row_bottom, drop), slope,
                 place + row * grid.stride * kOne, -(top & 1), i, mask_of(real), s);
    const Mask more = mask_of(real & (drop > row_bottom));
    keep_edges(place, top, drop, slope, more, kept, s);
    kept += __builtin_popcount(more);
  }
  return kept;
}

// The rows of edge `e` from number `row` on.
inline void add_rows(int e, int row, const Grid& grid, Segments& s) {
  const int top = s.edges.top[e] >> 1;
  const int up = -(s.edges.top[e] & 1);
  const int end = (s.edges.drop[e] - top + kOne - 1) >> 8;
  for (; row < end; row += kLanes) {
    const Ints number = iota() + row;
    const Ints row_top = top + number * kOne;
    const int count = end - row < kLanes ? end - row : kLanes;
    add_segments(most(row_top, Ints{}), least(row_top + kOne, splat(s.edges.drop[e])),
                 splat(s.edges.slope[e]), s.edges.place[e] + number * (grid.stride * kOne),
                 splat(up), 0, mask_of(iota() < count), s);
    scatter(s, count, grid);
    drain_wide(s, grid);
  }
}

// Most edges of a glyph cross one row or two: the same row number of many edges fills vectors
// where the rows of one edge do not.
void accumulate(const Edges& edges, const Grid& grid, Segments& s) {
  constexpr int kFew = kLanes / 4;
  s.wide.count = 0;
  for (int begin = 0; begin < edges.count; begin += Segments::kEdges) {
    const int end = begin + Segments::kEdges < edges.count ? begin + Segments::kEdges : edges.count;
    int count = add_first_rows(edges, begin, end, grid, s);
    int row = 1;
    for (; count > kFew; ++row) {
      const int kept = add_row(row, count, grid, s);
      scatter(s, count, grid);
      drain_wide(s, grid);
      count = kept;
    }
    for (int e = 0; e < count; ++e) {
      add_rows(e, row, grid, s);
    }
  }
  finish_wide(s, grid);
}

// Cells moved up by `kShift` within each 16 bytes, zeros below.
template <int kShift>
inline Words move_up(Words v) {
#if defined(__AVX2__)
  using Longs = long long __attribute__((vector_size(sizeof(Words))));
  return reinterpret_cast<Words>(
      __builtin_ia32_pslldqi256(reinterpret_cast<Longs>(v), kShift * 16));
#elif defined(__SSE2__)
  using Longs = long long __attribute__((vector_size(sizeof(Words))));
  return reinterpret_cast<Words>(
      __builtin_ia32_pslldqi128(reinterpret_cast<Longs>(v), kShift * 16));
#else
  Words index{};
  for (int i = 0; i < kWords; ++i) {
    index[i] = static_cast<int16_t>(i < kShift ? 0 : kWords + i - kShift);
  }
  return __builtin_shuffle(Words{}, v, index);
#endif
}

inline Words prefix_sum(Words v) {
  v += move_up<1>(v);
  v += move_up<2>(v);
  v += move_up<4>(v);
  if (kWords > 8) {  // the lower half's sum onto the upper half
    Words index{};
    for (int i = 8; i < kWords; ++i) {
      index[i] = kWords + 7;
    }
    v += __builtin_shuffle(Words{}, v, index);
  }
  return v;
}

// Coverage of kWords cells; `carry` is the sum that they begin and then end with, in all lanes.
inline Words covered_share(Words cell, Words* carry) {
  using Unsigned = uint16_t __attribute__((vector_size(sizeof(Words))));
  const Words sum = prefix_sum(cell) + *carry;
  *carry = __builtin_shuffle(sum, Words{} + static_cast<int16_t>(kWords - 1));
  const Unsigned size =
      least(reinterpret_cast<Unsigned>(most(sum, -sum)), Unsigned{} + uint16_t{kFull});
  return reinterpret_cast<Words>((size - (size >> 8) + 32) >> 6);  // size 255 / 2^14, rounded
}

// Resolves one block, leaving its cells zero.
inline Bytes resolve_block(Cell* cells, Words* carry) {
  using Narrow = uint8_t __attribute__((vector_size(kWords)));
  uint8_t bytes[kBlock];
  for (int i = 0; i < kBlock; i += kWords) {
    const Words share = covered_share(load(cells + i), carry);
    store(cells + i, Words{});
    store(bytes + i, __builtin_convertvector(share, Narrow));
  }
  return load(bytes);
}

void resolve(Cell* cells, int blocks, uint8_t* coverage) {
  Words carry{};
  for (int i = 0; i < blocks * kBlock; i += kBlock) {
    store(coverage + i, resolve_block(cells + i, &carry));
  }
}

template <bool kCut>
inline Bytes compose_block(Bytes cover, Bytes old, Bytes old_class, uint8_t cls, Bytes* out_class,
                           Bytes* conflicts) {
  using Signed = int8_t __attribute__((vector_size(16)));
  const Bytes zero{};
  const Bytes full = ~zero;
  Bytes result;
  Bytes clear;  // of conflicts: one of both is bare, or the outcome does not depend on shapes
  if (kCut) {
    const Bytes rest = full - cover;
    result = least(old, rest);
    clear = reinterpret_cast<Bytes>(least(old, cover) == zero) |
            reinterpret_cast<Bytes>(most(old, cover) == full);
  } else {
    result = most(old, cover);
    clear = reinterpret_cast<Bytes>(least(old, cover) == zero) |
            reinterpret_cast<Bytes>(result == full);
  }
  const Bytes conflict = ~clear & kConflict;
  const Bytes hit = reinterpret_cast<Bytes>(reinterpret_cast<Signed>(cover) < 0);  // half or more
  *out_class = (hit & cls) | (~hit & old_class) | (old_class & kConflict) | conflict;
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
inline void put_block(Bytes cover, uint8_t cls, uint8_t* coverage, uint8_t* classes,
                      Bytes* conflicts) {
  Bytes out_class;
  const Bytes result =
      compose_block<kCut>(cover, load(coverage), load(classes), cls, &out_class, conflicts);
  store(coverage, result);
  store(classes, out_class);
}

// The same where nothing is yet.
inline void put_first(Bytes cover, Bytes cls, uint8_t* coverage, uint8_t* classes) {
  using Signed = int8_t __attribute__((vector_size(16)));
  store(coverage, cover);
  store(classes, reinterpret_cast<Bytes>(reinterpret_cast<Signed>(cover) < 0) & cls);
}

// What lies right of the tile's blocks: edges at its right border leave cells there.
inline void clear_margin(Cell* cells) {
  for (int i = 0; i < 2 * kBlock; i += kWords) {
    store(cells + i, Words{});
  }
}

template <typename V>
inline bool all_zero(V v) {
#if defined(__AVX2__)
  if constexpr (sizeof(V) == 32) {
    using Longs = long long __attribute__((vector_size(32)));
    return __builtin_ia32_ptestz256(reinterpret_cast<Longs>(v), reinterpret_cast<Longs>(v)) != 0;
  } else {
    using Longs = long long __attribute__((vector_size(16)));
    return __builtin_ia32_ptestz128(reinterpret_cast<Longs>(v), reinterpret_cast<Longs>(v)) != 0;
  }
#else
  uint64_t words[sizeof(V) / 8];
  store(words, v);
  uint64_t all = 0;
  for (const uint64_t word : words) {
    all |= word;
  }
  return all == 0;
#endif
}

// `kRows` rows of a tile. Neighbours are blank in nearly the same blocks, and one does not wait for
// the other's sums: 154 us a seal with two at a time where it took 159. Blank blocks are left
// alone.
template <bool kCut, int kRows>
inline void put_rows(const Tile& tile, int row, Bytes* conflicts) {
  const Bytes cls = Bytes{} + tile.cls;
  Cell* cells[kRows];
  uint8_t* coverage[kRows];
  uint8_t* classes[kRows];
  for (int r = 0; r < kRows; ++r) {
    cells[r] = tile.cells + static_cast<ptrdiff_t>(row + r) * tile.stride;
    coverage[r] = tile.coverage + static_cast<ptrdiff_t>(row + r) * tile.pitch;
    classes[r] = tile.classes + static_cast<ptrdiff_t>(row + r) * tile.pitch;
  }
  const ptrdiff_t end = static_cast<ptrdiff_t>(tile.blocks) * kBlock;
  Words carry[kRows] = {};
  for (ptrdiff_t i = 0; i < end; i += kBlock) {
    Words any{};
    for (int r = 0; r < kRows; ++r) {
      any |= carry[r];
      for (int k = 0; k < kBlock; k += kWords) {
        any |= load(cells[r] + i + k);
      }
    }
    if (all_zero(any)) {
      continue;
    }
    Bytes cover[kRows];
    Bytes old{};
    for (int r = 0; r < kRows; ++r) {
      old |= load(coverage[r] + i) | load(classes[r] + i);
      cover[r] = resolve_block(cells[r] + i, &carry[r]);
    }
    const bool first = !kCut && all_zero(old);
    for (int r = 0; r < kRows; ++r) {
      if (first) {
        put_first(cover[r], cls, coverage[r] + i, classes[r] + i);
      } else {
        put_block<kCut>(cover[r], tile.cls, coverage[r] + i, classes[r] + i, conflicts);
      }
    }
  }
  for (int r = 0; r < kRows; ++r) {
    clear_margin(cells[r] + end);
  }
}

template <bool kCut>
bool put_tile_as(const Tile tile) {  // a copy: stores to the pixels could change the caller's
  Bytes conflicts{};
  int row = 0;
  for (; row + 2 <= tile.rows; row += 2) {
    put_rows<kCut, 2>(tile, row, &conflicts);
  }
  if (row < tile.rows) {
    put_rows<kCut, 1>(tile, row, &conflicts);
  }
  uint64_t words[2];
  store(words, conflicts);
  return (words[0] | words[1]) != 0;
}

bool put_tile(const Tile& tile) {
  return tile.cut ? put_tile_as<true>(tile) : put_tile_as<false>(tile);
}

inline Doubles square_root(Doubles v) {
#if defined(__AVX512F__)
  return __builtin_ia32_sqrtpd512_mask(v, v, 0xFF, 4);  // 4: the current rounding
#elif defined(__AVX2__)
  return __builtin_ia32_sqrtpd256(v);
#elif defined(__SSE2__)
  return __builtin_ia32_sqrtpd(v);
#else
  for (int i = 0; i < kLanes / 2; ++i) {
    v[i] = __builtin_sqrt(v[i]);
  }
  return v;
#endif
}

// Also turns NaN into 0.
inline void store_fixed(Fixed24_8* out, Doubles px, double limit) {
  using Half = int32_t __attribute__((vector_size(kLanes * 2)));
  Doubles v = px * static_cast<double>(kOne) + 0.5;
  v = v > Doubles{} ? v : Doubles{};
  v = v < limit ? v : Doubles{} + limit;
  store(out, __builtin_convertvector(v, Half));
}

void ellipse_sides(const EllipseRows& ellipse, int count, Fixed24_8* left, Fixed24_8* right) {
  Doubles y{};
  for (int i = 0; i < kLanes / 2; ++i) {
    y[i] = i;
  }
  for (int i = 0; i < count; i += kLanes / 2, y += static_cast<double>(kLanes / 2)) {
    const Doubles middle = ellipse.middle0 + ellipse.middle1 * y;
    const Doubles square = ellipse.half0 + (ellipse.half1 + ellipse.half2 * y) * y;
    const Doubles half = square_root(square > Doubles{} ? square : Doubles{});
    store_fixed(left + i, middle - half, ellipse.limit);
    store_fixed(right + i, middle + half, ellipse.limit);
  }
}

// Area left of a pixel border at `u`, from where the line enters the row on; it leaves it at
// `width`, and `share` is 0.5 / width.
inline Floats area_until(Floats u, Floats width, Floats share) {
  const Floats within = least(most(u, Floats{}), width);
  return within * within * share + most(u - width, Floats{});
}

void cover_rows(const Fixed24_8* x, int count, int32_t* column, uint64_t* covered) {
  constexpr int kMet = 5;  // pixels, at most
  for (int i = 0; i < count; i += kLanes) {
    const Ints xa = load(x + i);
    const Ints xb = load(x + i + 1);
    const Ints low = least(xa, xb);
    const Ints span = most(xa, xb) - low;
    // A line straight down is made 1/256 px wide, half of that to each side.
    const Floats width = to_float(most(span, splat(1)));
    const Floats share = 0.5F / width;
    const Floats first = to_float(low & 255) - (span == 0 ? splat(0.5F) : Floats{});
    store(column + i, low >> 8);
    Ints pixel[kMet] = {splat(255), splat(255), splat(255), splat(255), splat(255)};
    // Most lines meet three pixels at most.
    const int met = mask_of(3 * kOne - first < width) == 0 ? 3 : kMet;
    Floats before{};
    for (int k = 0; k < met; ++k) {
      const Floats until = area_until(static_cast<float>((k + 1) * kOne) - first, width, share);
      pixel[k] = round_to_int((until - before) * (255.0F / 256.0F));
      before = until;
    }
    const Ints near = pixel[0] | (pixel[1] << 8) | (pixel[2] << 16) | (pixel[3] << 24);
    store_pairs(covered + i, near, pixel[4] | ~0xFF);
  }
}

void colour(uint8_t* coverage, size_t count, uint32_t rgb, uint32_t* out) {
  constexpr size_t kLine = 64;  // pixels, a cache line of coverage
  size_t i = 0;
  for (; i + kLine <= count; i += kLine) {
    for (size_t k = i; k < i + kLine; ++k) {
      out[k] = rgb | static_cast<uint32_t>(coverage[k]) << 24;
    }
    for (size_t k = i; k < i + kLine; k += kBlock) {
      store(coverage + k, Bytes{});
    }
  }
  for (; i < count; ++i) {
    out[i] = rgb | static_cast<uint32_t>(coverage[i]) << 24;
    coverage[i] = 0;
  }
}
