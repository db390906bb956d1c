#include "codec/run_deflate.h"

#include <algorithm>

namespace seal2real::codec {
namespace {

constexpr int kEndOfBlock = 256;
constexpr uint32_t kMinMatch = 3;
constexpr uint32_t kMaxMatch = 258;
constexpr int kLengthSymbol = 257;
constexpr int kMaxLength = 15;
constexpr int kMaxLengthOfLengths = 7;

struct LengthCode {
  uint16_t symbol;
  uint8_t extra_bits;
  uint8_t extra;
};

// RFC 1951, 3.2.5: match length -> symbol and extra bits.
constexpr std::array<LengthCode, kMaxMatch + 1> make_length_codes() {
  std::array<LengthCode, kMaxMatch + 1> codes{};
  uint32_t length = kMinMatch;
  for (int symbol = 0; symbol < 28; ++symbol) {
    const int bits = symbol < 8 ? 0 : (symbol - 4) / 4;
    for (uint32_t extra = 0; extra < (1u << bits) && length <= kMaxMatch; ++extra, ++length) {
      codes[length] = {static_cast<uint16_t>(kLengthSymbol + symbol), static_cast<uint8_t>(bits),
                       static_cast<uint8_t>(extra)};
    }
  }
  codes[kMaxMatch] = {285, 0, 0};
  return codes;
}

constexpr auto kLengthCodes = make_length_codes();

uint32_t reversed(uint32_t code, int length) {
  uint32_t result = 0;
  for (int i = 0; i < length; ++i) {
    result = result << 1 | (code >> i & 1u);
  }
  return result;
}

// Canonical codes (RFC 1951, 3.2.2), bit-reversed for a writer that fills bytes from the low end.
void assign_codes(const uint8_t* lengths, int symbols, uint16_t* codes) {
  std::array<uint32_t, kMaxLength + 1> counts{};
  for (int i = 0; i < symbols; ++i) {
    ++counts[lengths[i]];
  }
  counts[0] = 0;
  std::array<uint32_t, kMaxLength + 1> next{};
  for (int length = 1; length <= kMaxLength; ++length) {
    next[length] = (next[length - 1] + counts[length - 1]) << 1;
  }
  for (int i = 0; i < symbols; ++i) {
    if (lengths[i] != 0) {
      codes[i] = static_cast<uint16_t>(reversed(next[lengths[i]]++, lengths[i]));
    }
  }
}

struct Node {
  uint32_t count;
  int16_t parent;
};

// Shortens codes over `max_length` and pays for it with the longest codes that can grow (the Kraft
// sum, in units of 2^-max_length, must not pass 2^max_length).
void limit_lengths(const std::vector<int>& order, int max_length, uint8_t* lengths) {
  int64_t kraft = 0;
  for (const int symbol : order) {
    lengths[symbol] = static_cast<uint8_t>(std::min<int>(lengths[symbol], max_length));
    kraft += int64_t{1} << (max_length - lengths[symbol]);
  }
  const int64_t limit = int64_t{1} << max_length;
  // `order` is ascending by count: the rarest symbols pay first.
  while (kraft > limit) {
    for (const int symbol : order) {
      if (lengths[symbol] < max_length) {
        kraft -= int64_t{1} << (max_length - lengths[symbol] - 1);
        ++lengths[symbol];
        break;
      }
    }
  }
}

}  // namespace

void code_lengths(const uint32_t* counts, int symbols, int max_length, uint8_t* lengths) {
  std::fill(lengths, lengths + symbols, uint8_t{0});
  std::vector<int> order;
  for (int i = 0; i < symbols; ++i) {
    if (counts[i] != 0) {
      order.push_back(i);
    }
  }
  for (int i = 0; order.size() < 2 && i < symbols; ++i) {
    if (counts[i] == 0) {
      order.push_back(i);
    }
  }
  std::sort(order.begin(), order.end(), [counts](int a, int b) {
    return counts[a] != counts[b] ? counts[a] < counts[b] : a < b;
  });
  // Two-queue Huffman: leaves 0..n-1 ascending, inner nodes n.. are made in ascending order too.
  const int leaves = static_cast<int>(order.size());
  std::vector<Node> nodes(static_cast<size_t>(2 * leaves - 1));
  for (int i = 0; i < leaves; ++i) {
    nodes[i] = {counts[order[i]], -1};
  }
  int leaf = 0;
  int inner = leaves;
  for (int made = leaves; made < 2 * leaves - 1; ++made) {
    uint32_t sum = 0;
    for (int child = 0; child < 2; ++child) {
      const bool take_leaf =
          leaf < leaves && (inner >= made || nodes[leaf].count <= nodes[inner].count);
      const int taken = take_leaf ? leaf++ : inner++;
      nodes[taken].parent = static_cast<int16_t>(made);
      sum += nodes[taken].count;
    }
    nodes[made] = {sum, -1};
  }
  std::vector<uint8_t> depth(nodes.size(), 0);
  for (int i = 2 * leaves - 3; i >= 0; --i) {
    depth[i] = static_cast<uint8_t>(std::min(depth[nodes[i].parent] + 1, 255));
  }
  for (int i = 0; i < leaves; ++i) {
    lengths[order[i]] = depth[i];
  }
  limit_lengths(order, max_length, lengths);
}

RunDeflate::RunDeflate(std::vector<uint8_t>* out) : out_(out), runs_(kBlockRuns) {
  out_->push_back(0x78);  // zlib: deflate, 32 KiB window
  out_->push_back(0x01);  // fastest level; makes the two bytes a multiple of 31
}

void RunDeflate::put(uint64_t bits, int count) {
  bits_ |= bits << bit_count_;
  for (bit_count_ += count; bit_count_ >= 8; bit_count_ -= 8) {
    out_->push_back(static_cast<uint8_t>(bits_));
    bits_ >>= 8;
  }
}

RunDeflate::Counts RunDeflate::symbol_counts() const {
  Counts counts{};
  std::copy(literals_.begin(), literals_.end(), counts.begin());
  counts[kEndOfBlock] = 1;
  for (uint32_t run = kMaxLiterals + 1; run <= kMaxRun; ++run) {
    counts[kLengthCodes[run - 1].symbol] += lengths_[run];
  }
  return counts;
}

namespace {

// The lengths of both codes as code-length symbols (RFC 1951, 3.2.7): 0-15, or 16-18 with a repeat.
struct LengthToken {
  uint8_t symbol;
  uint8_t extra;
};

void push_zeros(int count, std::vector<LengthToken>* out) {
  while (count > 0) {
    if (count < 3) {
      out->push_back({0, 0});
      --count;
    } else {
      const int taken = std::min(count, 138);
      out->push_back(taken < 11 ? LengthToken{17, static_cast<uint8_t>(taken - 3)}
                                : LengthToken{18, static_cast<uint8_t>(taken - 11)});
      count -= taken;
    }
  }
}

std::vector<LengthToken> length_tokens(const uint8_t* lengths, int count) {
  std::vector<LengthToken> tokens;
  int zeros = 0;
  for (int i = 0; i < count; ++i) {
    if (lengths[i] == 0) {
      ++zeros;
      continue;
    }
    push_zeros(zeros, &tokens);
    zeros = 0;
    tokens.push_back({lengths[i], 0});
  }
  push_zeros(zeros, &tokens);
  return tokens;
}

constexpr std::array<uint8_t, 19> kLengthOrder = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                                  11, 4,  12, 3, 13, 2, 14, 1, 15};

}  // namespace

