// Ink onto the page: the one pass of pressing that touches every page pixel.
#include <algorithm>
#include <cstring>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "raster/detmath.h"
#include "raster/ink.h"

namespace seal2real {
namespace {

constexpr size_t kGroup = 8;  // pixels skipped at a time where there is no ink

// Q16 factors of a density, one a channel and a spare. 65535 stands for one: it leaves every byte
// as it is, since 255 * 65535 rounds to 255 * 65536.
struct Factors {
  uint16_t channel[4];
};

void fill(const double* transmittance, Factors* factors) {
  for (int channel = 0; channel < 3; ++channel) {
    const double one = det_exp(det_log(std::max(transmittance[channel], 1e-4)) / 100.0);
    double factor = 65536.0;
    for (int d = 0; d < 256; ++d) {
      factors[d].channel[channel] = static_cast<uint16_t>(std::min(factor + 0.5, 65535.0));
      factor *= one;
    }
  }
  for (int d = 0; d < 256; ++d) {
    factors[d].channel[3] = 65535;
  }
}

void blend_pixel(const uint8_t* page, const Factors& factors, uint8_t* out) {
  for (int channel = 0; channel < 3; ++channel) {
    const uint32_t factor = factors.channel[channel];
    out[channel] = static_cast<uint8_t>((page[channel] * factor + 32768U) >> 16);
  }
}

#if defined(__SSE2__)
// Two pixels in the low six bytes of `six`; the upper two bytes are ignored and come out zero.
uint64_t blend_two(uint64_t six, const Factors& first, const Factors& second) {
  const uint64_t padded = (six & 0xFFFFFFu) | (six << 8 & 0xFFFFFF00000000u);
  const __m128i pixels =
      _mm_unpacklo_epi8(_mm_cvtsi64_si128(static_cast<long long>(padded)), _mm_setzero_si128());
  const __m128i factors =
      _mm_unpacklo_epi64(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(&first)),
                         _mm_loadl_epi64(reinterpret_cast<const __m128i*>(&second)));
  const __m128i rounding = _mm_srli_epi16(_mm_mullo_epi16(pixels, factors), 15);
  const __m128i scaled = _mm_add_epi16(_mm_mulhi_epu16(pixels, factors), rounding);
  const auto packed = static_cast<uint64_t>(_mm_cvtsi128_si64(_mm_packus_epi16(scaled, scaled)));
  return (packed & 0xFFFFFFu) | (packed >> 8 & 0xFFFFFF000000u);
}
#endif

// Eight pixels, 24 bytes: all are read before any is written, in whole words, so that no load waits
// for an overlapping store (measured: 480 against 90 us for 512x512).
void blend_group(const Factors* factors, const uint8_t* density, uint8_t* pixels) {
#if defined(__SSE2__)
  uint64_t word[3];
  std::memcpy(word, pixels, sizeof word);
  const auto two = [&](uint64_t six, int k) {
    return blend_two(six, factors[density[k]], factors[density[k + 1]]);
  };
  const uint64_t a = two(word[0], 0);
  const uint64_t b = two(word[0] >> 48 | word[1] << 16, 2);
  const uint64_t c = two(word[1] >> 32 | word[2] << 32, 4);
  const uint64_t d = two(word[2] >> 16, 6);
  word[0] = a | b << 48;
  word[1] = b >> 16 | c << 32;
  word[2] = c >> 32 | d << 16;
  std::memcpy(pixels, word, sizeof word);
#else
  for (size_t k = 0; k < kGroup; ++k) {
    blend_pixel(pixels + 3 * k, factors[density[k]], pixels + 3 * k);
  }
#endif
}

}  // namespace

void blend(const uint8_t* page, const uint8_t* density, const double* transmittance, uint8_t* out,
           size_t pixels) {
  Factors factors[256];
  fill(transmittance, factors);
  std::memmove(out, page, 3 * pixels);
  size_t i = 0;
  for (; i + kGroup <= pixels; i += kGroup) {
    uint64_t any = 0;
    std::memcpy(&any, density + i, kGroup);
    if (any != 0) {
      blend_group(factors, density + i, out + 3 * i);
    }
  }
  for (; i < pixels; ++i) {
    blend_pixel(out + 3 * i, factors[density[i]], out + 3 * i);
  }
}

}  // namespace seal2real
