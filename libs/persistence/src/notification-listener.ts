// LISTEN on its own connection, kept up for ever: after every (re)connection `onConnected` runs,
// because notifications sent in between are lost and the owner must look for itself.
import { Client } from 'pg';

export interface NotificationListenerOptions {
  readonly url: string;
  readonly channel: string;
  readonly onConnected: () => void;
  readonly onNotification: (payload: string) => void;
  readonly onLost: (error: unknown) => void;
}

const RECONNECT_MS = 1_000;

export class NotificationListener {
  #client: Client | null = null;
  #retry: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(private readonly options: NotificationListenerOptions) {}

  /** Connects in the background; returns at once. */
  start(): void {
    void this.#connect();
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    const client = this.#client;
    this.#client = null;
    if (client !== null) await client.end();
  }

  /** Never rejects: every failure ends in `#lost`. */
  async #connect(): Promise<void> {
    const client = new Client({
      connectionString: this.options.url,
      application_name: 'cairn-node events',
      connectionTimeoutMillis: 3_000,
      keepAlive: true,
    });
    this.#client = client;
    client.on('error', (error) => this.#lost(client, error));
    client.on('end', () => this.#lost(client, new Error('connection ended')));
    client.on('notification', (message) => this.options.onNotification(message.payload ?? ''));
    try {
      await client.connect();
      await client.query(`LISTEN ${client.escapeIdentifier(this.options.channel)}`);
      this.options.onConnected();
    } catch (error) {
      this.#lost(client, error);
    }
  }

  #lost(client: Client, error: unknown): void {
    if (this.#client !== client || this.#closed) return;
    this.#client = null;
    client.end().catch(() => undefined);
    this.options.onLost(error);
    this.#retry = setTimeout(() => void this.#connect(), RECONNECT_MS);
  }
}
