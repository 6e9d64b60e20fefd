/**
 * One VM and its QEMU process, if it has one.
 *
 * Facts and requests are kept apart. Facts (a monitor event, the end of the process) are recorded
 * when they come and worked off one at a time in `facts`; an event only says "look again", what
 * counts is what QEMU answers. Requests that change the process run one at a time in `requests`;
 * `stop` overtakes them, because an operator must be able to end a VM whose start or monitor hangs.
 */
import { poll, within } from '../host/waiting';
import { SerialQueue } from '../host/serial-queue';
import type { VmDirectory } from '../host/runtime-directory';
import type { ExitRecord, ProcessRecord } from '../host/vm-launch';
import {
  blockIoErrorSchema,
  shutdownEventSchema,
  statusSchema,
  type QmpEvent,
} from '../qmp/qmp-messages';
import {
  VmRuntimeError,
  type Accelerator,
  type CallOptions,
  type ShutdownOptions,
  type VmCause,
  type VmCredentials,
  type VmEvent,
  type VmStatus,
} from '../vm-runtime';
import type { VmSpec } from '../vm-spec';
import { hasProcess, nextVmState, type VmInput, type VmState } from '../vm-state';
import { aborted, describeCause, messageOf, unanswered } from './causes';
import { GuestAgent } from './guest-agent';
import { IoSuspension } from './io-suspension';
import { MonitorSession } from './monitor-session';
import { prepareDevices } from './running-devices';
import { launchQemu, releaseHost, type VmHost } from './vm-host';

/** QEMU speaks only when its disks are open, and waits for them itself for 20 s. */
const START_DEADLINE_MS = 30_000;
const ADOPT_DEADLINE_MS = 2000;
const RUN_DEADLINE_MS = 30_000;
const QUIT_DEADLINE_MS = 10_000;
const KILL_DEADLINE_MS = 30_000;
const EXIT_RECORD_DEADLINE_MS = 500;

export class QemuVm {
  readonly agent: GuestAgent;
  private readonly facts = new SerialQueue();
  private readonly requests = new SerialQueue();
  private readonly monitor: MonitorSession;
  private readonly suspension: IoSuspension;
  private state: VmState;
  private reason = '';
  private process: ProcessRecord | null = null;
  private startedAt: Date | null = null;
  private accelerator: Accelerator;
  /** What the end of the process will mean; `null`: nobody asked for it. */
  private endCause: VmCause | null = null;
  private rebooting = false;
  private starting: AbortController | null = null;
  private whenEnded: Promise<void> = Promise.resolve();
  private settleEnded: () => void = () => undefined;

  constructor(
    private readonly host: VmHost,
    readonly directory: VmDirectory,
    private readonly emit: (event: VmEvent) => void,
    private currentSpec: VmSpec,
    initialState: 'defined' | 'unknown',
  ) {
    this.state = initialState;
    this.accelerator = host.acceleration.accelerator;
    this.agent = new GuestAgent(directory.agentSocket);
    this.monitor = new MonitorSession({
      path: directory.qmpSocket,
      vmId: currentSpec.id,
      onEvent: (event) => {
        this.onEvent(event);
      },
      onReconnect: () => {
        this.lookAgain();
      },
      onLost: (message) => {
        this.move('monitor-lost', { kind: 'monitor-lost', message }, message);
      },
    });
    this.suspension = new IoSuspension(this.monitor, () => {
      this.lookAgain();
    });
  }

  get status(): VmStatus {
    return {
      id: this.currentSpec.id,
      name: this.currentSpec.name,
      state: this.state,
      reason: this.reason,
      pid: this.process?.pid ?? null,
      accelerator: this.accelerator,
      startedAt: this.startedAt,
      spec: this.currentSpec,
    };
  }

  /** For requests that speak to the monitor. Errors: `wrong-state`, `monitor-lost`. */
  liveMonitor(...states: readonly VmState[]): MonitorSession {
    this.mustBe(states.length > 0 ? states : ['running', 'paused', 'io-suspended', 'stopping']);
    return this.monitor;
  }

  /** Serialised with the other requests of this VM. */
  request<T>(work: () => Promise<T>): Promise<T> {
    return this.requests.run(work);
  }

  async changeSpec(spec: VmSpec): Promise<void> {
    await this.directory.writeSpec(spec);
    this.currentSpec = spec;
  }

