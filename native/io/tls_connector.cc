#include "io/tls_connector.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "io/tls_stream.h"

namespace cairn::io {

// ---- TlsConnector

/// One attempt: first the connection, then the handshake. Lives on after its cancellation until the
/// stream is closed.
class TlsConnector::Connecting final : private ConnectAttempt,
                                       private TlsHandshakeHandler,
                                       private Timer,
                                       private Task {
 public:
  Connecting(TlsConnector& owner, std::string name, ConnectAttempt& attempt)
      : owner_(owner), name_(std::move(name)), attempt_(&attempt) {}
  ~Connecting() {
    CAIRN_ASSERT(!armed());
    CAIRN_ASSERT(!posted_);
  }

  void start(const std::string& address, Nanoseconds timeout) {
    deadline_at_ = owner_.executor_.now() + timeout;
    connecting_ = true;
    ConnectAttempt& connected = *this;
    owner_.inner_.connect(address, name_, timeout, connected);
  }

  [[nodiscard]] bool is_for(const ConnectAttempt& attempt) const { return attempt_ == &attempt; }

  /// True if nothing is left of it.
  bool cancel() {
    attempt_ = nullptr;
    if (connecting_) owner_.inner_.cancel(*this);
    if (connecting_) return true;
    if (stream_ != nullptr) stream_->give_up();
    return false;
  }

 private:
  void on_connected(std::unique_ptr<Stream> stream) override {
    connecting_ = false;
    stream_ = std::make_unique<TlsStream>(owner_.executor_, owner_.context_, std::move(stream),
                                          TlsStream::Side::client);
    const Nanoseconds now = owner_.executor_.now();
    owner_.executor_.arm(*this, deadline_at_ > now ? deadline_at_ - now : 0);
    stream_->shake_hands(*this);
  }

  void on_connect_failed(ConnectFailure failure, const Status& status) override {
    connecting_ = false;
    const auto self = owner_.remove(*this);
    attempt_->on_connect_failed(failure, status);
  }

  void on_timer() override {
    timed_out_ = true;
    stream_->give_up();
  }

  void on_handshake(const Status& status) override {
    owner_.executor_.cancel(*this);
    status_ = status;
    if (status_.ok() && stream_->peer()->name != name_) {
      status_ = Status(ErrorKind::wrong_identity,
                       "the other end is " + stream_->peer()->name + ", not " + name_);
    }
    // The stream is still at work.
    posted_ = true;
    owner_.executor_.post(*this);
  }

  void run() override {
    posted_ = false;
    const auto self = owner_.remove(*this);
    if (attempt_ == nullptr) return;
    if (status_.ok()) return attempt_->on_connected(std::move(stream_));
    attempt_->on_connect_failed(timed_out_ ? ConnectFailure::no_answer : ConnectFailure::rejected,
                                status_);
  }

  TlsConnector& owner_;
  std::string name_;
  ConnectAttempt* attempt_;
  std::unique_ptr<TlsStream> stream_;
  Nanoseconds deadline_at_ = 0;
  Status status_;
  bool connecting_ = false;
  bool timed_out_ = false;
  bool posted_ = false;
};

TlsConnector::TlsConnector(Executor& executor, TlsContext& context, Connector& inner)
    : executor_(executor), context_(context), inner_(inner) {}

TlsConnector::~TlsConnector() { CAIRN_ASSERT(connectings_.empty()); }

void TlsConnector::connect(const std::string& address, const std::string& name, Nanoseconds timeout,
                           ConnectAttempt& attempt) {
  connectings_.push_back(std::make_unique<Connecting>(*this, name, attempt));
  connectings_.back()->start(address, timeout);
}

void TlsConnector::cancel(ConnectAttempt& attempt) {
  const auto found = std::find_if(connectings_.begin(), connectings_.end(),
                                  [&](const auto& entry) { return entry->is_for(attempt); });
  if (found != connectings_.end() && (*found)->cancel()) connectings_.erase(found);
}

std::unique_ptr<TlsConnector::Connecting> TlsConnector::remove(Connecting& connecting) {
  const auto found = std::find_if(connectings_.begin(), connectings_.end(),
                                  [&](const auto& entry) { return entry.get() == &connecting; });
  CAIRN_ASSERT(found != connectings_.end());
  auto owned = std::move(*found);
  connectings_.erase(found);
  return owned;
}

// ---- TlsListener

/// A connection whose handshake is under way.
class TlsListener::Accepting final : private TlsHandshakeHandler, private Timer {
 public:
  Accepting(TlsListener& owner, std::unique_ptr<Stream> stream)
      : owner_(owner),
        stream_(std::make_unique<TlsStream>(owner.executor_, owner.context_, std::move(stream),
                                            TlsStream::Side::server)) {}
  ~Accepting() { CAIRN_ASSERT(!armed()); }

