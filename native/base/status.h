// Status and Result: how native code reports failure.
//
// Three sorts of failure exist (STYLE: Errors). A bug stops the process (assert.h). An operating
// error, such as a failing disk or bytes that miss their checksum, is a Status whose kind callers
// branch on. A refusal is a Status too: the request was understood and may not be done. No
// exception crosses a layer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace cairn {

/// Small and stable: callers branch on the kind, people read the context.
enum class ErrorKind : uint8_t {
  ok = 0,
  invalid_argument,   ///< The request makes no sense; it was not tried.
  not_found,          ///< The named thing does not exist.
  already_exists,     ///< The named thing exists with other properties.
  busy,               ///< A limit is reached or the thing is in use; try again later.
  no_space,           ///< No page, journal or metadata room; nothing was changed.
  io_error,           ///< The device failed the operation.
  checksum_mismatch,  ///< Bytes from the device are not the bytes that were written.
  corrupt,            ///< A structure on the device breaks its format.
  wrong_identity,     ///< A store, incarnation or cluster other than the expected one.
  stale_epoch,        ///< A newer epoch has been promised.
  version_gap,        ///< prev_version is not the chunk's current version.
  unsupported,        ///< A format version or feature this build does not know.
  store_failed,       ///< The store met a terminal device error and serves nothing.
  cancelled,          ///< The owner is closing.
  timed_out,          ///< A deadline passed.
};

[[nodiscard]] std::string_view to_string(ErrorKind kind);

/// The outcome of an operation. Cheap when ok; an error carries one line of context for people.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(ErrorKind kind, std::string context) : kind_(kind), context_(std::move(context)) {}

  [[nodiscard]] bool ok() const { return kind_ == ErrorKind::ok; }
  [[nodiscard]] ErrorKind kind() const { return kind_; }
  [[nodiscard]] const std::string& context() const { return context_; }
  /// "checksum_mismatch: chunk 7 of volume 3, sector 12".
  [[nodiscard]] std::string message() const;

 private:
  ErrorKind kind_ = ErrorKind::ok;
  std::string context_;
};

/// A value or the Status that explains its absence. `value()` on an error is a bug and stops the
/// process.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}         // NOLINT: implicit by design
  Result(Status status) : state_(std::move(status)) {}  // NOLINT: implicit by design

  [[nodiscard]] bool ok() const { return std::holds_alternative<T>(state_); }
  [[nodiscard]] const Status& status() const {
    static const Status kOk;
    return ok() ? kOk : std::get<Status>(state_);
  }
  [[nodiscard]] T& value() & { return std::get<T>(state_); }
  [[nodiscard]] const T& value() const& { return std::get<T>(state_); }
  [[nodiscard]] T&& value() && { return std::get<T>(std::move(state_)); }

 private:
  std::variant<T, Status> state_;
};

}  // namespace cairn

/// Returns the error of `expression` (a Status) from the calling function.
#define CAIRN_RETURN_IF_ERROR(expression)                                                        \
  do {                                                                                           \
    if (::cairn::Status cairn_status_ = (expression); !cairn_status_.ok()) return cairn_status_; \
  } while (false)
