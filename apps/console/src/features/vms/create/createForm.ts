/** The form that creates a VM, what it sends, and the summary of its effect. Pure. */
import {
  cloudInitInputSchema,
  firmwareSchema,
  nameSchema,
  type Image,
  type Iso,
  type VmCreateInput,
  type VmDiskCreateInput,
} from '@cairn/contracts';
import { z } from 'zod';

import { formatBytes, parseBytes, pluralize } from '../../../components/format';
import { readVolumeSize } from '../../../components/volumeSize';
import { networkOf } from '../actions/NetworkSelect';
import { networkText } from '../diskView';
import { memoryTextSchema, splitTags, tagsTextSchema, vcpusTextSchema } from '../tabs/settingsForm';

export const createFormSchema = z
  .object({
    name: nameSchema,
    tags: tagsTextSchema,
    vcpus: vcpusTextSchema,
    memory: memoryTextSchema,
    firmware: firmwareSchema,
    source: z.enum(['image', 'iso', 'blank']),
    imageId: z.string(),
    isoId: z.string(),
    diskSize: z.string(),
    network: z.string(),
    cloudInit: z.enum(['none', 'form', 'text']),
    hostname: z.string(),
    userName: z.string(),
    password: z.string(),
    sshKeys: z.string(),
    userData: z.string(),
    start: z.boolean(),
  })
  .superRefine((form, context) => {
    const fault = (path: keyof typeof form, message: string): void => {
      context.addIssue({ code: 'custom', path: [path], message });
    };
    if (form.source === 'image' && form.imageId === '') fault('imageId', 'Choose an image');
    if (form.source === 'iso' && form.isoId === '') fault('isoId', 'Choose an ISO');
    const size = readVolumeSize(form.diskSize);
    const mayBeEmpty = form.source === 'image' && form.diskSize.trim() === '';
    if (size.kind === 'bad' && !mayBeEmpty) fault('diskSize', size.fault);
    const cloudInit = cloudInitInputSchema.nullable().safeParse(cloudInitOf(form));
    for (const issue of cloudInit.error?.issues ?? []) {
      fault(cloudInitField(issue.path[0]), issue.message);
    }
  });
export type CreateForm = z.infer<typeof createFormSchema>;

export const emptyForm: CreateForm = {
  name: '',
  tags: '',
  vcpus: '2',
  memory: '2 GiB',
  firmware: 'bios',
  source: 'image',
  imageId: '',
  isoId: '',
  diskSize: '',
  network: 'user',
  cloudInit: 'none',
  hostname: '',
  userName: '',
  password: '',
  sshKeys: '',
  userData: '#cloud-config\n',
  start: true,
};

/** The disk's size that a source suggests. */
export function suggestedDiskSize(source: CreateForm['source'], image?: Image): string {
  if (source !== 'image') return '20 GiB';
  const bytes = image?.status.virtualSizeBytes;
  return bytes === null || bytes === undefined ? '' : formatBytes(bytes);
}

/** What is wrong between fields and the chosen image; null when nothing is. */
export function imageSizeFault(form: CreateForm, image?: Image): string | null {
  if (form.source !== 'image' || form.diskSize.trim() === '') return null;
  const minBytes = image?.status.virtualSizeBytes ?? 0;
  const size = readVolumeSize(form.diskSize);
  if (size.kind === 'bad' || size.bytes >= minBytes) return null;
  if (formatBytes(size.bytes) === formatBytes(minBytes)) return null;
  return `The image needs at least ${formatBytes(minBytes)}`;
}

/** The request of a complete form. */
export function requestOf(form: CreateForm, image?: Image): VmCreateInput {
  return {
    name: form.name,
    tags: splitTags(form.tags),
    vcpus: Number(form.vcpus),
    memoryBytes: parseBytes(form.memory) ?? 0,
    firmware: form.firmware,
    bootOrder: ['disk', 'cdrom', 'network'],
    disks: disksOf(form, image),
    nics: form.network === 'none' ? [] : [{ network: networkOf(form.network) }],
    cloudInit: cloudInitOf(form),
    start: form.start,
  };
}