void RunDeflate::write_header(const uint8_t* lengths, int literals) {
  const std::vector<LengthToken> tokens = length_tokens(lengths, literals + 1);
  std::array<uint32_t, 19> counts{};
  for (const LengthToken token : tokens) {
    ++counts[token.symbol];
  }
  std::array<uint8_t, 19> token_lengths{};
  std::array<uint16_t, 19> codes{};
  code_lengths(counts.data(), 19, kMaxLengthOfLengths, token_lengths.data());
  assign_codes(token_lengths.data(), 19, codes.data());
  int sent = 19;
  while (sent > 4 && token_lengths[kLengthOrder[sent - 1]] == 0) {
    --sent;
  }
  put(static_cast<uint64_t>(literals - kLengthSymbol), 5);
  put(0, 5);  // one distance code
  put(static_cast<uint64_t>(sent - 4), 4);
  for (int i = 0; i < sent; ++i) {
    put(token_lengths[kLengthOrder[i]], 3);
  }
  for (const LengthToken token : tokens) {
    put(codes[token.symbol], token_lengths[token.symbol]);
    if (token.symbol >= 16) {
      put(token.extra, token.symbol == 18 ? 7 : 3);
    }
  }
}

void RunDeflate::write_runs(const uint8_t* lengths, const uint16_t* codes) {
  // Bits and their number for every match (extra bits and the distance bit, 0, included): then a
  // run costs two look-ups and one store, without a branch that depends on the picture.
  struct Code {
    uint32_t bits;
    uint32_t length;
  };
  std::array<Code, kMaxRun + 1> matches{};
  for (uint32_t run = kMaxLiterals + 1; run <= kMaxRun; ++run) {
    const LengthCode match = kLengthCodes[run - 1];
    const uint32_t length = lengths[match.symbol];
    matches[run] = {codes[match.symbol] | static_cast<uint32_t>(match.extra) << length,
                    length + match.extra_bits + 1};
  }
  // A run takes at most three literals of 15 bits, 6 bytes; each store writes 8.
  const size_t start = out_->size();
  out_->resize(start + size_ * 6 + 8);
  uint8_t* to = out_->data() + start;
  uint64_t bits = bits_;
  uint32_t bit_count = static_cast<uint32_t>(bit_count_);
  for (size_t i = 0; i < size_; ++i) {
    const uint32_t value = runs_[i] >> 16;
    const uint32_t count = runs_[i] & 0xFFFFu;
    const uint64_t literal = codes[value];
    const uint32_t length = lengths[value];
    const uint64_t twice = count > 1 ? literal << length : 0;
    const uint64_t thrice = count > 2 ? literal << 2 * length : 0;
    const bool match = count > kMaxLiterals;
    const uint64_t code =
        match ? static_cast<uint64_t>(matches[count].bits) << length : twice | thrice;
    const uint32_t more = match ? matches[count].length : (count - 1) * length;
    bits |= (literal | code) << bit_count;
    bit_count += length + more;
    for (int byte = 0; byte < 8; ++byte) {
      to[byte] = static_cast<uint8_t>(bits >> (8 * byte));
    }
    to += bit_count >> 3;
    bits >>= bit_count & ~7u;
    bit_count &= 7u;
  }
  out_->resize(static_cast<size_t>(to - out_->data()));
  bits_ = bits;
  bit_count_ = static_cast<int>(bit_count);
}

