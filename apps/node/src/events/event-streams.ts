// All open event streams of this node.
import { Injectable } from '@nestjs/common';
import type { EventTopic } from '@cairn/contracts';
import { ChangeFeed } from './change-feed';
import { EventStream, type EventSink } from './event-stream';

const STREAMS_MAX = 500;

/** `Last-Event-ID` of a reconnecting client; anything that is not a revision counts as absent. */
export function lastEventIdOf(header: string | undefined): string | null {
  return header !== undefined && /^\d{1,16}$/.test(header) ? header : null;
}

export interface StreamRequest {
  readonly topics: ReadonlySet<EventTopic>;
  /** The last revision that the client knows; null starts at now. */
  readonly since: number | null;
  readonly signal: AbortSignal;
}

@Injectable()
export class EventStreams {
  readonly #streams = new Map<EventStream, ReadonlySet<EventTopic>>();
  #resyncs = 0;

  constructor(private readonly feed: ChangeFeed) {}

  get count(): number {
    return this.#streams.size;
  }

  get resyncs(): number {
    return this.#resyncs;
  }

  get hasRoom(): boolean {
    return this.#streams.size < STREAMS_MAX;
  }

  /** Whether anybody watches `topic`; lets producers of samples rest. */
  isWatched(topic: EventTopic): boolean {
    for (const topics of this.#streams.values()) if (topics.has(topic)) return true;
    return false;
  }

  open(sink: EventSink, request: StreamRequest): void {
    const stream = new EventStream(sink, request.topics);
    this.#streams.set(stream, request.topics);
    this.#replay(stream, request.since);
    const unsubscribe = this.feed.subscribe((event) => stream.send(event));
    const close = (): void => {
      unsubscribe();
      stream.close();
      this.#streams.delete(stream);
    };
    if (request.signal.aborted) close();
    else request.signal.addEventListener('abort', close, { once: true });
  }

  closeAll(): void {
    for (const stream of this.#streams.keys()) stream.close();
    this.#streams.clear();
  }

  #replay(stream: EventStream, since: number | null): void {
    if (since === null) return;
    const missed = this.feed.since(since);
    if (missed !== null) {
      for (const event of missed) stream.send(event);
      return;
    }
    this.#resyncs += 1;
    const at = new Date().toISOString();
    stream.send({ event: 'resync', revision: this.feed.revision, at, reason: 'gap' });
  }
}
