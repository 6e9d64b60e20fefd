/** The VmRuntime on QEMU: a thin table of VMs; each VM's life is in qemu-vm.ts. */
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { guardLoopback } from '../host/loopback-guard';
import { listVmIds, readBootId, UID_COUNT, UidPool, VmDirectory } from '../host/runtime-directory';
import { ProcessWatch } from '../host/process-watch';
import { VmEvents } from '../vm-events';
import {
  VmRuntimeError,
  type AccelerationReport,
  type CallOptions,
  type DiskLimits,
  type GuestAgentReport,
  type ShutdownOptions,
  type VmConsoles,
  type VmCredentials,
  type VmEventListener,
  type VmRuntime,
  type VmStats,
  type VmStatus,
} from '../vm-runtime';
import type { NbdSource, VmSpec } from '../vm-spec';
import { hasProcess } from '../vm-state';
import { QemuVm } from './qemu-vm';
import { changeLimits, changeLink, changeMedium, takeScreenshot } from './running-devices';
import { tapsOf, type RuntimeLog, type VmHost } from './vm-host';
import { collectStats } from './vm-stats';

export interface QemuVmRuntimeOptions {
  /** For sockets and process records; below it `vms/`. Its parents must be open to other users. */
  readonly runDir: string;
  /** For what outlives a VM's process: UEFI variables. */
  readonly stateDir: string;
  /** Directory of cairn-vm-launch, cairn-vm-watch and cairn-net. */
  readonly programsDir: string;
  readonly acceleration: AccelerationReport;
  /** First of 65,536 user ids, one per VM; `null`: QEMU runs as the service's user. */
  readonly uidBase: number | null;
  readonly qemuBinary?: string;
  /** Directory of OVMF_CODE_4M.fd and OVMF_VARS_4M.fd. */
  readonly firmwareDir?: string;
  /** A cgroup (v2) directory in which each VM gets its own; `null`: the launcher's. */
  readonly cgroupParent?: string | null;
  readonly now?: () => Date;
  readonly log?: RuntimeLog;
}

export async function createQemuVmRuntime(options: QemuVmRuntimeOptions): Promise<VmRuntime> {
  await mkdir(join(options.runDir, 'vms'), { recursive: true, mode: 0o711 });
  const { uidBase } = options;
  const open = uidBase === null ? null : await guardLoopback(uidBase, uidBase + UID_COUNT - 1);
  if (open !== null) {
    const message = "guests with user-mode networking can reach the host's loopback services";
    options.log?.('warn', message, { error: open });
  }
  return new QemuVmRuntime(options);
}

class QemuVmRuntime implements VmRuntime {
  private readonly vms = new Map<string, QemuVm>();
  private readonly events = new VmEvents();
  private readonly host: VmHost;
  private readonly uids: UidPool;

  constructor(private readonly options: QemuVmRuntimeOptions) {
    const log = options.log ?? (() => undefined);
    this.uids = new UidPool(options.runDir, options.uidBase);
    this.host = {
      programsDir: options.programsDir,
      qemuBinary: options.qemuBinary ?? 'qemu-system-x86_64',
      firmwareDir: options.firmwareDir ?? '/usr/share/OVMF',
      acceleration: options.acceleration,
      cgroupParent: options.cgroupParent ?? null,
      watch: new ProcessWatch(join(options.programsDir, 'cairn-vm-watch'), (message) => {
        log('warn', message, {});
      }),
      now: options.now ?? (() => new Date()),
      log,
    };
  }

  credentialsFor(id: string): Promise<VmCredentials | null> {
    return this.uids.acquire(this.directory(id).id);
  }

  async start(spec: VmSpec, options: CallOptions = {}): Promise<VmStatus> {
    const vm = this.vms.get(spec.id) ?? this.add(spec, 'defined');
    const credentials = await this.credentialsFor(spec.id);
    return vm.start(spec, credentials, options);
  }

  async adoptAll(options: CallOptions = {}): Promise<readonly VmStatus[]> {
    const bootId = await readBootId();
    const adopted = listVmIds(this.options.runDir).map((id) => this.adoptOne(id, bootId));
    const found = await Promise.all(adopted);
    options.signal?.throwIfAborted();
    return found.filter((status) => status !== null);
  }

  async shutdown(id: string, options: ShutdownOptions): Promise<void> {
    await this.must(id).shutdown(options);
  }
  async stop(id: string): Promise<void> {
    await this.must(id).stop();
  }
  async reboot(id: string, options: ShutdownOptions): Promise<void> {
    await this.must(id).reboot(options);
  }
  async reset(id: string): Promise<void> {
    await this.must(id).reset();
  }
  async pause(id: string): Promise<void> {
    await this.must(id).pause();
  }
  async resume(id: string): Promise<void> {
    await this.must(id).resume();
  }

