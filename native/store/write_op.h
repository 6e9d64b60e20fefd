// WriteOp: one accepted change on its way to the journal.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "format/journal.h"
#include "io/disk.h"
#include "store/overlay.h"
#include "store/request.h"

namespace cairn::store {

struct WriteOp {
  /// nullptr for the store's own closing note.
  StoreRequest* request = nullptr;
  DirtyChunk* dirty = nullptr;
  Volume* volume = nullptr;
  format::RecordType type = format::RecordType::nothing;
  /// Its data is durable or travels in the group: the record may be written.
  bool ready = false;
  WriteOp* next = nullptr;

  // Set when the record enters a group.
  uint32_t payload_block = 0;
  uint64_t first_frame = 0;

  // Big writes: pages in order, and the device writes under way.
  uint32_t runs_pending = 0;
  std::array<uint32_t, format::kChunkPages> pages;
  std::array<uint32_t, format::kChunkSectors> crcs;
  std::vector<io::DiskRequest> runs;
  std::vector<iovec> buffers;

  [[nodiscard]] uint32_t sectors() const { return request != nullptr ? request->n_sectors : 0; }
  [[nodiscard]] bool has_payload() const { return type == format::RecordType::write_small; }
  [[nodiscard]] bool has_crcs() const {
    return has_payload() || type == format::RecordType::write_big;
  }
};

/// First in, first out, linked through `next`.
class WriteOpQueue {
 public:
  void push(WriteOp& op) {
    op.next = nullptr;
    (tail_ == nullptr ? head_ : tail_->next) = &op;
    tail_ = &op;
  }
  WriteOp* pop() {
    WriteOp* op = head_;
    if (op == nullptr) return nullptr;
    head_ = op->next;
    if (head_ == nullptr) tail_ = nullptr;
    op->next = nullptr;
    return op;
  }
  [[nodiscard]] WriteOp* head() const { return head_; }
  [[nodiscard]] bool empty() const { return head_ == nullptr; }

 private:
  WriteOp* head_ = nullptr;
  WriteOp* tail_ = nullptr;
};

/// Recycles operations; grows on demand and never shrinks.
class WriteOpPool {
 public:
  WriteOp& get() {
    if (free_.empty()) {
      all_.push_back(std::make_unique<WriteOp>());
      free_.push_back(all_.back().get());
    }
    WriteOp& op = *free_.back();
    free_.pop_back();
    return op;
  }
  void put(WriteOp& op) {
    op.request = nullptr;
    op.dirty = nullptr;
    op.volume = nullptr;
    op.ready = false;
    free_.push_back(&op);
  }

 private:
  std::vector<std::unique_ptr<WriteOp>> all_;
  std::vector<WriteOp*> free_;
};

}  // namespace cairn::store
