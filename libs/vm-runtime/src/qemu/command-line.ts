/**
 * QEMU's command line from a VM's spec: a pure function, so that what a guest gets can be read,
 * tested and compared.
 *
 * Rules: devices, block nodes, objects and netdevs are JSON, so no value can end an option; the
 * few options without a JSON form carry only our own paths, with commas doubled. Every device has
 * a stable id and address, because a guest's view of its machine may not change between starts.
 * Names: `disk<N>` is the top of the chain nbd <- raw <- throttle of the spec's disk N, `dev-<id>`
 * its device; the same for `net<N>`.
 */
import type { Accelerator } from '../vm-runtime';
import type { VmSpec } from '../vm-spec';
import { diskOptions, seedOptions } from './disk-devices';
import { addresses, type Addresses } from './addresses';
import { nicOptions } from './nic-devices';

/** Descriptors that the launcher gives to QEMU; the numbers start where the launcher's end. */
export const INHERITED_FD = { serialLog: 10, nvram: 11, seed: 12, firstTap: 20 } as const;

export interface CommandLineContext {
  readonly qemuBinary: string;
  readonly accelerator: Accelerator;
  /** Directory of the sockets: `qmp.sock`, `qmp-debug.sock`, `qga.sock`, `serial.sock`, `vnc.sock`. */
  readonly socketDir: string;
  readonly firmwareCodePath: string;
  readonly hasSeed: boolean;
}

export function buildCommandLine(spec: VmSpec, context: CommandLineContext): readonly string[] {
  const place = addresses(spec.machineType);
  return [
    context.qemuBinary,
    ...processOptions(spec, context),
    ...machineOptions(spec, context),
    ...firmwareOptions(spec, context),
    ...monitorOptions(context),
    ...rootPorts(place),
    ...consoleOptions(context, place),
    ...serviceDevices(spec, context, place),
    ...diskOptions(spec, place),
    ...(context.hasSeed ? seedOptions(place) : []),
    ...nicOptions(spec, place),
  ];
}

/** A value inside QEMU's `key=value,key=value` syntax: a comma is written twice. */
export function optionValue(text: string): string {
  return text.replaceAll(',', ',,');
}

export function json(option: string, value: Readonly<Record<string, unknown>>): string[] {
  return [option, JSON.stringify(value)];
}

function processOptions(spec: VmSpec, context: CommandLineContext): string[] {
  return [
    ...['-name', `guest=${optionValue(spec.name)},debug-threads=on`],
    ...['-uuid', spec.id],
    '-nodefaults',
    '-no-user-config',
    ...['-msg', 'timestamp=on'],
    // The guest runs only after the service has seen its machine: see `start`.
    '-S',
    ...['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'],
    ...addFd(INHERITED_FD.serialLog, 'serial-log'),
    ...(context.hasSeed ? addFd(INHERITED_FD.seed, 'seed') : []),
    ...(spec.firmware === 'uefi' && spec.nvram === null ? addFd(INHERITED_FD.nvram, 'nvram') : []),
  ];
}

/** The descriptor becomes /dev/fdset/<number>. */
function addFd(fd: number, name: string): string[] {
  return ['-add-fd', `fd=${fd},set=${fd},opaque=${name}`];
}

export function fdsetPath(fd: number): string {
  return `/dev/fdset/${fd}`;
}

function machineOptions(spec: VmSpec, context: CommandLineContext): string[] {
  const uefi = spec.firmware === 'uefi';
  const q35 = spec.machineType.startsWith('pc-q35');
  const machine = [
    `type=${spec.machineType}`,
    'memory-backend=mem0,hpet=off,vmport=off,smm=off,dump-guest-core=off',
    ...(uefi ? ['pflash0=fw-code,pflash1=fw-vars'] : []),
  ];
  const powerManagement = q35 ? 'ICH9-LPC' : 'PIIX4_PM';
  const cpus = spec.vcpus;
  return [
    ...['-machine', machine.join(',')],
    // Without a limit the translation cache of TCG grows to several times the guest.
    ...['-accel', context.accelerator === 'kvm' ? 'kvm' : 'tcg,thread=multi,tb-size=64'],
    ...['-cpu', cpuModel(spec, context.accelerator)],
    ...['-smp', `cpus=${cpus},sockets=1,cores=${cpus},threads=1,maxcpus=${cpus}`],
    ...['-m', `size=${spec.memoryBytes / 2 ** 20}M`],
    // Shared, so that pages the guest frees go back to the host.
    ...json('-object', {
      'qom-type': 'memory-backend-memfd',
      id: 'mem0',
      size: spec.memoryBytes,
      share: true,
    }),
    ...['-overcommit', 'mem-lock=off'],
    ...['-rtc', 'base=utc,driftfix=slew'],
    ...['-global', `${powerManagement}.disable_s3=1`],
    ...['-global', `${powerManagement}.disable_s4=1`],
    ...['-boot', 'strict=on'],
    // What the guest did last can still be asked after the service was away.
    ...['-action', 'shutdown=pause,panic=pause,reboot=reset,watchdog=reset'],
    ...['-smbios', `type=1,manufacturer=Cairn,product=Cairn VM,serial=${spec.id},uuid=${spec.id}`],
  ];
}

