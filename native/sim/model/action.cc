#include "sim/model/action.h"

#include <fmt/format.h>

namespace cairn::sim::model {

namespace {

std::string writer(int number) { return fmt::format("W{}", number + 1); }
char store(int number) { return static_cast<char>('A' + number); }

std::string describe_writer(Action action) {
  const std::string who = writer(action.subject);
  const char whom = store(action.object);
  switch (action.verb) {
    case Verb::kOpen:
      return fmt::format("{} takes the volume over: vol_epoch {}", who, action.subject + 1);
    case Verb::kCrash:
      return fmt::format("{} crashes", who);
    case Verb::kClose:
      return fmt::format("{} closes the volume clean", who);
    case Verb::kRefresh:
      return fmt::format("{} adopts the group record of epoch {}", who, action.object);
    case Verb::kEvict:
      return fmt::format("{} evicts {} in etcd", who, whom);
    case Verb::kDropLocally:
      return fmt::format("{} forgets {} without asking etcd", who, whom);
    case Verb::kAskOpen:
      return fmt::format("{} answers OPEN of {}", whom, who);
    case Verb::kChoose:
      return fmt::format("{} chooses the versions to decide", who);
    case Verb::kDecide:
      return fmt::format("{} carries out DECIDE of {}", whom, who);
    case Verb::kSkipJoiner:
      return fmt::format("{} leaves the joiner {} out of DECIDE", who, whom);
    case Verb::kChooseAgain:
      return fmt::format("{} has more than {} chose: it chooses again", whom, who);
    case Verb::kActivate:
      return fmt::format("{} is active", who);
    case Verb::kActivateClean:
      return fmt::format("{} is active with the versions of {}, without DECIDE", who, whom);
    case Verb::kIssue:
      return fmt::format("{} issues w{} (chunk {})", who, action.object, action.detail);
    default:
      return "";
  }
}

std::string describe_membership(Action action) {
  const char whom = store(action.subject);
  switch (action.verb) {
    case Verb::kOthersEvict:
      return fmt::format("another writer or the conductor evicts {}", whom);
    case Verb::kJoin:
      return fmt::format("{} joins under a new epoch", whom);
    case Verb::kRejoin:
      return fmt::format("{} joins again under a new epoch", whom);
    case Verb::kRaiseEpoch:
      return fmt::format("{} learns of the join epoch", whom);
    case Verb::kReadBase:
      return fmt::format("a base of chunk {} is read from {}", action.object, whom);
    case Verb::kRefuseBase:
      return fmt::format("{} refuses the base: read under an older epoch", whom);
    case Verb::kInstallBase:
      return fmt::format("{} installs the base of chunk {}", whom, action.object);
    case Verb::kRecopyBase:
      return fmt::format("{} asks for a newer base of chunk {}", whom, action.object);
    case Verb::kPromote:
      return fmt::format("{} is promoted to in sync", whom);
    default:
      return "";
  }
}

}  // namespace

std::string describe(Action action) {
  switch (action.verb) {
    case Verb::kStart:
      return "start";
    case Verb::kSend:
      return fmt::format("w{} is sent to {}", action.subject, store(action.object));
    case Verb::kAcknowledge:
      return fmt::format("{} acknowledges w{} to the guest", writer(action.subject), action.object);
    case Verb::kDeliver:
      return fmt::format("w{} arrives at {}, which acknowledges it", action.subject,
                         store(action.object));
    case Verb::kObserve:
      return fmt::format("{} sees the next revision of etcd", store(action.subject));
    case Verb::kRestart:
      return fmt::format("{}'s process restarts", store(action.subject));
    case Verb::kRestartForgetting:
      return fmt::format("{}'s process restarts, chunk {} back at {} writes", store(action.subject),
                         action.object, action.detail);
    default:
      break;
  }
  const std::string words = describe_writer(action);
  return words.empty() ? describe_membership(action) : words;
}

}  // namespace cairn::sim::model
