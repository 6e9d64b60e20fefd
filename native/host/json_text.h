// JSON for people and programs that read one line of our output. Writing only: nothing here reads.
#pragma once

#include <string>
#include <string_view>

namespace cairn::host {

/// `text` as a JSON string with its quotes. Bytes outside ASCII pass as they are; control
/// characters are escaped, so the result never holds a line break.
[[nodiscard]] std::string json_quote(std::string_view text);

/// One line `{"error":{"kind":...,"message":...}}` as every program of this folder reports failure.
[[nodiscard]] std::string json_error(std::string_view kind, std::string_view message);

}  // namespace cairn::host
