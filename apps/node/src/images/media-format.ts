// What a file is, decided from its own bytes: never from its name and never by a tool's guess.
// Everything here is pure; `MediaBytes` is the window to the file. Whatever could make a later tool
// open another file (backing files, external data files, flat extents, parents) is refused here,
// before any tool sees the file.
//
// Formats and the facts that are checked:
//   qcow2  "QFI\xfb"            header versions 2 and 3, no backing file, data file, encryption
//   vmdk   "KDMV"               one sparse extent in the file itself, no parent
//   vhdx   "vhdxfile"           parents are refused by the inspection that follows
//   iso    "CD001" at 32 KiB    volume space size must fit into the file
//   raw    boot signature, GPT or a known file system; the partition table must fit into the file
import { ProblemError } from '../platform/problem';

export type MediaFormat = 'raw' | 'qcow2' | 'vmdk' | 'vhdx' | 'iso';

/** Random access to a file of `sizeBytes`; reads past its end return fewer bytes. */
export interface MediaBytes {
  readonly sizeBytes: number;
  read(offset: number, length: number): Promise<Buffer>;
}

const SECTOR = 512;
const ISO_SECTOR = 2048;

/** Signatures of files that people upload by mistake, with the word for them. */
const FOREIGN_SIGNATURES: ReadonlyArray<readonly [Buffer, string]> = [
  [Buffer.from([0x1f, 0x8b]), 'a gzip archive; unpack it first'],
  [Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a]), 'an xz archive; unpack it first'],
  [Buffer.from('BZh'), 'a bzip2 archive; unpack it first'],
  [Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), 'a zstd archive; unpack it first'],
  [Buffer.from('PK\u0003\u0004'), 'a zip archive; unpack it first'],
  [
    Buffer.from('# Disk DescriptorFile'),
    'a VMDK descriptor without its data; upload the -flat file',
  ],
  [Buffer.from('conectix'), 'a VHD image; convert it to VHDX'],
  [Buffer.from('%PDF'), 'a PDF document'],
  [Buffer.from('<'), 'a text or HTML document'],
];

/**
 * Tells the format of a file or refuses it with a `media.*` problem whose detail says why.
 */
export async function probeMedia(bytes: MediaBytes): Promise<MediaFormat> {
  const head = await bytes.read(0, 64 * 1024);
  if (head.length < SECTOR) throw unsupported('it is shorter than one sector');
  if (head.readUInt32BE(0) === 0x514649fb) return checkQcow2(head, bytes);
  if (head.toString('latin1', 0, 4) === 'KDMV') return checkVmdk(head, bytes);
  if (head.toString('latin1', 0, 8) === 'vhdxfile') return checkVhdx(bytes);
  if (head.toString('latin1', 0x8001, 0x8006) === 'CD001') return checkIso(head, bytes);
  const foreign = FOREIGN_SIGNATURES.find(([magic]) =>
    head.subarray(0, magic.length).equals(magic),
  );
  if (foreign !== undefined) throw unsupported(`it is ${foreign[1]}`);
  return checkRaw(head, bytes);
}

const QCOW2_INCOMPATIBLE_DIRTY = 1n;
const QCOW2_INCOMPATIBLE_CORRUPT = 2n;
const QCOW2_INCOMPATIBLE_DATA_FILE = 4n;
const QCOW2_INCOMPATIBLE_KNOWN = 0x1fn;

function checkQcow2(head: Buffer, bytes: MediaBytes): MediaFormat {
  const version = head.readUInt32BE(4);
  if (version !== 2 && version !== 3) throw unsupported(`it is qcow2 version ${version}`);
  if (head.readBigUInt64BE(8) !== 0n) throw external('a backing file');
  if (head.readUInt32BE(32) !== 0) throw unsupported('it is encrypted');
  if (head.readUInt32BE(60) !== 0) throw unsupported('it contains internal snapshots');
  const clusterBits = head.readUInt32BE(20);
  if (clusterBits < 9 || clusterBits > 21) throw corrupt('its cluster size is impossible');
  if (version === 3) {
    const incompatible = head.readBigUInt64BE(72);
    if ((incompatible & QCOW2_INCOMPATIBLE_DATA_FILE) !== 0n) throw external('a data file');
    if ((incompatible & QCOW2_INCOMPATIBLE_CORRUPT) !== 0n) throw corrupt('it is marked corrupt');
    if ((incompatible & QCOW2_INCOMPATIBLE_DIRTY) !== 0n)
      throw corrupt('it was not closed cleanly');
    if ((incompatible & ~QCOW2_INCOMPATIBLE_KNOWN) !== 0n)
      throw unsupported('it uses a new feature');
  }
  const l1Bytes = BigInt(head.readUInt32BE(36)) * 8n;
  if (head.readBigUInt64BE(40) + l1Bytes > BigInt(bytes.sizeBytes)) throw truncated();
  return 'qcow2';
}

