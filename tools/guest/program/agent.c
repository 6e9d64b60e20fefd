// A small QEMU guest agent: JSON commands, one per line, on a virtio-serial port.
// It knows sync, ping, info, host name, network interfaces and shutdown; anything else is answered
// with CommandNotFound. A line that is not understood is answered with an error, never ignored.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "guest.h"

enum { line_bytes_max = 16384, reply_bytes_max = 16384, interfaces_max = 32 };

struct text {
  char bytes[reply_bytes_max];
  size_t length;
};

static void append(struct text *text, const char *format, ...) {
  va_list values;
  va_start(values, format);
  const size_t room = sizeof text->bytes - text->length;
  const int wanted = vsnprintf(text->bytes + text->length, room, format, values);
  va_end(values);
  if (wanted > 0) text->length += (size_t)wanted < room ? (size_t)wanted : room - 1;
}

// A JSON value that starts at `at`: where it ends, or NULL when it does not.
static const char *skip_value(const char *at) {
  int depth = 0;
  bool quoted = false;
  for (; *at != '\0'; ++at) {
    if (quoted) {
      if (*at == '\\' && at[1] != '\0') ++at;
      else if (*at == '"') quoted = false;
    } else if (*at == '"') {
      quoted = true;
    } else if (*at == '{' || *at == '[') {
      ++depth;
    } else if (*at == '}' || *at == ']') {
      if (depth == 0) return at;
      --depth;
    } else if (*at == ',' && depth == 0) {
      return at;
    }
  }
  return NULL;
}

// Copies the raw value of `key` of the object at `object`, without the quotes of a string.
static bool get_member(const char *object, const char *key, char *value, size_t room) {
  const size_t key_length = strlen(key);
  if (*object != '{') return false;
  const char *at = object + 1;
  while (*at != '\0' && *at != '}') {
    at += strspn(at, " \t,");
    if (*at != '"') return false;
    const char *name = at + 1;
    const char *name_end = strchr(name, '"');
    if (name_end == NULL) return false;
    const char *start = name_end + 1;
    start += strspn(start, " \t:");
    const char *end = skip_value(start);
    if (end == NULL) return false;
    if ((size_t)(name_end - name) == key_length && strncmp(name, key, key_length) == 0) {
      while (end > start && (end[-1] == ' ' || end[-1] == '\t')) --end;
      if (end - start >= 2 && *start == '"') ++start, --end;
      if ((size_t)(end - start) >= room) return false;
      memcpy(value, start, (size_t)(end - start));
      value[end - start] = '\0';
      return true;
    }
    at = end;
  }
  return false;
}

static void append_address(struct text *out, const struct sockaddr *address, bool *first) {
  char text[INET6_ADDRSTRLEN];
  const bool v4 = address->sa_family == AF_INET;
  const void *bytes = v4 ? (const void *)&((const struct sockaddr_in *)address)->sin_addr
                         : (const void *)&((const struct sockaddr_in6 *)address)->sin6_addr;
  if (inet_ntop(address->sa_family, bytes, text, sizeof text) == NULL) return;
  append(out, "%s{\"ip-address-type\":\"%s\",\"ip-address\":\"%s\",\"prefix\":%d}",
         *first ? "" : ",", v4 ? "ipv4" : "ipv6", text, v4 ? 24 : 64);
  *first = false;
}

static void append_interface(struct text *out, const struct ifaddrs *all, const char *name) {
  append(out, "{\"name\":\"%s\"", name);
  for (const struct ifaddrs *at = all; at != NULL; at = at->ifa_next) {
    if (strcmp(at->ifa_name, name) != 0 || at->ifa_addr == NULL) continue;
    if (at->ifa_addr->sa_family != AF_PACKET) continue;
    const unsigned char *mac = ((const struct sockaddr_ll *)at->ifa_addr)->sll_addr;
    append(out, ",\"hardware-address\":\"%02x:%02x:%02x:%02x:%02x:%02x\"", mac[0], mac[1], mac[2],
           mac[3], mac[4], mac[5]);
  }
  append(out, ",\"ip-addresses\":[");
  bool first = true;
  for (const struct ifaddrs *at = all; at != NULL; at = at->ifa_next) {
    if (strcmp(at->ifa_name, name) != 0 || at->ifa_addr == NULL) continue;
    const int family = at->ifa_addr->sa_family;
    if (family == AF_INET || family == AF_INET6) append_address(out, at->ifa_addr, &first);
  }
  append(out, "]}");
}

static void append_interfaces(struct text *out) {
  struct ifaddrs *all = NULL;
  append(out, "[");
  if (getifaddrs(&all) == 0) {
    int count = 0;
    for (const struct ifaddrs *at = all; at != NULL && count < interfaces_max; at = at->ifa_next) {
      if (at->ifa_addr == NULL || at->ifa_addr->sa_family != AF_PACKET) continue;
      append(out, count++ == 0 ? "" : ",");
      append_interface(out, all, at->ifa_name);
    }
    freeifaddrs(all);
  }
  append(out, "]");
}

