#include <stdio.h>
#include <string.h>

#include "guest.h"

static int usage(void) {
  fputs(
      "usage: cairn-guest agent PORT\n"
      "       cairn-guest write DISK [--slots N] [--count N] [--interval-us N] [--ack-every N]\n"
      "       cairn-guest verify DISK --acked N [--slots N]\n",
      stderr);
  return 2;
}

int main(int count, char **arguments) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (count < 3) return usage();
  const char *command = arguments[1];
  if (strcmp(command, "agent") == 0) return agent_command(arguments[2]);
  if (strcmp(command, "write") == 0) return write_command(count - 2, arguments + 2);
  if (strcmp(command, "verify") == 0) return verify_command(count - 2, arguments + 2);
  return usage();
}
