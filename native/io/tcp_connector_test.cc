#include "io/tcp_connector.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "io/tcp_socket.h"
#include "io/uring_stream.h"

namespace cairn::io {
namespace {

constexpr Nanoseconds kSecond = 1'000'000'000;

TEST(TcpAddress, reads_and_writes_both_families) {
  for (const std::string text : {"10.0.0.3:7400", "127.0.0.1:0", "[::1]:65535", "[fd00::3]:7400"}) {
    const auto address = parse_tcp_address(text);
    ASSERT_TRUE(address.ok()) << text;
    EXPECT_EQ(to_string(address.value()), text);
  }
}

TEST(TcpAddress, refuses_everything_else) {
  for (const char* text : {"",
                           ":",
                           ":80",
                           "10.0.0.3",
                           "10.0.0.3:",
                           "10.0.0.3:65536",
                           "10.0.0.3:07",
                           "10.0.0.3:+7",
                           "10.0.0.3:7 ",
                           " 10.0.0.3:7",
                           "10.0.0.256:7",
                           "10.0.3:7",
                           "::1:7",
                           "[::1]",
                           "[::1]7",
                           "[::1",
                           "[10.0.0.3]:7",
                           "[fe80::1%lo]:7",
                           "localhost:7",
                           "[]:7",
                           "10.0.0.3:7:7"}) {
    EXPECT_EQ(parse_tcp_address(text).status().kind(), ErrorKind::invalid_argument) << text;
  }
}

TEST(TcpSocket, says_that_a_port_is_taken) {
  const auto first = listen_tcp("127.0.0.1:0");
  ASSERT_TRUE(first.ok());
  EXPECT_NE(first.value().address, "127.0.0.1:0");
  EXPECT_EQ(listen_tcp(first.value().address).status().kind(), ErrorKind::busy);
  ::close(first.value().fd);
}

int option(int fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  EXPECT_EQ(::getsockopt(fd, level, name, &value, &size), 0);
  return value;
}

TEST(TcpSocket, gives_its_options_to_accepted_connections) {
  const auto listening = listen_tcp("127.0.0.1:0");
  ASSERT_TRUE(listening.ok());
  const auto address = parse_tcp_address(listening.value().address);
  const auto client = make_tcp_socket(address.value());
  ASSERT_TRUE(client.ok());
  ASSERT_EQ(::connect(client.value(), address.value().generic(), address.value().size), 0);
  const int accepted = ::accept(listening.value().fd, nullptr, nullptr);
  ASSERT_GE(accepted, 0);
  for (const int fd : {accepted, client.value()}) {
    EXPECT_NE(option(fd, IPPROTO_TCP, TCP_NODELAY), 0);
    EXPECT_NE(option(fd, SOL_SOCKET, SO_KEEPALIVE), 0);
    EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 5000);
    EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_KEEPIDLE), 2);
    EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_KEEPINTVL), 1);
    EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_KEEPCNT), 3);
  }
  for (const int fd : {accepted, client.value(), listening.value().fd}) ::close(fd);
}

/// Records how an attempt ended, and ends the reactor's run.
class Attempt final : public ConnectAttempt, public StreamHandler {
 public:
  explicit Attempt(UringReactor& reactor) : reactor_(reactor) {}
  void on_connected(std::unique_ptr<Stream> connected) override {
    ++ends_count;
    stream = std::move(connected);
    stream->set_handler(*this);
    stream->close();
  }
  void on_connect_failed(ConnectFailure how, const Status& why) override {
    ++ends_count;
    failure = how;
    status = why;
    reactor_.stop();
  }
  void on_read(size_t) override {}
  void on_written() override {}
  void on_closed(const Status&) override { reactor_.stop(); }

  int ends_count = 0;
  std::unique_ptr<Stream> stream;
  ConnectFailure failure = ConnectFailure::rejected;
  Status status;

 private:
  UringReactor& reactor_;
};

struct Call final : Task {
  explicit Call(std::function<void()> what) : function(std::move(what)) {}
  void run() override { function(); }
  std::function<void()> function;
};

class TcpConnectorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = UringReactor::create({});
    ASSERT_TRUE(made.ok());
    reactor_ = std::move(made).value();
    connector_ = std::make_unique<TcpConnector>(*reactor_);
    attempt_ = std::make_unique<Attempt>(*reactor_);
  }
  void TearDown() override {
    attempt_.reset();
    connector_.reset();
  }
  void run(const std::string& address, Nanoseconds timeout) {
    Call start([&] { connector_->connect(address, "", timeout, *attempt_); });
    reactor_->post(start);
    reactor_->run();
  }

  std::unique_ptr<UringReactor> reactor_;
  std::unique_ptr<TcpConnector> connector_;
  std::unique_ptr<Attempt> attempt_;
};

TEST_F(TcpConnectorTest, connects) {
  for (const char* any : {"127.0.0.1:0", "[::1]:0"}) {
    TearDown();
    SetUp();
    const auto listening = listen_tcp(any);
    if (!listening.ok() && any[0] == '[') {
      GTEST_SKIP() << "no IPv6 here: " << listening.status().message();
    }
    ASSERT_TRUE(listening.ok());
    run(listening.value().address, 5 * kSecond);
    EXPECT_EQ(attempt_->ends_count, 1);
    EXPECT_NE(attempt_->stream, nullptr);
    ::close(listening.value().fd);
  }
}

TEST_F(TcpConnectorTest, tells_a_refusal) {
  const auto listening = listen_tcp("127.0.0.1:0");
  ASSERT_TRUE(listening.ok());
  ::close(listening.value().fd);
  run(listening.value().address, 5 * kSecond);
  EXPECT_EQ(attempt_->ends_count, 1);
  EXPECT_EQ(attempt_->failure, ConnectFailure::refused);
}

/// A listening socket whose backlog is full: the kernel drops further attempts without an answer.
class FullListener {
 public:
  FullListener() {
    auto listening = listen_tcp("127.0.0.1:0", 0);
    EXPECT_TRUE(listening.ok());
    fds_.push_back(listening.value().fd);
    address = listening.value().address;
    const auto parsed = parse_tcp_address(address);
    for (int i = 0; i < 4; ++i) {
      const auto fd = make_tcp_socket(parsed.value());
      fds_.push_back(fd.value());
      struct timeval soon{.tv_sec = 0, .tv_usec = 100'000};
      EXPECT_EQ(::setsockopt(fd.value(), SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof soon), 0);
      static_cast<void>(::connect(fd.value(), parsed.value().generic(), parsed.value().size));
    }
  }
  ~FullListener() {
    for (const int fd : fds_) ::close(fd);
  }
  std::string address;

 private:
  std::vector<int> fds_;
};

TEST_F(TcpConnectorTest, gives_up_when_there_is_no_answer_in_time) {
  const FullListener full;
  run(full.address, kSecond / 10);
  EXPECT_EQ(attempt_->ends_count, 1);
  EXPECT_EQ(attempt_->failure, ConnectFailure::no_answer);
  EXPECT_EQ(attempt_->status.kind(), ErrorKind::timed_out);
}

TEST_F(TcpConnectorTest, refuses_what_is_no_address_in_a_turn_of_its_own) {
  run("nonsense", kSecond);
  EXPECT_EQ(attempt_->ends_count, 1);
  EXPECT_EQ(attempt_->status.kind(), ErrorKind::invalid_argument);
}

TEST_F(TcpConnectorTest, forgets_a_cancelled_attempt) {
  const FullListener full;
  Call cancel([&] {
    connector_->cancel(*attempt_);
    reactor_->stop();
  });
  Call start([&] {
    connector_->connect(full.address, "", 60 * kSecond, *attempt_);
    reactor_->post(cancel);
  });
  reactor_->post(start);
  reactor_->run();
  EXPECT_EQ(attempt_->ends_count, 0);
}

}  // namespace
}  // namespace cairn::io
