#include "raster/isa.h"

#include <atomic>
#include <cstdlib>
#include <stdexcept>

namespace seal2real {
namespace {

constexpr const char* kNames[] = {"scalar", "avx2", "avx512"};
constexpr int kUnset = -1;

std::atomic<int> chosen{kUnset};

bool can_run(Isa isa) {
#if defined(__x86_64__)
  switch (isa) {
    case Isa::kScalar:
      return true;
    case Isa::kAvx2:
      return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("bmi2") != 0;
    case Isa::kAvx512:
      return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
             __builtin_cpu_supports("avx512vl") != 0 && __builtin_cpu_supports("avx512dq") != 0;
  }
  return false;
#else
  return isa == Isa::kScalar;
#endif
}

Isa first_choice() {
  const char* wanted = std::getenv("SEAL2REAL_ISA");
  if (wanted != nullptr && *wanted != '\0') {
    return isa_named(wanted, "SEAL2REAL_ISA");
  }
  for (const Isa isa : {Isa::kAvx512, Isa::kAvx2}) {
    if (can_run(isa)) {
      return isa;
    }
  }
  return Isa::kScalar;
}

}  // namespace

const char* isa_name(Isa isa) { return kNames[static_cast<int>(isa)]; }

Isa isa_named(const std::string& name, const char* who) {
  std::string choices;
  for (const Isa isa : {Isa::kScalar, Isa::kAvx2, Isa::kAvx512}) {
    if (can_run(isa)) {
      if (name == isa_name(isa)) {
        return isa;
      }
      choices += (choices.empty() ? "" : ", ") + std::string(isa_name(isa));
    }
  }
  throw std::invalid_argument(std::string(who) +
                              ": name must be an instruction set of this machine, got '" + name +
                              "'; choose one of " + choices);
}

std::vector<std::string> available_isas() {
  std::vector<std::string> names;
  for (const Isa isa : {Isa::kScalar, Isa::kAvx2, Isa::kAvx512}) {
    if (can_run(isa)) {
      names.emplace_back(isa_name(isa));
    }
  }
  return names;
}

Isa current_isa() {
  const int value = chosen.load(std::memory_order_relaxed);
  if (value != kUnset) {
    return static_cast<Isa>(value);
  }
  const Isa isa = first_choice();
  chosen.store(static_cast<int>(isa), std::memory_order_relaxed);
  return isa;
}

void set_isa(const std::string& name) {
  chosen.store(static_cast<int>(isa_named(name, "set_isa")), std::memory_order_relaxed);
}

}  // namespace seal2real