  start(spec: VmSpec, credentials: VmCredentials | null, options: CallOptions): Promise<VmStatus> {
    return this.requests.run(async () => {
      if (hasProcess(this.state)) {
        throw new VmRuntimeError('already-running', `VM ${spec.id} is ${this.state}`);
      }
      this.currentSpec = spec;
      this.accelerator = this.host.acceleration.accelerator;
      const abort = new AbortController();
      this.starting = abort;
      const signal = AbortSignal.any([abort.signal, ...(options.signal ? [options.signal] : [])]);
      this.move('start-requested', { kind: 'requested' });
      try {
        await this.launch(credentials, signal);
        await this.letRun(credentials, signal);
      } catch (error) {
        throw await this.failStart(error, signal);
      } finally {
        this.starting = null;
      }
      return this.status;
    });
  }

  /** Takes up the process that the directory records. Only on a VM that was made `unknown`. */
  async adopt(bootId: string): Promise<void> {
    const record = await this.directory.readProcess();
    const start = await this.directory.readStart();
    if (start !== null) {
      this.startedAt = new Date(start.startedAtMs);
      this.accelerator = start.accelerator;
    }
    this.process = record;
    this.expectEnd();
    if (record === null || record.bootId !== bootId) {
      await this.finish({ kind: 'host-restarted' });
      return;
    }
    const alive = await this.watchProcess(record);
    if (!alive) {
      await this.finish(null);
      return;
    }
    if (start === null) {
      const message = 'the service ended while the VM was starting';
      this.endCause = { kind: 'start-failed', message };
      await this.killAndWait();
      return;
    }
    try {
      await this.monitor.open(ADOPT_DEADLINE_MS, AbortSignal.timeout(ADOPT_DEADLINE_MS * 3));
    } catch (error) {
      this.reason = `QEMU runs but does not answer: ${messageOf(error)}`;
      this.monitor.keepTrying();
      return;
    }
    await this.facts.run(() => this.reconcile({ kind: 'adopted' }));
  }

  async shutdown(options: ShutdownOptions): Promise<void> {
    this.mustBe(['running']);
    this.move('stop-requested', { kind: 'requested' });
    const ended = this.whenEnded;
    await this.askGuestToPowerOff(options, ended);
    if (!hasProcess(this.state)) return;
    this.move('guest-runs', { kind: 'requested' });
    throw unanswered(options, `VM ${this.currentSpec.id} still runs`);
  }

  async reboot(options: ShutdownOptions): Promise<void> {
    const { qmp } = this.liveMonitor('running');
    this.rebooting = true;
    const restarted = poll(() => (this.rebooting ? undefined : true), {
      everyMs: 50,
      deadlineMs: options.deadlineMs,
      signal: options.signal,
    });
    if (!(await this.agent.powerOff())) await qmp.run('system_powerdown');
    const done = await restarted.catch(() => undefined);
    this.rebooting = false;
    if (done !== true) throw unanswered(options, `VM ${this.currentSpec.id} did not restart`);
  }

  /** Ends QEMU now. Overtakes a start that is under way. */
  async stop(): Promise<void> {
    this.starting?.abort(new VmRuntimeError('cancelled', 'the VM was stopped while it started'));
    if (this.starting !== null) await this.requests.idle();
    if (!hasProcess(this.state)) return;
    this.suspension.end();
    this.endCause ??= { kind: 'requested' };
    this.move('stop-requested', { kind: 'requested' });
    await this.killAndWait();
  }

  reset(): Promise<void> {
    return this.requests.run(async () => {
      await this.liveMonitor('running', 'paused').qmp.run('system_reset');
    });
  }

  pause(): Promise<void> {
    return this.requests.run(async () => {
      const { qmp } = this.liveMonitor('running', 'paused');
      await qmp.run('stop', undefined, { deadlineMs: RUN_DEADLINE_MS });
      await this.facts.run(() => this.reconcile({ kind: 'requested' }));
    });
  }

  resume(): Promise<void> {
    return this.requests.run(async () => {
      const { qmp } = this.liveMonitor('running', 'paused', 'io-suspended');
      await qmp.run('cont', undefined, { deadlineMs: RUN_DEADLINE_MS });
      await this.facts.run(() => this.reconcile({ kind: 'requested' }));
    });
  }

  /** Lets go of the process without touching it. */
  async release(): Promise<void> {
    this.host.watch.unwatch(this.currentSpec.id);
    this.suspension.end();
    this.monitor.close();
    await this.facts.idle();
  }

