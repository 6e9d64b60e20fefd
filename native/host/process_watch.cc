#include "host/process_watch.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <sstream>

#include "host/files.h"
#include "host/json_text.h"
#include "host/process_identity.h"

namespace cairn::host {

Status ProcessWatch::run() {
  epoll_.reset(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll_.open()) return errno_status("epoll_create1", errno);
  epoll_event input{};
  input.events = EPOLLIN;
  input.data.u64 = 0;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, input_, &input) != 0) {
    return errno_status("epoll_ctl", errno);
  }
  bool ended = false;
  while (!ended) {
    std::array<epoll_event, 64> events{};
    const int ready =
        ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1);
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0) return errno_status("epoll_wait", errno);
    for (int i = 0; i < ready; ++i) {
      const uint64_t token = events[static_cast<size_t>(i)].data.u64;
      CAIRN_RETURN_IF_ERROR(token == 0 ? handle_input(&ended) : handle_exit(token));
    }
  }
  return {};
}

Status ProcessWatch::handle_input(bool* ended) {
  std::array<char, 4096> chunk{};
  const ssize_t got = ::read(input_, chunk.data(), chunk.size());
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return {};
  if (got <= 0) {
    *ended = true;
    return {};
  }
  pending_.append(chunk.data(), static_cast<size_t>(got));
  size_t line_end = 0;
  while ((line_end = pending_.find('\n')) != std::string::npos) {
    const std::string line = pending_.substr(0, line_end);
    pending_.erase(0, line_end + 1);
    CAIRN_RETURN_IF_ERROR(handle_line(line));
  }
  if (pending_.size() > kLineBytesMax) {
    return {ErrorKind::invalid_argument, "a command is longer than a command can be"};
  }
  return {};
}

Status ProcessWatch::handle_line(std::string_view line) {
  std::istringstream words{std::string(line)};
  std::string verb;
  std::string id;
  words >> verb >> id;
  if (verb == "watch") {
    pid_t pid = 0;
    uint64_t start_time = 0;
    if (words >> pid >> start_time && pid > 0) return watch(id, pid, start_time);
  } else if (verb == "signal") {
    int number = 0;
    if (words >> number && number > 0 && number < NSIG) return signal(id, number);
  } else if (verb == "unwatch") {
    unwatch(id);
    return {};
  }
  return answer("refused", id, "the command was not understood");
}

Status ProcessWatch::watch(const std::string& id, pid_t pid, uint64_t start_time) {
  unwatch(id);
  if (watched_.size() >= kWatchedMax) return answer("refused", id, "too many processes");
  Result<OwnedFd> pidfd = open_process(pid, start_time);
  if (!pidfd.ok()) {
    if (pidfd.status().kind() == ErrorKind::not_found) return answer("gone", id);
    return answer("refused", id, pidfd.status().context());
  }
  const uint64_t token = next_token_++;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = token;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, pidfd.value().get(), &event) != 0) {
    return answer("refused", id, errno_status("epoll_ctl", errno).context());
  }
  watched_[id] = Watched{std::move(pidfd).value(), token};
  id_by_token_[token] = id;
  return answer("watching", id);
}

Status ProcessWatch::signal(const std::string& id, int number) {
  const auto found = watched_.find(id);
  if (found == watched_.end()) return answer("refused", id, "no such process is watched");
  const Status sent = signal_process(found->second.pidfd, number);
  if (sent.ok() || sent.kind() == ErrorKind::not_found) return answer("signalled", id);
  return answer("refused", id, sent.context());
}

Status ProcessWatch::handle_exit(uint64_t token) {
  const auto found = id_by_token_.find(token);
  if (found == id_by_token_.end()) return {};  // Unwatched in the same batch of events.
  const std::string id = found->second;
  unwatch(id);
  return answer("exited", id);
}

void ProcessWatch::unwatch(const std::string& id) {
  const auto found = watched_.find(id);
  if (found == watched_.end()) return;
  id_by_token_.erase(found->second.token);
  watched_.erase(found);  // Closing the pidfd takes it out of the epoll set.
}

Status ProcessWatch::answer(std::string_view event, const std::string& id,
                            std::string_view reason) {
  std::string line = "{\"event\":";
  line.append(json_quote(event)).append(",\"id\":").append(json_quote(id));
  if (!reason.empty()) line.append(",\"reason\":").append(json_quote(reason));
  line.append("}\n");
  return write_fully(output_, line);
}

}  // namespace cairn::host
