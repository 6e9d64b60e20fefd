/**
 * A VmRuntime in memory: same contract, no process. The suite in `testing/contract.ts` runs
 * against it and against QEMU. Knobs below the interface make the faults that tests ask for.
 */
import {
  VmRuntimeError,
  type CallOptions,
  type DiskLimits,
  type GuestAgentReport,
  type ShutdownOptions,
  type VmCause,
  type VmConsoles,
  type VmCredentials,
  type VmEvent,
  type VmEventListener,
  type VmRuntime,
  type VmStats,
  type VmStatus,
} from './vm-runtime';
import { VmEvents } from './vm-events';
import { hasProcess, nextVmState, type VmInput } from './vm-state';
import type { NbdSource, VmSpec } from './vm-spec';

interface FakeVm {
  status: VmStatus;
  suspendedAt: Date | null;
}

export interface FakeVmRuntimeOptions {
  readonly now?: () => Date;
}

export class FakeVmRuntime implements VmRuntime {
  private readonly vms = new Map<string, FakeVm>();
  private readonly events = new VmEvents();
  private readonly now: () => Date;
  private readonly deafGuests = new Set<string>();
  private startRefusal: string | null = null;
  private nextPid = 1000;

  constructor(options: FakeVmRuntimeOptions = {}) {
    this.now = options.now ?? (() => new Date());
  }

  credentialsFor(): Promise<VmCredentials | null> {
    return Promise.resolve(null);
  }

  async start(spec: VmSpec, options: CallOptions = {}): Promise<VmStatus> {
    await Promise.resolve();
    if (options.signal?.aborted) throw new VmRuntimeError('cancelled', 'the start was cancelled');
    const known = this.vms.get(spec.id);
    if (known !== undefined && hasProcess(known.status.state)) {
      throw new VmRuntimeError('already-running', `VM ${spec.id} is ${known.status.state}`);
    }
    const vm: FakeVm = { status: this.newStatus(spec, known), suspendedAt: null };
    this.vms.set(spec.id, vm);
    this.move(vm, 'start-requested', { kind: 'requested' });
    if (this.startRefusal !== null) {
      const message = this.startRefusal;
      this.move(vm, 'failed', { kind: 'start-failed', message });
      throw new VmRuntimeError('start-failed', message);
    }
    vm.status = { ...vm.status, pid: this.nextPid++, startedAt: this.now() };
    this.move(vm, 'guest-runs', { kind: 'started' });
    return vm.status;
  }

  adoptAll(): Promise<readonly VmStatus[]> {
    return Promise.resolve(this.list());
  }

  async shutdown(id: string, options: ShutdownOptions): Promise<void> {
    await Promise.resolve();
    const vm = this.mustBe(id, ['running']);
    if (this.deafGuests.has(id)) {
      throw new VmRuntimeError('timed-out', `VM ${id} still ran after ${options.deadlineMs} ms`);
    }
    this.move(vm, 'stop-requested', { kind: 'requested' });
    this.move(vm, 'ended', { kind: 'guest-shutdown' });
  }

  async stop(id: string): Promise<void> {
    await Promise.resolve();
    const vm = this.must(id);
    if (!hasProcess(vm.status.state)) return;
    this.move(vm, 'stop-requested', { kind: 'requested' });
    this.move(vm, 'ended', { kind: 'requested' });
  }

  async reboot(id: string, options: ShutdownOptions): Promise<void> {
    await Promise.resolve();
    this.mustBe(id, ['running']);
    if (this.deafGuests.has(id)) {
      throw new VmRuntimeError('timed-out', `VM ${id} still ran after ${options.deadlineMs} ms`);
    }
    this.emit({ kind: 'guest-reset', id, at: this.now(), byGuest: true });
  }

  async reset(id: string): Promise<void> {
    await Promise.resolve();
    this.mustBe(id, ['running', 'paused']);
    this.emit({ kind: 'guest-reset', id, at: this.now(), byGuest: false });
  }

