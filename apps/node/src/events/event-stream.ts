// One client's stream of server-sent events. Writes never wait: a client whose socket does not
// take what we send is told to resync and dropped, so that it cannot make the service grow.
import type { CairnEvent, EventTopic } from '@cairn/contracts';
import { limits } from '@cairn/contracts';

/** Bytes that may wait for a client before it counts as too slow. */
export const PENDING_BYTES_MAX = 1024 * 1024;

/** The part of an HTTP response that a stream needs. */
export interface EventSink {
  write(text: string): boolean;
  end(): void;
  readonly writableLength: number;
}

export class EventStream {
  readonly #ping: NodeJS.Timeout;
  #isOpen = true;

  constructor(
    private readonly sink: EventSink,
    private readonly topics: ReadonlySet<EventTopic>,
  ) {
    this.#ping = setInterval(() => this.#write(': ping\n\n'), limits.eventPingSeconds * 1000);
    this.#ping.unref();
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Sends the event if its topic was asked for. */
  send(event: CairnEvent): void {
    if (!this.#isOpen) return;
    if (event.event !== 'resync' && !this.topics.has(event.topic)) return;
    if (this.sink.writableLength > PENDING_BYTES_MAX) {
      this.#dropSlowReader(event.revision);
      return;
    }
    this.#write(frameOf(event));
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    clearInterval(this.#ping);
    this.sink.end();
  }

  #dropSlowReader(revision: number): void {
    const at = new Date().toISOString();
    this.#write(frameOf({ event: 'resync', revision, at, reason: 'slowReader' }));
    this.close();
  }

  #write(text: string): void {
    if (this.#isOpen) this.sink.write(text);
  }
}

/** Samples carry no `id:` so that they do not move the client's place in the feed. */
export function frameOf(event: CairnEvent): string {
  const id = event.event === 'metrics' ? '' : `id: ${event.revision}\n`;
  return `${id}event: ${event.event}\ndata: ${JSON.stringify(event)}\n\n`;
}
