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
  void run(uint8_t value, uint32_t count);
  // Writes the last block and the Adler-32.
  void finish();

 private:
  void token(uint16_t symbol, uint8_t extra);
  void write_block(bool last);
  void put(uint64_t bits, int count);
  void flush_bytes();

  static constexpr size_t kBlockTokens = size_t{1} << 15;
  static constexpr int kSymbols = 286;

  std::vector<uint8_t>* out_;
  RunAdler adler_;
  std::vector<uint16_t> tokens_;  // a literal, or 0x8000 | (symbol - 257) << 8 | extra bits
  size_t size_ = 0;
  std::array<uint32_t, kSymbols> counts_{};
  uint64_t bits_ = 0;
  int bit_count_ = 0;
};

// Lengths (0 = unused, <= max_length) of an optimal-or-near prefix code for `counts`. Ties are
// broken by symbol number, so equal counts give equal codes everywhere. At least two symbols get a
// length, as some decoders refuse a code of one.
void code_lengths(const uint32_t* counts, int symbols, int max_length, uint8_t* lengths);

}  // namespace seal2real::codec
