/**
 * EtcdWatch: all changes of a prefix, resumed from the last seen revision whenever the stream breaks.
 */
import { Metadata, type ClientDuplexStream } from '@grpc/grpc-js';
import type { Watch, WatchHandler } from '../key-value-store';
import type { EtcdChannel } from './etcd-channel';
import { decodeWatch, encodeWatch, endOfPrefix, methods, type WatchResponse } from './messages';

const RETRY_MS_MIN = 20;
const RETRY_MS_MAX = 1000;

export class EtcdWatch implements Watch {
  private stream: ClientDuplexStream<Buffer, WatchResponse> | null = null;
  private timer: NodeJS.Timeout | null = null;
  private retryMs = RETRY_MS_MIN;
  private revisionSeen: number;
  private closed = false;

  constructor(
    private readonly channel: EtcdChannel,
    private readonly prefix: string,
    afterRevision: number,
    private readonly handler: WatchHandler,
    private readonly onClosed: (watch: EtcdWatch) => void,
  ) {
    this.revisionSeen = afterRevision;
    this.open();
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    if (this.timer !== null) clearTimeout(this.timer);
    this.stream?.cancel();
    this.onClosed(this);
  }

  private open(): void {
    const stream = this.channel
      .client()
      .makeBidiStreamRequest<Buffer, WatchResponse>(
        methods.watch,
        (bytes) => bytes,
        decodeWatch,
        new Metadata(),
      );
    this.stream = stream;
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

  private take(response: WatchResponse): void {
    if (response.canceled) {
      if (response.compactRevision > 0) {
        this.close();
        this.handler.onGap();
      } else {
        this.stream?.cancel();
        this.retry();
      }
      return;
    }
    this.retryMs = RETRY_MS_MIN;
    if (response.events.length > 0) {
      for (const event of response.events) {
        const revision = event.kind === 'put' ? event.item.modRevision : event.revision;
        this.revisionSeen = Math.max(this.revisionSeen, revision);
      }
      this.handler.onEvents(response.events);
    }
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
