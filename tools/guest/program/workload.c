// A disk workload that can prove a lost write.
//
// The disk is an array of slots of one 4 KiB block each. Block number N (from 1) goes into slot
// N % slots, carries N and a checksum, and is written with O_DIRECT | O_DSYNC, so that the write
// returns only when the disk has acknowledged it as durable. Only then is "ACK N" printed. Whoever
// reads the serial line therefore knows a set of writes that must be on the disk, whatever happens
// to the guest, the hypervisor or the storage afterwards.
//
// Lines on the standard output:
//   START first=N slots=N      ACK N uptime_ms      STALL N ms (a write that took over 200 ms)
//   ERROR N errno text (the guest saw an I/O error; the write is tried again)
//   DONE last=N stall_ms_max=N errors=N
//   VERIFY ok|FAILED slots=N acked=N highest=N lost=N broken=N
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "guest.h"

enum { block_bytes = 4096, stall_ms = 200, retry_us = 200000, holes_max = 16 };
static const char magic[8] = "CAIRNSEQ";

struct block_header {
  char magic[8];
  uint64_t number;
  uint64_t slot;
  uint32_t crc;  // Of the whole block with this field zero.
  uint32_t reserved;
};

struct workload {
  const char *disk;
  uint64_t slots;  // 0: as many as fit, at most 8192.
  uint64_t count;  // 0: for ever.
  uint64_t interval_us;
  uint64_t ack_every;
  uint64_t acked;
};

static uint32_t crc_table[256];

static void make_crc_table(void) {
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) ? 0x82f63b78U ^ (crc >> 1) : crc >> 1;
    crc_table[byte] = crc;
  }
}

static uint32_t crc32c(const uint8_t *bytes, size_t count) {
  uint32_t crc = ~0U;
  for (size_t i = 0; i < count; ++i) crc = crc_table[(crc ^ bytes[i]) & 255] ^ (crc >> 8);
  return ~crc;
}

