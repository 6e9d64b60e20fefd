#include "nbd/connection.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include "base/assert.h"

namespace cairn::nbd {

namespace {

constexpr size_t kReceiveBytes = 64 << 10;
/// Payload that is missing by this much or more is read straight into the request; less comes
/// through the receive buffer, together with the headers behind it.
constexpr size_t kDirectReadBytesMin = 16 << 10;

static_assert(kReceiveBytes >= kOptionHeaderBytes + kOptionBytesMax);
static_assert(kBytesInFlightMax >= kBlockBytesMax);
static_assert(kBlockBytesMax <= io::kBufferBytesMax);

}  // namespace

Connection::Connection(const ExportContext& context, ConnectionOwner& owner,
                       std::unique_ptr<io::Stream> stream)
    : context_(context), owner_(owner), stream_(std::move(stream)) {
  stream_->set_handler(*this);
}

Connection::~Connection() {
  CAIRN_ASSERT(phase_ == Phase::ended || !started_);
  CAIRN_ASSERT(in_flight_count_ == 0);
  CAIRN_ASSERT(!flush_task_.posted);
}

void Connection::start() {
  CAIRN_ASSERT(!started_);
  started_ = true;
  receive_buffer_ = std::make_unique<std::byte[]>(kReceiveBytes);
  context_.executor.arm(*this, kHandshakeTimeout);
  Handshake::greet(handshake_out_);
  flush();
  start_read();
}

void Connection::drain() {
  if (phase_ == Phase::handshake) return close_stream();
  if (phase_ != Phase::transmission) return;
  phase_ = Phase::draining;
  maybe_close();
}

void Connection::abort() { close_stream(); }

void Connection::on_timer() {
  if (phase_ == Phase::handshake) protocol_error();
}

void Connection::FlushTask::run() {
  posted = false;
  connection_.flush();
  connection_.maybe_close();
  connection_.maybe_end();
}

// ---- Receiving
// -----------------------------------------------------------------------------------------------------

void Connection::on_read(size_t bytes_count) {
  CAIRN_ASSERT(reading_);
  reading_ = false;
  if (read_is_payload_) {
    CAIRN_ASSERT(payload_ != nullptr);
    payload_received_bytes_ += bytes_count;
    CAIRN_ASSERT(payload_received_bytes_ <= payload_->buffer_bytes);
  } else {
    received_end_ += bytes_count;
    CAIRN_ASSERT(received_end_ <= kReceiveBytes);
  }
  receive();
}

/// Works off what has arrived, then asks for more.
void Connection::receive() {
  while (advance()) {
  }
  start_read();
}

void Connection::start_read() {
  const bool wanted = phase_ == Phase::handshake || phase_ == Phase::transmission;
  if (!wanted || reading_) return;
  read_is_payload_ = false;
  if (payload_ != nullptr) {
    const size_t missing_bytes = payload_->buffer_bytes - payload_received_bytes_;
    CAIRN_ASSERT(missing_bytes > 0);
    CAIRN_ASSERT(received_begin_ == received_end_);
    if (missing_bytes >= kDirectReadBytesMin) {
      read_is_payload_ = true;
      reading_ = true;
      stream_->read({payload_->buffer + payload_received_bytes_, missing_bytes});
      return;
    }
  }
  if (received_begin_ == received_end_) {
    received_begin_ = received_end_ = 0;
  } else if (received_begin_ > 0) {
    const size_t count = received_end_ - received_begin_;
    std::memmove(receive_buffer_.get(), receive_buffer_.get() + received_begin_, count);
    received_begin_ = 0;
    received_end_ = count;
  }
  // A full buffer means that a request waits for room; its completion resumes the reading.
  if (received_end_ == kReceiveBytes) return;
  reading_ = true;
  stream_->read({receive_buffer_.get() + received_end_, kReceiveBytes - received_end_});
}

/// Takes one step; false when it needs more bytes, or room, or there is nothing to take.
bool Connection::advance() {
  switch (phase_) {
    case Phase::handshake:
      return advance_handshake();
    case Phase::transmission:
      break;
    case Phase::draining:
    case Phase::closing:
    case Phase::ended:
      return false;
  }
  if (payload_ != nullptr) return advance_payload();
  if (discard_bytes_ > 0) return advance_discard();
  return advance_header();
}

bool Connection::advance_handshake() {
  // One option at a time: the replies to the last one leave first, so a client cannot pile them up.
  if (!handshake_out_.empty() || writing_) return false;
  auto in = received();
  const size_t before = in.size();
  context_.facts.size_bytes = context_.device.size_bytes();
  const auto progress = handshake_.consume(in, context_.facts, handshake_out_);
  received_begin_ += before - in.size();
  switch (progress) {
    case Handshake::Progress::more:
      break;
    case Handshake::Progress::transmission:
      begin_transmission();
      break;
    case Handshake::Progress::finished:
      phase_ = Phase::draining;
      break;
    case Handshake::Progress::broken:
      protocol_error();
      return false;
  }
  flush();
  return before != in.size();
}

void Connection::begin_transmission() {
  if (armed()) context_.executor.cancel(*this);
  agreement_ = handshake_.agreement();
  phase_ = Phase::transmission;
  requests_ = std::make_unique<std::array<Request, kRequestsInFlightMax>>();
  for (Request& request : *requests_) {
    request.connection = this;
    request.next = free_;
    free_ = &request;
  }
  reply_bytes_.resize(kRequestsInFlightMax * kReplyBytesMax);
}

bool Connection::advance_payload() {
  const auto in = received();
  const size_t missing_bytes = payload_->buffer_bytes - payload_received_bytes_;
  const size_t count = std::min(in.size(), missing_bytes);
  if (count > 0) std::memcpy(payload_->buffer + payload_received_bytes_, in.data(), count);
  received_begin_ += count;
  payload_received_bytes_ += count;
  if (payload_received_bytes_ < payload_->buffer_bytes) return false;
  Request& request = *payload_;
  payload_ = nullptr;
  payload_received_bytes_ = 0;
  dispatch(request);
  return true;
}

bool Connection::advance_discard() {
  const auto count = std::min<uint64_t>(received().size(), discard_bytes_);
  received_begin_ += static_cast<size_t>(count);
  discard_bytes_ -= count;
  return count > 0;
}

bool Connection::advance_header() {
  const size_t header_bytes = request_header_bytes(agreement_);
  if (received().size() < header_bytes) return false;
  const auto header = decode_request(received().first(header_bytes), agreement_);
  // Beyond the largest payload the stream is not worth reading on.
  if (!header || payload_bytes(*header, agreement_) > kBlockBytesMax) {
    protocol_error();
    return false;
  }
  if (header->command == Command::disconnect) {
    received_begin_ += header_bytes;
    drain();
    return false;
  }
  if (!has_room_for(*header)) return false;
  received_begin_ += header_bytes;
  admit(*header);
  return true;
}

bool Connection::has_room_for(const RequestHeader& header) const {
  if (free_ == nullptr) return false;
  if (in_flight_count_ == 0) return true;
  if (header.length_bytes > kBlockBytesMax) return true;  // it needs no memory, or is refused
  return in_flight_bytes_ + buffer_bytes_for(header) <= kBytesInFlightMax;
}

/// Gives the request its slot and memory, and starts it, or the reading of its payload, or its
/// refusal.
void Connection::admit(const RequestHeader& header) {
  Request& request = *free_;
  free_ = request.next;
  in_flight_count_++;
  context_.stats.requests_in_flight_count++;
  request.next = nullptr;
  request.header = header;
  request.error = check_request(header, agreement_, context_.device);
  request.reply_data_bytes = 0;
  request.zeroed_bytes = 0;
  request.started_ns = context_.executor.now();

  const uint64_t payload = payload_bytes(header, agreement_);
  if (request.error == WireError::none && buffer_bytes_for(header) > 0) {
    request.buffer = context_.buffers.take(buffer_bytes_for(header));
    if (request.buffer == nullptr) request.error = WireError::no_memory;
    request.buffer_bytes = request.buffer == nullptr ? 0 : buffer_bytes_for(header);
    in_flight_bytes_ += request.buffer_bytes;
  }
  if (request.error != WireError::none) {
    discard_bytes_ = payload;
    return complete(request, request.error);
  }
  if (payload == 0) return dispatch(request);
  payload_ = &request;
}

// ---- Ending
// --------------------------------------------------------------------------------------------------------

void Connection::protocol_error() {
  context_.stats.protocol_errors_count++;
  close_stream();
}

void Connection::close_stream() {
  if (phase_ == Phase::closing || phase_ == Phase::ended) return;
  phase_ = Phase::closing;
  if (armed()) context_.executor.cancel(*this);
  stream_->close();
}

/// Ends a drain once everything is answered.
void Connection::maybe_close() {
  if (phase_ != Phase::draining || writing_) return;
  // A request whose payload is still arriving was never started; it goes with the connection.
  const size_t unstarted_count = payload_ != nullptr ? 1 : 0;
  if (in_flight_count_ > unstarted_count || !handshake_out_.empty()) return;
  close_stream();
}

void Connection::on_closed(const Status& status) {
  // A stream that fails is a client that went away; the client's side has the reason.
  static_cast<void>(status);
  if (armed()) context_.executor.cancel(*this);
  phase_ = Phase::closing;
  stream_closed_ = true;
  reading_ = false;
  writing_ = false;
  release_sent();
  if (payload_ != nullptr) release(*payload_);
  payload_ = nullptr;
  while (replies_head_ != nullptr) {
    Request& request = *replies_head_;
    replies_head_ = request.next;
    release(request);
  }
  replies_tail_ = nullptr;
  maybe_end();
}

void Connection::maybe_end() {
  if (phase_ != Phase::closing || !stream_closed_) return;
  if (at_device_count_ > 0 || flush_task_.posted) return;
  CAIRN_ASSERT(in_flight_count_ == 0);
  phase_ = Phase::ended;
  receive_buffer_.reset();
  owner_.on_connection_ended(*this);
}

}  // namespace cairn::nbd
