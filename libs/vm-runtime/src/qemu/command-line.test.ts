import { describe, expect, it } from 'vitest';
import { fc, test } from '@fast-check/vitest';
import { aSpec, nbd } from '../testing/specs';
import { parseVmSpec, vmSpecSchema, type VmSpec } from '../vm-spec';
import { buildCommandLine, optionValue, type CommandLineContext } from './command-line';

const context: CommandLineContext = {
  qemuBinary: 'qemu-system-x86_64',
  accelerator: 'tcg',
  socketDir: '/run/cairn/x/n1/vms/v/q',
  firmwareCodePath: '/usr/share/OVMF/OVMF_CODE_4M.fd',
  hasSeed: false,
};

function fullSpec(): VmSpec {
  return parseVmSpec(
    aSpec({
      firmware: 'uefi',
      bootOrder: ['cd', 'root', 'lan'],
      disks: [
        {
          id: 'root',
          role: 'disk',
          bus: 'virtio-blk',
          source: nbd('/run/s/1.sock'),
          serial: 'vol-1',
          iopsLimit: 500,
        },
        { id: 'bulk', role: 'disk', bus: 'virtio-scsi', source: nbd('/run/s/2.sock') },
        { id: 'old', role: 'disk', bus: 'sata', source: nbd('/run/s/3.sock'), readOnly: true },
        { id: 'cd', role: 'cdrom', bus: 'sata', source: nbd('/run/s/4.sock') },
        { id: 'cd2', role: 'cdrom', bus: 'sata', source: null },
      ],
      nics: [
        {
          id: 'lan',
          kind: 'bridge',
          bridge: 'br0',
          model: 'virtio',
          mac: '52:54:00:00:00:01',
          mtu: 1450,
        },
        {
          id: 'nat',
          kind: 'user',
          model: 'e1000',
          mac: '52:54:00:00:00:02',
          hostForwards: [{ protocol: 'tcp', hostPort: 2222, guestPort: 22 }],
        },
      ],
    }),
  );
}

/** One option a line. */
function lines(words: readonly string[]): string {
  return words.join('\n').replace(/^(-[a-z-]+)\n(?!-)/gm, '$1 ');
}

describe('the command line', () => {
  it('gives a UEFI VM with every kind of device this machine', () => {
    expect(lines(buildCommandLine(fullSpec(), { ...context, hasSeed: true }))).toMatchSnapshot();
  });

  it('gives a small BIOS VM this machine', () => {
    const disk = {
      id: 'root',
      role: 'disk',
      bus: 'virtio-blk',
      source: nbd('/run/s/1.sock'),
    } as const;
    const spec = parseVmSpec(aSpec({ disks: [disk], bootOrder: ['root'] }));
    expect(lines(buildCommandLine(spec, context))).toMatchSnapshot();
  });

  it('uses the named CPU baseline and no fallback under KVM', () => {
    const words = buildCommandLine(parseVmSpec(aSpec()), { ...context, accelerator: 'kvm' });
    expect(words[words.indexOf('-accel') + 1]).toBe('kvm');
    expect(words[words.indexOf('-cpu') + 1]).toMatch(/^qemu64,\+aes.*enforce=on$/);
  });

  it('puts the older machine on one PCI bus', () => {
    const spec = parseVmSpec({ ...fullSpec(), machineType: 'pc-i440fx-7.2' });
    const text = lines(buildCommandLine(spec, context));
    expect(text).not.toContain('pcie');
    expect(text).toContain('PIIX4_PM.disable_s3=1');
    expect(text).toContain('"bus":"ide.1","unit":0');
  });

  it('stops the guest on every disk error', () => {
    const devices = jsonOptions(buildCommandLine(fullSpec(), context), '-device');
    const disks = devices.filter((device) =>
      /virtio-blk|scsi-hd|ide-hd/.test(String(device['driver'])),
    );
    expect(disks).toHaveLength(3);
    for (const disk of disks) expect(disk).toMatchObject({ werror: 'stop', rerror: 'stop' });
  });

  it('gives no two devices one place', () => {
    const disks = Array.from({ length: 16 }, (_, n) => ({
      id: `d${n}`,
      role: 'disk' as const,
      bus: 'virtio-blk' as const,
      source: nbd('/s'),
    }));
    const nics = Array.from({ length: 8 }, (_, n) => ({
      id: `n${n}`,
      kind: 'user' as const,
      model: n % 2 === 0 ? ('virtio' as const) : ('e1000' as const),
      mac: `52:54:00:00:00:0${n}`,
    }));
    const spec = parseVmSpec(aSpec({ disks, nics }));
    const places = jsonOptions(buildCommandLine(spec, { ...context, hasSeed: true }), '-device')
      .filter((device) => /^(pcie|port)/.test(String(device['bus'])))
      .map((device) => JSON.stringify([device['bus'], device['addr'] ?? 0]));
    expect(new Set(places).size).toBe(places.length);
  });

  test.prop([fc.string({ maxLength: 60, unit: 'grapheme' })])(
    'lets no name become an option',
    (name) => {
      const parsed = vmSpecSchema.safeParse(aSpec({ name }));
      if (!parsed.success) return;
      const plain = buildCommandLine(parseVmSpec(aSpec()), context);
      const words = buildCommandLine(parsed.data, context);
      expect(words).toHaveLength(plain.length);
      const at = words.findIndex((word, index) => word !== plain[index]);
      if (at < 0) return;
      expect(words[at - 1]).toBe('-name');
      expect(readOptions(words[at] ?? '')).toEqual([`guest=${name}`, 'debug-threads=on']);
    },
  );

  it('doubles commas', () => {
    expect(optionValue('a,b,,c')).toBe('a,,b,,,,c');
  });
});

/** QEMU's own reading of key=value lists: two commas are one, one ends the option. */
function readOptions(text: string): string[] {
  return text
    .replaceAll(',,', '\u0000')
    .split(',')
    .map((option) => option.replaceAll('\u0000', ','));
}

function jsonOptions(words: readonly string[], option: string): Record<string, unknown>[] {
  return words.flatMap((word, index) =>
    words[index - 1] === option && word.startsWith('{')
      ? [JSON.parse(word) as Record<string, unknown>]
      : [],
  );
}
