#include "sealdb/json_text.h"

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>

namespace seal2real {
namespace {

// Coordinates are rounded to three decimals, shares to four.
constexpr double kScale = 1e4;
constexpr int kDecimals = 4;
constexpr double kLimit = 1e9;

const char* escape_of(unsigned char c) {
  switch (c) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    case '\f':
      return "\\f";
    case '\b':
      return "\\b";
    default:
      return nullptr;
  }
}

}  // namespace

bool append_short_decimal(double value, std::string& out) {
  // Two decimals of at most 15 digits never share a double, so if k / 10^4 is the number, its
  // digits without trailing zeros are the shortest. Zero may have a sign: not here.
  if (!(value > -kLimit && value < kLimit) || value == 0.0) {
    return false;
  }
  const auto k = static_cast<int64_t>(value * kScale + (value < 0.0 ? -0.5 : 0.5));
  if (static_cast<double>(k) / kScale != value) {
    return false;
  }
  uint64_t rest = k < 0 ? static_cast<uint64_t>(-k) : static_cast<uint64_t>(k);
  char digits[24];
  char* at = digits + sizeof(digits);
  int decimals = kDecimals;
  for (; decimals > 1 && rest % 10 == 0; --decimals) {
    rest /= 10;
  }
  for (int i = 0; rest != 0 || i <= decimals; ++i) {
    if (i == decimals) {
      *--at = '.';
    }
    *--at = static_cast<char>('0' + rest % 10);
    rest /= 10;
  }
  if (k < 0) {
    *--at = '-';
  }
  out.append(at, static_cast<size_t>(digits + sizeof(digits) - at));
  return true;
}

void append_json_string(const char* text, size_t size, std::string& out) {
  out.push_back('"');
  size_t start = 0;
  for (size_t i = 0; i < size; ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') {
      continue;
    }
    out.append(text + start, i - start);
    start = i + 1;
    if (const char* escape = escape_of(c)) {
      out.append(escape);
    } else {
      char buffer[8];
      std::snprintf(buffer, sizeof(buffer), "\\u%04x", c);
      out.append(buffer);
    }
  }
  out.append(text + start, size - start);
  out.push_back('"');
}

}  // namespace seal2real
