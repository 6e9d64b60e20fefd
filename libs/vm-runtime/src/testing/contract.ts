/**
 * What every VmRuntime keeps. Run with a harness that makes specs whose guests boot, and that
 * knows how to crash one.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VmRuntimeError, type VmEvent, type VmRuntime } from '../vm-runtime';
import type { VmSpec } from '../vm-spec';

export interface ContractHarness {
  readonly runtime: VmRuntime;
  /** A spec of its own for each call. */
  newSpec(): VmSpec;
  /** Resolves when the guest listens to its power button. */
  booted(spec: VmSpec): Promise<void>;
  crash(spec: VmSpec): void;
  dispose(): Promise<void>;
}

const DEADLINE_MS = 30_000;

export async function errorKind(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'no error';
  } catch (error) {
    return error instanceof VmRuntimeError ? error.kind : String(error);
  }
}

/** Collects a runtime's events and waits for one. */
export class EventLog {
  readonly events: VmEvent[] = [];
  private waiting: (() => void)[] = [];

  constructor(runtime: VmRuntime) {
    runtime.subscribe((event) => {
      this.events.push(event);
      for (const wake of this.waiting.splice(0)) wake();
    });
  }

  async next(match: (event: VmEvent) => boolean, deadlineMs = DEADLINE_MS): Promise<VmEvent> {
    const end = performance.now() + deadlineMs;
    for (;;) {
      const found = this.events.find(match);
      if (found !== undefined) return found;
      const left = end - performance.now();
      if (left <= 0) throw new Error(`no such event; there were ${JSON.stringify(this.events)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  state(id: string, to: string, deadlineMs?: number): Promise<VmEvent> {
    return this.next(
      (event) => event.kind === 'state-changed' && event.id === id && event.to === to,
      deadlineMs,
    );
  }
}

export function describeVmRuntime(name: string, make: () => Promise<ContractHarness>): void {
  describe(name, () => {
    let harness: ContractHarness;
    let log: EventLog;

    beforeAll(async () => {
      harness = await make();
      log = new EventLog(harness.runtime);
    });
    afterAll(async () => {
      await harness.dispose();
    });

    it('takes a VM through its life and tells each state', async () => {
      const { runtime } = harness;
      const spec = harness.newSpec();
      const started = await runtime.start(spec);
      expect(started.state).toBe('running');
      expect(started.pid).toBeGreaterThan(0);
      expect(runtime.status(spec.id)).toEqual(started);

      await runtime.pause(spec.id);
      expect(runtime.status(spec.id)?.state).toBe('paused');
      await runtime.pause(spec.id);
      await runtime.resume(spec.id);
      expect(runtime.status(spec.id)?.state).toBe('running');

      await harness.booted(spec);
      await runtime.shutdown(spec.id, { deadlineMs: DEADLINE_MS });
      expect(runtime.status(spec.id)).toMatchObject({ state: 'stopped', pid: null });
      const told = log.events.flatMap((event) =>
        event.kind === 'state-changed' && event.id === spec.id ? [event.to] : [],
      );
      const life = ['starting', 'running', 'paused', 'running', 'stopping', 'stopped'];
      expect(told).toEqual(life);
      expect(log.events.at(-1)).toMatchObject({ to: 'stopped', cause: { kind: 'guest-shutdown' } });
    });

    it('refuses what a state does not allow', async () => {
      const { runtime } = harness;
      const spec = harness.newSpec();
      expect(await errorKind(runtime.pause(spec.id))).toBe('not-found');
      await runtime.start(spec);
      expect(await errorKind(runtime.start(spec))).toBe('already-running');
      expect(await errorKind(runtime.forget(spec.id))).toBe('wrong-state');
      expect(await errorKind(runtime.insertMedia(spec.id, 'none', anySource))).toBe('not-found');
      expect(await errorKind(runtime.setLink(spec.id, 'none', false))).toBe('not-found');
      await runtime.stop(spec.id);
      await runtime.stop(spec.id);
      expect(await errorKind(runtime.resume(spec.id))).toBe('wrong-state');
      expect(await errorKind(runtime.shutdown(spec.id, { deadlineMs: 10 }))).toBe('wrong-state');
      await runtime.forget(spec.id);
      expect(runtime.status(spec.id)).toBeUndefined();
    });

    it('tells a crash with its signal and starts the VM again', async () => {
      const { runtime } = harness;
      const spec = harness.newSpec();
      await runtime.start(spec);
      harness.crash(spec);
      const event = await log.state(spec.id, 'crashed', 1000);
      expect(event).toMatchObject({ cause: { kind: 'process-exit', signal: 'SIGSEGV' } });
      expect((await runtime.start(spec)).state).toBe('running');
      await runtime.stop(spec.id);
      const last = log.events.at(-1);
      expect(last).toMatchObject({ to: 'stopped', cause: { kind: 'requested' } });
    });

    it('starts nothing when it is aborted', async () => {
      const { runtime } = harness;
      const spec = harness.newSpec();
      const kind = await errorKind(runtime.start(spec, { signal: AbortSignal.abort() }));
      expect(kind).toBe('cancelled');
      expect(runtime.status(spec.id)?.pid ?? null).toBeNull();
    });
  });
}

const anySource = { kind: 'nbd', socketPath: '/nonexistent.sock', exportName: 'x' } as const;
