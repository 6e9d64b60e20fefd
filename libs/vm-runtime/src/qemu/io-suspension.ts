/**
 * A guest whose disk failed is stopped by QEMU and never sees the error. This brings it back: it
 * tries `cont`, which repeats the failed requests, until they succeed.
 *
 * A refusal by the storage (another node is the writer by now) is no failure to wait out: such a
 * VM stays suspended.
 */
import { sleep } from '../host/waiting';
import { statusSchema } from '../qmp/qmp-messages';
import type { VmCause } from '../vm-runtime';
import type { VmSpec } from '../vm-spec';
import { diskDevice, diskNode } from './disk-devices';
import type { MonitorSession } from './monitor-session';

const RETRY_EVERY_MS = 500;
/** How long a request that fails again needs to fail. */
const SETTLE_MS = 250;
const CONT_DEADLINE_MS = 10_000;

type IoError = Extract<VmCause, { kind: 'io-error' }>;
type Resumed = Extract<VmCause, { kind: 'resumed' }>;

interface DiskFailure {
  readonly device: string;
  readonly 'qom-path': string;
  readonly 'node-name'?: string | undefined;
  readonly reason: string;
}

export class IoSuspension {
  private failure: IoError | null = null;
  private since: number | null = null;
  private loop: AbortController | null = null;

  constructor(
    private readonly monitor: MonitorSession,
    private readonly onResumed: () => void,
  ) {}

  /** Whether a retry is under way: "running" is then not to be believed yet. */
  get retrying(): boolean {
    return this.loop !== null;
  }

  record(failure: DiskFailure, spec: VmSpec): void {
    this.failure = {
      kind: 'io-error',
      diskId: diskIdOf(failure, spec),
      reason: failure.reason,
      fenced: /not permitted|endpoint shutdown/i.test(failure.reason),
    };
  }

  /** The guest is stopped by a disk. Starts the retries, unless it was fenced off. */
  begin(): IoError {
    const failure = this.failure ?? {
      kind: 'io-error',
      diskId: null,
      reason: 'a disk failed',
      fenced: false,
    };
    this.since ??= performance.now();
    if (this.loop === null && !failure.fenced) {
      const loop = new AbortController();
      this.loop = loop;
      this.retry(loop).catch(() => undefined);
    }
    return failure;
  }

  /** The cause of running again, once; `null` when it was not suspended. */
  takeResumed(): Resumed | null {
    if (this.since === null) return null;
    const suspendedMs = Math.round(performance.now() - this.since);
    this.since = null;
    this.failure = null;
    return { kind: 'resumed', suspendedMs };
  }

  /** Stops the retries: the process is gone, or somebody else decided. */
  end(): void {
    this.loop?.abort();
    this.loop = null;
    this.since = null;
  }

  private async retry(loop: AbortController): Promise<void> {
    const { signal } = loop;
    while (!signal.aborted) {
      await sleep(RETRY_EVERY_MS, undefined, { signal });
      if (!(await this.tryOnce(signal))) continue;
      if (this.loop === loop) this.loop = null;
      this.onResumed();
      return;
    }
  }

  private async tryOnce(signal: AbortSignal): Promise<boolean> {
    try {
      const { qmp } = this.monitor;
      await qmp.run('cont', undefined, { deadlineMs: CONT_DEADLINE_MS });
      await sleep(SETTLE_MS, undefined, { signal });
      const { status } = await qmp.ask(statusSchema, 'query-status');
      return status !== 'io-error';
    } catch {
      return false;
    }
  }
}

/** QEMU names the top of the disk's chain; newer ones also the device. */
function diskIdOf(failure: DiskFailure, spec: VmSpec): string | null {
  const byNode = spec.disks.find((_, index) => failure['node-name'] === diskNode(index));
  const byDevice = spec.disks.find((disk) =>
    `${failure['qom-path']}/`.includes(`/${diskDevice(disk.id)}/`),
  );
  return (byNode ?? byDevice)?.id ?? null;
}
