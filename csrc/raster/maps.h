// Simple maps of whole images: what pages are coloured by, and the fidelity gate measures.
#pragma once

#include <cstddef>
#include <cstdint>

namespace seal2real {

// Rec. 601 luma, (77 red + 150 green + 29 blue) / 256 rounded down, of `pixels` RGB pixels.
void luma(const uint8_t* rgb, size_t pixels, uint8_t* out);

// Largest absolute difference of the channels of two RGB images of `pixels` pixels.
void difference(const uint8_t* a, const uint8_t* b, size_t pixels, uint8_t* out);

// The median, rounded down, of the values of at least `least` where `where` is set; 0 without any.
int median(const uint8_t* values, const uint8_t* where, size_t count, int least);

// The colour [256, 3] of every value, as RGB pixels.
void coloured(const uint8_t* values, size_t count, const uint8_t* palette, uint8_t* out);

// An image of `channels` bytes a pixel as planes, one after the other: the table's number of every
// byte.
void spread(const uint8_t* image, size_t pixels, size_t channels, const float* table, float* out);

// Three planes of `plane` numbers, rows of `stride`, of which an image of height x width is wanted.
struct SignedPlanes {
  const float* values;
  size_t plane;
  size_t stride;
  size_t height;
  size_t width;
};

// The RGB pixels of numbers in [-1, 1]: 127.5 (x + 1), rounded to the nearest, halves to even, and
// kept within 0..255; what is no number is 0.
void levels(const SignedPlanes& planes, uint8_t* out);

}  // namespace seal2real
