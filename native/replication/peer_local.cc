#include "replication/peer_local.h"

#include <cstring>

#include "base/assert.h"

namespace cairn::replication {

namespace {

/// Spare calls that are kept for the next ones.
constexpr size_t kFreeCallsMax = 256;

}  // namespace

PeerLocal::PeerLocal(io::Executor& executor, io::BufferPool& buffers, RequestHandler& handler)
    : executor_(executor), buffers_(buffers), handler_(handler) {
  calls_.reserve(kLocalCallsMax);
}

PeerLocal::~PeerLocal() { CAIRN_ASSERT(idle()); }

void PeerLocal::call(const Request& request, PeerCall& caller) {
  CAIRN_ASSERT(caller.call_id == 0);
  if (free_.empty()) free_.push_back(std::make_unique<Call>(*this));
  auto owned = std::move(free_.back());
  free_.pop_back();
  Call& call = *owned;
  call.caller = &caller;
  call.id = next_id_++;
  call.answered = false;
  call.refused = calls_.size() >= kLocalCallsMax || bytes_ >= kLocalBytesMax;
  caller.call_id = call.id;
  if (!call.refused) copy(call, request);
  calls_.insert({call.id, std::move(owned)});
  post(call);
}

void PeerLocal::copy(Call& call, const Request& request) {
  call.request = request;
  call.crcs.assign(request.crcs.begin(), request.crcs.end());
  call.data = copy_of(request.data);
  call.data_bytes = request.data.size();
  call.request.crcs = call.crcs;
  call.request.data = {call.data, call.data_bytes};
}

std::byte* PeerLocal::copy_of(std::span<const std::byte> bytes) {
  if (bytes.empty()) return nullptr;
  std::byte* memory = buffers_.take(bytes.size());
  CAIRN_ASSERT(memory != nullptr);
  std::memcpy(memory, bytes.data(), bytes.size());
  bytes_ += bytes.size();
  return memory;
}

void PeerLocal::give_back(std::byte*& bytes, size_t& count) {
  if (bytes != nullptr) buffers_.give(bytes, count);
  CAIRN_ASSERT(bytes_ >= count);
  bytes_ -= count;
  bytes = nullptr;
  count = 0;
}

void PeerLocal::cancel(PeerCall& caller) {
  const auto found = calls_.find(caller.call_id);
  CAIRN_ASSERT(found != calls_.end());
  CAIRN_ASSERT(found->second->caller == &caller);
  found->second->caller = nullptr;
  caller.call_id = 0;
}

void PeerLocal::on_answer(Call& call, const Reply& reply) {
  CAIRN_ASSERT(!call.answered);
  call.answered = true;
  call.reply = reply;
  call.reply_crcs.assign(reply.crcs.begin(), reply.crcs.end());
  give_back(call.data, call.data_bytes);
  if (call.caller != nullptr) {
    call.reply_data = copy_of(reply.data);
    call.reply_data_bytes = reply.data.size();
  }
  call.reply.crcs = call.reply_crcs;
  call.reply.data = {call.reply_data, call.reply_data_bytes};
  post(call);
}

void PeerLocal::post(Call& call) {
  due_.push_back(&call);
  if (posted_) return;
  posted_ = true;
  executor_.post(*this);
}

void PeerLocal::run() {
  posted_ = false;
  for (size_t count = due_.size(); count > 0; --count) {
    Call& call = *due_.front();
    due_.pop_front();
    if (call.answered || call.refused) {
      deliver(call);
    } else {
      handler_.handle(call.request, call);
    }
  }
}

void PeerLocal::deliver(Call& call) {
  const auto found = calls_.find(call.id);
  CAIRN_ASSERT(found != calls_.end());
  std::unique_ptr<Call> owned = std::move(found.value());
  calls_.erase(found);
  if (PeerCall* caller = call.caller; caller != nullptr) {
    caller->call_id = 0;
    Reply busy;
    busy.answer = Answer::busy;
    caller->on_reply(call.refused ? &busy : &call.reply);
  }
  give_back(call.reply_data, call.reply_data_bytes);
  if (free_.size() < kFreeCallsMax) free_.push_back(std::move(owned));
}

}  // namespace cairn::replication
