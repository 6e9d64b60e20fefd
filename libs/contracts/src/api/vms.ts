/** Virtual machines: what was asked for (the spec) beside what is (the status). */
import { z } from 'zod';
import { cloudInitInputSchema, cloudInitSchema } from './cloud-init';
import { listOf } from './lists';
import {
  byteCountSchema,
  conditionSchema,
  descriptionSchema,
  guidSchema,
  idSchema,
  MIB,
  nameSchema,
  resourceBase,
  tagsSchema,
  TIB,
  timeSchema,
} from './primitives';
import { named } from './schema-names';
import { VM_DISKS_MAX, vmDiskCreateSchema, vmDiskSchema } from './vm-disks';
import { VM_NICS_MAX, vmNicCreateSchema, vmNicSchema } from './vm-nics';

export const VM_VCPUS_MAX = 128;
export const VM_MEMORY_BYTES_MIN = 64 * MIB;
export const VM_MEMORY_BYTES_MAX = TIB;

const vcpusSchema = z.int().min(1).max(VM_VCPUS_MAX);
const memorySchema = z.int().min(VM_MEMORY_BYTES_MIN).max(VM_MEMORY_BYTES_MAX).multipleOf(MIB);

export const firmwareSchema = z.enum(['bios', 'uefi']);
export type Firmware = z.infer<typeof firmwareSchema>;

/** A family, or a family pinned to a version of the virtual hardware. */
export const machineTypeSchema = z
  .string()
  .regex(
    /^(?:q35|i440fx|pc-(?:q35|i440fx)-\d{1,2}\.\d{1,2})$/,
    'must be q35, i440fx or pc-q35-7.2',
  );

export const cpuModelSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be the name of a CPU model');

export const bootDeviceSchema = z.enum(['disk', 'cdrom', 'network']);
export type BootDevice = z.infer<typeof bootDeviceSchema>;
const bootOrderSchema = z
  .array(bootDeviceSchema)
  .min(1)
  .max(3)
  .refine((order) => new Set(order).size === order.length, 'must not name a device twice');

export const desiredPowerStateSchema = z.enum(['running', 'paused', 'stopped']);
export type DesiredPowerState = z.infer<typeof desiredPowerStateSchema>;

/** The states of a VM as an observer sees them. */
export const vmStates = [
  'provisioning',
  'stopped',
  'starting',
  'running',
  'paused',
  'ioSuspended',
  'stopping',
  'crashed',
  'migratingOut',
  'migratingIn',
  'deleting',
  'failed',
  'unknown',
] as const;
export const vmStateSchema = named('VmState', z.enum(vmStates));
export type VmState = z.infer<typeof vmStateSchema>;

export const vmStatusSchema = named(
  'VmStatus',
  z.object({
    state: vmStateSchema,
    since: timeSchema,
    nodeId: guidSchema.nullable(),
    accelerator: z.enum(['kvm', 'tcg']).nullable(),
    machineType: z.string().nullable().describe('The versioned type that runs.'),
    startedAt: timeSchema.nullable(),
    guestAgent: z.boolean().describe('The agent in the guest answers.'),
    restartPending: z.boolean().describe('A change waits for the next power cycle.'),
    cpuRatio: z.number().min(0).nullable().describe('Of all vCPUs together, 0 to 1.'),
    memoryUsedBytes: byteCountSchema.nullable(),
    lastError: z.string().nullable(),
    conditions: z.array(conditionSchema),
  }),
);
export type VmStatus = z.infer<typeof vmStatusSchema>;

export const vmSchema = named(
  'Vm',
  z.object({
    ...resourceBase,
    name: z.string(),
    description: z.string(),
    tags: z.array(z.string()),
    desiredPowerState: desiredPowerStateSchema,
    vcpus: z.int(),
    memoryBytes: byteCountSchema,
    firmware: firmwareSchema,
    machineType: z.string(),
    cpuModel: z.string().nullable().describe("Null is the cluster's baseline."),
    bootOrder: z.array(bootDeviceSchema),
    cloudInit: cloudInitSchema.nullable(),
    deletionProtection: z.boolean(),
    disks: z.array(vmDiskSchema),
    nics: z.array(vmNicSchema),
    status: vmStatusSchema,
  }),
);
export type Vm = z.infer<typeof vmSchema>;

export const vmListSchema = listOf('Vm', vmSchema);

export const vmCreateSchema = named(
  'VmCreate',
  z.strictObject({
    id: idSchema.optional(),
    name: nameSchema,
    description: descriptionSchema.default(''),
    tags: tagsSchema.default([]),
    vcpus: vcpusSchema,
    memoryBytes: memorySchema,
    firmware: firmwareSchema.default('bios'),
    machineType: machineTypeSchema.default('q35'),
    cpuModel: cpuModelSchema.nullable().default(null),
    bootOrder: bootOrderSchema.default(['disk', 'cdrom', 'network']),
    cloudInit: cloudInitInputSchema.nullable().default(null),
    deletionProtection: z.boolean().default(false),
    disks: z.array(vmDiskCreateSchema).max(VM_DISKS_MAX).default([]),
    nics: z.array(vmNicCreateSchema).max(VM_NICS_MAX).default([]),
    start: z.boolean().default(false).describe('Start the VM when it is made.'),
  }),
);
export type VmCreate = z.infer<typeof vmCreateSchema>;
export type VmCreateInput = z.input<typeof vmCreateSchema>;

/** Hardware may be patched at any time; on a running VM it takes effect at the next power cycle. */
export const vmPatchSchema = named(
  'VmPatch',
  z.strictObject({
    name: nameSchema.optional(),
    description: descriptionSchema.optional(),
    tags: tagsSchema.optional(),
    vcpus: vcpusSchema.optional(),
    memoryBytes: memorySchema.optional(),
    firmware: firmwareSchema.optional(),
    machineType: machineTypeSchema.optional(),
    cpuModel: cpuModelSchema.nullable().optional(),
    bootOrder: bootOrderSchema.optional(),
    cloudInit: cloudInitInputSchema.nullable().optional(),
    deletionProtection: z.boolean().optional(),
  }),
);
export type VmPatch = z.infer<typeof vmPatchSchema>;

/** Verbs that change what a VM does, each at `POST /vms/{vmId}/actions/{verb}`. */
export const vmPowerVerbs = [
  'start',
  'shutdown',
  'stop',
  'reboot',
  'reset',
  'pause',
  'resume',
] as const;
export type VmPowerVerb = (typeof vmPowerVerbs)[number];

export const vmShutdownSchema = named(
  'VmShutdown',
  z.strictObject({
    deadlineSeconds: z.int().min(1).max(3600).default(120),
    thenStop: z.boolean().default(false).describe('Cut the power when the guest ignores it.'),
  }),
);
export type VmShutdown = z.infer<typeof vmShutdownSchema>;
