#include "store/disk_io.h"

#include <cstdlib>

#include "base/assert.h"

namespace cairn::store {

AlignedBuffer::AlignedBuffer(size_t bytes) : size_(bytes) {
  CAIRN_ASSERT(bytes > 0 && bytes % 4096 == 0);
  memory_.reset(static_cast<std::byte*>(std::aligned_alloc(4096, bytes)));
  CAIRN_ASSERT(memory_ != nullptr);
}

void AlignedBuffer::Free::operator()(std::byte* memory) const { std::free(memory); }

void DiskIo::submit(io::DiskRequest& request) {
  uint64_t bytes = 0;
  for (const iovec& buffer : request.buffers) bytes += buffer.iov_len;
  switch (request.kind) {
    case io::DiskRequest::Kind::read:
      ++stats_.device_reads;
      stats_.device_read_bytes += bytes;
      break;
    case io::DiskRequest::Kind::write:
      ++stats_.device_writes;
      stats_.device_write_bytes += bytes;
      break;
    case io::DiskRequest::Kind::flush:
      ++stats_.device_flushes;
      break;
    case io::DiskRequest::Kind::discard:
      ++stats_.device_discards;
      break;
  }
  disk_.submit(request);
}

DiskOp& DiskOp::read(uint64_t offset_bytes, std::span<std::byte> memory) {
  request_.kind = io::DiskRequest::Kind::read;
  request_.offset_bytes = offset_bytes;
  request_.durable = false;
  buffer_ = {memory.data(), memory.size()};
  request_.buffers = {&buffer_, 1};
  return *this;
}

DiskOp& DiskOp::write(uint64_t offset_bytes, std::span<std::byte> memory, bool durable) {
  read(offset_bytes, memory);
  request_.kind = io::DiskRequest::Kind::write;
  request_.durable = durable;
  return *this;
}

DiskOp& DiskOp::flush() {
  request_.kind = io::DiskRequest::Kind::flush;
  request_.buffers = {};
  return *this;
}

DiskOp& DiskOp::discard(uint64_t offset_bytes, uint64_t length_bytes) {
  request_.kind = io::DiskRequest::Kind::discard;
  request_.offset_bytes = offset_bytes;
  request_.discard_bytes = length_bytes;
  request_.buffers = {};
  return *this;
}

void DiskOp::await_suspend(std::coroutine_handle<> caller) {
  caller_ = caller;
  request_.status = {};
  request_.context = this;
  request_.on_done = [](io::DiskRequest& request) {
    static_cast<DiskOp*>(request.context)->caller_.resume();
  };
  io_.submit(request_);
}

void DiskBatch::clear() {
  requests_.clear();
  buffers_.clear();
  first_buffer_.clear();
  end_offset_ = 0;
  submitted_ = 0;
  completed_ = 0;
}

void DiskBatch::add(io::DiskRequest::Kind kind, uint64_t offset_bytes, std::byte* memory,
                    size_t bytes) {
  io::DiskRequest request;
  request.kind = kind;
  request.offset_bytes = offset_bytes;
  requests_.push_back(std::move(request));
  first_buffer_.push_back(buffers_.size());
  buffers_.push_back({memory, bytes});
  end_offset_ = offset_bytes + bytes;
}

bool DiskBatch::extend(uint64_t offset_bytes, std::byte* memory, size_t bytes) {
  if (requests_.empty() || offset_bytes != end_offset_) return false;
  iovec& last = buffers_.back();
  if (static_cast<std::byte*>(last.iov_base) + last.iov_len == memory) {
    last.iov_len += bytes;
  } else {
    if (buffers_.size() - first_buffer_.back() >= io::kDiskBuffersMax) return false;
    buffers_.push_back({memory, bytes});
  }
  end_offset_ += bytes;
  return true;
}

void DiskBatch::await_suspend(std::coroutine_handle<> caller) {
  caller_ = caller;
  for (size_t i = 0; i < requests_.size(); ++i) {
    const size_t end = i + 1 < requests_.size() ? first_buffer_[i + 1] : buffers_.size();
    requests_[i].buffers = std::span(buffers_).subspan(first_buffer_[i], end - first_buffer_[i]);
    requests_[i].context = this;
    requests_[i].on_done = on_done;
  }
  pump();
}

Status DiskBatch::await_resume() const {
  for (const auto& request : requests_) CAIRN_RETURN_IF_ERROR(request.status);
  return {};
}

void DiskBatch::pump() {
  while (submitted_ < requests_.size() && submitted_ - completed_ < kInFlightMax) {
    io_.submit(requests_[submitted_++]);
  }
}

void DiskBatch::on_done(io::DiskRequest& request) {
  auto& batch = *static_cast<DiskBatch*>(request.context);
  ++batch.completed_;
  if (batch.completed_ == batch.requests_.size()) {
    batch.caller_.resume();
  } else {
    batch.pump();
  }
}

}  // namespace cairn::store