  private async launch(credentials: VmCredentials | null, signal: AbortSignal): Promise<void> {
    this.endCause = null;
    this.rebooting = false;
    signal.throwIfAborted();
    const { host, directory } = this;
    this.process = await launchQemu({ host, spec: this.currentSpec, directory, credentials });
    this.expectEnd();
    const died = new AbortController();
    const ended = this.whenEnded.then(() => {
      died.abort(new VmRuntimeError('start-failed', 'QEMU ended during the start'));
    });
    if (!(await this.watchProcess(this.process))) await this.finish(null);
    const either = AbortSignal.any([signal, died.signal]);
    await Promise.race([this.monitor.open(START_DEADLINE_MS, either), ended]);
    either.throwIfAborted();
  }

  private async letRun(credentials: VmCredentials | null, signal: AbortSignal): Promise<void> {
    const { qmp } = this.monitor;
    await prepareDevices(qmp, this.currentSpec);
    await this.directory.seal(credentials);
    signal.throwIfAborted();
    this.startedAt = this.host.now();
    const startedAtMs = this.startedAt.getTime();
    await this.directory.writeStart({ startedAtMs, accelerator: this.accelerator });
    await qmp.run('cont', undefined, { deadlineMs: RUN_DEADLINE_MS });
    await this.facts.run(() => this.reconcile({ kind: 'started' }));
  }

  /** Takes back a start; the error to throw. */
  private async failStart(error: unknown, signal: AbortSignal): Promise<VmRuntimeError> {
    const tail = await this.directory.qemuLogTail();
    const kind = signal.aborted ? 'cancelled' : 'start-failed';
    const text = [messageOf(error), ...tail.slice(-5)].join('\n');
    const message = text.slice(0, 2000);
    this.endCause ??= { kind: 'start-failed', message };
    if (this.process !== null) await this.killAndWait();
    else this.move('failed', { kind: 'start-failed', message }, message);
    if (error instanceof VmRuntimeError && error.kind === 'already-running') return error;
    return new VmRuntimeError(kind, message, { cause: error });
  }

  private async askGuestToPowerOff(options: ShutdownOptions, ended: Promise<void>): Promise<void> {
    const half = options.deadlineMs / 2;
    const wait = (ms: number): Promise<unknown> => {
      const stops = [ended, ...(options.signal ? [aborted(options.signal)] : [])];
      return within(ms, Promise.race(stops), () => undefined);
    };
    try {
      const taken = await this.agent.powerOff();
      if (!taken) await this.monitor.qmp.run('system_powerdown');
      await wait(half);
      if (!hasProcess(this.state) || options.signal?.aborted) return;
      // An agent that took the request and did nothing, or a guest that was not yet listening.
      await this.monitor.qmp.run('system_powerdown');
    } catch (error) {
      if (!(error instanceof VmRuntimeError)) throw error;
    }
    await wait(half);
  }

  private onEvent(event: QmpEvent): void {
    switch (event.event) {
      case 'BLOCK_IO_ERROR': {
        const parsed = blockIoErrorSchema.safeParse(event.data);
        if (parsed.success) this.suspension.record(parsed.data, this.currentSpec);
        this.lookAgain();
        return;
      }
      case 'RESET': {
        const parsed = shutdownEventSchema.safeParse(event.data);
        const byGuest = parsed.success && parsed.data.guest;
        const id = this.currentSpec.id;
        if (this.state === 'starting') return;
        this.emit({ kind: 'guest-reset', id, at: this.host.now(), byGuest });
        return;
      }
      case 'STOP':
      case 'RESUME':
      case 'SHUTDOWN':
      case 'GUEST_PANICKED':
        this.lookAgain();
        return;
      default:
    }
  }

  private lookAgain(): void {
    if (this.state === 'starting') return;
    this.facts
      .run(() => this.reconcile({ kind: 'requested' }))
      .catch((error: unknown) => {
        const context = { vmId: this.currentSpec.id, error: messageOf(error) };
        this.host.log('warn', 'the state of a VM could not be asked', context);
      });
  }

  /** Brings our state to what QEMU says. `cause`: why it may have changed. */
  private async reconcile(cause: VmCause): Promise<void> {
    if (!this.monitor.connected || !hasProcess(this.state)) return;
    const { status } = await this.monitor.qmp.ask(statusSchema, 'query-status');
    switch (status) {
      case 'running':
        if (this.suspension.retrying) return;
        if (this.state !== 'running' && this.state !== 'stopping') {
          this.move('guest-runs', this.suspension.takeResumed() ?? cause);
        }
        return;
      case 'paused':
      case 'prelaunch':
        this.suspension.end();
        if (this.state !== 'paused') this.move('guest-paused', cause);
        return;
      case 'io-error':
        this.suspend();
        return;
      case 'shutdown':
        await this.guestPoweredOff();
        return;
      case 'guest-panicked':
      case 'internal-error':
        await this.guestPanicked();
        return;
      default:
        // Migration's own states are that feature's to judge.
        return;
    }
  }