void RunDeflate::write_block(bool last) {
  const Counts counts = symbol_counts();
  std::array<uint8_t, kSymbols + 1> lengths{};
  std::array<uint16_t, kSymbols> codes{};
  code_lengths(counts.data(), kSymbols, kMaxLength, lengths.data());
  assign_codes(lengths.data(), kSymbols, codes.data());
  int literals = kSymbols;
  while (literals > kLengthSymbol && lengths[literals - 1] == 0) {
    --literals;
  }
  // Distance one is the only distance: a single code of one bit (RFC 1951, 3.2.7), sent as 0.
  lengths[literals] = 1;
  put(last ? 1 : 0, 1);
  put(2, 2);  // dynamic codes
  write_header(lengths.data(), literals);
  lengths[literals] = 0;
  write_runs(lengths.data(), codes.data());
  put(codes[kEndOfBlock], lengths[kEndOfBlock]);
  literals_.fill(0);
  lengths_.fill(0);
  size_ = 0;
}

void RunDeflate::finish() {
  write_block(true);
  if (bit_count_ > 0) {
    put(0, 8 - bit_count_);
  }
  const uint32_t adler = adler_.value();
  for (int shift = 24; shift >= 0; shift -= 8) {
    out_->push_back(static_cast<uint8_t>(adler >> shift));
  }
}

}  // namespace seal2real::codec
