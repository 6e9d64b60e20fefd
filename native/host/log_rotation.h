// Keeps an append-only log that another process writes below a limit.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"

namespace cairn::host {

/// When the log behind `log_fd` has grown past `limit_bytes`, its newest `limit_bytes` become
/// `directory_fd/<name>.1` (replacing the one before) and the log starts again empty. The writer
/// keeps its descriptor: it must have opened the log with O_APPEND. Bytes written between the copy
/// and the cut are lost; a log is worth less than a full disk.
[[nodiscard]] Status rotate_log(int directory_fd, const std::string& name, int log_fd,
                                uint64_t limit_bytes);

}  // namespace cairn::host
