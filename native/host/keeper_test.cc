#include "host/keeper.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "host/keeper_backoff.h"
#include "host/keeper_client.h"
#include "host/keeper_message.h"
#include "host/owned_fd.h"
#include "host/test_directory.h"

namespace cairn::host {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

TEST(KeeperMessage, understands_the_lines_it_knows_and_skips_the_others) {
  const auto message = parse_keeper_message("STATUS=fine\nREADY=1\nFDSTORE=1\nFDNAME=vol-7\n");
  ASSERT_TRUE(message.has_value());
  EXPECT_TRUE(message->ready);
  EXPECT_TRUE(message->store);
  EXPECT_FALSE(message->remove);
  EXPECT_EQ(message->name, "vol-7");
}

TEST(KeeperMessage, refuses_garbage_and_names_that_would_break_the_list_of_names) {
  const std::string bytes_300(300, 'x');
  EXPECT_FALSE(parse_keeper_message("").has_value());
  EXPECT_FALSE(parse_keeper_message("no equals sign").has_value());
  EXPECT_FALSE(parse_keeper_message("=1").has_value());
  EXPECT_FALSE(parse_keeper_message(std::string_view("READY=1\0", 8)).has_value());
  EXPECT_FALSE(parse_keeper_message("FDSTORE=1\nFDNAME=a:b").has_value());
  EXPECT_FALSE(parse_keeper_message("FDSTORE=1\nFDNAME=").has_value());
  EXPECT_FALSE(parse_keeper_message("FDSTORE=1\nFDNAME=" + bytes_300).has_value());
  EXPECT_FALSE(parse_keeper_message(std::string(kKeeperMessageBytesMax + 1, 'x')).has_value());
}

TEST(KeeperBackoff, starts_a_service_that_lived_at_once) {
  KeeperBackoff backoff;
  for (int i = 0; i < 10; ++i) EXPECT_EQ(backoff.delay_ms_after(1000, true), 0u);
}

TEST(KeeperBackoff, waits_longer_for_a_service_that_keeps_dying_young_and_forgives_it_later) {
  KeeperBackoff backoff;
  std::vector<uint64_t> delays;
  for (int i = 0; i < 10; ++i) delays.push_back(backoff.delay_ms_after(10, false));
  EXPECT_EQ(delays, (std::vector<uint64_t>{0, 0, 0, 100, 200, 400, 800, 1600, 2000, 2000}));
  EXPECT_EQ(backoff.delay_ms_after(999, true), KeeperBackoff::kDelayMsMaxAfterReady);
  EXPECT_EQ(backoff.delay_ms_after(1000, false), 0u);
  EXPECT_EQ(backoff.delay_ms_after(10, false), 0u);
}

int listen_at(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) return -1;
  return ::listen(fd, 8) == 0 ? fd : -1;
}

int connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  return ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 ? fd : -1;
}

void append_line(const std::string& path, const std::string& line) {
  std::ofstream(path, std::ios::app) << line << '\n';
}

/// The service that the tests let the keeper run: this very program, told by its environment what
/// to do. Its first life stores descriptors; every life reports its pid and what it inherited, and
/// then waits for its end.
TEST(KeeperService, DISABLED_plays_the_role_in_its_environment) {
  const std::string directory = std::getenv("KEEPER_TEST_DIRECTORY");
  const std::string role = std::getenv("KEEPER_TEST_ROLE");
  const std::string report = directory + "/report";
  const auto inherited = keeper_inherited();
  std::string line = std::to_string(::getpid());
  for (const InheritedFd& entry : inherited) line += " " + entry.name;
  const bool first = !std::ifstream(report).good();
  if (role == "exit-configuration") ::_exit(kKeeperExitConfiguration);
  if (role == "ignore-term") ::signal(SIGTERM, SIG_IGN);
  if (first && role == "garbage") {
    static_cast<void>(keeper_notify("nonsense"));
    static_cast<void>(keeper_notify(std::string(5000, 'x')));
    static_cast<void>(keeper_notify("FDSTORE=1\nFDNAME=without-descriptor"));
    if (::fork() == 0) {  // Not the service itself: must not be obeyed.
      static_cast<void>(keeper_store("stranger", 2));
      ::_exit(0);
    }
    ::wait(nullptr);
  }
  if (first) {
    for (const std::string name : {"a", "b", "c"}) {
      const int fd = listen_at(directory + "/" + name);
      EXPECT_TRUE(keeper_store(name, fd).ok());
      EXPECT_TRUE(keeper_store(name, fd).ok());  // The same twice is kept once.
    }
    EXPECT_TRUE(keeper_remove("b").ok());
  } else {
    for (const InheritedFd& entry : inherited) {
      if (entry.name != "a") continue;
      const OwnedFd client(::accept(entry.fd, nullptr, nullptr));
      EXPECT_EQ(::write(client.get(), "hello", 5), 5);
    }
  }
  EXPECT_TRUE(keeper_notify("READY=1").ok());
  append_line(report, line);
  for (;;) ::pause();
}

class KeeperTest : public ::testing::Test {
 protected:
  void SetUp() override { report_ = directory_.file("report"); }

  void TearDown() override {
    if (keeper_ > 0) {
      ::kill(keeper_, SIGKILL);
      ::waitpid(keeper_, nullptr, 0);
    }
  }

