// The program inside Cairn's demo and test guest: one static binary, several commands.
#ifndef CAIRN_GUEST_H
#define CAIRN_GUEST_H

#include <stdint.h>

// Serves the QEMU guest agent protocol on the virtio-serial port `path`, for ever.
int agent_command(const char *path);

// Writes numbered, checksummed blocks and prints what was acknowledged. See workload.c.
int write_command(int count, char **arguments);

// Checks what write_command left on a disk.
int verify_command(int count, char **arguments);

#endif
