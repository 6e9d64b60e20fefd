import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GIB, MIB, TIB } from './primitives';
import { VM_DISKS_MAX, vmDiskCreateSchema } from './vm-disks';
import { macSchema } from './vm-nics';
import { vmCreateSchema, vmPatchSchema, type VmCreateInput } from './vms';

const minimal: VmCreateInput = { name: 'web-1', vcpus: 2, memoryBytes: 512 * MIB };
const blank = { kind: 'disk', source: { kind: 'blank', sizeBytes: GIB } } as const;

function accepts(change: object): boolean {
  return vmCreateSchema.safeParse({ ...minimal, ...change }).success;
}

describe('a new VM', () => {
  it('needs a name, vCPUs and memory, and gets defaults for the rest', () => {
    expect(vmCreateSchema.parse(minimal)).toMatchObject({
      firmware: 'bios',
      machineType: 'q35',
      disks: [],
      nics: [],
      cloudInit: null,
      start: false,
    });
  });

  it.each(['name', 'vcpus', 'memoryBytes'])('is refused without %s', (field) => {
    expect(accepts({ [field]: undefined })).toBe(false);
  });

  it('is refused with a field nobody knows', () => {
    expect(accepts({ cores: 4 })).toBe(false);
    expect(accepts({ disks: [{ ...blank, cache: 'unsafe' }] })).toBe(false);
    expect(accepts({ nics: [{ vlan: 4 }] })).toBe(false);
  });

  it('has 1 to 128 vCPUs, in whole numbers', () => {
    for (const vcpus of [1, 128]) expect(accepts({ vcpus })).toBe(true);
    for (const vcpus of [0, 129, -1, 1.5, '2', NaN, Infinity, null])
      expect(accepts({ vcpus })).toBe(false);
  });

  it('has 64 MiB to 1 TiB of memory, in whole MiB', () => {
    for (const memoryBytes of [64 * MIB, TIB]) expect(accepts({ memoryBytes })).toBe(true);
    for (const memoryBytes of [64 * MIB - 1, 64 * MIB + 1, TIB + MIB, 2 ** 60, 1e308])
      expect(accepts({ memoryBytes })).toBe(false);
  });

  it.each([
    '../etc',
    'a/b',
    'a\\b',
    'a\nb',
    'a,b',
    'a=b',
    '',
    ' a',
    'a ',
    '-a',
    'a'.repeat(64),
    'a"b',
  ])('is refused with the name %j', (name) => {
    expect(accepts({ name })).toBe(false);
  });

  it.each(['a', 'web-1', 'Web Server (2).old', 'a'.repeat(63)])('may be called %j', (name) => {
    expect(accepts({ name })).toBe(true);
  });

  it('never lets a name through that could leave its place in a path or command', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        if (accepts({ name })) expect(name).toMatch(/^[A-Za-z0-9][A-Za-z0-9 ._+()@-]{0,62}$/);
      }),
      { numRuns: 2000 },
    );
  });

  it('keeps what it was given through JSON and parsing', () => {
    const input = fc.record({
      name: fc.stringMatching(/^[A-Za-z0-9]{1,63}$/),
      vcpus: fc.integer({ min: 1, max: 128 }),
      memoryBytes: fc.integer({ min: 64, max: 1024 * 1024 }).map((mib) => mib * MIB),
      firmware: fc.constantFrom('bios', 'uefi'),
      tags: fc.uniqueArray(fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,20}$/), { maxLength: 32 }),
    });
    fc.assert(
      fc.property(input, (vm) => {
        const parsed = vmCreateSchema.parse(JSON.parse(JSON.stringify(vm)));
        expect(parsed).toMatchObject(vm);
        expect(vmCreateSchema.parse(JSON.parse(JSON.stringify(parsed)))).toEqual(parsed);
      }),
    );
  });

  it('has a bounded number of disks', () => {
    expect(accepts({ disks: Array(VM_DISKS_MAX).fill(blank) })).toBe(true);
    expect(accepts({ disks: Array(VM_DISKS_MAX + 1).fill(blank) })).toBe(false);
  });

  it('boots from each kind of device at most once', () => {
    expect(accepts({ bootOrder: ['cdrom', 'disk'] })).toBe(true);
    expect(accepts({ bootOrder: ['disk', 'disk'] })).toBe(false);
    expect(accepts({ bootOrder: [] })).toBe(false);
  });

  it.each(['q35,accel=kvm', 'pc-q35-7.2', 'none'])('names its machine type: %s', (machineType) => {
    expect(accepts({ machineType })).toBe(machineType === 'pc-q35-7.2');
  });
});

describe('a disk of a VM', () => {
  const disk = (sizeBytes: unknown) =>
    vmDiskCreateSchema.safeParse({ kind: 'disk', source: { kind: 'blank', sizeBytes } }).success;

  it('is 1 MiB to 64 TiB of whole 4 KiB blocks', () => {
    for (const size of [MIB, MIB + 4096, 64 * TIB]) expect(disk(size)).toBe(true);
    for (const size of [0, 4096, MIB + 512, 64 * TIB + 4096, -MIB, 2 ** 53, '1048576'])
      expect(disk(size)).toBe(false);
  });

  it('comes from exactly one source', () => {
    const parse = (source: object) =>
      vmDiskCreateSchema.safeParse({ kind: 'disk', source }).success;
    expect(parse({ kind: 'blank' })).toBe(false);
    expect(parse({ kind: 'path', path: '/etc/shadow' })).toBe(false);
    expect(parse({ kind: 'image', imageId: 'x' })).toBe(false);
  });
});

describe('a hardware address', () => {
  it('is lowered', () => {
    expect(macSchema.parse('52:54:00:AB:CD:EF')).toBe('52:54:00:ab:cd:ef');
  });

  it.each(['53:54:00:12:34:56', '00:00:00:00:00:00', 'ff:ff:ff:ff:ff:ff', '52-54-00-12-34-56', ''])(
    'is refused when it is %s',
    (mac) => {
      expect(macSchema.safeParse(mac).success).toBe(false);
    },
  );
});

describe('a patch of a VM', () => {
  it('may be empty and never invents defaults', () => {
    expect(vmPatchSchema.parse({})).toEqual({});
    expect(vmPatchSchema.parse({ cloudInit: null })).toEqual({ cloudInit: null });
  });

  it('cannot touch what the system decides', () => {
    for (const field of ['id', 'status', 'revision', 'disks', 'nics', 'createdAt'])
      expect(vmPatchSchema.safeParse({ [field]: 'x' }).success).toBe(false);
  });
});
