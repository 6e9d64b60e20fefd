// Runs cairn-vm-launch and cairn-vm-watch as their users do.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <vector>

#include "host/files.h"
#include "host/owned_fd.h"
#include "host/process_identity.h"
#include "host/test_directory.h"

namespace cairn::host {
namespace {

using std::chrono::steady_clock;
constexpr int kDeadlineMs = 10000;

/// A program of this layer with pipes on its standard streams.
class Program {
 public:
  Program(const std::string& name, std::vector<std::string> arguments) {
    int in[2];
    int out[2];
    if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0) std::abort();
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(in[0], STDIN_FILENO);
      ::dup2(out[1], STDOUT_FILENO);
      const std::string path = std::string(CAIRN_HOST_PROGRAMS) + "/" + name;
      std::vector<char*> raw{const_cast<char*>(path.c_str())};
      for (std::string& argument : arguments) raw.push_back(argument.data());
      raw.push_back(nullptr);
      ::execv(path.c_str(), raw.data());
      ::_exit(126);
    }
    ::close(in[0]);
    ::close(out[1]);
    input_.reset(in[1]);
    output_.reset(out[0]);
  }
  ~Program() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  std::string read_line() {
    size_t end = 0;
    while ((end = pending_.find('\n')) == std::string::npos) {
      pollfd wait{output_.get(), POLLIN, 0};
      if (::poll(&wait, 1, kDeadlineMs) <= 0) return "(nothing)";
      char chunk[512];
      const ssize_t got = ::read(output_.get(), chunk, sizeof chunk);
      if (got <= 0) return "(end)";
      pending_.append(chunk, static_cast<size_t>(got));
    }
    const std::string line = pending_.substr(0, end);
    pending_.erase(0, end + 1);
    return line;
  }
  void write(const std::string& text) { ASSERT_TRUE(write_fully(input_.get(), text).ok()); }
  void close_input() { input_.reset(); }
  int wait() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  void kill() { ::kill(pid_, SIGKILL); }

 private:
  pid_t pid_ = -1;
  OwnedFd input_;
  OwnedFd output_;
  std::string pending_;
};

class VmLaunch : public testing::Test {
 protected:
  TestDirectory directory_;

  std::vector<std::string> arguments(std::vector<std::string> command) {
    std::vector<std::string> all{"--dir", directory_.path(), "--log-bytes", "4096"};
    all.insert(all.end(), extra_.begin(), extra_.end());
    all.emplace_back("--");
    all.insert(all.end(), command.begin(), command.end());
    return all;
  }
  std::string content(const std::string& name) {
    const auto text = read_small_file(directory_.file(name), 1 << 20);
    return text.ok() ? text.value() : "(" + text.status().message() + ")";
  }
  /// Waits until the file says something.
  std::string await(const std::string& name) {
    const auto deadline = steady_clock::now() + std::chrono::milliseconds(kDeadlineMs);
    while (steady_clock::now() < deadline) {
      const std::string text = content(name);
      if (!text.empty() && text.front() != '(') return text;
      ::usleep(2000);
    }
    return content(name);
  }
  bool lock_is_free() {
    const OwnedFd lock(::open(directory_.file("lock").c_str(), O_RDWR | O_CLOEXEC));
    return lock.open() && ::flock(lock.get(), LOCK_EX | LOCK_NB) == 0;
  }
  pid_t program_pid() { return std::stoi(content("qemu.pid")); }

  std::vector<std::string> extra_;
};

TEST_F(VmLaunch, RecordsTheProcessBeforeItRunsAndItsSignalAfterwards) {
  Program launcher("cairn-vm-launch", arguments({"sleep", "60"}));
  const std::string line = launcher.read_line();
  EXPECT_NE(line.find("\"pid\":"), std::string::npos) << line;
  EXPECT_NE(content("process.json").find("\"bootId\":"), std::string::npos);
  EXPECT_FALSE(lock_is_free());
  ::kill(program_pid(), SIGSEGV);
  EXPECT_NE(await("exit.json").find("\"exitCode\":null,\"signal\":\"SIGSEGV\""), std::string::npos);
  EXPECT_TRUE(lock_is_free());
  EXPECT_EQ(launcher.wait(), 0);
}

TEST_F(VmLaunch, RecordsAnExitCodeAndWhatTheProgramPrinted) {
  Program launcher("cairn-vm-launch", arguments({"sh", "-c", "echo out; echo err >&2; exit 7"}));
  EXPECT_NE(await("exit.json").find("\"exitCode\":7,\"signal\":null"), std::string::npos);
  EXPECT_EQ(content("qemu.log"), "out\nerr\n");
}

