#include "base/status.h"

namespace cairn {

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::ok:
      return "ok";
    case ErrorKind::invalid_argument:
      return "invalid_argument";
    case ErrorKind::not_found:
      return "not_found";
    case ErrorKind::already_exists:
      return "already_exists";
    case ErrorKind::busy:
      return "busy";
    case ErrorKind::no_space:
      return "no_space";
    case ErrorKind::io_error:
      return "io_error";
    case ErrorKind::checksum_mismatch:
      return "checksum_mismatch";
    case ErrorKind::corrupt:
      return "corrupt";
    case ErrorKind::wrong_identity:
      return "wrong_identity";
    case ErrorKind::stale_epoch:
      return "stale_epoch";
    case ErrorKind::version_gap:
      return "version_gap";
    case ErrorKind::unsupported:
      return "unsupported";
    case ErrorKind::store_failed:
      return "store_failed";
    case ErrorKind::cancelled:
      return "cancelled";
    case ErrorKind::timed_out:
      return "timed_out";
  }
  return "unknown";
}

std::string Status::message() const {
  std::string text(to_string(kind_));
  if (!context_.empty()) text.append(": ").append(context_);
  return text;
}

}  // namespace cairn
