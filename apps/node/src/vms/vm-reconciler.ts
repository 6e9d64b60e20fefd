// Brings what runs to what is wanted: observe (runtime) -> plan (pure) -> act (tasks) -> record.
// It starts what should run and does not, with back-off; it lets go of the disks of what has
// ended; it accepts that a guest which powered itself off is meant to be off.
import { Inject, Injectable } from '@nestjs/common';
import type { VmRow } from '@cairn/persistence';
import type { Logger } from '@cairn/telemetry';
import type { VmEvent, VmRuntime, VmState, VmStateChanged } from '@cairn/vm-runtime';
import { Database } from '../platform/database';
import { backOffMs, delay } from '../platform/delay';
import { LOGGER, VM_RUNTIME } from '../platform/tokens';
import { VolumeAttachments } from '../volumes/volume-attachments';
import { VmBoard } from './vm-board';
import { VmPower } from './vm-power';
import { VmPowerTasks } from './vm-power-tasks';
import { VmStore } from './vm-store';

const INTERVAL_MS = 10_000;
const FIRST_RETRY_MS = 2_000;
const MAX_RETRY_MS = 300_000;
/** A guest that ran this long has its failures forgiven. */
const STABLE_MS = 600_000;

interface Attempts {
  readonly count: number;
  readonly notBeforeMs: number;
}

interface StartFacts {
  /** A task works on the VM or waits for it. */
  readonly isBusy: boolean;
  /** A change of its state was seen, but what follows from it is not yet written. */
  readonly hasUnhandledChange: boolean;
  readonly notBeforeMs: number;
  readonly nowMs: number;
}

/**
 * Whether a VM should be started now. Pure. A guest that has just powered itself off looks as if it
 * were missing until that wish is written down: so a VM with an unhandled change waits.
 */
export function shouldStart(
  vm: Pick<VmRow, 'phase' | 'desiredPowerState'>,
  state: VmState | undefined,
  facts: StartFacts,
): boolean {
  if (vm.phase !== 'ready' || vm.desiredPowerState !== 'running') return false;
  if (facts.isBusy || facts.hasUnhandledChange) return false;
  const isDown = state === undefined || ['defined', 'stopped', 'crashed'].includes(state);
  return isDown && facts.nowMs >= facts.notBeforeMs;
}

@Injectable()
export class VmReconciler {
  readonly #attempts = new Map<string, Attempts>();
  readonly #stop = new AbortController();
  #wake = new AbortController();
  #loop: Promise<void> = Promise.resolve();
  #unsubscribe: () => void = () => undefined;
  readonly #pendingEvents: VmStateChanged[] = [];

  constructor(
    private readonly database: Database,
    private readonly store: VmStore,
    private readonly board: VmBoard,
    private readonly power: VmPower,
    private readonly powerTasks: VmPowerTasks,
    private readonly attachments: VolumeAttachments,
    @Inject(VM_RUNTIME) private readonly runtime: VmRuntime,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Listens from the first moment on, so that no event is missed while the database is down. */
  listen(): void {
    this.#unsubscribe = this.runtime.subscribe((event) => this.#note(event));
  }

  /** Counts in the volumes of adopted guests. Runs before tasks are taken up. */
  async adopt(): Promise<void> {
    await this.power.adoptAttachments(await this.store.all());
    await this.attachments.releaseUnused();
  }

  start(): void {
    this.#loop = this.#run();
  }

  async stop(): Promise<void> {
    this.#unsubscribe();
    this.#stop.abort();
    this.#wake.abort();
    await this.#loop;
  }

  /** Called by the runtime: records and returns; the loop acts. */
  #note(event: VmEvent): void {
    if (event.kind !== 'state-changed') return;
    const { id, at, cause } = event;
    this.board.note(id, { since: at });
    const failure = failureOf(event);
    if (failure !== null) this.board.note(id, { lastError: failure });
    const level = failure === null ? 'info' : 'warn';
    this.logger[level]({ vm: id, from: event.from, to: event.to, cause }, 'VM changed its state');
    this.#pendingEvents.push(event);
    this.#wake.abort();
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        await this.#handleEvents();
        await this.#startMissing();
      } catch (error) {
        const level = this.database.isReady ? 'warn' : 'debug';
        this.logger[level]({ err: error }, 'the reconciler failed and tries again');
        await delay(1_000, this.#stop.signal);
      }
      if (this.#pendingEvents.length > 0) continue;
      await delay(INTERVAL_MS, this.#wake.signal);
      if (this.#wake.signal.aborted) this.#wake = new AbortController();
    }
  }

  /** An event leaves the list only when its consequences are written. */
  async #handleEvents(): Promise<void> {
    for (;;) {
      const event = this.#pendingEvents[0];
      if (event === undefined || this.#stop.signal.aborted) return;
      await this.#handle(event);
      this.#pendingEvents.shift();
    }
  }

  async #handle(event: VmStateChanged): Promise<void> {
    const { id, to, cause } = event;
    const record = await this.store.find(id);
    if (record === null) return;
    if (to === 'running' && cause.kind === 'started') this.#forgive(id, event.at);
    const hasEnded = to === 'stopped' || to === 'crashed';
    if (hasEnded && !this.power.isRunning(id)) await this.power.releaseAll(record);
    const poweredItselfOff = to === 'stopped' && cause.kind === 'guest-shutdown';
    if (poweredItselfOff && record.vm.desiredPowerState !== 'stopped') {
      await this.store.patch(id, { desiredPowerState: 'stopped' });
      return;
    }
    await this.store.announce(id);
  }

  async #startMissing(): Promise<void> {
    const nowMs = performance.now();
    for (const { vm } of await this.store.all()) {
      const attempts = this.#attempts.get(vm.id) ?? { count: 0, notBeforeMs: 0 };
      const isBusy = this.powerTasks.isBusy(vm.id);
      const state = this.runtime.status(vm.id)?.state;
      const hasUnhandledChange = this.#pendingEvents.some(({ id }) => id === vm.id);
      const { notBeforeMs } = attempts;
      const facts = { isBusy, hasUnhandledChange, notBeforeMs, nowMs };
      if (!shouldStart(vm, state, facts)) continue;
      const waitMs = backOffMs(attempts.count, FIRST_RETRY_MS, MAX_RETRY_MS);
      this.#attempts.set(vm.id, { count: attempts.count + 1, notBeforeMs: nowMs + waitMs });
      this.logger.info({ vm: vm.id, attempt: attempts.count }, 'starting a VM that should run');
      await this.powerTasks.submitStart(vm);
    }
  }

  /** Back-off starts anew for guests that had run well for a while. */
  #forgive(id: string, startedAt: Date): void {
    const attempts = this.#attempts.get(id);
    if (attempts === undefined) return;
    const timer = setTimeout(() => {
      const since = this.runtime.status(id)?.startedAt?.getTime() ?? 0;
      if (since <= startedAt.getTime()) this.#attempts.delete(id);
    }, STABLE_MS);
    timer.unref();
  }
}

/** The reason for people, when a change is a failure. */
function failureOf({ cause }: VmStateChanged): string | null {
  switch (cause.kind) {
    case 'process-exit':
      return `QEMU ended unexpectedly (${cause.signal ?? `exit code ${cause.exitCode ?? 'unknown'}`}).`;
    case 'guest-panic':
      return 'The guest panicked.';
    case 'io-error':
      return `A disk failed: ${cause.reason}`;
    case 'start-failed':
    case 'monitor-lost':
      return cause.message;
    case 'requested':
    case 'started':
    case 'adopted':
    case 'guest-shutdown':
    case 'host-restarted':
    case 'resumed':
      return null;
  }
}
