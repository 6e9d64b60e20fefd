#include "io/uring_stream.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "io/unix_socket.h"

namespace cairn::io {
namespace {

/// Sends everything back that it reads.
class Echo final : public StreamHandler {
 public:
  Echo(std::unique_ptr<Stream> stream, std::function<void(Echo&)> on_end)
      : stream_(std::move(stream)), on_end_(std::move(on_end)), buffer_(65536) {
    stream_->set_handler(*this);
    stream_->read(buffer_);
  }
  void on_read(size_t bytes_count) override {
    const size_t half = bytes_count / 2;
    const std::array<iovec, 2> parts = {iovec{buffer_.data(), half},
                                        iovec{buffer_.data() + half, bytes_count - half}};
    stream_->write(parts);
  }
  void on_written() override { stream_->read(buffer_); }
  void on_closed(const Status& status) override {
    end_status = status;
    ++closed_count;
    on_end_(*this);
  }
  void close() { stream_->close(); }

  Status end_status;
  int closed_count = 0;

 private:
  std::unique_ptr<Stream> stream_;
  std::function<void(Echo&)> on_end_;
  std::vector<std::byte> buffer_;
};

class EchoServer final : public ListenerHandler {
 public:
  EchoServer(UringReactor& reactor, int fd) : reactor_(reactor), listener_(reactor, fd) {
    listener_.start(*this);
  }
  void on_accept(std::unique_ptr<Stream> stream) override {
    ++open_count_;
    echoes.push_back(std::make_unique<Echo>(std::move(stream), [this](Echo&) {
      --open_count_;
      finish_if_idle();
    }));
  }
  void on_stopped(const Status& status) override {
    EXPECT_TRUE(status.ok()) << status.message();
    stopped_ = true;
    finish_if_idle();
  }
  void stop() {
    listener_.stop();
    for (auto& echo : echoes) {
      if (echo->closed_count == 0) echo->close();
    }
  }

  std::vector<std::unique_ptr<Echo>> echoes;

 private:
  void finish_if_idle() {
    if (stopped_ && open_count_ == 0) reactor_.stop();
  }

  UringReactor& reactor_;
  UringListener listener_;
  int open_count_ = 0;
  bool stopped_ = false;
};

class UringStreamTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = std::filesystem::temp_directory_path() / "cairn-stream-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
    path_ = directory_ / "socket";
    auto reactor = UringReactor::create({});
    ASSERT_TRUE(reactor.ok());
    reactor_ = std::move(reactor).value();
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  /// Serves `fd` while `client` runs in its own thread.
  void serve(int fd, const std::function<void()>& client) {
    EchoServer server(*reactor_, fd);
    std::thread thread([&] {
      client();
      EXPECT_TRUE(reactor_->mailbox().post([&] { server.stop(); }));
    });
    reactor_->run();
    thread.join();
    for (const auto& echo : server.echoes) EXPECT_EQ(echo->closed_count, 1);
  }

  [[nodiscard]] int connect() const {
    auto fd = connect_unix(path_);
    EXPECT_TRUE(fd.ok()) << fd.status().message();
    return fd.ok() ? fd.value() : -1;
  }