  async pause(id: string): Promise<void> {
    await Promise.resolve();
    const vm = this.mustBe(id, ['running', 'paused']);
    if (vm.status.state === 'running') this.move(vm, 'guest-paused', { kind: 'requested' });
  }

  async resume(id: string): Promise<void> {
    await Promise.resolve();
    const vm = this.mustBe(id, ['running', 'paused', 'io-suspended']);
    if (vm.status.state !== 'running') this.move(vm, 'guest-runs', { kind: 'requested' });
  }

  async insertMedia(id: string, driveId: string, source: NbdSource): Promise<void> {
    await Promise.resolve();
    this.setMedium(id, driveId, source);
  }

  async ejectMedia(id: string, driveId: string): Promise<void> {
    await Promise.resolve();
    this.setMedium(id, driveId, null);
  }

  async setDiskLimits(id: string, diskId: string, limits: DiskLimits): Promise<void> {
    await Promise.resolve();
    const vm = this.mustBe(id, ['running', 'paused', 'io-suspended']);
    const { spec } = vm.status;
    if (!spec.disks.some((disk) => disk.id === diskId && disk.role === 'disk')) {
      throw new VmRuntimeError('not-found', `VM ${id} has no disk ${diskId}`);
    }
    const changed = {
      iopsLimit: limits.iopsLimit ?? undefined,
      bpsLimit: limits.bpsLimit ?? undefined,
    };
    const disks = spec.disks.map((disk) =>
      disk.id === diskId && disk.role === 'disk' ? { ...disk, ...changed } : disk,
    );
    vm.status = { ...vm.status, spec: { ...spec, disks } };
  }

  async setLink(id: string, nicId: string, connected: boolean): Promise<void> {
    await Promise.resolve();
    const vm = this.mustBe(id, ['running', 'paused', 'io-suspended']);
    const { spec } = vm.status;
    if (!spec.nics.some((nic) => nic.id === nicId)) {
      throw new VmRuntimeError('not-found', `VM ${id} has no NIC ${nicId}`);
    }
    const nics = spec.nics.map((nic) => (nic.id === nicId ? { ...nic, connected } : nic));
    vm.status = { ...vm.status, spec: { ...spec, nics } };
  }

  list(): readonly VmStatus[] {
    return [...this.vms.values()].map((vm) => vm.status);
  }

  status(id: string): VmStatus | undefined {
    return this.vms.get(id)?.status;
  }

  async stats(id: string): Promise<VmStats> {
    await Promise.resolve();
    const { spec } = this.mustBe(id, ['running', 'paused', 'io-suspended']).status;
    const zeroIo = { readBytes: 0, writeBytes: 0, readOps: 0, writeOps: 0, flushOps: 0 };
    const zeroTime = { readSeconds: 0, writeSeconds: 0, flushSeconds: 0, failedOps: 0 };
    const uncounted = { receiveBytes: null, transmitBytes: null };
    return {
      takenAt: this.now(),
      cpu: { seconds: 0, waitSeconds: 0, vcpus: spec.vcpus },
      memory: {
        configuredBytes: spec.memoryBytes,
        residentBytes: 0,
        guestTotalBytes: null,
        guestAvailableBytes: null,
      },
      disks: spec.disks.map((disk) => ({ id: disk.id, ...zeroIo, ...zeroTime })),
      nics: spec.nics.map((nic) => ({
        id: nic.id,
        ...uncounted,
        receivePackets: null,
        transmitPackets: null,
      })),
    };
  }

  async guestAgent(id: string): Promise<GuestAgentReport | null> {
    await Promise.resolve();
    this.mustBe(id, ['running']);
    if (this.deafGuests.has(id)) return null;
    return { version: 'fake', hostName: 'fake', interfaces: [] };
  }

  consoles(id: string): VmConsoles {
    this.must(id);
    return {
      vncSocketPath: `/nonexistent/${id}/vnc.sock`,
      serialSocketPath: `/nonexistent/${id}/serial.sock`,
      serialLogPath: `/nonexistent/${id}/serial.log`,
    };
  }