  void start(const std::string& role, uint32_t stop_timeout_ms = 5000) {
    keeper_ = ::fork();
    if (keeper_ != 0) return;
    ::setenv("KEEPER_TEST_DIRECTORY", directory_.path().c_str(), 1);
    ::setenv("KEEPER_TEST_ROLE", role.c_str(), 1);
    KeeperOptions options;
    options.command = {"/proc/self/exe", "--gtest_also_run_disabled_tests",
                       "--gtest_filter=KeeperService.DISABLED_*"};
    options.stop_timeout_ms = stop_timeout_ms;
    static_cast<void>(::freopen("/dev/null", "w", stdout));
    ::_exit(run_keeper(options));
  }

  /// The report's lines, once there are `count` of them.
  std::vector<std::string> await_lives(size_t count) {
    std::vector<std::string> lines;
    const auto deadline = steady_clock::now() + milliseconds(20'000);
    while (steady_clock::now() < deadline) {
      lines.clear();
      std::ifstream file(report_);
      for (std::string line; std::getline(file, line);) lines.push_back(line);
      if (lines.size() >= count) return lines;
      std::this_thread::sleep_for(milliseconds(2));
    }
    ADD_FAILURE() << "the service did not report life " << count;
    lines.resize(count);
    return lines;
  }

  static pid_t pid_in(const std::string& line) {
    return static_cast<pid_t>(std::atoi(line.c_str()));
  }

  static std::string names_in(const std::string& line) {
    const size_t space = line.find(' ');
    return space == std::string::npos ? "" : line.substr(space + 1);
  }

  int await_end() {
    int status = 0;
    EXPECT_EQ(::waitpid(keeper_, &status, 0), keeper_);
    keeper_ = -1;
    EXPECT_TRUE(WIFEXITED(status));
    return WEXITSTATUS(status);
  }

  TestDirectory directory_;
  std::string report_;
  pid_t keeper_ = -1;
};

TEST_F(KeeperTest, hands_stored_descriptors_with_their_names_to_the_next_life) {
  start("plain");
  const auto first = await_lives(1);
  EXPECT_EQ(names_in(first[0]), "");
  ::kill(pid_in(first[0]), SIGKILL);
  // Connects while no service runs; the next life answers.
  const OwnedFd client(connect_to(directory_.file("a")));
  ASSERT_TRUE(client.open());
  char answer[5] = {};
  EXPECT_EQ(::recv(client.get(), answer, sizeof(answer), MSG_WAITALL), 5);
  EXPECT_EQ(std::string(answer, 5), "hello");
  const auto second = await_lives(2);
  EXPECT_EQ(names_in(second[1]), "a c");
  EXPECT_LT(connect_to(directory_.file("b")), 0);  // Removed, so nobody listens there any more.
  ::kill(keeper_, SIGTERM);
  EXPECT_EQ(await_end(), 128 + SIGTERM);
}

TEST_F(KeeperTest, ignores_garbage_and_other_processes) {
  start("garbage");
  const auto first = await_lives(1);
  ::kill(pid_in(first[0]), SIGKILL);
  const OwnedFd client(connect_to(directory_.file("a")));
  const auto second = await_lives(2);
  EXPECT_EQ(names_in(second[1]), "a c");
}

TEST_F(KeeperTest, starts_the_service_again_at_once_through_several_kills) {
  start("plain");
  const auto begin = steady_clock::now();
  std::vector<OwnedFd> clients;
  for (size_t life = 1; life <= 3; ++life) {
    const auto lines = await_lives(life);
    clients.emplace_back(connect_to(directory_.file("a")));
    ::kill(pid_in(lines.back()), SIGKILL);
  }
  static_cast<void>(await_lives(4));
  EXPECT_LT(steady_clock::now() - begin, milliseconds(10'000));
}

TEST_F(KeeperTest, kills_a_service_that_does_not_stop_in_time) {
  start("ignore-term", 100);
  const auto first = await_lives(1);
  ::kill(keeper_, SIGTERM);
  EXPECT_EQ(await_end(), 128 + SIGKILL);
  EXPECT_NE(::kill(pid_in(first[0]), 0), 0);
}

TEST_F(KeeperTest, gives_up_when_the_configuration_is_wrong) {
  start("exit-configuration");
  EXPECT_EQ(await_end(), kKeeperExitConfiguration);
}

TEST_F(KeeperTest, takes_the_service_with_it_when_it_is_killed) {
  start("plain");
  const auto first = await_lives(1);
  ::kill(keeper_, SIGKILL);
  ::waitpid(keeper_, nullptr, 0);
  keeper_ = -1;
  const auto deadline = steady_clock::now() + milliseconds(10'000);
  // An orphan may stay a zombie until its new parent looks; its socket is gone either way.
  while (connect_to(directory_.file("a")) >= 0 && steady_clock::now() < deadline) {
    std::this_thread::sleep_for(milliseconds(2));
  }
  EXPECT_LT(connect_to(directory_.file("a")), 0);
}

TEST(KeeperClient, says_plainly_that_there_is_no_supervisor) {
  ::unsetenv("NOTIFY_SOCKET");
  EXPECT_FALSE(keeper_present());
  EXPECT_EQ(keeper_notify("READY=1").kind(), ErrorKind::unsupported);
  EXPECT_EQ(keeper_store("a:b", 0).kind(), ErrorKind::invalid_argument);
}

TEST(KeeperClient, takes_no_descriptors_that_are_meant_for_another_process) {
  ::setenv("LISTEN_PID", "1", 1);
  ::setenv("LISTEN_FDS", "1", 1);
  EXPECT_TRUE(keeper_inherited().empty());
  ::unsetenv("LISTEN_PID");
  ::unsetenv("LISTEN_FDS");
}

}  // namespace
}  // namespace cairn::host
