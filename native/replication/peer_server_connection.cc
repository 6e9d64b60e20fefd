#include "replication/peer_server_connection.h"

#include <algorithm>

#include "base/assert.h"

namespace cairn::replication {

namespace {

constexpr size_t kHeadBytesReserved = 4096;
/// For what a request costs beside its data and its reply.
constexpr size_t kSlotBytes = 2048;

/// The most that the reply can take.
size_t reply_bytes_max(const Request& request) {
  switch (request.kind) {
    case Request::Kind::read:
      return size_t{request.n_sectors} * store::kSectorBytes;
    case Request::Kind::pull:
      return store::kChunkBytes;
    case Request::Kind::open:
    case Request::Kind::list:
      return size_t{request.limit} * sizeof(ListEntryDisk);
    case Request::Kind::write:
    case Request::Kind::zero:
    case Request::Kind::map:
    case Request::Kind::decide:
    case Request::Kind::repair:
      return 0;
  }
  return 0;
}

}  // namespace

PeerServerConnection::PeerServerConnection(const PeerServerContext& context, PeerServerStats& stats,
                                           Owner& owner, std::unique_ptr<io::Stream> stream)
    : context_(context), stats_(stats), owner_(owner) {
  PeerChannel::Handler& handler = *this;
  channel_ =
      std::make_unique<PeerChannel>(context.executor, context.buffers, std::move(stream), handler);
  head_.reserve(kHeadBytesReserved);
}

PeerServerConnection::~PeerServerConnection() {
  CAIRN_ASSERT(state_ == State::ended);
  CAIRN_ASSERT(served_count_ == 0);
  CAIRN_ASSERT(!armed());
}

void PeerServerConnection::start() {
  channel_->start();
  context_.executor.arm(*this, kServerHelloTimeout);
}

void PeerServerConnection::on_timer() { abort(); }

// ---- Receiving

std::optional<PeerChannel::Room> PeerServerConnection::room_for(const Frame& frame) {
  if (frame.type != MessageType::request || state_ != State::serving) {
    // Of what is legal here, nothing is larger; on_message refuses the rest without looking at it.
    if (frame.body_bytes > sizeof body_ || frame.data_bytes > 0) {
      ++stats_.broken_count;
      say_goodbye(Goodbye::broken);
      return std::nullopt;
    }
    return PeerChannel::Room{
        .body = std::as_writable_bytes(std::span(body_)).first(frame.body_bytes), .data = {}};
  }
  // A peer that does not take its replies gets no further ones.
  if (load_->full() || channel_->unsent_bytes() >= kServedBytesMax) return std::nullopt;
  Slot& slot = take_slot();
  arriving_ = &slot;
  slot.data_bytes = frame.data_bytes;
  if (frame.data_bytes > 0) {
    slot.data = context_.buffers.take(frame.data_bytes);
    CAIRN_ASSERT(slot.data != nullptr);
  }
  slot.counted_bytes = kSlotBytes + frame.data_bytes;
  ++load_->requests_count;
  load_->bytes += slot.counted_bytes;
  return PeerChannel::Room{
      .body = std::as_writable_bytes(std::span(slot.body)).first(frame.body_bytes),
      .data = {slot.data, slot.data_bytes}};
}

void PeerServerConnection::on_message(const Frame& frame, const PeerChannel::Room& room) {
  if (frame.type == MessageType::goodbye) return abort();
  if (state_ == State::greeting && frame.type == MessageType::hello) {
    return on_hello(frame, room.body);
  }
  if (state_ == State::serving && frame.type == MessageType::request) {
    return on_request(frame, room.body);
  }
  if (state_ == State::serving && frame.type == MessageType::ping) {
    std::array<std::byte, kFrameBytes> pong;
    return channel_->send(
        std::span(pong).first(encode_ping(MessageType::pong, frame.call_id, pong)));
  }
  on_broken(Status(ErrorKind::corrupt, "a message that does not belong here"));
}

void PeerServerConnection::on_hello(const Frame& frame, std::span<const std::byte> body) {
  const auto hello = decode_hello(frame, body);
  if (!hello.ok()) return on_broken(hello.status());
  const auto refusal =
      check_hello(context_.self, hello.value(), channel_->peer(), context_.directory);
  if (refusal) {
    ++stats_.refused_count;
    return say_goodbye(*refusal);
  }
  context_.executor.cancel(*this);
  node_ = hello.value().node;
  state_ = State::serving;
  load_ = &owner_.on_greeted(*this, node_);
  std::array<std::byte, kHelloBytes> ours;
  channel_->send(std::span(ours).first(
      encode_hello(make_hello(context_.self, node_, channel_->peer()), ours)));
}

void PeerServerConnection::on_request(const Frame& frame, std::span<const std::byte> body) {
  Slot& slot = *arriving_;
  const Status status = decode_request(frame, body, slot.request);
  if (!status.ok()) return on_broken(status);
  arriving_ = nullptr;
  ++stats_.requests_count;
  slot.call_id = frame.call_id;
  slot.request.data = {slot.data, slot.data_bytes};
  const size_t reply_bytes = reply_bytes_max(slot.request);
  slot.counted_bytes += reply_bytes;
  load_->bytes += reply_bytes;
  slot.served = true;
  ++served_count_;
  context_.handler.handle(slot.request, slot);
}

void PeerServerConnection::on_broken(const Status& status) {
  static_cast<void>(status);  // The sender has what it did wrong in its own log.
  ++stats_.broken_count;
  say_goodbye(Goodbye::broken);
}

// ---- Replying

void PeerServerConnection::on_answer(Slot& slot, const Reply& reply) {
  CAIRN_ASSERT(slot.served);
  CAIRN_ASSERT(served_count_ > 0);
  if (state_ == State::serving || state_ == State::draining) {
    const Request::Kind kind = slot.request.kind;
    head_.resize(head_bytes(kind, reply));
    encode_reply(slot.call_id, kind, reply, head_);
    channel_->send(head_, reply.data.first(data_bytes(kind, reply)));
  }
  slot.served = false;
  --served_count_;
  release(slot);
  maybe_drained();
  maybe_ended();
}

PeerServerConnection::Slot& PeerServerConnection::take_slot() {
  if (free_ == nullptr) return slots_.emplace_back(*this);
  Slot& slot = *free_;
  free_ = slot.next_free;
  slot.next_free = nullptr;
  return slot;
}

void PeerServerConnection::release(Slot& slot) {
  if (slot.data != nullptr) context_.buffers.give(slot.data, slot.data_bytes);
  slot.data = nullptr;
  slot.data_bytes = 0;
  CAIRN_ASSERT(load_->requests_count > 0);
  CAIRN_ASSERT(load_->bytes >= slot.counted_bytes);
  --load_->requests_count;
  load_->bytes -= slot.counted_bytes;
  slot.counted_bytes = 0;
  slot.next_free = free_;
  free_ = &slot;
  owner_.on_room(node_);
}

void PeerServerConnection::resume() {
  if (state_ == State::serving) channel_->resume();
}

// ---- Ending

void PeerServerConnection::drain() {
  if (state_ == State::greeting) return say_goodbye(Goodbye::stopping);
  if (state_ != State::serving) return;
  state_ = State::draining;
  channel_->stop_reading();
  context_.executor.arm(*this, kServerDrainTimeout);
  maybe_drained();
}

void PeerServerConnection::maybe_drained() {
  if (state_ == State::draining && served_count_ == 0) say_goodbye(Goodbye::stopping);
}

void PeerServerConnection::say_goodbye(Goodbye reason) {
  if (state_ == State::closing || state_ == State::ended) return;
  state_ = State::closing;
  std::array<std::byte, kGoodbyeBytes> goodbye;
  channel_->send(std::span(goodbye).first(encode_goodbye(reason, goodbye)));
  channel_->close_when_sent();
  context_.executor.arm(*this, kServerDrainTimeout);
}

void PeerServerConnection::abort() {
  if (state_ == State::ended) return;
  state_ = State::closing;
  if (channel_ != nullptr) channel_->close();
}

void PeerServerConnection::on_channel_closed(const Status& status) {
  static_cast<void>(status);  // The end of a connection is its client's to explain.
  if (armed()) context_.executor.cancel(*this);
  state_ = State::closing;
  channel_.reset();
  if (arriving_ != nullptr) release(*arriving_);
  arriving_ = nullptr;
  maybe_ended();
}

void PeerServerConnection::maybe_ended() {
  if (channel_ != nullptr || served_count_ > 0 || state_ == State::ended) return;
  state_ = State::ended;
  owner_.on_connection_ended(*this);
}

}  // namespace cairn::replication
