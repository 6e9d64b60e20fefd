/**
 * What the machine has in block devices, and whether they are free: read from /sys and /proc, never written.
 *
 * A device is in use when it or a partition of it is mounted, is swap, or is held by another device (LVM, MD, crypt). It is
 * usable without force only when it holds nothing: no partition table and no known signature.
 */
import { open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface BlockDevice {
  readonly name: string;
  /** /dev/<name>. */
  readonly path: string;
  readonly tier: 'nvme' | 'ssd' | 'hdd';
  readonly model: string | null;
  readonly serial: string | null;
  readonly rotational: boolean;
  readonly sizeBytes: number;
  /** Why nobody may take it, or null. */
  readonly inUse: string | null;
}

/** Devices that are no drives: memory, loops, CD-ROMs, network disks and what is built on other devices. */
const NO_DRIVE = /^(loop|ram|zram|sr|fd|nbd|dm-|md|mtdblock|rbd|drbd)/;
const SECTOR_BYTES = 512;

/** Where the kernel tells; tests give a tree of their own. */
export interface SystemPaths {
  readonly sys: string;
  readonly proc: string;
  readonly dev: string;
}

export const SYSTEM_PATHS: SystemPaths = { sys: '/sys', proc: '/proc', dev: '/dev' };

export async function listBlockDevices(paths = SYSTEM_PATHS): Promise<readonly BlockDevice[]> {
  const names = await readdir(join(paths.sys, 'block')).catch(() => []);
  const taken = await devicesInUse(paths);
  const devices: BlockDevice[] = [];
  for (const name of names.filter((candidate) => !NO_DRIVE.test(candidate)).sort()) {
    const device = await describe(name, paths, taken);
    if (device.sizeBytes > 0) devices.push(device);
  }
  return devices;
}

async function describe(
  name: string,
  paths: SystemPaths,
  taken: ReadonlyMap<string, string>,
): Promise<BlockDevice> {
  const directory = join(paths.sys, 'block', name);
  const rotational = (await attribute(directory, 'queue/rotational')) === '1';
  return {
    name,
    path: join(paths.dev, name),
    tier: name.startsWith('nvme') ? 'nvme' : rotational ? 'hdd' : 'ssd',
    model: await attribute(directory, 'device/model'),
    serial: (await attribute(directory, 'device/serial')) ?? (await attribute(directory, 'serial')),
    rotational,
    sizeBytes: Number((await attribute(directory, 'size')) ?? 0) * SECTOR_BYTES,
    inUse: await useOf(directory, taken),
  };
}

/** The device's own use, else the first use of one of its partitions. */
async function useOf(
  directory: string,
  taken: ReadonlyMap<string, string>,
): Promise<string | null> {
  const entries = await readdir(directory).catch(() => []);
  const partitions: string[] = [];
  for (const entry of entries) {
    if ((await attribute(join(directory, entry), 'partition')) !== null) partitions.push(entry);
  }
  for (const part of ['', ...partitions]) {
    const number = await attribute(join(directory, part), 'dev');
    const use = number === null ? undefined : taken.get(number);
    const subject = part === '' ? 'it' : part;
    if (use !== undefined) return `${subject} is ${use}`;
    const holders = await readdir(join(directory, part, 'holders')).catch(() => []);
    if (holders.length > 0) return `${subject} is part of ${holders.join(', ')}`;
  }
  return null;
}

async function attribute(directory: string, name: string): Promise<string | null> {
  const text = await readFile(join(directory, name), 'utf8').catch(() => '');
  const trimmed = text.replaceAll('\0', '').trim();
  return trimmed === '' ? null : trimmed;
}

/** "MAJOR:MINOR" of every mounted and every swap device, with its use. */
async function devicesInUse(paths: SystemPaths): Promise<ReadonlyMap<string, string>> {
  const taken = new Map<string, string>();
  const mounts = await readFile(join(paths.proc, 'self/mountinfo'), 'utf8').catch(() => '');
  for (const line of mounts.split('\n')) {
    const [, , number, , mountPoint] = line.split(' ');
    if (number === undefined || mountPoint === undefined || taken.has(number)) continue;
    taken.set(number, `mounted at ${mountPoint}`);
  }
  const swaps = await readFile(join(paths.proc, 'swaps'), 'utf8').catch(() => '');
  for (const line of swaps.split('\n').slice(1)) {
    const path = line.split(/\s/)[0] ?? '';
    if (!path.startsWith(paths.dev)) continue;
    const name = path.slice(paths.dev.length + 1);
    const number = await attribute(join(paths.sys, 'class/block', name), 'dev');
    if (number !== null) taken.set(number, 'swap space');
  }
  return taken;
}

const HEAD_BYTES = 128 * 1024;

/** [what, offset, bytes] */
const SIGNATURES: readonly (readonly [string, number, string])[] = [
  ['an ext file system', 0x438, '53ef'],
  ['an XFS file system', 0, '58465342'],
  ['a Btrfs file system', 0x10040, '5f42485266535f4d'],
  ['an LVM volume', 0x218, '4c564d32'],
  ['an encrypted volume (LUKS)', 0, '4c554b53babe'],
  ['a GPT partition table', 0x200, '4546492050415254'],
  ['a GPT partition table', 0x1000, '4546492050415254'],
  ['swap space', 0xff6, '53574150535041434532'],
  ['a Ceph store', 0, '626c756573746f7265'],
  ['a partition table or boot sector', 0x1fe, '55aa'],
];

/** What the beginning of a device or file holds: null if it is empty, else words for people. */
export function signatureOf(head: Buffer): string | null {
  for (const [what, offset, hex] of SIGNATURES) {
    const bytes = Buffer.from(hex, 'hex');
    if (head.subarray(offset, offset + bytes.length).equals(bytes)) return what;
  }
  return head.every((byte) => byte === 0) ? null : 'unknown data';
}

/** Reads the beginning of a device; rejects when that is not permitted. */
export async function readHead(path: string): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const head = Buffer.alloc(HEAD_BYTES);
    const { bytesRead } = await file.read(head, 0, HEAD_BYTES, 0);
    return head.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
