// Whole small files and errno as text.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace cairn::host {

/// The Status of a failed system call: its kind from errno, its context "<what>: <strerror>".
[[nodiscard]] Status errno_status(std::string_view what, int error);

/// Writes all bytes, across short writes and EINTR.
[[nodiscard]] Status write_fully(int fd, std::string_view bytes);

/// At most `limit` bytes of the file; larger files are an error (`corrupt`).
[[nodiscard]] Result<std::string> read_small_file(const std::string& path, size_t limit);

/// Replaces `directory_fd/name` as a whole: a reader sees the old content or the new one.
[[nodiscard]] Status replace_file(int directory_fd, const std::string& name,
                                  std::string_view bytes);

}  // namespace cairn::host