// busybox init: SIGUSR2 powers off, SIGTERM reboots, SIGUSR1 halts.
static void shut_down(const char *arguments) {
  char mode[16] = "powerdown";
  (void)get_member(arguments, "mode", mode, sizeof mode);
  const int how = strcmp(mode, "reboot") == 0 ? SIGTERM : strcmp(mode, "halt") == 0 ? SIGUSR1
                                                                                     : SIGUSR2;
  sync();
  kill(1, how);
}

static const char *const known_commands[] = {"guest-sync", "guest-sync-delimited", "guest-ping",
                                             "guest-info", "guest-get-host-name",
                                             "guest-network-get-interfaces", "guest-shutdown"};

static void append_info(struct text *out) {
  append(out, "{\"version\":\"cairn-guest-1\",\"supported_commands\":[");
  for (size_t i = 0; i < sizeof known_commands / sizeof *known_commands; ++i) {
    append(out, "%s{\"name\":\"%s\",\"enabled\":true,\"success-response\":%s}", i == 0 ? "" : ",",
           known_commands[i], strcmp(known_commands[i], "guest-shutdown") == 0 ? "false" : "true");
  }
  append(out, "]}");
}

// An empty reply means that the command has none.
static void answer(const char *line, struct text *out) {
  char command[64];
  char arguments[1024] = "{}";
  char id[32] = "0";
  if (!get_member(line, "execute", command, sizeof command)) {
    append(out, "{\"error\":{\"class\":\"GenericError\",\"desc\":\"not a command\"}}\n");
    return;
  }
  (void)get_member(line, "arguments", arguments, sizeof arguments);
  if (strcmp(command, "guest-shutdown") == 0) {
    shut_down(arguments);
    return;
  }
  if (strncmp(command, "guest-sync", 10) == 0) {
    (void)get_member(arguments, "id", id, sizeof id);
    if (strcmp(command, "guest-sync-delimited") == 0) append(out, "\xff");
    append(out, "{\"return\":%s}\n", id);
  } else if (strcmp(command, "guest-ping") == 0) {
    append(out, "{\"return\":{}}\n");
  } else if (strcmp(command, "guest-info") == 0) {
    append(out, "{\"return\":");
    append_info(out);
    append(out, "}\n");
  } else if (strcmp(command, "guest-get-host-name") == 0) {
    char name[128] = "";
    gethostname(name, sizeof name - 1);
    append(out, "{\"return\":{\"host-name\":\"%s\"}}\n", name);
  } else if (strcmp(command, "guest-network-get-interfaces") == 0) {
    append(out, "{\"return\":");
    append_interfaces(out);
    append(out, "}\n");
  } else {
    append(out, "{\"error\":{\"class\":\"CommandNotFound\",\"desc\":\"not known here\"}}\n");
  }
}

static bool write_all(int fd, const char *bytes, size_t count) {
  while (count > 0) {
    const ssize_t wrote = write(fd, bytes, count);
    if (wrote < 0 && (errno == EINTR || errno == EAGAIN)) {
      usleep(10000);
      continue;
    }
    if (wrote <= 0) return false;
    bytes += wrote;
    count -= (size_t)wrote;
  }
  return true;
}

// Serves one opening of the port. An absent peer reads as end of file: wait for the next one.
static void serve(int fd) {
  static char line[line_bytes_max];
  size_t length = 0;
  for (;;) {
    const ssize_t got = read(fd, line + length, sizeof line - 1 - length);
    if (got == 0 || (got < 0 && (errno == EAGAIN || errno == EINTR))) {
      usleep(50000);
      continue;
    }
    if (got < 0) return;
    length += (size_t)got;
    line[length] = '\0';
    char *end = NULL;
    while ((end = memchr(line, '\n', length)) != NULL) {
      *end = '\0';
      // 0xFF is how the other side makes us drop a broken line that came before.
      char *start = line;
      for (char *at = line; at < end; ++at) {
        if ((unsigned char)*at == 0xff) start = at + 1;
      }
      start += strspn(start, " \t\r");
      struct text reply = {.length = 0};
      if (*start != '\0') answer(start, &reply);
      if (!write_all(fd, reply.bytes, reply.length)) return;
      length -= (size_t)(end + 1 - line);
      memmove(line, end + 1, length);
    }
    if (length >= sizeof line - 1) length = 0;
  }
}

int agent_command(const char *path) {
  for (;;) {
    const int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd >= 0) {
      struct termios mode;
      if (tcgetattr(fd, &mode) == 0) {
        cfmakeraw(&mode);
        tcsetattr(fd, TCSANOW, &mode);
      }
      serve(fd);
      close(fd);
    }
    usleep(200000);
  }
}
