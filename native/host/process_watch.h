// Watches processes through pidfds and tells when they end; signals them without the race of a
// recycled pid. The face of it is a line protocol, so that a service written in a language without
// pidfds can hold it as a child:
//
//   watch ID PID START_TIME   -> {"event":"watching","id":ID} | {"event":"gone","id":ID}
//   signal ID NUMBER          -> {"event":"signalled","id":ID} | {"event":"refused","id":ID,...}
//   unwatch ID                (no answer)
//   (later, by itself)        -> {"event":"exited","id":ID}
//
// Single-threaded. Ends when its input ends.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/status.h"
#include "host/owned_fd.h"

namespace cairn::host {

class ProcessWatch {
 public:
  /// Reads commands from `input` and answers on `output`; the caller keeps both open.
  ProcessWatch(int input, int output) : input_(input), output_(output) {}

  /// Serves until the input ends or the output fails.
  [[nodiscard]] Status run();

 private:
  static constexpr size_t kWatchedMax = 16384;
  static constexpr size_t kLineBytesMax = 256;

  [[nodiscard]] Status handle_input(bool* ended);
  [[nodiscard]] Status handle_line(std::string_view line);
  [[nodiscard]] Status watch(const std::string& id, pid_t pid, uint64_t start_time);
  [[nodiscard]] Status signal(const std::string& id, int number);
  [[nodiscard]] Status handle_exit(uint64_t token);
  [[nodiscard]] Status answer(std::string_view event, const std::string& id,
                              std::string_view reason = {});
  void unwatch(const std::string& id);

  struct Watched {
    OwnedFd pidfd;
    uint64_t token = 0;
  };

  int input_;
  int output_;
  OwnedFd epoll_;
  std::string pending_;
  std::map<std::string, Watched> watched_;
  std::map<uint64_t, std::string> id_by_token_;
  uint64_t next_token_ = 1;  // 0 is the input.
};

}  // namespace cairn::host
