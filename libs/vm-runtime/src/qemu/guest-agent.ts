/**
 * The guest agent, over its virtio-serial port. The guest is not trusted: whatever it answers is
 * parsed and bounded, and it may not answer at all.
 *
 * One conversation at a time and one connection each: the port has one reader, and a guest that
 * did not answer in time must not answer the next question. `guest-sync-delimited` marks the start
 * of our conversation: everything before its 0xFF byte is an earlier one's.
 */
import { connect, type Socket } from 'node:net';
import { z } from 'zod';
import { parseJson } from '../host/line-reader';
import { SerialQueue } from '../host/serial-queue';
import { VmRuntimeError, type GuestAgentReport } from '../vm-runtime';

const REPLY_BYTES_MAX = 256 * 1024;
const SYNC_DEADLINE_MS = 1000;
const COMMAND_DEADLINE_MS = 3000;
const SENTINEL = 0xff;
const NEWLINE = 0x0a;

const syncSchema = z.object({ return: z.number() });
const infoSchema = z.object({ return: z.object({ version: z.string().max(128) }) });
const hostNameSchema = z.object({ return: z.object({ 'host-name': z.string().max(255) }) });
const interfacesSchema = z.object({
  return: z
    .array(
      z.object({
        name: z.string().max(64),
        'hardware-address': z.string().max(64).optional(),
        'ip-addresses': z
          .array(z.object({ 'ip-address': z.string().max(64) }))
          .max(256)
          .default([]),
      }),
    )
    .max(256),
});

export class GuestAgent {
  private readonly turns = new SerialQueue();
  private nextSync = 1;

  constructor(private readonly socketPath: string) {}

  /** `null` when no agent answers. */
  report(): Promise<GuestAgentReport | null> {
    return this.converse(async (talk) => {
      const info = infoSchema.safeParse(await talk.ask('guest-info'));
      const name = hostNameSchema.safeParse(await talk.ask('guest-get-host-name'));
      const reply = await talk.ask('guest-network-get-interfaces');
      const interfaces = interfacesSchema.safeParse(reply);
      return {
        version: info.success ? info.data.return.version : '',
        hostName: name.success ? name.data.return['host-name'] : null,
        interfaces: (interfaces.success ? interfaces.data.return : []).map((nic) => ({
          name: nic.name,
          mac: nic['hardware-address'] ?? null,
          addresses: nic['ip-addresses'].map((address) => address['ip-address']),
        })),
      };
    });
  }

  /** Whether an agent took the request. It answers with the guest's end, not with a reply. */
  async powerOff(): Promise<boolean> {
    const taken = await this.converse((talk) => {
      talk.tell('guest-shutdown', { mode: 'powerdown' });
      return Promise.resolve(true);
    });
    return taken ?? false;
  }

  private converse<T>(topic: (talk: Conversation) => Promise<T>): Promise<T | null> {
    return this.turns.run(async () => {
      const talk = await Conversation.open(this.socketPath, this.nextSync++).catch(() => null);
      if (talk === null) return null;
      try {
        return await topic(talk);
      } catch (error) {
        if (error instanceof VmRuntimeError) return null;
        throw error;
      } finally {
        talk.close();
      }
    });
  }
}

class Conversation {
  private received = Buffer.alloc(0);
  private wake: () => void = () => undefined;
  private open = true;

  private constructor(private readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => {
      this.received = Buffer.concat([this.received, chunk]);
      if (this.received.length > REPLY_BYTES_MAX) socket.destroy();
      this.wake();
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.open = false;
      this.wake();
    });
  }

  static async open(path: string, syncId: number): Promise<Conversation> {
    const talk = new Conversation(connect(path));
    try {
      // A leading 0xFF makes the agent drop half a command that somebody left behind.
      talk.socket.write(Buffer.from([SENTINEL]));
      talk.tell('guest-sync-delimited', { id: syncId });
      const end = performance.now() + SYNC_DEADLINE_MS;
      for (;;) {
        const start = await talk.find(SENTINEL, end);
        talk.received = talk.received.subarray(start + 1);
        const reply = syncSchema.safeParse(await talk.line(end));
        if (reply.success && reply.data.return === syncId) return talk;
      }
    } catch (error) {
      talk.close();
      throw error;
    }
  }

  tell(command: string, parameters?: Readonly<Record<string, unknown>>): void {
    const message = { execute: command, ...(parameters && { arguments: parameters }) };
    this.socket.write(`${JSON.stringify(message)}\n`);
  }

  ask(command: string): Promise<unknown> {
    this.tell(command);
    return this.line(performance.now() + COMMAND_DEADLINE_MS);
  }

  close(): void {
    this.socket.end();
    this.socket.destroySoon();
  }

  private async line(end: number): Promise<unknown> {
    const length = await this.find(NEWLINE, end);
    const text = this.received.toString('utf8', 0, length);
    this.received = this.received.subarray(length + 1);
    return parseJson(text);
  }

  /** The offset of the next such byte; waits for it until `end`. */
  private async find(byte: number, end: number): Promise<number> {
    for (;;) {
      const at = this.received.indexOf(byte);
      if (at >= 0) return at;
      const left = end - performance.now();
      if (!this.open || left <= 0) {
        throw new VmRuntimeError('timed-out', 'the guest agent did not answer');
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}
