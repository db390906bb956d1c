#include "codec/checksum.h"

#include <array>

namespace seal2real::codec {
namespace {

constexpr uint32_t kPolynomial = 0xEDB88320u;  // reflected CRC-32
constexpr int kSlices = 8;

using Tables = std::array<std::array<uint32_t, 256>, kSlices>;

constexpr Tables make_tables() {
  Tables tables{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc & 1u) != 0 ? crc >> 1 ^ kPolynomial : crc >> 1;
    }
    tables[0][byte] = crc;
  }
  for (uint32_t byte = 0; byte < 256; ++byte) {
    for (int slice = 1; slice < kSlices; ++slice) {
      const uint32_t before = tables[slice - 1][byte];
      tables[slice][byte] = before >> 8 ^ tables[0][before & 0xFFu];
    }
  }
  return tables;
}

constexpr Tables kTables = make_tables();

uint32_t load_le32(const uint8_t* p) {
  return static_cast<uint32_t>(p[0]) | static_cast<uint32_t>(p[1]) << 8 |
         static_cast<uint32_t>(p[2]) << 16 | static_cast<uint32_t>(p[3]) << 24;
}

}  // namespace

uint32_t crc32(uint32_t crc, const uint8_t* data, size_t size) {
  crc = ~crc;
  // Slicing-by-8 (Kounavis and Berry 2005): eight bytes a step, eight independent look-ups.
  for (; size >= 8; data += 8, size -= 8) {
    const uint32_t low = load_le32(data) ^ crc;
    const uint32_t high = load_le32(data + 4);
    crc = kTables[7][low & 0xFFu] ^ kTables[6][low >> 8 & 0xFFu] ^ kTables[5][low >> 16 & 0xFFu] ^
          kTables[4][low >> 24] ^ kTables[3][high & 0xFFu] ^ kTables[2][high >> 8 & 0xFFu] ^
          kTables[1][high >> 16 & 0xFFu] ^ kTables[0][high >> 24];
  }
  for (; size > 0; ++data, --size) {
    crc = crc >> 8 ^ kTables[0][(crc ^ *data) & 0xFFu];
  }
  return ~crc;
}

}  // namespace seal2real::codec
