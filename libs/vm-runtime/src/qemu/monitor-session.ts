/**
 * The monitor of one running QEMU, kept open: connects, checks that it is the VM that was meant,
 * and connects again when the connection is lost while the process lives.
 */
import { sleep } from '../host/waiting';
import { QmpClient } from '../qmp/qmp-client';
import { uuidSchema, type QmpEvent } from '../qmp/qmp-messages';
import { VmRuntimeError } from '../vm-runtime';

const CONNECT_EVERY_MS = 5;
const RECONNECT_EVERY_MS = 1000;
/** After so many failures in a row the VM's state counts as unknown. */
const RECONNECTS_BEFORE_LOST = 3;

export interface MonitorOptions {
  readonly path: string;
  readonly vmId: string;
  readonly onEvent: (event: QmpEvent) => void;
  /** The connection came back: events may have been missed. */
  readonly onReconnect: () => void;
  readonly onLost: (message: string) => void;
}

export class MonitorSession {
  private client: QmpClient | null = null;
  private ended = new AbortController();

  constructor(private readonly options: MonitorOptions) {}

  /**
   * Connects, trying until `deadlineMs`. Errors: `monitor-lost`; `wrong-state` when another VM
   * answers; the signal's reason on abort.
   */
  async open(deadlineMs: number, signal: AbortSignal): Promise<void> {
    const end = performance.now() + deadlineMs;
    this.ended = new AbortController();
    for (;;) {
      signal.throwIfAborted();
      try {
        this.adopt(await this.connect());
        return;
      } catch (error) {
        const lost = error instanceof VmRuntimeError && error.kind === 'monitor-lost';
        if (!lost || performance.now() >= end) throw error;
      }
      await sleep(CONNECT_EVERY_MS, undefined, { signal });
    }
  }

  /** Errors: `monitor-lost` while there is no connection. */
  get qmp(): QmpClient {
    if (this.client !== null) return this.client;
    throw new VmRuntimeError('monitor-lost', 'QEMU does not answer');
  }

  get connected(): boolean {
    return this.client !== null;
  }

  /** Ends the session; nothing is reported any more. */
  close(): void {
    this.ended.abort();
    this.client?.close();
    this.client = null;
  }

  /** Begins to look for a monitor that could not be opened. */
  keepTrying(): void {
    this.reconnect().catch(() => undefined);
  }

  private async connect(): Promise<QmpClient> {
    const client = await QmpClient.connect(this.options.path, this.options.onEvent);
    try {
      const { UUID } = await client.ask(uuidSchema, 'query-uuid');
      if (UUID.toLowerCase() === this.options.vmId) return client;
      throw new VmRuntimeError('wrong-state', `the monitor belongs to VM ${UUID}`);
    } catch (error) {
      client.close();
      throw error;
    }
  }

  private adopt(client: QmpClient): void {
    const { signal } = this.ended;
    this.client = client;
    client.closed
      .then(async () => {
        if (this.client === client) this.client = null;
        if (!signal.aborted) await this.reconnect();
      })
      .catch(() => undefined);
  }

  private async reconnect(): Promise<void> {
    const { signal } = this.ended;
    for (let failures = 1; !signal.aborted; failures += 1) {
      // First a pause: a process that died closes its monitor just before its end is reported.
      await sleep(RECONNECT_EVERY_MS, undefined, { signal });
      try {
        const client = await this.connect();
        // Ended while connecting: nobody would close it any more.
        if (this.isEnded()) {
          client.close();
          return;
        }
        this.adopt(client);
        this.options.onReconnect();
        return;
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        if (failures === RECONNECTS_BEFORE_LOST) this.options.onLost(message);
      }
    }
  }

  private isEnded(): boolean {
    return this.ended.signal.aborted;
  }
}
