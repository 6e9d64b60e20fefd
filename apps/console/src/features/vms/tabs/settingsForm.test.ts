import { describe, expect, it } from 'vitest';

import { vmFixture } from '../../../testing/fixtures';
import { bootFirst, patchOf, settingsFormSchema, settingsOf, splitTags } from './settingsForm';

const vm = vmFixture({});

describe('the settings form', () => {
  it('accepts what a VM has', () => {
    expect(settingsFormSchema.safeParse(settingsOf(vm)).success).toBe(true);
  });

  it.each([
    ['vcpus', '0'],
    ['vcpus', '1.5'],
    ['vcpus', '129'],
    ['memory', '1 KiB'],
    ['memory', 'much'],
    ['memory', '2 TiB'],
    ['name', '../etc'],
    ['tags', 'Web'],
  ])('refuses %s = %s', (field, value) => {
    expect(settingsFormSchema.safeParse({ ...settingsOf(vm), [field]: value }).success).toBe(false);
  });
});

describe('patchOf', () => {
  it('sends nothing that was not changed', () => {
    expect(patchOf(vm, settingsOf(vm))).toEqual({});
  });

  it('sends what was changed, in the units of the API', () => {
    const form = { ...settingsOf(vm), vcpus: '4', memory: '3 GiB', tags: 'web, prod' };
    expect(patchOf(vm, form)).toEqual({
      vcpus: 4,
      memoryBytes: 3 * 2 ** 30,
      tags: ['web', 'prod'],
    });
  });

  it('moves a boot device to the front and keeps the others', () => {
    expect(bootFirst(['disk', 'cdrom', 'network'], 'cdrom')).toEqual(['cdrom', 'disk', 'network']);
    expect(patchOf(vm, { ...settingsOf(vm), boot: 'network' }).bootOrder).toEqual([
      'network',
      'disk',
      'cdrom',
    ]);
  });

  it('takes every tag once', () => {
    expect(splitTags(' a b,a  c ')).toEqual(['a', 'b', 'c']);
  });
});