async function checkVmdk(head: Buffer, bytes: MediaBytes): Promise<MediaFormat> {
  const descriptorOffset = head.readBigUInt64LE(28) * BigInt(SECTOR);
  const descriptorBytes = head.readBigUInt64LE(36) * BigInt(SECTOR);
  if (head.readBigUInt64LE(12) === 0n) throw external('data in other files');
  if (descriptorOffset === 0n || descriptorBytes === 0n) return 'vmdk';
  if (descriptorOffset + descriptorBytes > BigInt(bytes.sizeBytes)) throw truncated();
  if (descriptorBytes > 1024n * 1024n) throw corrupt('its descriptor is too long');
  const text = (await bytes.read(Number(descriptorOffset), Number(descriptorBytes)))
    .toString('latin1')
    .replace(/\0[\s\S]*$/, '');
  const type = /^\s*createType\s*=\s*"([^"]*)"/m.exec(text)?.[1];
  if (type !== 'monolithicSparse' && type !== 'streamOptimized') {
    throw external(`data in other files (type ${type ?? 'unknown'})`);
  }
  const extents = text.match(/^\s*(RW|RDONLY|NOACCESS)\s+\d+\s+\S+/gm) ?? [];
  const isOwnExtent = /^\s*RW\s+\d+\s+SPARSE$/.test(extents[0]?.trimEnd() ?? '');
  if (extents.length !== 1 || !isOwnExtent) throw external('more than its own extent');
  const parent = /^\s*parentCID\s*=\s*([0-9a-fA-F]+)/m.exec(text)?.[1] ?? 'ffffffff';
  if (parent.toLowerCase() !== 'ffffffff') throw external('a parent image');
  if (/^\s*parentFileNameHint\s*=/m.test(text)) throw external('a parent image');
  return 'vmdk';
}

async function checkVhdx(bytes: MediaBytes): Promise<MediaFormat> {
  const regions = await bytes.read(192 * 1024, 4);
  if (regions.toString('latin1') !== 'regi') throw truncated();
  return 'vhdx';
}

function checkIso(head: Buffer, bytes: MediaBytes): MediaFormat {
  const primary = head.subarray(0x8000, 0x8800);
  if (primary[0] !== 1) throw unsupported('its first volume descriptor is not primary');
  const volumeBytes = primary.readUInt32LE(80) * ISO_SECTOR;
  if (volumeBytes === 0) throw corrupt('it says that it is empty');
  if (volumeBytes > bytes.sizeBytes) throw truncated();
  return 'iso';
}

async function checkRaw(head: Buffer, bytes: MediaBytes): Promise<MediaFormat> {
  const hasBootSignature = head[510] === 0x55 && head[511] === 0xaa;
  const gpt = await bytes.read(SECTOR, SECTOR);
  const hasGpt = gpt.toString('latin1', 0, 8) === 'EFI PART';
  if (!hasBootSignature && !hasGpt && !hasFileSystem(head)) {
    throw unsupported('it is none of raw disk, qcow2, VMDK, VHDX or ISO');
  }
  if (hasGpt) {
    const backupEnd = (gpt.readBigUInt64LE(32) + 1n) * BigInt(SECTOR);
    if (backupEnd > BigInt(bytes.sizeBytes)) throw truncated();
  } else if (hasBootSignature) {
    checkPartitions(head, bytes.sizeBytes);
  }
  return 'raw';
}

/** Every used partition of a master boot record must lie within the file. */
function checkPartitions(head: Buffer, sizeBytes: number): void {
  for (let index = 0; index < 4; index += 1) {
    const entry = head.subarray(446 + index * 16, 462 + index * 16);
    const status = entry[0] ?? 0;
    if (status !== 0 && status !== 0x80) return;
    const type = entry[4] ?? 0;
    const endBytes = (entry.readUInt32LE(8) + entry.readUInt32LE(12)) * SECTOR;
    if (type !== 0 && type !== 0xee && endBytes > sizeBytes) throw truncated();
  }
}

function hasFileSystem(head: Buffer): boolean {
  const isExt = head.length > 1082 && head.readUInt16LE(1080) === 0xef53;
  const isXfs = head.toString('latin1', 0, 4) === 'XFSB';
  const isNtfs = head.toString('latin1', 3, 7) === 'NTFS';
  const isLvm = head.toString('latin1', SECTOR, SECTOR + 8) === 'LABELONE';
  return isExt || isXfs || isNtfs || isLvm;
}

function unsupported(why: string): ProblemError {
  return new ProblemError('media.unsupportedFormat', `The file cannot be used: ${why}.`);
}

function external(what: string): ProblemError {
  return new ProblemError(
    'media.externalReference',
    `The image refers to ${what}. Images must be complete in one file; flatten it first.`,
  );
}

function corrupt(why: string): ProblemError {
  return new ProblemError('media.corrupt', `The image is damaged: ${why}.`);
}

function truncated(): ProblemError {
  return new ProblemError('media.corrupt', 'The image is truncated: it ends before its data does.');
}
