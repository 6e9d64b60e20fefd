#include "replication/peer_local.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "replication/peer_world_fake.h"

namespace cairn::replication {
namespace {

using namespace fakes;

TEST(PeerLocal, serves_in_another_turn_with_memory_of_its_own) {
  sim::SimExecutor executor;
  io::BufferPool buffers(1 << 20);
  Store store;
  {
    PeerLocal local(executor, buffers, store);
    Call write;
    Call read;
    {
      OwnedRequest request(Kind::write, 5, 2);
      local.call(request.request, write);
      EXPECT_TRUE(PeerLocal::is_local(write));
      std::fill(request.data.begin(), request.data.end(), std::byte{0xff});
    }
    EXPECT_TRUE(store.volumes.empty());
    local.call(OwnedRequest(Kind::read, 6, 3).request, read);
    executor.run_for(kSecond);
    EXPECT_TRUE(write.answered);
    EXPECT_EQ(read.data, std::vector<std::byte>(3 * 4096, std::byte{6}));
    EXPECT_EQ(store.volumes, (std::vector<uint64_t>{5, 6}));
    EXPECT_TRUE(local.idle());
  }
  EXPECT_EQ(buffers.taken_bytes(), 0u);
}

TEST(PeerLocal, forgets_cancelled_calls_and_refuses_too_many) {
  sim::SimExecutor executor;
  io::BufferPool buffers(1 << 20);
  Store store;
  store.hold = true;
  PeerLocal local(executor, buffers, store);
  std::vector<Call> calls(kLocalCallsMax + 1);
  for (Call& call : calls) local.call(OwnedRequest(Kind::map, 1).request, call);
  local.cancel(calls[0]);
  executor.run_for(kSecond);
  EXPECT_EQ(calls.back().answer, Answer::busy);
  local.cancel(calls[1]);
  store.release();
  executor.run_for(kSecond);
  EXPECT_EQ(calls[0].replies_count, 0);
  EXPECT_EQ(calls[1].replies_count, 0);
  EXPECT_EQ(calls[2].answer, Answer::ok);
  EXPECT_TRUE(local.idle());
}

}  // namespace
}  // namespace cairn::replication
