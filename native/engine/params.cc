#include "engine/params.h"

#include <nlohmann/json.hpp>

#include "engine/text.h"

namespace cairn::engine {

using nlohmann::json;

Params::Params(const json& params) : json_(params) {
  if (!json_.is_object() && !json_.is_null()) {
    error_ = Status(ErrorKind::invalid_argument, "params is not an object");
  }
}

const json* Params::find(const char* key) {
  known_.insert(key);
  if (!json_.is_object()) return nullptr;
  const auto found = json_.find(key);
  return found == json_.end() || found->is_null() ? nullptr : &*found;
}

void Params::reject(const char* key, const char* what) {
  if (!error_.ok()) return;
  error_ = Status(ErrorKind::invalid_argument, std::string("parameter ") + key + " " + what);
}

std::optional<std::string> Params::text_if_any(const char* key) {
  const json* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_string()) return value->get<std::string>();
  reject(key, "is not text");
  return std::nullopt;
}

std::string Params::text(const char* key) {
  auto value = text_if_any(key);
  if (!value) reject(key, "is missing");
  return value.value_or("");
}

std::optional<uint64_t> Params::number_if_any(const char* key, uint64_t minimum, uint64_t maximum) {
  const json* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_number_unsigned()) {
    const auto number = value->get<uint64_t>();
    if (number >= minimum && number <= maximum) return number;
  }
  reject(key, "is not a whole number in its range");
  return std::nullopt;
}

uint64_t Params::number(const char* key, uint64_t minimum, uint64_t maximum) {
  const auto value = number_if_any(key, minimum, maximum);
  if (!value) reject(key, "is missing");
  return value.value_or(minimum);
}

bool Params::flag(const char* key) {
  const json* value = find(key);
  if (value == nullptr) return false;
  if (value->is_boolean()) return value->get<bool>();
  reject(key, "is neither true nor false");
  return false;
}

std::optional<uint64_t> Params::id_if_any(const char* key) {
  const auto text = text_if_any(key);
  if (!text) return std::nullopt;
  const auto value = parse_id(*text);
  if (!value) reject(key, "is not a number in decimal text");
  return value;
}

uint64_t Params::id(const char* key) {
  const auto value = id_if_any(key);
  if (!value) reject(key, "is missing");
  return value.value_or(0);
}

std::vector<uint64_t> Params::ids(const char* key) {
  std::vector<uint64_t> result;
  const json* value = find(key);
  if (value == nullptr || !value->is_array()) {
    reject(key, "is not a list");
    return result;
  }
  for (const json& entry : *value) {
    const auto number = entry.is_string() ? parse_id(entry.get<std::string>()) : std::nullopt;
    if (!number) {
      reject(key, "holds something that is not a number in decimal text");
      return result;
    }
    result.push_back(*number);
  }
  return result;
}

std::vector<std::string> Params::texts(const char* key) {
  std::vector<std::string> result;
  const json* value = find(key);
  if (value == nullptr || !value->is_array()) {
    reject(key, "is not a list");
    return result;
  }
  for (const json& entry : *value) {
    if (!entry.is_string()) {
      reject(key, "holds something that is not text");
      return result;
    }
    result.push_back(entry.get<std::string>());
  }
  return result;
}

std::vector<const json*> Params::objects(const char* key) {
  std::vector<const json*> result;
  const json* value = find(key);
  if (value == nullptr || !value->is_array()) {
    reject(key, "is not a list");
    return result;
  }
  for (const json& entry : *value) {
    if (!entry.is_object()) {
      reject(key, "holds something that is not an object");
      return {};
    }
    result.push_back(&entry);
  }
  return result;
}

std::optional<store::Uuid> Params::uuid_if_any(const char* key) {
  const auto text = text_if_any(key);
  if (!text) return std::nullopt;
  const auto value = parse_uuid(*text);
  if (!value) reject(key, "is not a uuid");
  return value;
}

store::Uuid Params::uuid(const char* key) {
  const auto value = uuid_if_any(key);
  if (!value) reject(key, "is missing");
  return value.value_or(store::Uuid{});
}

Status Params::finish() {
  if (!error_.ok() || !json_.is_object()) return error_;
  for (const auto& [key, value] : json_.items()) {
    if (!known_.contains(key)) {
      return Status(ErrorKind::invalid_argument, "parameter " + key + " is unknown");
    }
  }
  return Status();
}

}  // namespace cairn::engine
