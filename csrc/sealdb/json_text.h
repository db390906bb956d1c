#pragma once

#include <cstddef>
#include <string>

namespace seal2real {

// Appends the shortest decimal that reads back as `value`, as Python writes it, where that has at
// most four decimals and is below 1e9; returns false, appending nothing, for all other numbers.
bool append_short_decimal(double value, std::string& out);

// Appends `text` [size] (UTF-8) in quotes, escaping what JSON demands and nothing else.
void append_json_string(const char* text, size_t size, std::string& out);

}  // namespace seal2real
