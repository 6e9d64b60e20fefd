// Looks at the running guests: every 5 s for graphs, every 2 s while somebody watches live. The
// guest agent is asked rarely; it tells addresses, which seldom change.
import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from '@cairn/telemetry';
import { hasProcess, type VmRuntime, type VmStats, type VmStatus } from '@cairn/vm-runtime';
import { ChangeFeed } from '../events/change-feed';
import { EventStreams } from '../events/event-streams';
import { VmHistory } from '../metrics/vm-history';
import { vmSampleOf } from '../metrics/vm-rates';
import { delay } from '../platform/delay';
import { LOGGER, VM_RUNTIME } from '../platform/tokens';
import { VmBoard } from './vm-board';
import { VmStore } from './vm-store';

const QUIET_MS = 5_000;
const WATCHED_MS = 2_000;
const AGENT_INTERVAL_MS = 30_000;
const CALL_DEADLINE_MS = 1_500;

@Injectable()
export class VmSampler {
  readonly #stop = new AbortController();
  readonly #last = new Map<string, VmStats>();
  readonly #agentAskedMs = new Map<string, number>();
  #loop: Promise<void> = Promise.resolve();

  constructor(
    private readonly board: VmBoard,
    private readonly history: VmHistory,
    private readonly feed: ChangeFeed,
    private readonly streams: EventStreams,
    private readonly store: VmStore,
    @Inject(VM_RUNTIME) private readonly runtime: VmRuntime,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  start(): void {
    this.#loop = this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
  }

  /** The newest counters of a VM, for `/metrics`. */
  latest(vmId: string): VmStats | undefined {
    return this.#last.get(vmId);
  }

  async #run(): Promise<void> {
    while (await delay(this.#intervalMs(), this.#stop.signal)) {
      const running = this.runtime.list().filter((status) => hasProcess(status.state));
      await Promise.all(running.map((status) => this.#sample(status)));
      this.#forgetGone(new Set(running.map((status) => status.id)));
    }
  }

  #intervalMs(): number {
    return this.streams.isWatched('metrics') ? WATCHED_MS : QUIET_MS;
  }

  async #sample({ id, state }: VmStatus): Promise<void> {
    if (state === 'starting' || state === 'unknown') return;
    try {
      const now = await this.runtime.stats(id, { signal: AbortSignal.timeout(CALL_DEADLINE_MS) });
      const sample = vmSampleOf(this.#last.get(id) ?? null, now);
      this.#last.set(id, now);
      this.board.note(id, { sample });
      this.history.add(id, now.takenAt, sample);
      const at = now.takenAt.toISOString();
      const { revision } = this.feed;
      this.feed.publish({ event: 'metrics', topic: 'metrics', id, revision, at, sample });
      await this.#askAgent(id);
    } catch (error) {
      this.logger.debug({ err: error, vm: id }, 'a VM could not be sampled');
    }
  }

  async #askAgent(id: string): Promise<void> {
    const nowMs = performance.now();
    if (nowMs - (this.#agentAskedMs.get(id) ?? -AGENT_INTERVAL_MS) < AGENT_INTERVAL_MS) return;
    this.#agentAskedMs.set(id, nowMs);
    const signal = AbortSignal.timeout(CALL_DEADLINE_MS);
    const report = await this.runtime.guestAgent(id, { signal });
    const addresses = new Map<string, readonly string[]>();
    for (const { mac, addresses: found } of report?.interfaces ?? []) {
      if (mac !== null) addresses.set(mac.toLowerCase(), found);
    }
    const before = this.board.get(id);
    this.board.note(id, { guestAgent: report !== null, addresses });
    const hasChanged =
      before.guestAgent !== (report !== null) ||
      JSON.stringify([...before.addresses]) !== JSON.stringify([...addresses]);
    if (hasChanged) await this.store.announce(id);
  }

  #forgetGone(running: ReadonlySet<string>): void {
    for (const id of [...this.#last.keys()]) {
      if (running.has(id)) continue;
      this.#last.delete(id);
      this.#agentAskedMs.delete(id);
      this.board.note(id, { sample: null, guestAgent: false, addresses: new Map() });
    }
  }
}