TEST_F(VmLaunch, StartsNoSecondProcessWhileTheFirstLives) {
  Program first("cairn-vm-launch", arguments({"sleep", "60"}));
  (void)first.read_line();
  const std::string record = content("process.json");
  Program second("cairn-vm-launch", arguments({"sleep", "60"}));
  EXPECT_NE(second.read_line().find("\"kind\":\"busy\""), std::string::npos);
  EXPECT_EQ(second.wait(), 3);
  EXPECT_EQ(content("process.json"), record);
  ::kill(program_pid(), SIGKILL);
  EXPECT_EQ(first.wait(), 0);
}

TEST_F(VmLaunch, LeavesTheGuestAliveAndLockedWhenTheLauncherIsKilled) {
  Program launcher("cairn-vm-launch", arguments({"sleep", "60"}));
  (void)launcher.read_line();
  const pid_t pid = program_pid();
  const auto identity = read_process_identity(pid);
  ASSERT_TRUE(identity.ok());
  launcher.kill();
  (void)launcher.wait();
  const auto process = open_process(pid, identity.value().start_time);
  ASSERT_TRUE(process.ok());
  EXPECT_FALSE(lock_is_free());
  ASSERT_TRUE(signal_process(process.value(), SIGKILL).ok());
}

TEST_F(VmLaunch, ReportsAProgramThatCannotRunAndLeavesNothing) {
  Program launcher("cairn-vm-launch", arguments({"/no/such/qemu"}));
  EXPECT_NE(launcher.read_line().find("cannot run /no/such/qemu"), std::string::npos);
  EXPECT_EQ(launcher.wait(), 1);
  EXPECT_FALSE(std::filesystem::exists(directory_.file("process.json")));
  EXPECT_TRUE(lock_is_free());
}

TEST_F(VmLaunch, GivesTheProgramOnlyTheDescriptorsAskedFor) {
  extra_ = {"--file", "12:append:" + directory_.file("serial.log")};
  Program launcher(
      "cairn-vm-launch",
      arguments({"sh", "-c", "ls /proc/$$/fd | tr '\\n' ' '; echo x >/proc/$$/fd/12"}));
  (void)await("exit.json");
  EXPECT_EQ(content("qemu.log"), "0 1 12 2 3 ");
  EXPECT_EQ(content("serial.log"), "x\n");
}

TEST_F(VmLaunch, TakesEveryRightFromTheProgram) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to change users";
  extra_ = {"--uid", "200777", "--gid", "200777", "--groups", "36"};
  Program launcher(
      "cairn-vm-launch",
      arguments({"grep", "-E", "^(Uid|Gid|Groups|CapEff|CapBnd|NoNewPrivs)", "/proc/self/status"}));
  (void)await("exit.json");
  EXPECT_EQ(content("qemu.log"),
            "Uid:\t200777\t200777\t200777\t200777\nGid:\t200777\t200777\t200777\t200777\n"
            "Groups:\t36 \nCapEff:\t0000000000000000\nCapBnd:\t0000000000000000\n"
            "NoNewPrivs:\t1\n");
}

TEST_F(VmLaunch, KeepsALogBoundedAgainstATalkativeProgram) {
  Program launcher("cairn-vm-launch",
                   arguments({"sh", "-c", "yes | head -c 100000; sleep 1.2; echo end"}));
  (void)await("exit.json");
  EXPECT_LE(content("qemu.log").size(), 4096U);
  EXPECT_EQ(content("qemu.log.1").size(), 4096U);
}

TEST(VmWatch, TellsWhenAProcessEndsAndSignalsOnlyWhatItWatches) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::execlp("sleep", "sleep", "60", nullptr);
    ::_exit(126);
  }
  const auto identity = read_process_identity(child);
  ASSERT_TRUE(identity.ok());
  const std::string start = std::to_string(identity.value().start_time);
  Program watch("cairn-vm-watch", {});
  watch.write("watch a " + std::to_string(child) + " " + start + "\n");
  EXPECT_EQ(watch.read_line(), "{\"event\":\"watching\",\"id\":\"a\"}");
  watch.write("watch b " + std::to_string(child) + " " + start + "0\n");
  EXPECT_EQ(watch.read_line(), "{\"event\":\"gone\",\"id\":\"b\"}");
  watch.write("signal b 9\n");
  EXPECT_NE(watch.read_line().find("\"refused\""), std::string::npos);
  watch.write("nonsense\n");
  EXPECT_NE(watch.read_line().find("\"refused\""), std::string::npos);
  watch.write("signal a 9\n");
  EXPECT_EQ(watch.read_line(), "{\"event\":\"signalled\",\"id\":\"a\"}");
  EXPECT_EQ(watch.read_line(), "{\"event\":\"exited\",\"id\":\"a\"}");
  ::waitpid(child, nullptr, 0);
  watch.close_input();
  EXPECT_EQ(watch.wait(), 0);
}

}  // namespace
}  // namespace cairn::host
