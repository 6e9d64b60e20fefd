/**
 * A small NBD client for tests: fixed newstyle, simple replies, many requests under way. It shares no code with the server.
 */
import { connect, type Socket } from 'node:net';

const GREETING_BYTES = 18;
const OPTION_MAGIC = 0x49484156454f5054n;
const REQUEST_MAGIC = 0x25609513;
const REPLY_MAGIC = 0x67446698;
const OPTION_GO = 7;
const REPLY_ACK = 1;
const REPLY_INFO = 3;

const Command = { read: 0, write: 1, disconnect: 2, flush: 3, trim: 4, writeZeroes: 6 } as const;

interface Pending {
  readonly dataBytes: number;
  readonly resolve: (data: Buffer) => void;
  readonly reject: (error: Error) => void;
}

/** The server answered with an NBD error number. */
export class NbdError extends Error {
  constructor(readonly code: number) {
    super(`NBD error ${code}`);
  }
}

export class NbdClient {
  private received: Buffer[] = [];
  private receivedBytes = 0;
  private waiting: { bytes: number; resolve: (data: Buffer) => void } | undefined;
  private readonly pending = new Map<bigint, Pending>();
  private cookieNext = 1n;
  private failure: Error | undefined;

  private constructor(
    private readonly socket: Socket,
    private readonly onFailure: (error: Error) => void,
  ) {}

  sizeBytes = 0;

  /** Connects and negotiates. Rejects when the server is not there or refuses. */
  static async open(socketPath: string): Promise<NbdClient> {
    return new Promise((resolve, reject) => {
      const socket = connect(socketPath);
      const client = new NbdClient(socket, reject);
      socket.on('data', (data) => client.receive(data));
      socket.on('error', (error) => client.fail(error));
      socket.on('close', () => client.fail(new Error('the connection is closed')));
      client.negotiate().then(() => {
        client.loop().catch((error: unknown) => client.fail(error as Error));
        resolve(client);
      }, reject);
    });
  }

  read(offset: number, length: number): Promise<Buffer> {
    return this.request(Command.read, offset, length, undefined, length);
  }
  async write(offset: number, data: Buffer): Promise<void> {
    await this.request(Command.write, offset, data.length, data);
  }
  async trim(offset: number, length: number): Promise<void> {
    await this.request(Command.trim, offset, length);
  }
  async writeZeroes(offset: number, length: number): Promise<void> {
    await this.request(Command.writeZeroes, offset, length);
  }
  async flush(): Promise<void> {
    await this.request(Command.flush, 0, 0);
  }
  close(): void {
    if (this.failure === undefined) this.socket.write(header(Command.disconnect, 0n, 0, 0));
    this.socket.end();
  }

  private async negotiate(): Promise<void> {
    const greeting = await this.take(GREETING_BYTES);
    if (greeting.toString('latin1', 0, 8) !== 'NBDMAGIC') throw new Error('no NBD server');
    const hello = Buffer.alloc(4 + 16 + 6);
    hello.writeUInt32BE(3, 0);
    hello.writeBigUInt64BE(OPTION_MAGIC, 4);
    hello.writeUInt32BE(OPTION_GO, 12);
    hello.writeUInt32BE(6, 16);
    this.socket.write(hello);
    for (;;) {
      const reply = await this.take(20);
      const type = reply.readUInt32BE(12);
      const data = await this.take(reply.readUInt32BE(16));
      if (type === REPLY_ACK) return;
      if (type !== REPLY_INFO) throw new Error(`the server refuses: ${type.toString(16)}`);
      if (data.readUInt16BE(0) === 0) this.sizeBytes = Number(data.readBigUInt64BE(2));
    }
  }

  private async loop(): Promise<void> {
    for (;;) {
      const reply = await this.take(16);
      if (reply.readUInt32BE(0) !== REPLY_MAGIC) throw new Error('no reply has this magic');
      const error = reply.readUInt32BE(4);
      const cookie = reply.readBigUInt64BE(8);
      const pending = this.pending.get(cookie);
      if (pending === undefined) throw new Error('a reply to nothing');
      const data = error === 0 ? await this.take(pending.dataBytes) : Buffer.alloc(0);
      this.pending.delete(cookie);
      if (error === 0) pending.resolve(data);
      else pending.reject(new NbdError(error));
    }
  }

  private request(
    command: number,
    offset: number,
    length: number,
    payload?: Buffer,
    dataBytes = 0,
  ): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (this.failure !== undefined) {
        reject(this.failure);
        return;
      }
      const cookie = this.cookieNext++;
      this.pending.set(cookie, { dataBytes, resolve, reject });
      const head = header(command, cookie, offset, length);
      this.socket.write(payload === undefined ? head : Buffer.concat([head, payload]));
    });
  }

  private receive(data: Buffer): void {
    this.received.push(data);
    this.receivedBytes += data.length;
    this.serve();
  }

  private serve(): void {
    const waiting = this.waiting;
    if (waiting === undefined || this.receivedBytes < waiting.bytes) return;
    this.waiting = undefined;
    const all = this.received.length === 1 ? this.received[0] : Buffer.concat(this.received);
    const data = (all ?? Buffer.alloc(0)).subarray(0, waiting.bytes);
    const rest = (all ?? Buffer.alloc(0)).subarray(waiting.bytes);
    this.received = rest.length > 0 ? [rest] : [];
    this.receivedBytes = rest.length;
    waiting.resolve(data);
  }

  private take(bytes: number): Promise<Buffer> {
    return new Promise((resolve) => {
      this.waiting = { bytes, resolve };
      this.serve();
    });
  }

  private fail(error: Error): void {
    if (this.failure !== undefined) return;
    this.failure = error;
    this.socket.destroy();
    for (const pending of this.pending.values()) pending.reject(error);
    this.pending.clear();
    this.onFailure(error);
  }
}

function header(command: number, cookie: bigint, offset: number, length: number): Buffer {
  const bytes = Buffer.alloc(28);
  bytes.writeUInt32BE(REQUEST_MAGIC, 0);
  bytes.writeUInt16BE(command, 6);
  bytes.writeBigUInt64BE(cookie, 8);
  bytes.writeBigUInt64BE(BigInt(offset), 16);
  bytes.writeUInt32BE(length, 24);
  return bytes;
}