  void start() {
    owner_.executor_.arm(*this, kTlsHandshakeTimeout);
    TlsHandshakeHandler& handler = *this;
    stream_->shake_hands(handler);
  }
  void give_up() { stream_->give_up(); }
  [[nodiscard]] std::unique_ptr<TlsStream> take_stream() { return std::move(stream_); }

 private:
  void on_timer() override { stream_->give_up(); }
  void on_handshake(const Status& status) override {
    owner_.executor_.cancel(*this);
    owner_.on_handshake(*this, status);
  }

  TlsListener& owner_;
  std::unique_ptr<TlsStream> stream_;
};

TlsListener::TlsListener(Executor& executor, TlsContext& context, std::unique_ptr<Listener> inner)
    : executor_(executor), context_(context), inner_(std::move(inner)) {}

TlsListener::~TlsListener() {
  CAIRN_ASSERT(acceptings_.empty());
  CAIRN_ASSERT(!posted_);
}

void TlsListener::start(ListenerHandler& handler) {
  CAIRN_ASSERT(handler_ == nullptr);
  handler_ = &handler;
  ListenerHandler& events = *this;
  inner_->start(events);
}

void TlsListener::on_accept(std::unique_ptr<Stream> stream) {
  if (stopping_ || acceptings_.size() >= kTlsHandshakesMax) return;
  acceptings_.push_back(std::make_unique<Accepting>(*this, std::move(stream)));
  acceptings_.back()->start();
}

void TlsListener::on_handshake(Accepting& accepting, const Status& status) {
  const auto found = std::find_if(acceptings_.begin(), acceptings_.end(),
                                  [&](const auto& entry) { return entry.get() == &accepting; });
  CAIRN_ASSERT(found != acceptings_.end());
  ended_.push_back(std::move(*found));
  acceptings_.erase(found);
  // What failed is destroyed in a turn of its own, for it is still at work.
  post();
  if (!status.ok()) {
    ++failures_count_;
    last_failure_ = status;
  } else if (!stopping_) {
    handler_->on_accept(accepting.take_stream());
  }
}

void TlsListener::stop() {
  CAIRN_ASSERT(handler_ != nullptr);
  if (stopping_) return;
  stopping_ = true;
  inner_->stop();
  // Ending a handshake takes it off the list in a later turn.
  for (const auto& accepting : acceptings_) accepting->give_up();
}

void TlsListener::on_stopped(const Status& status) {
  inner_stopped_ = true;
  end_status_ = status;
  stopping_ = true;
  for (const auto& accepting : acceptings_) accepting->give_up();
  post();
}

void TlsListener::post() {
  if (posted_) return;
  posted_ = true;
  executor_.post(*this);
}

void TlsListener::run() {
  posted_ = false;
  ended_.clear();
  if (!inner_stopped_ || !acceptings_.empty()) return;
  const Status status = end_status_;
  handler_->on_stopped(status);  // May destroy this listener.
}

}  // namespace cairn::io
