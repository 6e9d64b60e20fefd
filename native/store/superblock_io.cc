#include "store/superblock_io.h"

#include <algorithm>
#include <array>

namespace cairn::store {

Flow read_superblocks(DiskIo& io, FoundSuperblock& found) {
  using format::kSuperblockCopies;
  AlignedBuffer block(format::kSuperblockBytes);
  const Status unread(ErrorKind::not_found, "not read");
  std::array<Result<format::Superblock>, kSuperblockCopies> copies{unread, unread, unread, unread};
  const auto offsets = format::superblock_offsets(io.disk().size_bytes());
  for (size_t i = 0; i < kSuperblockCopies; ++i) {
    if (offsets[i] + format::kSuperblockBytes > io.disk().size_bytes()) continue;
    DiskOp op(io);
    op.read(offsets[i], block.span());
    const Status status = co_await op;
    copies[i] =
        status.ok() ? format::decode_superblock(block.span()) : Result<format::Superblock>(status);
    if (!copies[i].ok()) continue;
    ++found.copies_good;
    found.sequence_max = std::max(found.sequence_max, copies[i].value().sequence);
  }
  found.chosen = format::choose_superblock(copies);
  co_return Status();
}

StoreIdentity identity_of(const format::Superblock& superblock) {
  StoreIdentity identity;
  identity.cluster = superblock.cluster;
  identity.store = superblock.store;
  identity.incarnation = superblock.incarnation;
  identity.node = superblock.node;
  identity.drive_class = superblock.drive_class <= static_cast<uint8_t>(DriveClass::file)
                             ? static_cast<DriveClass>(superblock.drive_class)
                             : DriveClass::unknown;
  identity.size_bytes = superblock.geometry.device_bytes;
  identity.clean = superblock.clean;
  return identity;
}

}  // namespace cairn::store
