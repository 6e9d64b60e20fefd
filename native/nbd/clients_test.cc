// The server against clients that others wrote, over a real unix socket: nbdinfo, nbdcopy,
// qemu-img, qemu-io, fio. A client that is not installed skips its test loudly.
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "io/reactor_thread.h"
#include "io/unix_socket.h"
#include "io/uring_stream.h"
#include "nbd/fakes.h"
#include "nbd/server.h"

namespace cairn::nbd {
namespace {

struct Outcome {
  int exit_code = -1;
  std::string output;
};

Outcome shell(const std::string& command) {
  Outcome outcome;
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return outcome;
  std::array<char, 4096> buffer{};
  while (const size_t count = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
    outcome.output.append(buffer.data(), count);
  }
  const int status = ::pclose(pipe);
  outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return outcome;
}

bool installed(const std::string& program) { return shell("command -v " + program).exit_code == 0; }

#define REQUIRE_PROGRAM(program)                                   \
  if (!installed(program)) {                                       \
    GTEST_SKIP() << "SKIPPED: " << program << " is not installed"; \
  }

/// A server over a device in memory, on a thread of its own.
class Clients : public ::testing::Test, private ServerHandler {
 protected:
  static constexpr uint64_t kSizeBytes = 64 << 20;

  void SetUp() override {
    char pattern[] = "/tmp/cairn-nbd-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern), nullptr);
    directory_ = pattern;
    const auto fd = io::listen_unix(directory_ + "/s", 0600);
    ASSERT_TRUE(fd.ok()) << fd.status().message();
    auto thread = io::ReactorThread::start(
        {.name = "nbd-test",
         .reactor = {},
         .set_up = [this, descriptor = fd.value()](
                       io::UringReactor& reactor) { serve(reactor, descriptor); },
         .tear_down =
             [this](io::UringReactor&) {
               server_.reset();
               device_.reset();
             }});
    ASSERT_TRUE(thread.ok()) << thread.status().message();
    thread_ = std::move(thread).value();
  }

  void TearDown() override {
    if (thread_ != nullptr) {
      ASSERT_TRUE(thread_->mailbox().post([this] { server_->stop(); }));
      thread_.reset();
    }
    shell("rm -rf " + directory_);
  }

  [[nodiscard]] std::string uri() const { return "'nbd+unix:///disk?socket=" + directory_ + "/s'"; }
  [[nodiscard]] std::string file(const std::string& name) const { return directory_ + "/" + name; }
  void expect_success(const std::string& command, const std::string& expected = "") {
    const Outcome outcome = shell(command);
    EXPECT_EQ(outcome.exit_code, 0) << command << "\n" << outcome.output;
    EXPECT_NE(outcome.output.find(expected), std::string::npos) << command << "\n"
                                                                << outcome.output;
  }

 private:
  void serve(io::UringReactor& reactor, int descriptor) {
    reactor_ = &reactor;
    device_ = std::make_unique<fakes::MemoryDevice>(reactor, kSizeBytes);
    server_ = std::make_unique<Server>(reactor, *device_, buffers_,
                                       std::make_unique<io::UringListener>(reactor, descriptor),
                                       ServerOptions{.name = "disk"});
    ServerHandler& handler = *this;
    server_->start(handler);
  }
  void on_server_stopped(const Status& status) override {
    EXPECT_TRUE(status.ok()) << status.message();
    reactor_->stop();
  }

  std::string directory_;
  BufferPool buffers_{16 << 20};
  io::UringReactor* reactor_ = nullptr;
  std::unique_ptr<fakes::MemoryDevice> device_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<io::ReactorThread> thread_;
};

TEST_F(Clients, nbdinfo_sees_the_export_and_what_it_can_do) {
  REQUIRE_PROGRAM("nbdinfo")
  const Outcome outcome = shell("nbdinfo --json " + uri());
  EXPECT_EQ(outcome.exit_code, 0) << outcome.output;
  for (const char* fact :
       {R"("export-size": 67108864)", R"("can_multi_conn": true)", R"("can_fua": true)",
        R"("can_fast_zero": true)", R"("can_trim": true)", R"("block_size_minimum": 4096)",
        R"("block_size_maximum": 33554432)", R"("base:allocation")", R"("structured": true)"}) {
    EXPECT_NE(outcome.output.find(fact), std::string::npos) << fact << "\n" << outcome.output;
  }
  expect_success("nbdinfo --list 'nbd+unix:///?socket=" + file("s") + "'", "disk");
  expect_success("nbdinfo --map " + uri(), "hole,zero");
}

TEST_F(Clients, nbdcopy_copies_there_and_back_over_several_connections) {
  REQUIRE_PROGRAM("nbdcopy")
  expect_success("dd if=/dev/urandom bs=1M count=40 of=" + file("in") + " && truncate -s 64M " +
                 file("in"));
  expect_success("nbdcopy --connections=4 --requests=32 " + file("in") + " " + uri());
  expect_success("nbdcopy --connections=4 " + uri() + " " + file("out"));
  expect_success("cmp " + file("in") + " " + file("out"));
  expect_success("nbdinfo --map " + uri(), "hole,zero");
}

TEST_F(Clients, qemu_img_converts_into_it_and_compares_equal) {
  REQUIRE_PROGRAM("qemu-img")
  expect_success("dd if=/dev/urandom bs=1M count=30 of=" + file("in") + " && truncate -s 64M " +
                 file("in"));
  const std::string target = "nbd+unix:///disk?socket=" + file("s");
  expect_success("qemu-img convert -n -f raw -O raw " + file("in") + " '" + target + "'");
  expect_success("qemu-img compare -f raw -F raw " + file("in") + " '" + target + "'", "identical");
  expect_success("qemu-img map --output=json '" + target + "'", R"("zero": true)");
}

TEST_F(Clients, qemu_io_writes_zeroes_trims_flushes_and_pads_unaligned_requests) {
  REQUIRE_PROGRAM("qemu-io")
  const std::string tool = "qemu-io -f raw 'nbd+unix:///disk?socket=" + file("s") + "' ";
  expect_success(tool + "-c 'write -P 0x5a 0 1M' -c 'read -P 0x5a 0 1M' -c flush");
  expect_success(tool +
                 "-c 'write -f -P 0x17 512 3k' -c 'read -P 0x17 512 3k' "
                 "-c 'read -P 0x5a 0 512' -c 'read -P 0x5a 3584 512'");
  expect_success(tool + "-c 'write -z 64k 64k' -c 'read -P 0 64k 64k'");
  expect_success(tool + "-c 'write -z -u 128k 64k' -c 'read -P 0 128k 64k'");
  expect_success(tool + "-c 'discard 256k 256k' -c 'read -P 0 256k 256k'");
  expect_success(tool +
                 "-c 'aio_write -P 1 4M 8M' -c 'aio_write -P 2 12M 8M' -c aio_flush "
                 "-c 'read -P 1 4M 8M' -c 'read -P 2 12M 8M'");
}

TEST_F(Clients, fio_verifies_what_it_wrote_at_depth) {
  REQUIRE_PROGRAM("fio")
  if (shell("fio --enghelp | grep -qw nbd").exit_code != 0) {
    GTEST_SKIP() << "SKIPPED: this fio has no nbd engine";
  }
  expect_success("cd " + file("") + " && fio --name=v --ioengine=nbd --uri=" + uri() +
                     " --rw=randwrite --bsrange=4k-128k --size=32M --iodepth=32 --verify=crc32c "
                     "--do_verify=1 --verify_fatal=1",
                 "err= 0");
}

}  // namespace
}  // namespace cairn::nbd