  insertMedia(id: string, driveId: string, source: NbdSource): Promise<void> {
    return this.setMedium(id, driveId, source);
  }
  ejectMedia(id: string, driveId: string): Promise<void> {
    return this.setMedium(id, driveId, null);
  }

  async setDiskLimits(id: string, diskId: string, limits: DiskLimits): Promise<void> {
    const vm = this.must(id);
    await vm.request(async () => {
      const { spec } = vm.status;
      await changeLimits(vm.liveMonitor().qmp, { spec, id: diskId }, limits);
      const changed = {
        iopsLimit: limits.iopsLimit ?? undefined,
        bpsLimit: limits.bpsLimit ?? undefined,
      };
      const disks = spec.disks.map((disk) =>
        disk.id === diskId && disk.role === 'disk' ? { ...disk, ...changed } : disk,
      );
      await vm.changeSpec({ ...spec, disks });
    });
  }

  async setLink(id: string, nicId: string, connected: boolean): Promise<void> {
    const vm = this.must(id);
    await vm.request(async () => {
      const { spec } = vm.status;
      await changeLink(vm.liveMonitor().qmp, { spec, id: nicId }, connected);
      const nics = spec.nics.map((nic) => (nic.id === nicId ? { ...nic, connected } : nic));
      await vm.changeSpec({ ...spec, nics });
    });
  }

  list(): readonly VmStatus[] {
    return [...this.vms.values()].map((vm) => vm.status);
  }

  status(id: string): VmStatus | undefined {
    return this.vms.get(id)?.status;
  }

  async stats(id: string): Promise<VmStats> {
    const vm = this.must(id);
    const { qmp } = vm.liveMonitor();
    const { spec, pid } = vm.status;
    if (pid === null) throw new VmRuntimeError('wrong-state', `VM ${id} has no process`);
    return collectStats({ spec, pid, qmp, taps: tapsOf(spec), now: this.host.now });
  }

  async guestAgent(id: string): Promise<GuestAgentReport | null> {
    const vm = this.must(id);
    vm.liveMonitor('running', 'stopping');
    return vm.agent.report();
  }

  consoles(id: string): VmConsoles {
    return this.must(id).directory.consoles;
  }

  screenshot(id: string): Promise<Uint8Array> {
    const vm = this.must(id);
    return vm.request(async () => {
      const { qmp } = vm.liveMonitor();
      const credentials = await this.credentialsFor(id);
      const path = await vm.directory.makeOutput('screen.png', credentials);
      try {
        await takeScreenshot(qmp, path);
        return await readFile(path);
      } finally {
        await rm(path, { force: true });
      }
    });
  }

  async forget(id: string): Promise<void> {
    const vm = this.vms.get(id);
    if (vm !== undefined && hasProcess(vm.status.state)) {
      throw new VmRuntimeError('wrong-state', `VM ${id} is ${vm.status.state}`);
    }
    this.vms.delete(id);
    await this.directory(id).remove();
  }

  subscribe(listener: VmEventListener): () => void {
    return this.events.subscribe(listener);
  }

  async dispose(): Promise<void> {
    await Promise.all([...this.vms.values()].map((vm) => vm.release()));
    this.host.watch.dispose();
    this.events.clear();
  }

  private async adoptOne(id: string, bootId: string): Promise<VmStatus | null> {
    const directory = this.directory(id);
    const spec = await directory.readSpec();
    const record = await directory.readProcess();
    if (record === null) {
      // Nothing ran here, or its end was told already.
      await directory.clearProcess();
      return null;
    }
    if (spec === null) {
      this.host.log('error', 'a VM process has no readable spec and is left alone', { vmId: id });
      return null;
    }
    const vm = this.add(spec, 'unknown');
    await vm.adopt(bootId);
    return vm.status;
  }

  private async setMedium(id: string, driveId: string, source: NbdSource | null): Promise<void> {
    const vm = this.must(id);
    await vm.request(async () => {
      const { spec } = vm.status;
      await changeMedium(vm.liveMonitor().qmp, { spec, id: driveId }, source);
      const disks = spec.disks.map((disk) =>
        disk.id === driveId && disk.role === 'cdrom' ? { ...disk, source } : disk,
      );
      await vm.changeSpec({ ...spec, disks });
    });
  }

  private add(spec: VmSpec, state: 'defined' | 'unknown'): QemuVm {
    const emit = (event: Parameters<VmEventListener>[0]): void => {
      this.events.emit(event);
    };
    const vm = new QemuVm(this.host, this.directory(spec.id), emit, spec, state);
    this.vms.set(spec.id, vm);
    return vm;
  }

  private directory(id: string): VmDirectory {
    return new VmDirectory(id, this.options);
  }

  private must(id: string): QemuVm {
    const vm = this.vms.get(id);
    if (vm === undefined) throw new VmRuntimeError('not-found', `no VM ${id}`);
    return vm;
  }
}
