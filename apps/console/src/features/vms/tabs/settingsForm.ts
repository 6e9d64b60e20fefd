/** The settings of a VM as a form, and the patch that a changed form becomes. Pure. */
import {
  bootDeviceSchema,
  descriptionSchema,
  firmwareSchema,
  MIB,
  nameSchema,
  tagsSchema,
  VM_MEMORY_BYTES_MAX,
  VM_MEMORY_BYTES_MIN,
  VM_VCPUS_MAX,
  type BootDevice,
  type Vm,
  type VmPatch,
} from '@cairn/contracts';
import { z } from 'zod';

import { formatBytes, parseBytes } from '../../../components/format';

/** A count of vCPUs as text. */
export const vcpusTextSchema = z.string().refine((text) => {
  const count = Number(text);
  return Number.isInteger(count) && count >= 1 && count <= VM_VCPUS_MAX;
}, `A whole number from 1 to ${VM_VCPUS_MAX}`);

/** A size of memory as text: whole MiB within the bounds. */
export const memoryTextSchema = z.string().refine(
  (text) => {
    const bytes = parseBytes(text);
    return (
      bytes !== null &&
      bytes % MIB === 0 &&
      bytes >= VM_MEMORY_BYTES_MIN &&
      bytes <= VM_MEMORY_BYTES_MAX
    );
  },
  `Whole MiB from ${formatBytes(VM_MEMORY_BYTES_MIN)} to ${formatBytes(VM_MEMORY_BYTES_MAX)}, such as 4 GiB`,
);

/** Tags separated by spaces or commas. */
export const tagsTextSchema = z
  .string()
  .refine((text) => tagsSchema.safeParse(splitTags(text)).success, {
    message: 'Up to 32 different words of a-z 0-9 . _ -',
  });

export const settingsFormSchema = z.object({
  name: nameSchema,
  description: descriptionSchema,
  tags: tagsTextSchema,
  vcpus: vcpusTextSchema,
  memory: memoryTextSchema,
  firmware: firmwareSchema,
  boot: bootDeviceSchema,
  deletionProtection: z.boolean(),
});
export type SettingsForm = z.infer<typeof settingsFormSchema>;

/** The form of a VM. */
export function settingsOf(vm: Vm): SettingsForm {
  return {
    name: vm.name,
    description: vm.description,
    tags: vm.tags.join(' '),
    vcpus: String(vm.vcpus),
    memory: formatBytes(vm.memoryBytes),
    firmware: vm.firmware,
    boot: vm.bootOrder[0] ?? 'disk',
    deletionProtection: vm.deletionProtection,
  };
}

/** Only what was changed, so that two people can change different things. */
export function patchOf(vm: Vm, form: SettingsForm): VmPatch {
  const before = settingsOf(vm);
  return {
    ...(form.name === before.name ? {} : { name: form.name }),
    ...(form.description === before.description ? {} : { description: form.description }),
    ...(form.tags === before.tags ? {} : { tags: splitTags(form.tags) }),
    ...(form.vcpus === before.vcpus ? {} : { vcpus: Number(form.vcpus) }),
    ...(form.memory === before.memory ? {} : { memoryBytes: parseBytes(form.memory) ?? 0 }),
    ...(form.firmware === before.firmware ? {} : { firmware: form.firmware }),
    ...(form.boot === before.boot ? {} : { bootOrder: bootFirst(vm.bootOrder, form.boot) }),
    ...(form.deletionProtection === before.deletionProtection
      ? {}
      : { deletionProtection: form.deletionProtection }),
  };
}

/** The words of a text, each once. */
export function splitTags(text: string): string[] {
  return [...new Set(text.split(/[\s,]+/).filter(Boolean))];
}

/** Puts one device in front and keeps the order of the others. */
export function bootFirst(order: readonly BootDevice[], first: BootDevice): BootDevice[] {
  return [first, ...order.filter((device) => device !== first)];
}