static uint64_t uptime_ms(void) {
  struct timespec time;
  clock_gettime(CLOCK_BOOTTIME, &time);
  return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

static void fill_block(uint8_t *block, uint64_t number, uint64_t slot) {
  struct block_header *header = (struct block_header *)block;
  uint64_t pattern = number * 0x9e3779b97f4a7c15ULL + slot + 1;
  for (size_t at = sizeof *header; at < block_bytes; at += sizeof pattern) {
    pattern ^= pattern << 13;
    pattern ^= pattern >> 7;
    pattern ^= pattern << 17;
    memcpy(block + at, &pattern, sizeof pattern);
  }
  memcpy(header->magic, magic, sizeof magic);
  header->number = number;
  header->slot = slot;
  header->crc = 0;
  header->reserved = 0;
  header->crc = crc32c(block, block_bytes);
}

// The block's number, or 0 when it is not a whole block of this slot.
static uint64_t read_number(uint8_t *block, uint64_t slot) {
  struct block_header *header = (struct block_header *)block;
  if (memcmp(header->magic, magic, sizeof magic) != 0) return 0;
  const uint32_t crc = header->crc;
  header->crc = 0;
  const bool whole = crc32c(block, block_bytes) == crc;
  header->crc = crc;
  return whole && header->slot == slot ? header->number : 0;
}

static bool parse(int count, char **arguments, struct workload *work) {
  *work = (struct workload){.disk = arguments[0], .ack_every = 1};
  for (int i = 1; i + 1 < count; i += 2) {
    char *end = NULL;
    const uint64_t value = strtoull(arguments[i + 1], &end, 10);
    if (*end != '\0') return false;
    if (strcmp(arguments[i], "--slots") == 0) work->slots = value;
    else if (strcmp(arguments[i], "--count") == 0) work->count = value;
    else if (strcmp(arguments[i], "--interval-us") == 0) work->interval_us = value;
    else if (strcmp(arguments[i], "--ack-every") == 0) work->ack_every = value;
    else if (strcmp(arguments[i], "--acked") == 0) work->acked = value;
    else return false;
  }
  return count % 2 == 1 && work->ack_every > 0;
}

static int open_disk(struct workload *work, int flags) {
  int fd = open(work->disk, flags | O_DIRECT | O_CLOEXEC);
  if (fd < 0 && errno == EINVAL) fd = open(work->disk, flags | O_CLOEXEC);  // tmpfs
  struct stat info;
  if (fd < 0 || fstat(fd, &info) != 0) {
    fprintf(stderr, "%s: %s\n", work->disk, strerror(errno));
    return -1;
  }
  uint64_t size = (uint64_t)info.st_size;
  if (S_ISBLK(info.st_mode) && ioctl(fd, BLKGETSIZE64, &size) != 0) size = 0;
  const uint64_t fit = size / block_bytes;
  if (work->slots == 0) work->slots = 8192;
  if (work->slots > fit) work->slots = fit;
  if (work->slots == 0) {
    fprintf(stderr, "%s: too small\n", work->disk);
    close(fd);
    return -1;
  }
  return fd;
}

static uint8_t *make_buffer(void) {
  void *buffer =
      mmap(NULL, block_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return buffer == MAP_FAILED ? NULL : buffer;
}

static uint64_t highest_number(int fd, uint8_t *block, uint64_t slots) {
  uint64_t highest = 0;
  int holes = 0;  // Several in a row: nothing was written from here on.
  for (uint64_t slot = 0; slot < slots && holes < holes_max; ++slot) {
    if (pread(fd, block, block_bytes, (off_t)(slot * block_bytes)) != block_bytes) break;
    const uint64_t number = read_number(block, slot);
    if (number > highest) highest = number;
    holes = number == 0 ? holes + 1 : 0;
  }
  return highest;
}

int write_command(int count, char **arguments) {
  struct workload work;
  make_crc_table();
  if (!parse(count, arguments, &work)) return 2;
  const int fd = open_disk(&work, O_RDWR | O_DSYNC);
  uint8_t *block = make_buffer();
  if (fd < 0 || block == NULL) return 1;

  uint64_t number = highest_number(fd, block, work.slots);
  uint64_t stall_ms_max = 0;
  uint64_t errors = 0;
  printf("START first=%llu slots=%llu\n", (unsigned long long)(number + 1),
         (unsigned long long)work.slots);
  for (uint64_t written = 0; work.count == 0 || written < work.count;) {
    const uint64_t slot = (number + 1) % work.slots;
    fill_block(block, number + 1, slot);
    const uint64_t before = uptime_ms();
    const ssize_t got = pwrite(fd, block, block_bytes, (off_t)(slot * block_bytes));
    const uint64_t took = uptime_ms() - before;
    if (took > stall_ms_max) stall_ms_max = took;
    if (took > stall_ms) {
      printf("STALL %llu %llu\n", (unsigned long long)(number + 1), (unsigned long long)took);
    }
    if (got != block_bytes) {
      ++errors;
      printf("ERROR %llu %d %s\n", (unsigned long long)(number + 1), errno, strerror(errno));
      usleep(retry_us);
      continue;
    }
    ++number;
    ++written;
    if (number % work.ack_every == 0) {
      printf("ACK %llu %llu\n", (unsigned long long)number, (unsigned long long)uptime_ms());
    }
    if (work.interval_us > 0) usleep((useconds_t)work.interval_us);
  }
  printf("DONE last=%llu stall_ms_max=%llu errors=%llu\n", (unsigned long long)number,
         (unsigned long long)stall_ms_max, (unsigned long long)errors);
  return 0;
}

// The newest acknowledged number that belongs into the slot; 0 when none was.
static uint64_t newest_acked(uint64_t acked, uint64_t slot, uint64_t slots) {
  const uint64_t behind = (acked % slots + slots - slot) % slots;
  return acked > behind ? acked - behind : 0;
}

int verify_command(int count, char **arguments) {
  struct workload work;
  make_crc_table();
  if (!parse(count, arguments, &work)) return 2;
  const int fd = open_disk(&work, O_RDONLY);
  uint8_t *block = make_buffer();
  if (fd < 0 || block == NULL) return 1;

  uint64_t highest = 0;
  uint64_t lost = 0;
  uint64_t broken = 0;
  for (uint64_t slot = 0; slot < work.slots; ++slot) {
    const uint64_t wanted = newest_acked(work.acked, slot, work.slots);
    uint64_t number = 0;
    if (pread(fd, block, block_bytes, (off_t)(slot * block_bytes)) == block_bytes) {
      number = read_number(block, slot);
    }
    if (number > highest) highest = number;
    if (number != 0 && number % work.slots != slot) ++broken;
    if (number >= wanted) continue;
    ++lost;
    if (lost <= 5) {
      printf("LOST slot=%llu has=%llu wanted=%llu\n", (unsigned long long)slot,
             (unsigned long long)number, (unsigned long long)wanted);
    }
  }
  const bool good = lost == 0 && broken == 0;
  printf("VERIFY %s slots=%llu acked=%llu highest=%llu lost=%llu broken=%llu\n",
         good ? "ok" : "FAILED", (unsigned long long)work.slots, (unsigned long long)work.acked,
         (unsigned long long)highest, (unsigned long long)lost, (unsigned long long)broken);
  return good ? 0 : 1;
}
