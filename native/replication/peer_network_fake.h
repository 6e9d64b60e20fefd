// A network in memory for tests and fuzzers: connectors and listeners by address, streams that
// split, hold and lose bytes as they are told. Everything happens in turns of the executor.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "io/connector.h"
#include "io/executor.h"
#include "io/stream.h"

namespace cairn::replication::fakes {

/// What both ends of a connection share.
struct Wire {
  class End;
  End* ends[2] = {nullptr, nullptr};
  std::deque<std::byte> inbox[2];
  bool closed[2] = {false, false};
  /// The most that one read gives.
  size_t read_bytes_max = SIZE_MAX;
  /// The connection breaks when so many bytes have been written to it, both directions together.
  std::optional<size_t> cut_after_bytes;
  /// This byte of it arrives changed.
  std::optional<size_t> flip_byte_at;
  size_t written_bytes = 0;
  /// Everything that was written, if `record` is set.
  std::vector<std::byte> recorded;
  bool record = false;
  size_t writes_count = 0;
  /// Neither bytes nor ends arrive.
  bool silent = false;
  bool broken = false;
};

class Wire::End final : public io::Stream, private io::Task {
 public:
  End(io::Executor& executor, std::shared_ptr<Wire> wire, size_t side)
      : executor_(executor), wire_(std::move(wire)), side_(side) {
    wire_->ends[side_] = this;
  }
  ~End() {
    CAIRN_ASSERT(!posted_);
    wire_->ends[side_] = nullptr;
    wire_->closed[side_] = true;
    wake_other();
  }

  void set_handler(io::StreamHandler& handler) override { handler_ = &handler; }
  void read(std::span<std::byte> buffer) override {
    CAIRN_ASSERT(read_buffer_.empty());
    CAIRN_ASSERT(!buffer.empty());
    read_buffer_ = buffer;
    wake();
  }
  void write(std::span<const iovec> buffers) override {
    CAIRN_ASSERT(write_buffers_.empty());
    CAIRN_ASSERT(buffers.size() <= 64);
    write_buffers_.assign(buffers.begin(), buffers.end());
    wake();
  }
  void close() override {
    closing_ = true;
    wake();
  }
  [[nodiscard]] const io::StreamPeer* peer() const override { return peer_ ? &*peer_ : nullptr; }
  void set_peer(std::optional<io::StreamPeer> peer) { peer_ = std::move(peer); }

  void wake() {
    if (posted_ || ended_) return;
    posted_ = true;
    executor_.post(*this);
  }

 private:
  void wake_other() {
    if (wire_->ends[1 - side_] != nullptr) wire_->ends[1 - side_]->wake();
  }

  void run() override {
    posted_ = false;
    if (closing_) return end(Status());
    if (wire_->broken) return end(Status(ErrorKind::io_error, "reset"));
    if (wire_->silent) return;
    if (!write_buffers_.empty()) return transmit();
    if (read_buffer_.empty()) return;
    auto& arrived = wire_->inbox[side_];
    if (!arrived.empty()) return deliver(arrived);
    if (wire_->closed[1 - side_]) end(Status());
  }

  void transmit() {
    ++wire_->writes_count;
    for (const iovec& part : write_buffers_) {
      const auto* bytes = static_cast<const std::byte*>(part.iov_base);
      const size_t room = wire_->cut_after_bytes.value_or(SIZE_MAX) - wire_->written_bytes;
      const size_t count = std::min(part.iov_len, room);
      auto& theirs = wire_->inbox[1 - side_];
      theirs.insert(theirs.end(), bytes, bytes + count);
      if (wire_->record) wire_->recorded.insert(wire_->recorded.end(), bytes, bytes + count);
      const size_t flip = wire_->flip_byte_at.value_or(SIZE_MAX);
      if (flip >= wire_->written_bytes && flip - wire_->written_bytes < count) {
        theirs[theirs.size() - count + (flip - wire_->written_bytes)] ^= std::byte{1};
      }
      wire_->written_bytes += count;
      if (count == part.iov_len) continue;
      wire_->broken = true;
      wake_other();
      return wake();
    }
    write_buffers_.clear();
    wake_other();
    wake();
    handler_->on_written();
  }

  void deliver(std::deque<std::byte>& arrived) {
    const size_t count = std::min({read_buffer_.size(), arrived.size(), wire_->read_bytes_max});
    const auto last = arrived.begin() + static_cast<ptrdiff_t>(count);
    std::copy(arrived.begin(), last, read_buffer_.begin());
    arrived.erase(arrived.begin(), last);
    read_buffer_ = {};
    wake();
    handler_->on_read(count);
  }

  void end(const Status& status) {
    ended_ = true;
    wire_->closed[side_] = true;
    wake_other();
    handler_->on_closed(status);  // Destroys this end, perhaps.
  }

