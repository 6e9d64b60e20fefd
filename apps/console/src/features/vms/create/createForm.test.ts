import { vmCreateSchema } from '@cairn/contracts';
import { describe, expect, it } from 'vitest';

import { imageFixture } from '../../../testing/fixtures';
import {
  createFormSchema,
  emptyForm,
  imageSizeFault,
  requestOf,
  suggestedDiskSize,
  summaryLines,
  type CreateForm,
} from './createForm';

const image = imageFixture({});
const fromImage: CreateForm = { ...emptyForm, name: 'web-1', imageId: image.id };
const isoId = '01934f2e-0000-7000-8000-0000000000f1';
const fromIso: CreateForm = {
  ...emptyForm,
  name: 'web-1',
  source: 'iso',
  isoId,
  diskSize: '10 GiB',
};

const faults = (form: CreateForm): readonly string[] =>
  (createFormSchema.safeParse(form).error?.issues ?? []).map((issue) => issue.path.join('.'));

describe('the form', () => {
  it('accepts an image with everything else as suggested', () => {
    expect(faults(fromImage)).toEqual([]);
  });

  it('asks for what the chosen source needs', () => {
    expect(faults({ ...fromImage, imageId: '' })).toEqual(['imageId']);
    expect(faults({ ...fromIso, isoId: '' })).toEqual(['isoId']);
    expect(faults({ ...fromIso, diskSize: '' })).toEqual(['diskSize']);
    expect(faults({ ...fromIso, source: 'blank', isoId: '' })).toEqual([]);
  });

  it('shows a fault of cloud-init at its own field', () => {
    const form: CreateForm = { ...fromImage, cloudInit: 'form' };
    expect(faults({ ...form, hostname: 'no spaces' })).toEqual(['hostname']);
    expect(faults({ ...form, userName: 'Root' })).toEqual(['userName']);
    expect(faults({ ...form, sshKeys: 'not a key' })).toEqual(['sshKeys']);
    expect(faults({ ...form, cloudInit: 'text', userData: '' })).toEqual(['userData']);
    expect(faults({ ...form, cloudInit: 'none', hostname: 'no spaces' })).toEqual([]);
  });

  it('refuses a disk smaller than its image', () => {
    expect(imageSizeFault({ ...fromImage, diskSize: '1 GiB' }, image)).toContain('2 GiB');
    expect(imageSizeFault({ ...fromImage, diskSize: '2 GiB' }, image)).toBeNull();
    expect(imageSizeFault({ ...fromImage, diskSize: '' }, image)).toBeNull();
  });
});

describe('the request', () => {
  it.each([
    ['an image', fromImage],
    ['an ISO', fromIso],
    ['nothing', { ...fromIso, source: 'blank' as const }],
    [
      'an image with cloud-init',
      { ...fromImage, cloudInit: 'form' as const, userName: 'ops', hostname: 'web-1' },
    ],
  ])('from %s is one that the API accepts', (_what, form) => {
    expect(vmCreateSchema.safeParse(requestOf(form, image)).error).toBeUndefined();
  });

  it('leaves the size to the image unless the disk is to be larger', () => {
    const sizeOf = (diskSize: string): unknown =>
      requestOf({ ...fromImage, diskSize }, image).disks?.[0];
    expect(sizeOf('2 GiB')).toEqual({
      kind: 'disk',
      source: { kind: 'image', imageId: image.id },
    });
    expect(sizeOf('8 GiB')).toMatchObject({ source: { sizeBytes: 8 * 2 ** 30 } });
  });

  it('boots an empty disk first and then its installation ISO', () => {
    const request = requestOf(fromIso);
    expect(request.disks?.map((disk) => disk.kind)).toEqual(['disk', 'cdrom']);
    expect(request.bootOrder?.slice(0, 2)).toEqual(['disk', 'cdrom']);
  });

  it('has no network card when none is wanted', () => {
    expect(requestOf({ ...fromImage, network: 'none' }, image).nics).toEqual([]);
    expect(requestOf({ ...fromImage, network: 'bridge:br0' }, image).nics).toEqual([
      { network: { kind: 'bridge', bridge: 'br0' } },
    ]);
  });
});

describe('the words', () => {
  it('tell the effect before the button is pressed', () => {
    expect(summaryLines({ ...fromImage, diskSize: '8 GiB' }, { image })).toEqual([
      '2 vCPUs, 2 GiB memory, BIOS',
      'A 8 GiB disk copied from debian-12',
      'One network card, user mode (outgoing only)',
      'Starts as soon as it is made',
    ]);
  });

  it('suggest the size of the image, or a common one', () => {
    expect(suggestedDiskSize('image', image)).toBe('2 GiB');
    expect(suggestedDiskSize('iso')).toBe('20 GiB');
  });
});
