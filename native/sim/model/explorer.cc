#include "sim/model/explorer.h"

#include <utility>

#include "sim/model/properties.h"
#include "sim/model/state_set.h"
#include "sim/model/steps.h"

namespace cairn::sim::model {

namespace {

/// The states of one depth, in the order they were met.
struct Frontier {
  uint32_t first = 0;
  std::vector<State> states;
};

}  // namespace

void all_steps(const Rules& rules, const State& state, Steps& steps) {
  steps.clear();
  writer_steps(rules, state, steps);
  store_steps(rules, state, steps);
  membership_steps(rules, state, steps);
  for (Step& step : steps.all()) canonicalise(rules, step.state);
}

Exploration explore(const Rules& rules, uint64_t states_max) {
  Exploration result;
  StateSet known;
  Steps steps;
  std::vector<Fingerprint> prints;
  Frontier here;
  here.states.push_back(initial_state(rules));
  known.add(fingerprint(here.states.front()), 0, Action{});
  for (; !here.states.empty(); ++result.depth) {
    Frontier next{known.size(), {}};
    for (uint32_t place = 0; place < here.states.size(); ++place) {
      const State& state = here.states[place];
      const uint32_t number = here.first + place;
      ++result.checked;
      result.states = known.size();
      if (const char* broken = broken_property(rules, state)) {
        result.outcome = Outcome::kViolated;
        result.violation = broken;
        result.trace = known.trace(number);
        return result;
      }
      if (known.size() > states_max) {
        result.outcome = Outcome::kLimit;
        return result;
      }
      all_steps(rules, state, steps);
      prints.clear();
      for (const Step& step : steps.all()) {
        prints.push_back(fingerprint(step.state));
        known.prefetch(prints.back());
      }
      for (size_t index = 0; index < prints.size(); ++index) {
        const Step& step = steps.all()[index];
        if (known.add(prints[index], number, step.action)) next.states.push_back(step.state);
      }
    }
    here = std::move(next);
  }
  result.states = known.size();
  return result;
}

}  // namespace cairn::sim::model