  std::filesystem::path directory_;
  std::string path_;
  std::unique_ptr<UringReactor> reactor_;
};

void send_all(int fd, const std::string& text) {
  size_t sent = 0;
  while (sent < text.size()) {
    const ssize_t count = ::send(fd, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    ASSERT_GT(count, 0);
    sent += static_cast<size_t>(count);
  }
}

std::string receive_exactly(int fd, size_t size) {
  std::string text(size, '\0');
  size_t received = 0;
  while (received < size) {
    const ssize_t count = ::recv(fd, text.data() + received, size - received, 0);
    if (count <= 0) break;
    received += static_cast<size_t>(count);
  }
  text.resize(received);
  return text;
}

TEST_F(UringStreamTest, carries_megabytes_through_small_socket_buffers_unchanged) {
  auto fd = listen_unix(path_, 0600);
  ASSERT_TRUE(fd.ok()) << fd.status().message();
  std::string sent;
  for (uint64_t i = 0; sent.size() < 4'000'000; ++i) sent += std::to_string(i * 7919);
  std::string received;
  serve(fd.value(), [&] {
    const int client = connect();
    std::thread sender([&] { send_all(client, sent); });
    received = receive_exactly(client, sent.size());
    sender.join();
    ::close(client);
  });
  EXPECT_EQ(received.size(), sent.size());
  EXPECT_TRUE(received == sent);
}

TEST_F(UringStreamTest, serves_several_connections_and_ends_each_exactly_once) {
  auto fd = listen_unix(path_, 0600);
  ASSERT_TRUE(fd.ok());
  serve(fd.value(), [&] {
    std::vector<int> clients;
    for (int i = 0; i < 5; ++i) clients.push_back(connect());
    for (int client : clients) send_all(client, "hello");
    for (int client : clients) EXPECT_EQ(receive_exactly(client, 5), "hello");
    ::close(clients[0]);
    ::shutdown(clients[1], SHUT_WR);
    // The rest is closed by the server while their reads are pending.
    for (size_t i = 1; i < clients.size(); ++i) ::close(clients[i]);
  });
}

TEST_F(UringStreamTest, ends_a_write_to_a_peer_that_reads_nothing_when_it_is_closed) {
  auto fd = listen_unix(path_, 0600);
  ASSERT_TRUE(fd.ok());
  int client = -1;
  serve(fd.value(), [&] {
    client = connect();
    // Fills both directions until neither side can go on.
    const std::string data(100'000, 'x');
    while (::send(client, data.data(), data.size(), MSG_DONTWAIT | MSG_NOSIGNAL) > 0) {
    }
  });
  ::close(client);
}

TEST_F(UringStreamTest, adopts_a_listening_socket_and_leaves_it_to_its_keeper) {
  auto made = listen_unix(path_, 0600);
  ASSERT_TRUE(made.ok());
  const int keeper = made.value();
  ASSERT_EQ(::fcntl(keeper, F_SETFL, O_NONBLOCK), 0);  // As Node.js leaves its sockets.
  const int adopted = ::dup(keeper);
  ASSERT_TRUE(adopt_listening_unix(adopted).ok());
  serve(adopted, [&] {
    const int client = connect();
    send_all(client, "one");
    EXPECT_EQ(receive_exactly(client, 3), "one");
    ::close(client);
  });
  // The server has gone; a client still connects and is served by the next one.
  const int early = connect();
  send_all(early, "two");
  reactor_ = std::move(UringReactor::create({})).value();
  serve(::dup(keeper), [&] { EXPECT_EQ(receive_exactly(early, 3), "two"); });
  ::close(early);
  ::close(keeper);
}

TEST_F(UringStreamTest, refuses_to_adopt_what_does_not_listen) {
  int pair[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  EXPECT_EQ(adopt_listening_unix(pair[0]).kind(), ErrorKind::invalid_argument);
  EXPECT_EQ(adopt_listening_unix(0x7fff).kind(), ErrorKind::invalid_argument);
  ::close(pair[0]);
  ::close(pair[1]);
}

TEST_F(UringStreamTest, replaces_the_socket_file_of_a_dead_listener_but_no_other_file) {
  auto first = listen_unix(path_, 0600);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(listen_unix(path_, 0600).status().kind(), ErrorKind::busy);
  ::close(first.value());
  auto second = listen_unix(path_, 0660);
  ASSERT_TRUE(second.ok()) << second.status().message();
  EXPECT_EQ(std::filesystem::status(path_).permissions(), std::filesystem::perms(0660));
  ::close(second.value());
  const std::string file = directory_ / "file";
  ::close(::open(file.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  EXPECT_EQ(listen_unix(file, 0600).status().kind(), ErrorKind::already_exists);
  EXPECT_EQ(listen_unix(std::string(200, 'x'), 0600).status().kind(), ErrorKind::invalid_argument);
}

TEST_F(UringStreamTest, says_why_a_stream_failed) {
  int pair[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  // Unread bytes at the closing peer reset the connection.
  ASSERT_EQ(::send(pair[0], "x", 1, 0), 1);
  auto stream = std::make_unique<UringStream>(*reactor_, pair[0]);
  Echo echo(std::move(stream), [&](Echo&) { reactor_->stop(); });
  ::close(pair[1]);
  reactor_->run();
  EXPECT_EQ(echo.end_status.kind(), ErrorKind::io_error);
}

}  // namespace
}  // namespace cairn::io
