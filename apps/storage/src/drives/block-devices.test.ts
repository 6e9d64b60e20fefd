import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listBlockDevices, signatureOf } from './block-devices';

describe('listBlockDevices', () => {
  let root: string;
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const list = () =>
    listBlockDevices({ sys: join(root, 'sys'), proc: join(root, 'proc'), dev: '/dev' });

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'cairn-sys-'));
    for (const [name, rotational, number] of [
      ['sda', '1', '8:0'],
      ['sdb', '0', '8:16'],
      ['nvme0n1', '0', '259:0'],
      ['loop0', '0', '7:0'],
      ['dm-0', '0', '254:0'],
      ['sr0', '1', '11:0'],
    ] as const) {
      write(`sys/block/${name}/size`, '2097152\n');
      write(`sys/block/${name}/dev`, `${number}\n`);
      write(`sys/block/${name}/queue/rotational`, `${rotational}\n`);
      mkdirSync(join(root, `sys/block/${name}/holders`));
    }
    write('sys/block/sdb/device/model', 'FAST SSD   \n');
    write('sys/block/sda/sda1/partition', '1\n');
    write('sys/block/sda/sda1/dev', '8:1\n');
    write('proc/self/mountinfo', '22 1 8:1 / /srv/data rw - ext4 /dev/sda1 rw\n');
    write('proc/swaps', 'Filename Type Size Used Priority\n');
  });
  afterEach(() => {
    rmSync(root, { recursive: true, force: true });
  });

  it('lists drives with their kind, and not loops, mappings and CD-ROMs', async () => {
    const devices = await list();
    expect(devices.map(({ path, tier }) => [path, tier])).toEqual([
      ['/dev/nvme0n1', 'nvme'],
      ['/dev/sda', 'hdd'],
      ['/dev/sdb', 'ssd'],
    ]);
    expect(devices[2]).toMatchObject({ model: 'FAST SSD', sizeBytes: 2 ** 30, inUse: null });
  });

  it('says that a drive with a mounted partition is in use', async () => {
    const sda = (await list()).find(({ name }) => name === 'sda');
    expect(sda?.inUse).toBe('sda1 is mounted at /srv/data');
  });

  it('says that swap and drives held by other devices are in use', async () => {
    write('proc/swaps', 'Filename Type Size Used Priority\n/dev/sdb partition 1 0 -2\n');
    mkdirSync(join(root, 'sys/class/block'), { recursive: true });
    symlinkSync('../../block/sdb', join(root, 'sys/class/block/sdb'));
    mkdirSync(join(root, 'sys/block/nvme0n1/holders/dm-0'));
    const uses = Object.fromEntries((await list()).map(({ name, inUse }) => [name, inUse]));
    expect(uses['sdb']).toBe('it is swap space');
    expect(uses['nvme0n1']).toBe('it is part of dm-0');
  });

  it('lists nothing where there is no such tree', async () => {
    rmSync(join(root, 'sys'), { recursive: true });
    expect(await list()).toEqual([]);
  });
});

describe('signatureOf', () => {
  const head = (offset: number, hex: string): Buffer => {
    const bytes = Buffer.alloc(128 * 1024);
    Buffer.from(hex, 'hex').copy(bytes, offset);
    return bytes;
  };

  it.each([
    [0x438, '53ef', 'an ext file system'],
    [0, '58465342', 'an XFS file system'],
    [0x200, '4546492050415254', 'a GPT partition table'],
    [0x1fe, '55aa', 'a partition table or boot sector'],
    [77, '01', 'unknown data'],
  ])('knows what stands at %i as %s', (offset, hex, what) => {
    expect(signatureOf(head(offset, hex))).toBe(what);
  });

  it('calls zeroes empty', () => {
    expect(signatureOf(Buffer.alloc(4096))).toBeNull();
    expect(signatureOf(Buffer.alloc(0))).toBeNull();
  });
});
