#include "replication/peer_link.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/assert.h"

namespace cairn::replication {

namespace {

constexpr int kProbes = 3;
/// A connection that broke sooner counts as a failed attempt: it does not end the back-off.
constexpr io::Nanoseconds kUpForGood = 1'000'000'000;
constexpr io::Nanoseconds kGoodbyeTimeout = 1'000'000'000;

}  // namespace

PeerLink::PeerLink(const LinkContext& context, Owner& owner, NodeId node, uint64_t ids_base)
    : context_(context), owner_(owner), node_(node), next_id_(ids_base), waiting_(context.buffers) {
  pending_.reserve(kLinkCallsMax);
}

PeerLink::~PeerLink() {
  CAIRN_ASSERT(stopped_);
  CAIRN_ASSERT(!posted_);
  CAIRN_ASSERT(!armed());
}

// ---- Calls

void PeerLink::call(const Request& request, PeerCall& call) {
  CAIRN_ASSERT(!stopping_);
  CAIRN_ASSERT(call.call_id == 0);
  const size_t queued_bytes =
      waiting_.size_bytes() + (channel_ != nullptr ? channel_->unsent_bytes() : 0);
  const bool full = pending_.size() >= kLinkCallsMax || queued_bytes >= kLinkQueuedBytesMax;
  call.call_id = next_id_++;
  pending_.insert({call.call_id, {&call, request.kind}});
  if (full) return tell({News::Kind::busy, call.call_id});

  std::array<std::byte, kFrameBytes + kRequestBodyBytesMax> head;
  const size_t head_size = encode_request(call.call_id, request, head);
  if (state_ == State::up) {
    channel_->send(std::span(head).first(head_size), request.data);
    return listen_for_life();
  }
  waiting_.append(std::span(head).first(head_size));
  waiting_.append(request.data);
  ensure_connected();
}

void PeerLink::cancel(PeerCall& call) {
  const auto found = pending_.find(call.call_id);
  CAIRN_ASSERT(found != pending_.end());
  CAIRN_ASSERT(found->second.call == &call);
  pending_.erase(found);
  call.call_id = 0;
}

/// Whatever is under way is answered with nullptr in the next turn.
void PeerLink::lose_calls() {
  waiting_.clear();
  std::vector<uint64_t> lost;
  for (const auto& [id, pending] : pending_) lost.push_back(id);
  std::sort(lost.begin(), lost.end());
  for (const uint64_t id : lost) tell({News::Kind::lost, id});
}

void PeerLink::tell(News news) {
  news_.push_back(news);
  if (posted_) return;
  posted_ = true;
  context_.executor.post(*this);
}

void PeerLink::run() {
  posted_ = false;
  // Not what the listeners add meanwhile: a call that is made again at once would never end.
  for (size_t count = news_.size(); count > 0; --count) {
    const News news = news_.front();
    news_.pop_front();
    if (news.kind == News::Kind::restarted) {
      context_.listener.on_peer_restarted(node_);
    } else if (news.kind == News::Kind::down) {
      context_.listener.on_peer_down(node_);
    } else if (const auto found = pending_.find(news.call_id); found != pending_.end()) {
      PeerCall& call = *found->second.call;
      pending_.erase(found);
      call.call_id = 0;
      Reply busy;
      busy.answer = Answer::busy;
      call.on_reply(news.kind == News::Kind::busy ? &busy : nullptr);
    }
  }
  maybe_stopped();
}

// ---- Connecting

void PeerLink::ensure_connected() {
  if (state_ != State::idle || stopping_) return;
  if (waiting_.empty() && probes_left_ == 0) return;
  const io::Nanoseconds now = context_.executor.now();
  if (now >= retry_at_) return connect();
  state_ = State::waiting;
  context_.executor.arm(*this, retry_at_ - now);
}

void PeerLink::connect() {
  const PeerEndpoint* endpoint = context_.directory.find(node_);
  if (endpoint == nullptr) {
    probes_left_ = 0;
    return fail_attempt(false, "no node of the cluster");
  }
  state_ = State::connecting;
  context_.connector.connect(endpoint->address, endpoint->name, kLinkConnectTimeout, *this);
}

void PeerLink::on_connected(std::unique_ptr<io::Stream> stream) {
  CAIRN_ASSERT(state_ == State::connecting);
  ++connects_count_;
  state_ = State::greeting;
  PeerChannel::Handler& handler = *this;
  channel_ = std::make_unique<PeerChannel>(context_.executor, context_.buffers, std::move(stream),
                                           handler);
  channel_->start();
  std::array<std::byte, kHelloBytes> hello;
  channel_->send(std::span(hello).first(
      encode_hello(make_hello(context_.self, node_, channel_->peer()), hello)));
  context_.executor.arm(*this, kLinkHelloTimeout);
}

void PeerLink::on_connect_failed(io::ConnectFailure failure, const Status& status) {
  CAIRN_ASSERT(state_ == State::connecting);
  const bool refused = failure == io::ConnectFailure::refused;
  fail_attempt(refused, status.message());
}

/// An attempt to connect came to nothing.
void PeerLink::fail_attempt(bool refused, const std::string& why) {
  ++failures_count_;
  last_failure_ = why;
  state_ = State::idle;
  raise_back_off();
  lose_calls();
  if (refused) tell({News::Kind::down, 0});
  if (refused) probes_left_ = 0;
  if (probes_left_ > 0) --probes_left_;
  ensure_connected();
}

void PeerLink::raise_back_off() {
  back_off_ = std::clamp(back_off_ * 2, kLinkBackOffMin, kLinkBackOffMax);
  retry_at_ = context_.executor.now() + back_off_;
}

void PeerLink::on_timer() {
  switch (state_) {
    case State::waiting:
      state_ = State::idle;
      return ensure_connected();
    case State::greeting:
      why_ = "no hello in time";
      return channel_->close();
    case State::up:
      return check_life();
    case State::closing:
      return channel_->close();
    case State::idle:
    case State::connecting:
      break;
  }
  CAIRN_ASSERT(false);
}

// ---- Talking

std::optional<PeerChannel::Room> PeerLink::room_for(const Frame& frame) {
  body_.resize((frame.body_bytes + 7) / 8);
  give_data_back();
  if (frame.data_bytes > 0) {
    data_ = context_.buffers.take(frame.data_bytes);
    CAIRN_ASSERT(data_ != nullptr);
    data_bytes_ = frame.data_bytes;
  }
  return PeerChannel::Room{.body = std::as_writable_bytes(std::span(body_)).first(frame.body_bytes),
                           .data = {data_, data_bytes_}};
}

void PeerLink::give_data_back() {
  if (data_ != nullptr) context_.buffers.give(data_, data_bytes_);
  data_ = nullptr;
  data_bytes_ = 0;
}

void PeerLink::on_message(const Frame& frame, const PeerChannel::Room& room) {
  if (frame.type == MessageType::goodbye) return on_goodbye(frame, room.body);
  if (state_ == State::greeting && frame.type == MessageType::hello) {
    return on_hello(frame, room.body);
  }
  if (state_ == State::up && frame.type == MessageType::reply) return on_reply(frame, room);
  if (state_ == State::up && frame.type == MessageType::pong) return;
  reject(Goodbye::broken, "a message that does not belong here");
}

void PeerLink::on_hello(const Frame& frame, std::span<const std::byte> body) {
  const auto hello = decode_hello(frame, body);
  if (!hello.ok()) return reject(Goodbye::broken, hello.status().message());
  auto refusal = check_hello(context_.self, hello.value(), channel_->peer(), context_.directory);
  if (!refusal && hello.value().node != node_) refusal = Goodbye::wrong_node;
  if (refusal) return reject(*refusal, std::string("its hello: ") + to_string(*refusal));
  on_up(hello.value());
}

void PeerLink::on_up(const Hello& hello) {
  context_.executor.cancel(*this);
  state_ = State::up;
  up_since_ = context_.executor.now();
  probes_left_ = 0;
  if (boot_known_ && hello.boot != boot_) {
    // What waits was meant for the process that is gone; its callers decide anew.
    lose_calls();
    tell({News::Kind::restarted, 0});
  }
  boot_known_ = true;
  boot_ = hello.boot;
  channel_->send(waiting_);
  listen_for_life();
}

void PeerLink::on_reply(const Frame& frame, const PeerChannel::Room& room) {
  const auto found = pending_.find(frame.call_id);
  if (found == pending_.end()) {
    // The answer to a cancelled call; anything else would be an answer to nothing.
    if (frame.call_id < next_id_) return;
    return reject(Goodbye::broken, "an answer to no call");
  }
  if (found->second.kind != frame.kind) {
    return reject(Goodbye::broken, "an answer of another kind than its call");
  }
  const Status status = decode_reply(frame, room.body, reply_);
  if (!status.ok()) return reject(Goodbye::broken, status.message());
  reply_.data = room.data;
  PeerCall& call = *found->second.call;
  pending_.erase(found);
  call.call_id = 0;
  call.on_reply(&reply_);
  give_data_back();
}

void PeerLink::on_goodbye(const Frame& frame, std::span<const std::byte> body) {
  const auto reason = decode_goodbye(frame, body);
  why_ = std::string("it said goodbye: ") +
         (reason.ok() ? to_string(reason.value()) : reason.status().message().c_str());
  channel_->close();
}

void PeerLink::on_broken(const Status& status) { reject(Goodbye::broken, status.message()); }

void PeerLink::reject(Goodbye reason, const std::string& why) {
  why_ = why;
  say_goodbye(reason);
}

void PeerLink::say_goodbye(Goodbye reason) {
  std::array<std::byte, kGoodbyeBytes> goodbye;
  channel_->send(std::span(goodbye).first(encode_goodbye(reason, goodbye)));
  channel_->close_when_sent();
  if (state_ == State::up) up_since_ = context_.executor.now();  // No reason to hurry back.
  state_ = State::closing;
  context_.executor.arm(*this, kGoodbyeTimeout);
}

/// Looks whether the other end lives, as long as calls wait for it.
void PeerLink::listen_for_life() {
  if (armed() || pending_.empty()) return;
  quiet_since_ = context_.executor.now();
  context_.executor.arm(*this, kLinkPingInterval);
}

void PeerLink::check_life() {
  if (pending_.empty()) return;
  const io::Nanoseconds heard_at = std::max(quiet_since_, channel_->received_at());
  const io::Nanoseconds quiet = context_.executor.now() - heard_at;
  if (quiet >= kLinkSilenceMax) {
    why_ = "nothing came for too long";
    return channel_->close();
  }
  if (quiet >= kLinkPingInterval) {
    std::array<std::byte, kFrameBytes> ping;
    channel_->send(std::span(ping).first(encode_ping(MessageType::ping, ++pings_count_, ping)));
  }
  context_.executor.arm(*this, kLinkPingInterval);
}

// ---- Ending

void PeerLink::on_channel_closed(const Status& status) {
  if (armed()) context_.executor.cancel(*this);
  const bool was_up = state_ == State::up || up_since_ != 0;
  const io::Nanoseconds now = context_.executor.now();
  const bool stood = was_up && now - up_since_ >= kUpForGood;
  if (why_.empty()) why_ = status.ok() ? "the other end closed" : status.message();
  const std::string why = std::exchange(why_, {});
  up_since_ = 0;
  give_data_back();
  channel_.reset();
  if (stopping_) {
    state_ = State::idle;
    return maybe_stopped();
  }
  if (!was_up) return fail_attempt(false, why);
  ++failures_count_;
  last_failure_ = why;
  state_ = State::idle;
  if (stood) {
    back_off_ = 0;
    retry_at_ = now;
  } else {
    raise_back_off();
  }
  lose_calls();
  probes_left_ = kProbes;
  ensure_connected();
}

void PeerLink::stop() {
  if (stopping_) return;
  stopping_ = true;
  lose_calls();
  if (armed()) context_.executor.cancel(*this);
  if (state_ == State::connecting) context_.connector.cancel(*this);
  if (channel_ != nullptr) {
    say_goodbye(Goodbye::stopping);
  } else {
    state_ = State::idle;
  }
  // The end is told in a turn of its own.
  if (posted_) return;
  posted_ = true;
  context_.executor.post(*this);
}

void PeerLink::maybe_stopped() {
  if (!stopping_ || stopped_ || posted_ || channel_ != nullptr) return;
  stopped_ = true;
  owner_.on_link_stopped();
}

LinkReport PeerLink::report() const {
  return {
      .node = node_,
      .up = state_ == State::up,
      .calls_count = pending_.size(),
      .queued_bytes = waiting_.size_bytes() + (channel_ != nullptr ? channel_->unsent_bytes() : 0),
      .connects_count = connects_count_,
      .failures_count = failures_count_,
      .last_failure = last_failure_};
}

}  // namespace cairn::replication
