// The serial line of one VM for any number of viewers. QEMU serves one client on the socket, so
// there is one connection, shared: what the guest prints goes to all viewers, what any viewer
// types goes to the guest. A viewer that comes later first sees the end of the log.
import { open } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';

export const REPLAY_BYTES_MAX = 64 * 1024;

export interface SerialViewer {
  onData(bytes: Buffer): void;
  onEnd(): void;
}

export interface SerialPaths {
  readonly serialSocketPath: string;
  readonly serialLogPath: string;
}

export class SerialLine {
  readonly #viewers = new Set<SerialViewer>();
  readonly #socket: Socket;

  constructor(
    private readonly paths: SerialPaths,
    private readonly onClosed: () => void,
  ) {
    this.#socket = connect(paths.serialSocketPath);
    this.#socket.on('data', (bytes) => {
      for (const viewer of this.#viewers) viewer.onData(bytes);
    });
    this.#socket.once('error', () => this.#socket.destroy());
    this.#socket.once('close', () => this.#end());
  }

  /** Replays the log's end, then joins the live stream; returns the function that leaves it. */
  async join(viewer: SerialViewer): Promise<() => void> {
    const meanwhile: Buffer[] = [];
    const waiting: SerialViewer = {
      onData: (bytes) => meanwhile.push(bytes),
      onEnd: () => viewer.onEnd(),
    };
    this.#viewers.add(waiting);
    const past = await tailOf(this.paths.serialLogPath, REPLAY_BYTES_MAX);
    if (past.length > 0) viewer.onData(past);
    const fresh = withoutOverlap(past, Buffer.concat(meanwhile));
    if (fresh.length > 0) viewer.onData(fresh);
    this.#viewers.delete(waiting);
    if (this.#socket.destroyed) {
      viewer.onEnd();
      return () => undefined;
    }
    this.#viewers.add(viewer);
    return () => this.#leave(viewer);
  }

  /** Returns false when the guest does not take more now. */
  write(bytes: Buffer): boolean {
    return this.#socket.destroyed || this.#socket.write(bytes);
  }

  onceDrained(listener: () => void): void {
    this.#socket.once('drain', listener);
  }

  #leave(viewer: SerialViewer): void {
    this.#viewers.delete(viewer);
    if (this.#viewers.size === 0) this.#socket.destroy();
  }

  #end(): void {
    for (const viewer of this.#viewers) viewer.onEnd();
    this.#viewers.clear();
    this.onClosed();
  }
}

/** `next` without its beginning that `past` ends with: bytes may be in the log and on the line. */
export function withoutOverlap(past: Buffer, next: Buffer): Buffer {
  for (let length = Math.min(past.length, next.length); length > 0; length -= 1) {
    if (past.subarray(past.length - length).equals(next.subarray(0, length))) {
      return next.subarray(length);
    }
  }
  return next;
}

/** The last bytes of a file that may grow or be replaced meanwhile; empty when it is not there. */
export async function tailOf(path: string, bytesMax: number): Promise<Buffer> {
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      const start = Math.max(0, size - bytesMax);
      const buffer = Buffer.alloc(Math.min(size, bytesMax));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, start);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch {
    return Buffer.alloc(0);
  }
}
