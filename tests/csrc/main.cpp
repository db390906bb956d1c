// Runs every registered test; the exit status is the number of tests that failed, at most 99.
#include <algorithm>
#include <cstring>

#include "check.h"

namespace seal2real::test {
namespace {
int failures = 0;
}

std::vector<Case>& cases() {
  static std::vector<Case> all;
  return all;
}

void fail(const char* file, int line, const std::string& what) {
  ++failures;
  std::fprintf(stderr, "%s:%d: %s\n", file, line, what.c_str());
}

int run_all(const char* filter) {
  int failed = 0;
  int ran = 0;
  for (const Case& test : cases()) {
    if (std::strstr(test.name, filter) == nullptr) {
      continue;
    }
    const int before = failures;
    try {
      test.run();
    } catch (const std::exception& error) {
      fail(test.name, 0, error.what());
    }
    failed += failures != before ? 1 : 0;
    ++ran;
    std::printf("%s %s\n", failures == before ? "ok    " : "FAILED", test.name);
  }
  std::printf("%d C++ tests, %d failed\n", ran, failed);
  return std::min(failed, 99);
}

}  // namespace seal2real::test

int main(int argc, char** argv) { return seal2real::test::run_all(argc > 1 ? argv[1] : ""); }
