/**
 * What one VM needs of the node before its QEMU can run, and what has to go afterwards: files,
 * taps, the process itself. Every step can be taken back, and taking back twice does no harm.
 */
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { launchVm, runNet, type InheritedFile, type ProcessRecord } from '../host/vm-launch';
import type { VmDirectory } from '../host/runtime-directory';
import type { ProcessWatch } from '../host/process-watch';
import { VmRuntimeError, type AccelerationReport, type VmCredentials } from '../vm-runtime';
import type { VmSpec } from '../vm-spec';
import { writeSeed } from './cloud-init-seed';
import { buildCommandLine, INHERITED_FD } from './command-line';
import { tapFd } from './nic-devices';

/** Per log; the older part of the same size is kept beside it. */
const LOG_BYTES_MAX = 2 ** 20;
/** What QEMU may write into one file beyond the guest's memory, which is a file too. */
const FILE_BYTES_SLACK = 64 * 2 ** 20;

export interface VmHost {
  readonly programsDir: string;
  readonly qemuBinary: string;
  readonly firmwareDir: string;
  readonly acceleration: AccelerationReport;
  readonly cgroupParent: string | null;
  readonly watch: ProcessWatch;
  readonly now: () => Date;
  readonly log: RuntimeLog;
}

export type RuntimeLog = (
  level: 'info' | 'warn' | 'error',
  message: string,
  context: Readonly<Record<string, unknown>>,
) => void;

/** Name of a bridged NIC's tap: stable, unique on the node, short enough for the kernel. */
export function tapName(vmId: string, nicId: string): string {
  return `cn${createHash('sha256').update(`${vmId}/${nicId}`).digest('hex').slice(0, 12)}`;
}

export function tapsOf(spec: VmSpec): ReadonlyMap<string, string> {
  const bridged = spec.nics.filter((nic) => nic.kind === 'bridge');
  return new Map(bridged.map((nic) => [nic.id, tapName(spec.id, nic.id)]));
}

/** Makes everything ready and starts QEMU, paused. After a failure nothing is left. */
export async function launchQemu(options: {
  readonly host: VmHost;
  readonly spec: VmSpec;
  readonly directory: VmDirectory;
  readonly credentials: VmCredentials | null;
}): Promise<ProcessRecord> {
  const { host, spec, directory, credentials } = options;
  // The lock decides in the end; this keeps the files of a running VM from being touched.
  if (await directory.hasLiveProcess()) {
    throw new VmRuntimeError('already-running', 'this VM has a running process');
  }
  await directory.prepare(credentials);
  if (spec.cloudInit !== null) await writeSeed(directory.seed, spec.cloudInit);
  const ownNvram = spec.firmware === 'uefi' && spec.nvram === null;
  if (ownNvram) await directory.prepareNvram(join(host.firmwareDir, 'OVMF_VARS_4M.fd'));
  await directory.writeSpec(spec);
  try {
    await addTaps(host, spec, credentials);
    const command = buildCommandLine(spec, {
      qemuBinary: host.qemuBinary,
      accelerator: host.acceleration.accelerator,
      socketDir: directory.socketDir,
      firmwareCodePath: join(host.firmwareDir, 'OVMF_CODE_4M.fd'),
      hasSeed: spec.cloudInit !== null,
    });
    return await launchVm({
      programsDir: host.programsDir,
      directory: directory.path,
      credentials,
      groups: host.acceleration.accelerator === 'kvm' ? kvmGroups() : [],
      files: inheritedFiles(spec, directory),
      logBytesMax: LOG_BYTES_MAX,
      fileBytesMax: spec.memoryBytes + FILE_BYTES_SLACK,
      cgroup: host.cgroupParent === null ? null : join(host.cgroupParent, `vm-${spec.id}`),
      command,
    });
  } catch (error) {
    await releaseHost(host, spec, directory);
    throw error;
  }
}

/** Removes what a VM without a process has no use for. */
export async function releaseHost(
  host: VmHost,
  spec: VmSpec,
  directory: VmDirectory,
): Promise<void> {
  for (const tap of tapsOf(spec).values()) {
    await runNet(host.programsDir, ['tap-delete', tap]).catch((error: unknown) => {
      host.log('warn', 'a tap could not be removed', { vmId: spec.id, tap, error: String(error) });
    });
  }
  await directory.clearProcess();
}

async function addTaps(
  host: VmHost,
  spec: VmSpec,
  credentials: VmCredentials | null,
): Promise<void> {
  const owner = String(credentials?.uid ?? process.getuid?.() ?? 0);
  for (const nic of spec.nics) {
    if (nic.kind !== 'bridge') continue;
    const mtu = nic.mtu === undefined ? [] : ['--mtu', String(nic.mtu)];
    const tap = tapName(spec.id, nic.id);
    const parameters = ['tap-add', tap, '--bridge', nic.bridge, '--owner', owner, ...mtu];
    await runNet(host.programsDir, parameters);
  }
}

function inheritedFiles(spec: VmSpec, directory: VmDirectory): readonly InheritedFile[] {
  const files: InheritedFile[] = [
    { fd: INHERITED_FD.serialLog, mode: 'append', path: directory.serialLog },
  ];
  if (spec.firmware === 'uefi' && spec.nvram === null) {
    files.push({ fd: INHERITED_FD.nvram, mode: 'rw', path: directory.nvram });
  }
  if (spec.cloudInit !== null) {
    files.push({ fd: INHERITED_FD.seed, mode: 'ro', path: directory.seed });
  }
  const taps = tapsOf(spec);
  spec.nics.forEach((nic, index) => {
    const tap = taps.get(nic.id);
    if (tap !== undefined) files.push({ fd: tapFd(index), mode: 'tap', path: tap });
  });
  return files;
}

/** The group that may open /dev/kvm. */
function kvmGroups(): readonly number[] {
  try {
    return [statSync('/dev/kvm').gid];
  } catch {
    return [];
  }
}