const X86_64_V2_AES = 'qemu64,+aes,+popcnt,+pni,+sse4.1,+sse4.2,+ssse3';
const X86_64_V3 = `${X86_64_V2_AES},+avx,+avx2,+bmi1,+bmi2,+f16c,+fma,+abm,+movbe,+xsave`;

/** Under TCG there is nothing to protect a guest from: it gets all that TCG can do. */
function cpuModel(spec: VmSpec, accelerator: Accelerator): string {
  if (accelerator === 'tcg') return 'max';
  switch (spec.cpuModel) {
    case 'host':
      return 'host';
    case 'x86-64-v3':
      return `${X86_64_V3},enforce=on`;
    case 'baseline':
    case 'x86-64-v2-AES':
      return `${X86_64_V2_AES},enforce=on`;
  }
}

/** The size of OVMF's 4 MiB variable store; a volume behind it may be larger. */
export const NVRAM_BYTES = 540_672;

function firmwareOptions(spec: VmSpec, context: CommandLineContext): string[] {
  if (spec.firmware === 'bios') return [];
  const variables =
    spec.nvram === null
      ? { driver: 'file', filename: fdsetPath(INHERITED_FD.nvram), locking: 'off' }
      : {
          driver: 'nbd',
          server: { type: 'unix', path: spec.nvram.socketPath },
          export: spec.nvram.exportName,
          'reconnect-delay': 300,
          'open-timeout': 20,
        };
  return [
    ...json('-blockdev', {
      driver: 'file',
      'node-name': 'fw-code',
      filename: context.firmwareCodePath,
      'read-only': true,
    }),
    ...json('-blockdev', {
      driver: 'raw',
      'node-name': 'fw-vars',
      size: NVRAM_BYTES,
      file: variables,
    }),
  ];
}

function monitorOptions(context: CommandLineContext): string[] {
  const directory = optionValue(context.socketDir);
  // The second monitor is for diagnosis; the first belongs to the service alone.
  return ['qmp', 'qmp-debug'].flatMap((name) => [
    ...['-chardev', `socket,id=${name},path=${directory}/${name}.sock,server=on,wait=off`],
    ...['-mon', `chardev=${name},mode=control`],
  ]);
}

function rootPorts(place: Addresses): string[] {
  return place.rootPorts.flatMap((port) =>
    json('-device', { driver: 'pcie-root-port', ...port, bus: 'pcie.0' }),
  );
}

function consoleOptions(context: CommandLineContext, place: Addresses): string[] {
  const directory = optionValue(context.socketDir);
  const log = fdsetPath(INHERITED_FD.serialLog);
  const serial = `socket,id=serial0,path=${directory}/serial.sock,server=on,wait=off`;
  return [
    ...['-chardev', `${serial},logfile=${log},logappend=on`],
    ...['-serial', 'chardev:serial0'],
    ...['-display', 'none'],
    ...['-vnc', `unix:${directory}/vnc.sock`],
    ...json('-device', { driver: 'VGA', id: 'vga0', vgamem_mb: 16, ...place.fixed('vga') }),
    ...json('-device', { driver: 'qemu-xhci', id: 'usb0', ...place.fixed('usb') }),
    ...json('-device', { driver: 'usb-tablet', id: 'tablet0', bus: 'usb0.0' }),
  ];
}

function serviceDevices(spec: VmSpec, context: CommandLineContext, place: Addresses): string[] {
  const directory = optionValue(context.socketDir);
  const rng = [
    ...json('-object', { 'qom-type': 'rng-random', id: 'rng0', filename: '/dev/urandom' }),
    ...json('-device', {
      driver: 'virtio-rng-pci',
      id: 'dev-rng0',
      rng: 'rng0',
      'max-bytes': 1024,
      period: 1000,
      ...place.fixed('rng'),
    }),
  ];
  const balloon = json('-device', {
    driver: 'virtio-balloon-pci',
    id: 'balloon0',
    'free-page-reporting': true,
    'deflate-on-oom': true,
    ...place.fixed('balloon'),
  });
  return [
    ...(spec.rng ? rng : []),
    ...(spec.balloon ? balloon : []),
    ...json('-device', {
      driver: 'virtio-serial-pci',
      id: 'virtio-serial0',
      ...place.fixed('virtio-serial'),
    }),
    ...['-chardev', `socket,id=qga0,path=${directory}/qga.sock,server=on,wait=off`],
    ...json('-device', {
      driver: 'virtserialport',
      id: 'dev-qga0',
      bus: 'virtio-serial0.0',
      chardev: 'qga0',
      name: 'org.qemu.guest_agent.0',
    }),
    ...json('-device', { driver: 'pvpanic-pci', id: 'panic0', ...place.fixed('panic') }),
    ...json('-device', { driver: 'vmgenid', id: 'genid0', guid: spec.generationId }),
  ];
}
