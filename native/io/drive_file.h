// Facts about drives, and the making of drive files: the blocking calls around a disk, used while
// none of it is busy.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"

namespace cairn::io {

/// Makes the plain file `path` (mode 0600) of `size_bytes` (a multiple of 4096), with all its space
/// set aside, and makes its name durable. already_exists when there is one; no_space leaves nothing
/// behind. Blocks.
[[nodiscard]] Status create_drive_file(const std::string& path, uint64_t size_bytes);

/// Takes back what `create_drive_file` made, for instance when formatting it failed. not_found is
/// ok.
[[nodiscard]] Status remove_drive_file(const std::string& path);

/// What an open drive is.
struct DriveFacts {
  uint64_t size_bytes = 0;
  bool is_block_device = false;
  /// Whether completed writes may be lost by a power cut before a flush. True whenever that is
  /// unknown.
  bool cache_is_volatile = true;
  bool rotational = false;
  /// A plain file without holes. Giving space back to its file system would let later writes meet a
  /// full one.
  bool is_fully_allocated = false;
};

/// Reads the facts of an open descriptor; invalid_argument for anything but a regular file or a
/// block device.
[[nodiscard]] Result<DriveFacts> drive_facts(int fd, const std::string& path);

}  // namespace cairn::io
