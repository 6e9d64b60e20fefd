#include "host/launch_options.h"

#include <charconv>
#include <limits>
#include <string_view>

#include "host/network_devices.h"

namespace cairn::host {
namespace {

Status refused(const std::string& message) { return {ErrorKind::invalid_argument, message}; }

template <typename Number>
bool parse_number(std::string_view text, Number* number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc() && end == text.data() + text.size();
}

Result<InheritedFile> parse_file(const std::string& text) {
  const size_t first = text.find(':');
  const size_t second = first == std::string::npos ? first : text.find(':', first + 1);
  if (second == std::string::npos) return refused("--file takes FD:MODE:PATH");
  InheritedFile file;
  if (!parse_number(std::string_view(text).substr(0, first), &file.fd) ||
      file.fd < kFirstInheritedFd || file.fd > kLastInheritedFd) {
    return refused("--file takes a descriptor from 10 to 63");
  }
  const std::string mode = text.substr(first + 1, second - first - 1);
  if (mode == "ro") {
    file.mode = InheritedFile::Mode::read_only;
  } else if (mode == "rw") {
    file.mode = InheritedFile::Mode::read_write;
  } else if (mode == "append") {
    file.mode = InheritedFile::Mode::append;
  } else if (mode == "tap") {
    file.mode = InheritedFile::Mode::tap;
  } else {
    return refused("--file takes the mode ro, rw, append or tap");
  }
  file.path = text.substr(second + 1);
  if (file.mode == InheritedFile::Mode::tap) {
    if (!valid_interface_name(file.path)) return refused("--file takes a tap's name");
    return file;
  }
  if (file.path.empty() || file.path.front() != '/')
    return refused("--file takes an absolute path");
  return file;
}

Status parse_groups(std::string_view text, std::vector<gid_t>* groups) {
  while (!text.empty()) {
    const size_t comma = text.find(',');
    gid_t group = 0;
    if (!parse_number(text.substr(0, comma), &group)) return refused("--groups takes numbers");
    groups->push_back(group);
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
  }
  return {};
}

template <typename Number>
Status parse_into(const std::string& name, const std::string& text, std::optional<Number>* target) {
  Number number = 0;
  if (!parse_number(text, &number)) return refused(name + " takes a number");
  *target = number;
  return {};
}

Status parse_option(const std::string& name, const std::string& value, LaunchOptions* options) {
  if (name == "--dir") {
    options->directory = value;
  } else if (name == "--uid") {
    return parse_into(name, value, &options->uid);
  } else if (name == "--gid") {
    return parse_into(name, value, &options->gid);
  } else if (name == "--groups") {
    return parse_groups(value, &options->groups);
  } else if (name == "--log-bytes") {
    if (!parse_number(value, &options->log_bytes_max)) return refused(name + " takes a number");
  } else if (name == "--file-bytes") {
    return parse_into(name, value, &options->file_bytes_max);
  } else if (name == "--cgroup") {
    options->cgroup = value;
  } else if (name == "--file") {
    Result<InheritedFile> file = parse_file(value);
    if (!file.ok()) return file.status();
    options->files.push_back(std::move(file).value());
  } else {
    return refused("unknown option " + name);
  }
  return {};
}

Status check(const LaunchOptions& options) {
  constexpr uint64_t kLogBytesMax = 64U << 20U;
  if (options.directory.empty() || options.directory.front() != '/') {
    return refused("--dir takes an absolute path");
  }
  if (options.command.empty()) return refused("no program after --");
  if (options.uid.has_value() != options.gid.has_value()) return refused("--uid needs --gid");
  if (!options.uid && !options.groups.empty()) return refused("--groups needs --uid");
  if (options.uid == uid_t{0}) return refused("a guest does not run as root");
  if (options.log_bytes_max == 0 || options.log_bytes_max > kLogBytesMax) {
    return refused("--log-bytes is from 1 to 64 MiB");
  }
  for (size_t i = 0; i < options.files.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (options.files[i].fd == options.files[j].fd) return refused("a descriptor is given twice");
    }
  }
  return {};
}

}  // namespace

Result<LaunchOptions> parse_launch_options(const std::vector<std::string>& arguments) {
  LaunchOptions options;
  size_t next = 0;
  while (next < arguments.size() && arguments[next] != "--") {
    if (next + 1 >= arguments.size()) return refused(arguments[next] + " needs a value");
    CAIRN_RETURN_IF_ERROR(parse_option(arguments[next], arguments[next + 1], &options));
    next += 2;
  }
  for (size_t i = next + 1; i < arguments.size(); ++i) options.command.push_back(arguments[i]);
  CAIRN_RETURN_IF_ERROR(check(options));
  return options;
}

}  // namespace cairn::host