  io::Executor& executor_;
  std::shared_ptr<Wire> wire_;
  size_t side_;
  io::StreamHandler* handler_ = nullptr;
  std::optional<io::StreamPeer> peer_;
  std::span<std::byte> read_buffer_;
  std::vector<iovec> write_buffers_;
  bool closing_ = false;
  bool ended_ = false;
  bool posted_ = false;
};

class Network;

class NetworkListener final : public io::Listener, private io::Task {
 public:
  NetworkListener(Network& network, std::string address)
      : network_(network), address_(std::move(address)) {}
  void start(io::ListenerHandler& handler) override;
  void stop() override;
  void accept(std::unique_ptr<io::Stream> stream) { handler_->on_accept(std::move(stream)); }

 private:
  void run() override { handler_->on_stopped(Status()); }

  Network& network_;
  std::string address_;
  io::ListenerHandler* handler_ = nullptr;
};

/// Outlives its listeners, connectors and streams.
class Network final : public io::Connector {
 public:
  explicit Network(io::Executor& executor) : executor_(executor) {}

  void connect(const std::string& address, const std::string& name, io::Nanoseconds timeout,
               io::ConnectAttempt& attempt) override {
    static_cast<void>(name);
    attempts_.push_back(std::make_unique<Attempt>(*this, address, attempt));
    ++connects_count;
    executor_.arm(*attempts_.back(), unreachable.count(address) != 0 ? timeout : latency);
  }
  void cancel(io::ConnectAttempt& attempt) override {
    std::erase_if(attempts_, [&](const auto& entry) {
      if (&entry->attempt != &attempt) return false;
      executor_.cancel(*entry);
      return true;
    });
  }
  [[nodiscard]] std::unique_ptr<io::Listener> listen(const std::string& address) {
    return std::make_unique<NetworkListener>(*this, address);
  }
  /// Both ends of a new connection; the second one is the accepting one.
  std::pair<std::unique_ptr<Wire::End>, std::unique_ptr<Wire::End>> pair() {
    auto wire = std::make_shared<Wire>();
    wire->read_bytes_max = read_bytes_max;
    wire->cut_after_bytes = cut_after_bytes;
    wire->flip_byte_at = flip_byte_at;
    wire->record = record;
    wire->silent = silent;
    wires.push_back(wire);
    auto ends = std::pair(std::make_unique<Wire::End>(executor_, wire, 0),
                          std::make_unique<Wire::End>(executor_, wire, 1));
    ends.first->set_peer(proved_server);
    ends.second->set_peer(proved_client);
    return ends;
  }
  [[nodiscard]] Wire& last_wire() { return *wires.back(); }
  void set_silent(bool now_silent) {
    silent = now_silent;
    for (const auto& wire : wires) {
      wire->silent = now_silent;
      for (Wire::End* end : wire->ends) {
        if (end != nullptr) end->wake();
      }
    }
  }
  /// All connections break at once.
  void reset_all() {
    for (const auto& wire : wires) {
      wire->broken = true;
      for (Wire::End* end : wire->ends) {
        if (end != nullptr) end->wake();
      }
    }
  }

  io::Nanoseconds latency = 100'000;
  size_t read_bytes_max = SIZE_MAX;
  std::optional<size_t> cut_after_bytes;
  std::optional<size_t> flip_byte_at;
  bool record = false;
  bool silent = false;
  std::optional<io::StreamPeer> proved_server;
  std::optional<io::StreamPeer> proved_client;
  std::map<std::string, bool> unreachable;
  std::map<std::string, NetworkListener*> listeners;
  std::vector<std::shared_ptr<Wire>> wires;
  size_t connects_count = 0;

 private:
  friend class NetworkListener;

  struct Attempt final : io::Timer {
    Attempt(Network& owner, std::string target, io::ConnectAttempt& who)
        : network(owner), address(std::move(target)), attempt(who) {}
    void on_timer() override { network.finish(*this); }
    Network& network;
    std::string address;
    io::ConnectAttempt& attempt;
  };

  void finish(Attempt& attempt) {
    const auto found = std::find_if(attempts_.begin(), attempts_.end(),
                                    [&](const auto& entry) { return entry.get() == &attempt; });
    const auto owned = std::move(*found);
    attempts_.erase(found);
    if (unreachable.count(owned->address) != 0) {
      return owned->attempt.on_connect_failed(io::ConnectFailure::no_answer,
                                              Status(ErrorKind::timed_out, "no answer"));
    }
    const auto listener = listeners.find(owned->address);
    if (listener == listeners.end()) {
      return owned->attempt.on_connect_failed(io::ConnectFailure::refused,
                                              Status(ErrorKind::io_error, "refused"));
    }
    auto [client, server] = pair();
    listener->second->accept(std::move(server));
    owned->attempt.on_connected(std::move(client));
  }

  io::Executor& executor_;
  std::vector<std::unique_ptr<Attempt>> attempts_;
};

inline void NetworkListener::start(io::ListenerHandler& handler) {
  handler_ = &handler;
  network_.listeners[address_] = this;
}

inline void NetworkListener::stop() {
  network_.listeners.erase(address_);
  network_.executor_.post(*this);
}

}  // namespace cairn::replication::fakes
