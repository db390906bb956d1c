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

// Extra bits of length symbol 257 + i.
constexpr int extra_bits_of(int symbol) {
  const int index = symbol - kLengthSymbol;
  return index < 8 || index == 28 ? 0 : (index - 4) / 4;
}

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

RunDeflate::RunDeflate(std::vector<uint8_t>* out) : out_(out), tokens_(kBlockTokens + 1) {
  out_->push_back(0x78);  // zlib: deflate, 32 KiB window
  out_->push_back(0x01);  // fastest level; makes the two bytes a multiple of 31
}

void RunDeflate::token(uint16_t symbol, uint8_t extra) {
  // A match has at most 5 extra bits and 29 symbols, so both fit in 16 bits beside the literals.
  tokens_[size_++] =
      symbol < kLengthSymbol
          ? symbol
          : static_cast<uint16_t>(0x8000u | (symbol - kLengthSymbol) << 8 | extra);
  ++counts_[symbol];
  if (size_ == kBlockTokens) {
    write_block(false);
  }
}

void RunDeflate::run(uint8_t value, uint32_t count) {
  adler_.add(value, count);
  token(value, 0);
  --count;
  while (count >= kMinMatch) {
    // Never leave one or two bytes behind: they would cost a literal each.
    uint32_t length = std::min(count, kMaxMatch);
    const uint32_t rest = count - length;
    if (rest > 0 && rest < kMinMatch) {
      length = count - kMinMatch;
    }
    token(kLengthCodes[length].symbol, kLengthCodes[length].extra);
    count -= length;
  }
  for (; count > 0; --count) {
    token(value, 0);
  }
}

void RunDeflate::flush_bytes() {
  while (bit_count_ >= 8) {
    out_->push_back(static_cast<uint8_t>(bits_));
    bits_ >>= 8;
    bit_count_ -= 8;
  }
}

void RunDeflate::put(uint64_t bits, int count) {
  bits_ |= bits << bit_count_;
  bit_count_ += count;
  flush_bytes();
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

void RunDeflate::write_block(bool last) {
  ++counts_[kEndOfBlock];
  // Distance one is the only distance: one code of one bit (RFC 1951, 3.2.7), the bit is always 0.
  std::array<uint8_t, kSymbols + 1> lengths{};
  code_lengths(counts_.data(), kSymbols, kMaxLength, lengths.data());
  int literals = kSymbols;
  while (literals > kLengthSymbol && lengths[literals - 1] == 0) {
    --literals;
  }
  std::array<uint16_t, kSymbols> codes{};
  assign_codes(lengths.data(), kSymbols, codes.data());
  lengths[literals] = 1;

  const std::vector<LengthToken> header = length_tokens(lengths.data(), literals + 1);
  std::array<uint32_t, 19> header_counts{};
  for (const LengthToken token : header) {
    ++header_counts[token.symbol];
  }
  std::array<uint8_t, 19> header_lengths{};
  std::array<uint16_t, 19> header_codes{};
  code_lengths(header_counts.data(), 19, kMaxLengthOfLengths, header_lengths.data());
  assign_codes(header_lengths.data(), 19, header_codes.data());
  int sent = 19;
  while (sent > 4 && header_lengths[kLengthOrder[sent - 1]] == 0) {
    --sent;
  }
  put(last ? 1 : 0, 1);
  put(2, 2);
  put(static_cast<uint64_t>(literals - 257), 5);
  put(0, 5);  // one distance code
  put(static_cast<uint64_t>(sent - 4), 4);
  for (int i = 0; i < sent; ++i) {
    put(header_lengths[kLengthOrder[i]], 3);
  }
  for (const LengthToken token : header) {
    put(header_codes[token.symbol], header_lengths[token.symbol]);
    if (token.symbol >= 16) {
      put(token.extra, token.symbol == 18 ? 7 : token.symbol == 17 ? 3 : 2);
    }
  }

  // At most 15 + 5 + 1 bits a token, 3 bytes; the bit buffer is written out eight bytes at a time.
  const size_t start = out_->size();
  out_->resize(start + size_ * 3 + 16);
  uint8_t* to = out_->data() + start;
  uint64_t bits = bits_;
  int bit_count = bit_count_;
  for (size_t i = 0; i < size_; ++i) {
    const uint32_t token = tokens_[i];
    if (token < 0x8000u) {
      bits |= static_cast<uint64_t>(codes[token]) << bit_count;
      bit_count += lengths[token];
    } else {
      const int symbol = kLengthSymbol + static_cast<int>(token >> 8 & 0x7Fu);
      const int length = lengths[symbol];
      bits |= (static_cast<uint64_t>(codes[symbol]) | static_cast<uint64_t>(token & 0xFFu) << length)
              << bit_count;
      bit_count += length + extra_bits_of(symbol) + 1;
    }
    if (bit_count >= 32) {
      for (int byte = 0; byte < 4; ++byte) {
        to[byte] = static_cast<uint8_t>(bits >> (8 * byte));
      }
      to += 4;
      bits >>= 32;
      bit_count -= 32;
    }
  }
  out_->resize(static_cast<size_t>(to - out_->data()));
  bits_ = bits;
  bit_count_ = bit_count;
  flush_bytes();
  const int end_length = lengths[kEndOfBlock];
  put(codes[kEndOfBlock], end_length);
  counts_.fill(0);
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
