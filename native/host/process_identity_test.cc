#include "host/process_identity.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace cairn::host {
namespace {

const char* const kTail = " 1 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 98765 1000 200";

TEST(ProcessIdentity, ReadsACommandWithSpacesAndBrackets) {
  const auto identity = parse_process_stat(std::string("42 (a) b) S") + kTail);
  ASSERT_TRUE(identity.ok());
  EXPECT_EQ(identity.value().pid, 42);
  EXPECT_EQ(identity.value().state, 'S');
  EXPECT_EQ(identity.value().start_time, 98765U);
}

TEST(ProcessIdentity, RefusesAnythingElse) {
  for (const char* line : {"", "42", "42 (a", "42 (a) S 1 2 3", "(a) S 1", "x (a) S 1"}) {
    EXPECT_EQ(parse_process_stat(line).status().kind(), ErrorKind::corrupt) << line;
  }
}

TEST(ProcessIdentity, OpensTheProcessItMeansAndNoOther) {
  const auto self = read_process_identity(::getpid());
  ASSERT_TRUE(self.ok());
  EXPECT_TRUE(open_process(::getpid(), self.value().start_time).ok());
  EXPECT_EQ(open_process(::getpid(), self.value().start_time + 1).status().kind(),
            ErrorKind::not_found);
}

TEST(ProcessIdentity, TakesAZombieForDead) {
  const pid_t child = ::fork();
  if (child == 0) ::pause();
  const auto identity = read_process_identity(child);
  ASSERT_TRUE(identity.ok());
  ::kill(child, SIGKILL);
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT), 0);
  EXPECT_EQ(open_process(child, identity.value().start_time).status().kind(), ErrorKind::not_found);
  ::waitpid(child, nullptr, 0);
}

TEST(ProcessIdentity, KnowsThisBoot) {
  const auto id = read_boot_id();
  ASSERT_TRUE(id.ok());
  EXPECT_EQ(id.value().size(), 36U);
}

}  // namespace
}  // namespace cairn::host
