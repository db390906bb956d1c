// Tests of the C++ core: TEST registers a function, CHECK counts and reports what does not hold.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

namespace seal2real::test {

struct Case {
  const char* name;
  void (*run)();
};

std::vector<Case>& cases();
void fail(const char* file, int line, const std::string& what);

struct Register {
  Register(const char* name, void (*run)()) { cases().push_back({name, run}); }
};

// Runs `action` and says whether it threw an error whose message holds `part`.
template <typename Action>
bool throws(Action action, const std::string& part) {
  try {
    action();
  } catch (const std::exception& error) {
    return std::string(error.what()).find(part) != std::string::npos;
  }
  return false;
}

}  // namespace seal2real::test

#define TEST(name)                                                         \
  static void test_##name();                                               \
  static const ::seal2real::test::Register reg_##name(#name, test_##name); \
  static void test_##name()

#define CHECK(condition)                                       \
  do {                                                         \
    if (!(condition)) {                                        \
      ::seal2real::test::fail(__FILE__, __LINE__, #condition); \
    }                                                          \
  } while (false)

#define CHECK_NEAR(a, b, tolerance)                                                 \
  do {                                                                              \
    const double check_a = (a);                                                     \
    const double check_b = (b);                                                     \
    if (!(std::fabs(check_a - check_b) <= (tolerance))) {                           \
      ::seal2real::test::fail(__FILE__, __LINE__,                                   \
                              #a " is " + std::to_string(check_a) + ", expected " + \
                                  std::to_string(check_b) + " within " #tolerance); \
    }                                                                               \
  } while (false)

#define CHECK_THROWS(expression, part) \
  CHECK(::seal2real::test::throws([&] { static_cast<void>(expression); }, part))
