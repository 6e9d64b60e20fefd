/**
 * What a VM is made of, as the runtime is told: the input of the command-line builder and the
 * record that lets a restarted service adopt a running guest.
 *
 * Every string in it may come from an administrator, so the schema is the door: whatever passes
 * cannot add an option, leave its directory or name a host path outside the given sockets.
 * Lengths and counts are bounded here and nowhere else.
 */
import { z } from 'zod';

/** Longest path of a unix socket that fits `sockaddr_un` with its terminator. */
export const SOCKET_PATH_BYTES_MAX = 107;

const deviceId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/);
const uuid = z.uuid().transform((text) => text.toLowerCase());
const exportName = z.string().regex(/^[A-Za-z0-9_.:/-]{1,255}$/);
const serial = z.string().regex(/^[A-Za-z0-9_.-]{1,20}$/);
const printableLine = /^[^\p{Cc}\u2028\u2029]+$/u;
const bytes = z.int().positive();

const socketPath = z
  .string()
  .startsWith('/')
  .refine((path) => !/\p{Cc}/u.test(path), 'socket path has a control character')
  .refine((path) => Buffer.byteLength(path) <= SOCKET_PATH_BYTES_MAX, 'socket path too long')
  .refine((path) => !path.split('/').includes('..'), 'socket path has a ".." segment');

/** A block device served over NBD on a unix socket. */
export const nbdSourceSchema = z
  .strictObject({ kind: z.literal('nbd'), socketPath, exportName })
  .readonly();

const diskSchema = z
  .strictObject({
    id: deviceId,
    role: z.literal('disk'),
    /** `sata` is IDE on `pc-i440fx-*` machines. */
    bus: z.enum(['virtio-blk', 'virtio-scsi', 'sata']),
    source: nbdSourceSchema,
    readOnly: z.boolean().default(false),
    /** Shown to the guest; at most 20 characters, the limit of virtio-blk. */
    serial: serial.optional(),
    iopsLimit: z.int().positive().optional(),
    bpsLimit: z.int().positive().optional(),
  })
  .readonly();

const cdromSchema = z
  .strictObject({
    id: deviceId,
    role: z.literal('cdrom'),
    bus: z.literal('sata'),
    /** `null`: an empty drive. */
    source: nbdSourceSchema.nullable(),
  })
  .readonly();

const hostForwardSchema = z
  .strictObject({
    protocol: z.enum(['tcp', 'udp']),
    hostAddress: z.ipv4().default('127.0.0.1'),
    hostPort: z.int().min(1).max(65535),
    guestPort: z.int().min(1).max(65535),
  })
  .readonly();

const nicCommon = {
  id: deviceId,
  mac: z
    .string()
    .regex(/^[0-9a-fA-F][02468aceACE](:[0-9a-fA-F]{2}){5}$/)
    .transform((mac) => mac.toLowerCase()),
  model: z.enum(['virtio', 'e1000']),
  mtu: z.int().min(576).max(9216).optional(),
  connected: z.boolean().default(true),
};

const nicSchema = z.discriminatedUnion('kind', [
  z
    .strictObject({
      ...nicCommon,
      kind: z.literal('user'),
      hostForwards: z.array(hostForwardSchema).max(32).readonly().default([]),
    })
    .readonly(),
  z
    .strictObject({
      ...nicCommon,
      kind: z.literal('bridge'),
      bridge: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$/),
    })
    .readonly(),
]);

const cloudInitSchema = z
  .strictObject({
    userData: z.string().max(512 * 1024),
    metaData: z.string().max(64 * 1024),
    networkConfig: z
      .string()
      .max(64 * 1024)
      .nullable(),
  })
  .readonly();

