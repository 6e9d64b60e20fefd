// The half of Connection behind the parser: requests to the device, replies to the client.
#include <algorithm>
#include <memory>

#include "base/assert.h"
#include "nbd/connection.h"

namespace cairn::nbd {

namespace {

/// Trim and write-zeroes reach the device in steps of this, so that one request cannot occupy it.
constexpr uint64_t kZeroStepBytes = 32 << 20;

}  // namespace

// ---- Serving
// -------------------------------------------------------------------------------------------------------

void Connection::dispatch(Request& request) {
  using Kind = io::BlockRequest::Kind;
  Kind kind = Kind::read;
  switch (request.header.command) {
    case Command::read:
      kind = Kind::read;
      break;
    case Command::write:
      kind = Kind::write;
      break;
    case Command::flush:
      kind = Kind::flush;
      break;
    case Command::trim:
      request.operation.kind = Kind::trim;
      return submit_zeroes(request);
    case Command::write_zeroes:
      request.operation.kind = Kind::write_zeroes;
      return submit_zeroes(request);
    case Command::block_status:
      return submit_query(request);
    // Caching is a hint; the device decides by itself what it keeps.
    case Command::cache:
    case Command::disconnect:
      return complete(request, WireError::none);
  }
  io::BlockRequest& operation = request.operation;
  operation.kind = kind;
  operation.offset_bytes = request.header.offset_bytes;
  operation.length_bytes = request.header.length_bytes;
  operation.data = request.buffer;
  operation.status = Status();
  operation.on_done = &Connection::on_operation_done;
  operation.context = &request;
  at_device_count_++;
  context_.device.submit(operation);
}

void Connection::submit_query(Request& request) {
  auto* extents = reinterpret_cast<io::BlockExtent*>(request.buffer);
  std::uninitialized_value_construct_n(extents, kExtentsMax);
  io::ExtentQuery& query = request.query;
  query.offset_bytes = request.header.offset_bytes;
  query.length_bytes = request.header.length_bytes;
  query.extents = {extents, kExtentsMax};
  query.extents_count = 0;
  query.status = Status();
  query.on_done = &Connection::on_query_done;
  query.context = &request;
  at_device_count_++;
  context_.device.submit(query);
}

void Connection::submit_zeroes(Request& request) {
  io::BlockRequest& operation = request.operation;
  const uint64_t rest_bytes = request.header.length_bytes - request.zeroed_bytes;
  CAIRN_ASSERT(rest_bytes > 0);
  operation.offset_bytes = request.header.offset_bytes + request.zeroed_bytes;
  operation.length_bytes = std::min(rest_bytes, kZeroStepBytes);
  operation.data = nullptr;
  operation.status = Status();
  operation.on_done = &Connection::on_operation_done;
  operation.context = &request;
  at_device_count_++;
  context_.device.submit(operation);
}

void Connection::on_operation_done(io::BlockRequest& operation) {
  Request& request = *static_cast<Request*>(operation.context);
  Connection& self = *request.connection;
  CAIRN_ASSERT(self.at_device_count_ > 0);
  self.at_device_count_--;
  const bool zeroing = operation.kind == io::BlockRequest::Kind::trim ||
                       operation.kind == io::BlockRequest::Kind::write_zeroes;
  if (operation.status.ok() && zeroing) {
    request.zeroed_bytes += operation.length_bytes;
    // A client that has gone does not get the rest of a long request done.
    const bool more = request.zeroed_bytes < request.header.length_bytes;
    if (more && self.phase_ != Phase::closing) return self.submit_zeroes(request);
  }
  if (operation.kind == io::BlockRequest::Kind::read && operation.status.ok()) {
    request.reply_data_bytes = request.buffer_bytes;
  }
  self.complete(request, wire_error(operation.status));
}

void Connection::on_query_done(io::ExtentQuery& query) {
  Request& request = *static_cast<Request*>(query.context);
  Connection& self = *request.connection;
  CAIRN_ASSERT(self.at_device_count_ > 0);
  self.at_device_count_--;
  WireError error = wire_error(query.status);
  if (error == WireError::none) {
    CAIRN_ASSERT(query.extents_count > 0);
    CAIRN_ASSERT(query.extents_count <= kExtentsMax);
    request.reply_data_bytes = encode_extents(request, self.agreement_);
  }
  self.complete(request, error);
}

void Connection::complete(Request& request, WireError error) {
  request.error = error;
  record(request);
  if (phase_ == Phase::closing) {
    release(request);
    return maybe_end();
  }
  queue_reply(request);
}

void Connection::record(const Request& request) {
  ExportStats& stats = context_.stats;
  OperationStats* operation = nullptr;
  switch (request.header.command) {
    case Command::read:
      operation = &stats.read;
      break;
    case Command::write:
      operation = &stats.write;
      break;
    case Command::flush:
      operation = &stats.flush;
      break;
    case Command::trim:
    case Command::write_zeroes:
      operation = &stats.trim;
      break;
    default:
      return;
  }
  const uint64_t latency_ns = context_.executor.now() - request.started_ns;
  operation->record(request.header.length_bytes, latency_ns, request.error != WireError::none);
}

// ---- Replying
// ------------------------------------------------------------------------------------------------------

void Connection::queue_reply(Request& request) {
  request.next = nullptr;
  (replies_tail_ == nullptr ? replies_head_ : replies_tail_->next) = &request;
  replies_tail_ = &request;
  if (writing_ || flush_task_.posted) return;
  flush_task_.posted = true;
  context_.executor.post(flush_task_);
}

/// Hands what is ready to the stream, unless a write is under way; `on_written` comes back for the
/// rest.
void Connection::flush() {
  if (writing_ || phase_ == Phase::closing || phase_ == Phase::ended) return;
  vectors_count_ = 0;
  if (!handshake_out_.empty()) {
    handshake_sending_.swap(handshake_out_);
    handshake_out_.clear();
    vectors_[vectors_count_++] = {handshake_sending_.data(), handshake_sending_.size()};
  }
  reply_bytes_count_ = 0;
  CAIRN_ASSERT(sending_head_ == nullptr);
  Request** sending_tail = &sending_head_;
  // Each reply takes two vectors at most.
  while (replies_head_ != nullptr && vectors_count_ + 2 <= vectors_.size()) {
    Request& request = *replies_head_;
    replies_head_ = request.next;
    if (replies_head_ == nullptr) replies_tail_ = nullptr;
    request.next = nullptr;
    *sending_tail = &request;
    sending_tail = &request.next;
    append_reply(request);
  }
  if (vectors_count_ == 0) return;
  writing_ = true;
  stream_->write({vectors_.data(), vectors_count_});
}

void Connection::append_reply(Request& request) {
  std::byte* out = reply_bytes_.data() + reply_bytes_count_;
  const size_t count = encode_reply(request, agreement_, out);
  reply_bytes_count_ += count;
  CAIRN_ASSERT(reply_bytes_count_ <= reply_bytes_.size());
  // Replies without data lie side by side and share a vector.
  iovec* last = vectors_count_ > 0 ? &vectors_[vectors_count_ - 1] : nullptr;
  if (last != nullptr && static_cast<std::byte*>(last->iov_base) + last->iov_len == out) {
    last->iov_len += count;
  } else {
    vectors_[vectors_count_++] = {out, count};
  }
  const bool with_data = request.error == WireError::none && request.reply_data_bytes > 0;
  if (with_data) vectors_[vectors_count_++] = {request.buffer, request.reply_data_bytes};
}

void Connection::on_written() {
  CAIRN_ASSERT(writing_);
  writing_ = false;
  handshake_sending_.clear();
  release_sent();
  flush();
  // The room that became free may be what the next request waited for.
  receive();
  maybe_close();
}

void Connection::release_sent() {
  while (sending_head_ != nullptr) {
    Request& request = *sending_head_;
    sending_head_ = request.next;
    release(request);
  }
}

void Connection::release(Request& request) {
  if (request.buffer != nullptr) {
    context_.buffers.give(request.buffer, request.buffer_bytes);
    in_flight_bytes_ -= request.buffer_bytes;
    request.buffer = nullptr;
    request.buffer_bytes = 0;
  }
  CAIRN_ASSERT(in_flight_count_ > 0);
  in_flight_count_--;
  context_.stats.requests_in_flight_count--;
  request.next = free_;
  free_ = &request;
}

}  // namespace cairn::nbd
