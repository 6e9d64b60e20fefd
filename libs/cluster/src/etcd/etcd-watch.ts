/**
 * EtcdWatch: all changes of a prefix, each once and in order, resumed from the last seen revision whenever the stream breaks.
 *
 * A stream can break without a word: its member is stopped or cut off. A member that has lost the leader ends the stream
 * (`hasleader`), and one that is silent is found by asking for progress: any answer is a sign of life. The revision in such
 * an answer is not used: etcd before 3.4.25 sends it ahead of events that belong before it.
 *
 * Events at or before the last seen revision are dropped: a member that lags behind may repeat them to a resumed watch.
 */
import type { ClientDuplexStream } from '@grpc/grpc-js';
import type { Watch, WatchEvent, WatchHandler } from '../key-value-store';
import { leaderRequired, type EtcdChannel } from './etcd-channel';
import {
  decodeWatch,
  encodeProgressRequest,
  encodeWatch,
  endOfPrefix,
  methods,
  type WatchResponse,
} from './messages';

const RETRY_MS_MIN = 20;
const RETRY_MS_MAX = 500;
const PING_MS = 400;
const SILENCE_MS_MAX = 1000;
/** A stream gets so long to catch up before others may say that it is behind. */
const PATIENCE_MS = 1000;

export class EtcdWatch implements Watch {
  private stream: ClientDuplexStream<Buffer, WatchResponse> | null = null;
  private timer: NodeJS.Timeout | null = null;
  private readonly pinger: NodeJS.Timeout;
  private openedAt = 0;
  private heardAt = 0;
  private pingedAt = 0;
  private retryMs = RETRY_MS_MIN;
  private revisionSeen: number;
  /** Events of a response that came in parts, until the last part is there. */
  private parts: WatchEvent[] = [];
  private closed = false;

  constructor(
    private readonly channel: EtcdChannel,
    private readonly prefix: string,
    afterRevision: number,
    private readonly handler: WatchHandler,
    private readonly onClosed: (watch: EtcdWatch) => void,
  ) {
    this.revisionSeen = afterRevision;
    this.pinger = setInterval(() => {
      this.ping();
    }, PING_MS);
    this.pinger.unref();
    this.open();
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    clearInterval(this.pinger);
    if (this.timer !== null) clearTimeout(this.timer);
    this.stream?.cancel();
    this.onClosed(this);
  }

  restart(): void {
    // On a busy machine a fresh stream is behind for a while; restarting it again would keep it so.
    if (performance.now() - this.openedAt > PATIENCE_MS) this.leave();
  }

  /** Goes on with another member. */
  private leave(): void {
    if (this.stream === null || this.closed) return;
    const { stream } = this;
    this.retry();
    stream.cancel();
  }

  private open(): void {
    const stream = this.channel
      .client()
      .makeBidiStreamRequest<Buffer, WatchResponse>(
        methods.watch,
        (bytes) => bytes,
        decodeWatch,
        leaderRequired(),
      );
    this.stream = stream;
    this.parts = [];
    this.openedAt = performance.now();
    this.heardAt = this.openedAt;
    stream.on('data', (response: WatchResponse) => {
      if (this.stream === stream && !this.closed) this.take(response);
    });
    const retry = (): void => {
      if (this.stream === stream) this.retry();
    };
    stream.on('error', retry);
    stream.on('end', retry);
    stream.write(
      encodeWatch({
        key: this.prefix,
        end: endOfPrefix(this.prefix),
        startRevision: this.revisionSeen + 1,
      }),
    );
  }

  private ping(): void {
    const now = performance.now();
    // This process was held up: what it did not hear may wait at its door.
    if (now - this.pingedAt > 2 * PING_MS) this.heardAt = now;
    this.pingedAt = now;
    if (this.stream === null) return;
    if (now - this.heardAt > SILENCE_MS_MAX) this.leave();
    else this.stream.write(encodeProgressRequest());
  }

  private take(response: WatchResponse): void {
    this.heardAt = performance.now();
    if (response.canceled) {
      if (response.compactRevision > 0) {
        this.close();
        this.handler.onGap();
      } else {
        this.leave();
      }
      return;
    }
    this.retryMs = RETRY_MS_MIN;
    this.parts.push(...response.events);
    if (response.fragment || this.parts.length === 0) return;
    const events = this.parts.filter((event) => revisionOf(event) > this.revisionSeen);
    this.parts = [];
    for (const event of events) {
      this.revisionSeen = Math.max(this.revisionSeen, revisionOf(event));
    }
    if (events.length > 0) this.handler.onEvents(events);
  }

  private retry(): void {
    this.stream = null;
    if (this.closed) return;
    this.channel.moveOn();
    this.timer = setTimeout(() => {
      this.timer = null;
      if (!this.closed) this.open();
    }, this.retryMs);
    this.timer.unref();
    this.retryMs = Math.min(this.retryMs * 2, RETRY_MS_MAX);
  }
}

function revisionOf(event: WatchEvent): number {
  return event.kind === 'put' ? event.item.modRevision : event.revision;
}
