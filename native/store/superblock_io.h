// Reading the superblock copies of a drive: what open, format and probing share.
#pragma once

#include <cstdint>

#include "format/superblock.h"
#include "store/disk_io.h"
#include "store/flow.h"
#include "store/store.h"

namespace cairn::store {

struct FoundSuperblock {
  /// The chosen one, or why there is none.
  Result<format::Superblock> chosen = Status(ErrorKind::not_found, "not read");
  /// The highest sequence of any readable copy.
  uint64_t sequence_max = 0;
  uint32_t copies_good = 0;
};

/// Reads all copies; a copy that the device cannot read counts as damaged.
Flow read_superblocks(DiskIo& io, FoundSuperblock& found);

[[nodiscard]] StoreIdentity identity_of(const format::Superblock& superblock);

}  // namespace cairn::store
