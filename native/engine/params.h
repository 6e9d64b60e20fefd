// Params: strict reading of a command's JSON parameters. Each getter notes the first thing that is
// wrong and gives a harmless value; `finish` tells, and refuses parameters that nobody asked for.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/status.h"
#include "store/store.h"

namespace cairn::engine {

class Params {
 public:
  /// `json` outlives the reader; anything but an object is an error (null counts as an empty
  /// object).
  explicit Params(const nlohmann::json& params);

  [[nodiscard]] std::string text(const char* key);
  [[nodiscard]] std::optional<std::string> text_if_any(const char* key);
  /// A whole number from `minimum` to `maximum`.
  [[nodiscard]] uint64_t number(const char* key, uint64_t minimum, uint64_t maximum);
  [[nodiscard]] std::optional<uint64_t> number_if_any(const char* key, uint64_t minimum,
                                                      uint64_t maximum);
  /// False when absent.
  [[nodiscard]] bool flag(const char* key);
  /// A 64-bit number as decimal text, which JavaScript's numbers cannot hold.
  [[nodiscard]] uint64_t id(const char* key);
  [[nodiscard]] std::optional<uint64_t> id_if_any(const char* key);
  [[nodiscard]] std::vector<uint64_t> ids(const char* key);
  [[nodiscard]] std::vector<std::string> texts(const char* key);
  /// The entries of a list of objects, for readers of their own; none unless all are objects.
  [[nodiscard]] std::vector<const nlohmann::json*> objects(const char* key);
  [[nodiscard]] store::Uuid uuid(const char* key);
  [[nodiscard]] std::optional<store::Uuid> uuid_if_any(const char* key);

  /// invalid_argument naming the first bad or unknown parameter, or ok.
  [[nodiscard]] Status finish();

 private:
  /// The value of `key`, or nullptr when it is absent or null.
  const nlohmann::json* find(const char* key);
  void reject(const char* key, const char* what);

  const nlohmann::json& json_;
  std::set<std::string> known_;
  Status error_;
};

}  // namespace cairn::engine