  private suspend(): void {
    const failure = this.suspension.begin();
    if (this.state === 'io-suspended') return;
    this.move('disk-failed', failure, `a disk failed: ${failure.reason}`);
  }

  /** The guest is off and QEMU waits: go on with a reboot, or let QEMU close its disks and end. */
  private async guestPoweredOff(): Promise<void> {
    const { qmp } = this.monitor;
    if (this.rebooting) {
      await qmp.run('system_reset');
      await qmp.run('cont', undefined, { deadlineMs: RUN_DEADLINE_MS });
      this.rebooting = false;
      return;
    }
    if (this.endCause !== null) return;
    this.endCause = { kind: 'guest-shutdown' };
    await this.endProcess();
  }

  private async guestPanicked(): Promise<void> {
    if (this.endCause !== null) return;
    const tails = await this.tails();
    this.endCause = { kind: 'guest-panic', ...tails };
    await this.endProcess();
  }

  /** Asks QEMU to close its disks and end; its end arrives as a fact of its own. */
  private async endProcess(): Promise<void> {
    await this.monitor.qmp.run('quit').catch(() => undefined);
    const timer = setTimeout(() => {
      this.host.watch.kill(this.currentSpec.id).catch(() => undefined);
    }, QUIT_DEADLINE_MS);
    this.whenEnded
      .then(() => {
        clearTimeout(timer);
      })
      .catch(() => undefined);
  }

  private expectEnd(): void {
    this.whenEnded = new Promise((resolve) => {
      this.settleEnded = resolve;
    });
  }

  private watchProcess(record: ProcessRecord): Promise<boolean> {
    return this.host.watch.watch(this.currentSpec.id, record, () => {
      this.facts
        .run(() => this.finish(null))
        .catch((error: unknown) => {
          const context = { vmId: this.currentSpec.id, error: messageOf(error) };
          this.host.log('error', 'the end of a VM could not be worked off', context);
        });
    });
  }

  private async killAndWait(): Promise<void> {
    await this.host.watch.kill(this.currentSpec.id);
    const gone = this.whenEnded.then(() => true);
    if (await within(KILL_DEADLINE_MS, gone, () => false)) return;
    throw new VmRuntimeError('timed-out', 'QEMU is killed but does not end');
  }

  /** The process is gone: say why and leave nothing of it. */
  private async finish(known: VmCause | null): Promise<void> {
    if (!hasProcess(this.state)) return;
    this.monitor.close();
    this.suspension.end();
    const cause = known ?? this.endCause ?? (await this.unexpectedEnd());
    await releaseHost(this.host, this.currentSpec, this.directory);
    this.process = null;
    this.startedAt = null;
    const asked = cause.kind === 'requested' || cause.kind === 'guest-shutdown';
    const failed = asked ? null : nextVmState(this.state, 'failed');
    this.move(failed === null ? 'ended' : 'failed', cause, describeCause(cause));
    this.settleEnded();
  }

  private async unexpectedEnd(): Promise<VmCause> {
    const probe = async (): Promise<ExitRecord | undefined> =>
      (await this.directory.readExit()) ?? undefined;
    const exit = await poll(probe, { everyMs: 10, deadlineMs: EXIT_RECORD_DEADLINE_MS });
    const { exitCode, signal } = exit ?? { exitCode: null, signal: null };
    const tails = await this.tails();
    if (this.state !== 'starting') return { kind: 'process-exit', exitCode, signal, ...tails };
    const message = ['QEMU ended during the start', ...tails.logTail.slice(-5)].join('\n');
    return { kind: 'start-failed', message };
  }

  private async tails(): Promise<{ serialTail: readonly string[]; logTail: readonly string[] }> {
    const [serialTail, logTail] = await Promise.all([
      this.directory.serialTail(),
      this.directory.qemuLogTail(),
    ]);
    return { serialTail, logTail };
  }

  private move(input: VmInput, cause: VmCause, reason = ''): void {
    const from = this.state;
    const to = nextVmState(from, input);
    if (to === null) return;
    this.state = to;
    this.reason = reason;
    const { id } = this.currentSpec;
    this.emit({ kind: 'state-changed', id, at: this.host.now(), from, to, cause });
  }

  private mustBe(states: readonly VmState[]): void {
    if (states.includes(this.state)) return;
    throw new VmRuntimeError('wrong-state', `VM ${this.currentSpec.id} is ${this.state}`);
  }
}
