// Random numbers against the vectors that the authors of Philox publish.
#include <set>
#include <string>
#include <vector>

#include "check.h"
#include "raster/isa.h"
#include "raster/noise_planes.h"
#include "raster/philox.h"

namespace seal2real {
namespace {

// Expected: kat_vectors of Random123 1.14, philox4x32 with 10 rounds.
TEST(philox_known_answers) {
  const PhiloxCounter zero = philox4x32({0, 0, 0, 0}, {0, 0});
  CHECK((zero == PhiloxCounter{0x6627e8d5U, 0xe169c58dU, 0xbc57ac4cU, 0x9b00dbd8U}));
  const uint32_t f = 0xffffffffU;
  const PhiloxCounter ones = philox4x32({f, f, f, f}, {f, f});
  CHECK((ones == PhiloxCounter{0x408f276dU, 0x41c83b0eU, 0xa20bc7c6U, 0x6d5451fdU}));
  const PhiloxCounter pi =
      philox4x32({0x243f6a88U, 0x85a308d3U, 0x13198a2eU, 0x03707344U}, {0xa4093822U, 0x299f31d0U});
  CHECK((pi == PhiloxCounter{0xd16cfe09U, 0x94fdccebU, 0x5001e420U, 0x24126ea1U}));
}

// Expected: the definition of FNV-1a, 64 bit, for the empty string and "a".
TEST(fnv_known_answers) {
  CHECK(fnv1a64("", 0) == 0xcbf29ce484222325ULL);
  CHECK(fnv1a64("a", 1) == 0xaf63dc4c8601ec8cULL);
}

TEST(streams_do_not_depend_on_use) {
  Rng fresh(7);
  Rng used(7);
  used.u64();
  CHECK(fresh.child({3, false}).u64() == used.child({3, false}).u64());
  CHECK(fresh.child({3, false}).u64() != fresh.child({3, true}).u64());
}

// Many at once are the same numbers as one by one, with a spare half block before and left after,
// where a counter's lower half overflows, on every instruction set.
TEST(noise_is_single_draws) {
  const double root3 = 1.7320508075688772;
  for (const std::string& isa : available_isas()) {
    set_isa(isa);
    for (const uint64_t skipped : {uint64_t{0}, uint64_t{0xfffffffdU}}) {
      for (const size_t before : {0, 1, 2}) {
        for (const size_t count : {0, 1, 2, 5, 31, 32, 33, 64, 131}) {
          Rng one(3);
          Rng many(3);
          one.take(skipped);
          many.take(skipped);
          std::vector<float> found(count);
          for (size_t i = 0; i < before; ++i) {
            CHECK(one.u64() == many.u64());
          }
          white_noise(many, count, found.data());
          for (const float value : found) {
            CHECK(value == static_cast<float>((2.0 * one.uniform() - 1.0) * root3));
          }
          CHECK(one.u64() == many.u64());
        }
      }
    }
  }
}

TEST(ranges_hold) {
  Rng rng(1);
  std::set<int64_t> seen;
  for (int i = 0; i < 1000; ++i) {
    const double value = rng.uniform();
    CHECK(value >= 0.0 && value < 1.0);
    seen.insert(rng.integer(-3, 4));
  }
  CHECK((seen == std::set<int64_t>{-3, -2, -1, 0, 1, 2, 3}));
}

}  // namespace
}  // namespace seal2real