export const vmSpecSchema = z
  .strictObject({
    id: uuid,
    name: z.string().max(128).regex(printableLine),
    /** Changes whenever the guest may have gone back in time (restore, clone): vmgenid. */
    generationId: uuid,
    vcpus: z.int().min(1).max(256),
    memoryBytes: bytes
      .min(32 * 2 ** 20)
      .max(4 * 2 ** 40)
      .multipleOf(2 ** 20),
    firmware: z.enum(['bios', 'uefi']),
    secureBoot: z.literal(false).default(false),
    /** A versioned type, pinned for the life of the VM so that QEMU can be replaced under it. */
    machineType: z
      .string()
      .regex(/^pc-(q35|i440fx)-[0-9]{1,2}\.[0-9]{1,2}$/)
      .default('pc-q35-7.2'),
    /** `baseline` = x86-64-v2-AES under KVM, everything TCG can do under TCG. */
    cpuModel: z.enum(['baseline', 'x86-64-v2-AES', 'x86-64-v3', 'host']).default('baseline'),
    /** Disk and NIC ids, first to boot first; devices left out are not booted from. */
    bootOrder: z.array(deviceId).max(32).readonly().default([]),
    disks: z
      .array(z.discriminatedUnion('role', [diskSchema, cdromSchema]))
      .max(20)
      .readonly(),
    nics: z.array(nicSchema).max(8).readonly(),
    cloudInit: cloudInitSchema.nullable().default(null),
    /** Where UEFI keeps its variables; `null`: a file in the VM's state directory. */
    nvram: nbdSourceSchema.nullable().default(null),
    rng: z.boolean().default(true),
    balloon: z.boolean().default(true),
  })
  .readonly()
  .superRefine((spec, context) => {
    for (const problem of specProblems(spec)) context.addIssue({ code: 'custom', ...problem });
  });

/** A complete, checked VM. Make one with `parseVmSpec`. */
export type VmSpec = z.output<typeof vmSpecSchema>;
/** What callers write: fields with defaults may be left out. */
export type VmSpecInput = z.input<typeof vmSpecSchema>;
export type VmDisk = VmSpec['disks'][number];
export type VmNic = VmSpec['nics'][number];
export type NbdSource = z.output<typeof nbdSourceSchema>;
export type CloudInit = z.output<typeof cloudInitSchema>;

/** @throws ZodError naming every field that is wrong. */
export function parseVmSpec(input: unknown): VmSpec {
  return vmSpecSchema.parse(input);
}

interface SpecProblem {
  readonly path: (string | number)[];
  readonly message: string;
}

interface Identified {
  readonly machineType: string;
  readonly disks: readonly { readonly id: string; readonly bus: string }[];
  readonly nics: readonly { readonly id: string }[];
  readonly bootOrder: readonly string[];
}

/** SATA ports of q35's own controller. */
const SATA_PORTS = 6;
const VIRTIO_BLK_DISKS_MAX = 16;
/** The older machine has one PCI bus for everything and four IDE drives. */
const I440FX_DISKS_MAX = 14;
const I440FX_NICS_MAX = 6;
const I440FX_IDE_DRIVES = 4;

function specProblems(spec: Identified): SpecProblem[] {
  const problems: SpecProblem[] = [];
  const ids = [...spec.disks, ...spec.nics].map((device) => device.id);
  if (new Set(ids).size !== ids.length) {
    problems.push({ path: ['disks'], message: 'two devices have the same id' });
  }
  const unknown = spec.bootOrder.find((id) => !ids.includes(id));
  if (unknown !== undefined) {
    problems.push({ path: ['bootOrder'], message: `no device has the id ${unknown}` });
  }
  if (new Set(spec.bootOrder).size !== spec.bootOrder.length) {
    problems.push({ path: ['bootOrder'], message: 'a device is named twice' });
  }
  const onBus = (bus: string): number => spec.disks.filter((disk) => disk.bus === bus).length;
  if (onBus('sata') > SATA_PORTS) {
    problems.push({ path: ['disks'], message: `more than ${SATA_PORTS} SATA devices` });
  }
  if (spec.machineType.startsWith('pc-i440fx')) {
    if (spec.disks.length > I440FX_DISKS_MAX || onBus('sata') > I440FX_IDE_DRIVES) {
      problems.push({ path: ['disks'], message: 'too many disks for this machine type' });
    }
    if (spec.nics.length > I440FX_NICS_MAX) {
      problems.push({ path: ['nics'], message: 'too many NICs for this machine type' });
    }
  }
  if (onBus('virtio-blk') > VIRTIO_BLK_DISKS_MAX) {
    problems.push({ path: ['disks'], message: `more than ${VIRTIO_BLK_DISKS_MAX} on virtio-blk` });
  }
  return problems;
}
