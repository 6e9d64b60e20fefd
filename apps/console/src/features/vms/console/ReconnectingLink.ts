import { afterLoss, reconnectDelayMs, type ConsoleConnection } from './connection';

/** An open connection to a guest's screen or serial port. */
export interface LinkChannel {
  /** Settles, never rejects, with the reason once the connection is gone. */
  readonly closed: Promise<string>;
  close(): void;
}

export interface LinkOptions<Channel extends LinkChannel> {
  /** Opens one connection; rejects when it can't. The signal asks it to give up. */
  readonly open: (signal: AbortSignal) => Promise<Channel>;
  readonly wait?: (delayMs: number, signal: AbortSignal) => Promise<void>;
}

/**
 * Keeps one connection open until it is stopped: a guest's screen comes back by itself after its
 * service or the network returns. Single-threaded; `start` and `stop` are idempotent.
 */
export class ReconnectingLink<Channel extends LinkChannel> {
  private connection: ConsoleConnection = { kind: 'connecting', attempt: 0 };
  private openChannel: Channel | null = null;
  private readonly listeners = new Set<() => void>();
  /** The run that keeps the connection; null while none does. */
  private run: AbortController | null = null;

  constructor(private readonly options: LinkOptions<Channel>) {}

  readonly getConnection = (): ConsoleConnection => this.connection;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** The open channel, or null while there is none. */
  get channel(): Channel | null {
    return this.openChannel;
  }

  /** Starts, or starts again after `closed`. Does nothing while a connection is kept already. */
  start(): void {
    if (this.run) return;
    const run = new AbortController();
    this.run = run;
    void this.keepOpen(run.signal).finally(() => {
      if (this.run === run) this.run = null;
    });
  }

  /** Closes the connection and forgets it; nothing is published any more. */
  stop(): void {
    this.run?.abort();
    this.run = null;
    this.openChannel?.close();
    this.openChannel = null;
  }

  private async keepOpen(signal: AbortSignal): Promise<void> {
    const wait = this.options.wait ?? delay;
    let attempt = 0;
    for (;;) {
      this.publish({ kind: 'connecting', attempt }, signal);
      const outcome = await this.openOnce(signal);
      const next = afterLoss(outcome.wasOpen ? 0 : attempt, outcome.reason);
      this.publish(next, signal);
      if (signal.aborted || next.kind !== 'waiting') return;
      attempt = next.attempt;
      await wait(reconnectDelayMs(attempt), signal);
    }
  }

  private async openOnce(signal: AbortSignal): Promise<{ wasOpen: boolean; reason: string }> {
    try {
      const channel = await this.options.open(signal);
      if (signal.aborted) {
        channel.close();
        return { wasOpen: false, reason: 'stopped' };
      }
      this.openChannel = channel;
      this.publish({ kind: 'connected' }, signal);
      const reason = await channel.closed;
      if (this.openChannel === channel) this.openChannel = null;
      return { wasOpen: true, reason };
    } catch (error) {
      return { wasOpen: false, reason: error instanceof Error ? error.message : String(error) };
    }
  }

  private publish(connection: ConsoleConnection, signal: AbortSignal): void {
    if (signal.aborted) return;
    this.connection = connection;
    for (const listener of this.listeners) listener();
  }
}

/** Resolves after the delay, or at once when the signal fires. */
export function delay(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const timer = setTimeout(finish, delayMs);
    signal.addEventListener('abort', finish, { once: true });
    function finish(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      resolve();
    }
  });
}