function disksOf(form: CreateForm, image?: Image): VmDiskCreateInput[] {
  const size = readVolumeSize(form.diskSize);
  switch (form.source) {
    case 'image': {
      const virtualBytes = image?.status.virtualSizeBytes ?? 0;
      const isLarger = size.kind === 'good' && size.bytes > virtualBytes;
      const isSame = formatBytes(virtualBytes) === form.diskSize;
      return [
        {
          kind: 'disk',
          source: {
            kind: 'image',
            imageId: form.imageId,
            ...(isLarger && !isSame ? { sizeBytes: size.bytes } : {}),
          },
        },
      ];
    }
    case 'iso':
      return [...blankDisk(form), { kind: 'cdrom', isoId: form.isoId }];
    case 'blank':
      return blankDisk(form);
  }
}

function blankDisk(form: CreateForm): VmDiskCreateInput[] {
  const size = readVolumeSize(form.diskSize);
  if (size.kind === 'bad') return [];
  return [{ kind: 'disk', source: { kind: 'blank', sizeBytes: size.bytes } }];
}

/** The cloud-init part of the form; null without any. */
export function cloudInitOf(
  form: Pick<
    CreateForm,
    'cloudInit' | 'hostname' | 'userName' | 'password' | 'sshKeys' | 'userData'
  >,
): z.input<typeof cloudInitInputSchema> | null {
  switch (form.cloudInit) {
    case 'none':
      return null;
    case 'text':
      return { kind: 'text', userData: form.userData };
    case 'form':
      return {
        kind: 'form',
        ...(form.hostname === '' ? {} : { hostname: form.hostname }),
        ...(form.userName === '' ? {} : { userName: form.userName }),
        ...(form.password === '' ? {} : { password: form.password }),
        sshAuthorizedKeys: form.sshKeys
          .split('\n')
          .map((line) => line.trim())
          .filter(Boolean),
      };
  }
}

function cloudInitField(part: PropertyKey | undefined): keyof CreateForm {
  switch (part) {
    case 'hostname':
      return 'hostname';
    case 'userName':
      return 'userName';
    case 'password':
      return 'password';
    case 'sshAuthorizedKeys':
      return 'sshKeys';
    default:
      return 'userData';
  }
}

/** The chosen media, for words. */
export interface ChosenMedia {
  readonly image?: Image;
  readonly iso?: Iso;
}

/** What pressing the button will do, in a few lines. */
export function summaryLines(form: CreateForm, chosen: ChosenMedia): readonly string[] {
  const vcpus = Number(form.vcpus);
  const memoryBytes = parseBytes(form.memory);
  const lines = [
    `${Number.isInteger(vcpus) ? pluralize(vcpus, 'vCPU') : '? vCPUs'}, ` +
      `${memoryBytes === null ? '?' : formatBytes(memoryBytes)} memory, ` +
      (form.firmware === 'uefi' ? 'UEFI' : 'BIOS'),
    diskLine(form, chosen),
    form.network === 'none'
      ? 'No network card'
      : `One network card, ${lowerFirst(networkText(networkOf(form.network)))}`,
  ];
  if (form.cloudInit !== 'none') lines.push(cloudInitLine(form));
  lines.push(form.start ? 'Starts as soon as it is made' : 'Stays off until it is started');
  return lines;
}

function diskLine(form: CreateForm, { image, iso }: ChosenMedia): string {
  const size = form.diskSize.trim() === '' ? '' : `${form.diskSize.trim()} `;
  switch (form.source) {
    case 'image':
      return image ? `A ${size}disk copied from ${image.name}` : 'A disk from an image to choose';
    case 'iso':
      return `An empty ${size}disk, and ${iso ? iso.name : 'an ISO to choose'} to install from`;
    case 'blank':
      return `An empty ${size}disk; the VM boots from the network or from an ISO inserted later`;
  }
}

function cloudInitLine(form: CreateForm): string {
  if (form.cloudInit === 'text') return 'cloud-init with your own text';
  const user = form.userName === '' ? 'the image’s user' : `the user ${form.userName}`;
  return `cloud-init prepares ${user}`;
}

function lowerFirst(text: string): string {
  return text.startsWith('Bridge') ? text.replace('Bridge', 'bridge') : text.toLowerCase();
}
