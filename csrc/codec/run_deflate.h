// A deflate (RFC 1951) writer for data made of runs: literals and matches of distance one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "codec/checksum.h"

namespace seal2real::codec {

// Collects runs and writes zlib blocks with a Huffman code of their own. The stream depends on the
// runs alone. Memory is bounded by one block of tokens whatever the size of the image.
class RunDeflate {
 public:
  explicit RunDeflate(std::vector<uint8_t>* out);
  // Appends `count` >= 1 bytes of `value`.
  void run(uint8_t value, uint32_t count) {
    adler_.add(value, count);
    for (; count > kMaxRun; count -= kMaxRun) {
      record(value, kMaxRun);
    }
    record(value, count);
  }
  // Writes the last block and the Adler-32.
  void finish();

 private:
  // A run is coded as one literal and one match of the rest, or as up to three literals.
  static constexpr uint32_t kMaxRun = 259;
  static constexpr uint32_t kMaxLiterals = 3;
  static constexpr size_t kBlockRuns = size_t{1} << 14;
  static constexpr int kSymbols = 286;
  using Counts = std::array<uint32_t, kSymbols>;

  void record(uint8_t value, uint32_t count) {
    runs_[size_++] = static_cast<uint32_t>(value) << 16 | count;
    literals_[value] += count > kMaxLiterals ? 1 : count;
    ++lengths_[count];
    if (size_ == kBlockRuns) {
      write_block(false);
    }
  }
  Counts symbol_counts() const;
  void write_block(bool last);
  void write_header(const uint8_t* lengths, int literals);
  void write_runs(const uint8_t* lengths, const uint16_t* codes);
  void put(uint64_t bits, int count);

  std::vector<uint8_t>* out_;
  RunAdler adler_;
  std::vector<uint32_t> runs_;  // value << 16 | count
  size_t size_ = 0;
  std::array<uint32_t, 256> literals_{};
  std::array<uint32_t, kMaxRun + 1> lengths_{};
  uint64_t bits_ = 0;
  int bit_count_ = 0;
};

// Lengths (0 = unused, <= max_length) of an optimal-or-near prefix code for `counts`. Ties are
// broken by symbol number, so equal counts give equal codes everywhere. At least two symbols get a
// length, as some decoders refuse a code of one.
void code_lengths(const uint32_t* counts, int symbols, int max_length, uint8_t* lengths);

}  // namespace seal2real::codec
