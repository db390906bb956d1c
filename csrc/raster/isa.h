// Which instruction set the hot loops use. Every choice gives the same bytes.
#pragma once

#include <string>
#include <vector>

namespace seal2real {

enum class Isa { kScalar = 0, kAvx2 = 1, kAvx512 = 2 };

// What this machine can run, slowest first; "scalar" always is.
std::vector<std::string> available_isas();

// The one in use: set_isa's, else the environment's SEAL2REAL_ISA, else the
// fastest available.
Isa current_isa();

const char* isa_name(Isa isa);

// The one called `name`; throws std::invalid_argument, naming `who`, when it cannot run here.
Isa isa_named(const std::string& name, const char* who);

// Throws std::invalid_argument when `name` is unknown or cannot run here.
void set_isa(const std::string& name);

}  // namespace seal2real