  async screenshot(id: string): Promise<Uint8Array> {
    await Promise.resolve();
    this.mustBe(id, ['running', 'paused', 'io-suspended']);
    return Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
  }

  async forget(id: string): Promise<void> {
    await Promise.resolve();
    const vm = this.vms.get(id);
    if (vm === undefined) return;
    if (hasProcess(vm.status.state)) {
      throw new VmRuntimeError('wrong-state', `VM ${id} is ${vm.status.state}`);
    }
    this.vms.delete(id);
  }

  subscribe(listener: VmEventListener): () => void {
    return this.events.subscribe(listener);
  }

  dispose(): Promise<void> {
    this.events.clear();
    return Promise.resolve();
  }

  /** Knob: every later `start` fails with this message, until `null`. */
  refuseStarts(message: string | null): void {
    this.startRefusal = message;
  }

  /** Knob: the guest no longer hears shutdown, reboot and its agent. */
  makeDeaf(id: string): void {
    this.deafGuests.add(id);
  }

  /** Knob: QEMU dies. */
  crash(id: string, signal = 'SIGSEGV'): void {
    const vm = this.must(id);
    this.move(vm, 'failed', {
      kind: 'process-exit',
      exitCode: null,
      signal,
      serialTail: [],
      logTail: [],
    });
  }

  /** Knob: the guest powers itself off. */
  powerOffFromInside(id: string): void {
    this.move(this.must(id), 'ended', { kind: 'guest-shutdown' });
  }

  /** Knob: a disk fails; the guest is suspended until `healDisk`. */
  failDisk(id: string, diskId: string): void {
    const vm = this.must(id);
    vm.suspendedAt = this.now();
    const reason = 'Input/output error';
    this.move(vm, 'disk-failed', { kind: 'io-error', diskId, reason, fenced: false });
  }

  healDisk(id: string): void {
    const vm = this.must(id);
    const suspendedMs = this.now().getTime() - (vm.suspendedAt ?? this.now()).getTime();
    this.move(vm, 'guest-runs', { kind: 'resumed', suspendedMs });
  }

  private newStatus(spec: VmSpec, known: FakeVm | undefined): VmStatus {
    return {
      id: spec.id,
      name: spec.name,
      state: known?.status.state ?? 'defined',
      reason: '',
      pid: null,
      accelerator: 'tcg',
      startedAt: null,
      spec,
    };
  }

  private setMedium(id: string, driveId: string, source: NbdSource | null): void {
    const vm = this.mustBe(id, ['running', 'paused', 'io-suspended']);
    const { spec } = vm.status;
    if (!spec.disks.some((disk) => disk.id === driveId && disk.role === 'cdrom')) {
      throw new VmRuntimeError('not-found', `VM ${id} has no CD-ROM drive ${driveId}`);
    }
    const disks = spec.disks.map((disk) =>
      disk.id === driveId && disk.role === 'cdrom' ? { ...disk, source } : disk,
    );
    vm.status = { ...vm.status, spec: { ...spec, disks } };
  }

  private move(vm: FakeVm, input: VmInput, cause: VmCause): void {
    const from = vm.status.state;
    const to = nextVmState(from, input);
    if (to === null) throw new VmRuntimeError('wrong-state', `${input} has no meaning in ${from}`);
    const gone = hasProcess(to) ? {} : { pid: null, startedAt: null };
    vm.status = { ...vm.status, ...gone, state: to };
    this.emit({ kind: 'state-changed', id: vm.status.id, at: this.now(), from, to, cause });
  }

  private emit(event: VmEvent): void {
    this.events.emit(event);
  }

  private must(id: string): FakeVm {
    const vm = this.vms.get(id);
    if (vm === undefined) throw new VmRuntimeError('not-found', `no VM ${id}`);
    return vm;
  }

  private mustBe(id: string, states: readonly VmStatus['state'][]): FakeVm {
    const vm = this.must(id);
    if (!states.includes(vm.status.state)) {
      throw new VmRuntimeError('wrong-state', `VM ${id} is ${vm.status.state}`);
    }
    return vm;
  }
}
