/**
 * One connection to a QEMU monitor.
 *
 * Invariants: every command has a deadline, and one that passes it does not break the connection
 * (a late reply is dropped); garbage from the other side is skipped and counted; after `closed`
 * resolves nothing more is delivered. QEMU serves one client per monitor: a second one connects
 * and gets no greeting, hence the greeting's deadline.
 */
import { connect, type Socket } from 'node:net';
import type { z } from 'zod';
import { LineReader, parseJson } from '../host/line-reader';
import { within } from '../host/waiting';
import { VmRuntimeError } from '../vm-runtime';
import { qmpEventSchema, qmpGreetingSchema, qmpReplySchema, type QmpEvent } from './qmp-messages';

const LINE_LENGTH_MAX = 8 * 2 ** 20;
const GREETING_DEADLINE_MS = 5000;
const COMMAND_DEADLINE_MS = 5000;
const COMMANDS_IN_FLIGHT_MAX = 256;

export interface QmpCommandOptions {
  readonly deadlineMs?: number;
  /** Overtakes a command that hangs; only for the few commands QEMU allows it for. */
  readonly outOfBand?: boolean;
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: VmRuntimeError) => void;
}

export class QmpClient {
  private readonly waiting = new Map<number, Waiting>();
  private readonly whenClosed: Promise<void>;
  private nextId = 1;
  private open = true;
  /** Lines that were no QMP. */
  garbageLines = 0;

  private constructor(
    private readonly socket: Socket,
    private readonly onEvent: (event: QmpEvent) => void,
    private readonly onGreeting: (line: unknown) => void,
  ) {
    const lines = new LineReader(LINE_LENGTH_MAX, (line) => {
      this.receive(line);
    });
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      lines.push(chunk);
    });
    socket.on('error', () => socket.destroy());
    this.whenClosed = new Promise((resolve) => {
      socket.on('close', () => {
        this.fail();
        resolve();
      });
    });
  }

  /**
   * Connects, checks the greeting and negotiates. Errors: `monitor-lost` when nobody listens or
   * no greeting comes.
   */
  static async connect(path: string, onEvent: (event: QmpEvent) => void): Promise<QmpClient> {
    const socket = await openSocket(path);
    let greet: (line: unknown) => void = () => undefined;
    const greeting = new Promise<unknown>((resolve) => {
      greet = resolve;
    });
    const client = new QmpClient(socket, onEvent, greet);
    try {
      const lost = client.whenClosed.then(() => undefined);
      const first = Promise.race([greeting, lost]);
      const line = await within(GREETING_DEADLINE_MS, first, () => undefined);
      const parsed = qmpGreetingSchema.safeParse(line);
      if (!parsed.success) {
        throw new VmRuntimeError('monitor-lost', `no QMP greeting from ${path}`);
      }
      const oob = parsed.data.QMP.capabilities.includes('oob');
      await client.send('qmp_capabilities', oob ? { enable: ['oob'] } : undefined, {});
      return client;
    } catch (error) {
      client.close();
      throw error;
    }
  }

  /** Runs a command and parses what it returns. */
  async ask<T extends z.ZodType>(
    schema: T,
    command: string,
    parameters?: Readonly<Record<string, unknown>>,
    options: QmpCommandOptions = {},
  ): Promise<z.output<T>> {
    const parsed = schema.safeParse(await this.send(command, parameters, options));
    if (parsed.success) return parsed.data;
    throw new VmRuntimeError('command-failed', `${command} returned something unexpected`, {
      cause: parsed.error,
    });
  }

  /** Runs a command whose result says nothing. */
  async run(
    command: string,
    parameters?: Readonly<Record<string, unknown>>,
    options: QmpCommandOptions = {},
  ): Promise<void> {
    await this.send(command, parameters, options);
  }

  get closed(): Promise<void> {
    return this.whenClosed;
  }

  close(): void {
    this.socket.destroy();
  }

  private send(
    command: string,
    parameters: Readonly<Record<string, unknown>> | undefined,
    options: QmpCommandOptions,
  ): Promise<unknown> {
    if (!this.open) return Promise.reject(this.lost(command));
    if (this.waiting.size >= COMMANDS_IN_FLIGHT_MAX) {
      return Promise.reject(new VmRuntimeError('timed-out', 'too many commands wait for QEMU'));
    }
    const id = this.nextId++;
    const verb = options.outOfBand === true ? 'exec-oob' : 'execute';
    const message = { [verb]: command, id, ...(parameters && { arguments: parameters }) };
    const deadlineMs = options.deadlineMs ?? COMMAND_DEADLINE_MS;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting.delete(id);
        reject(new VmRuntimeError('timed-out', `${command} took more than ${deadlineMs} ms`));
      }, deadlineMs);
      const settle = (): void => {
        clearTimeout(timer);
        this.waiting.delete(id);
      };
      this.waiting.set(id, {
        resolve: (value) => {
          settle();
          resolve(value);
        },
        reject: (error) => {
          settle();
          reject(error.kind === 'monitor-lost' ? this.lost(command) : named(command, error));
        },
      });
      this.socket.write(`${JSON.stringify(message)}\n`);
    });
  }

  private receive(line: string): void {
    if (!this.open) return;
    const message = parseJson(line);
    const event = qmpEventSchema.safeParse(message);
    if (event.success) {
      this.onEvent(event.data);
      return;
    }
    const reply = qmpReplySchema.safeParse(message);
    if (reply.success) {
      const waiting = this.waiting.get(reply.data.id);
      if ('error' in reply.data) {
        waiting?.reject(new VmRuntimeError('command-failed', reply.data.error.desc));
      } else {
        waiting?.resolve(reply.data.return);
      }
      return;
    }
    if (qmpGreetingSchema.safeParse(message).success) this.onGreeting(message);
    else this.garbageLines += 1;
  }

  private fail(): void {
    this.open = false;
    for (const waiting of [...this.waiting.values()]) waiting.reject(this.lost('a command'));
  }

  private lost(command: string): VmRuntimeError {
    return new VmRuntimeError('monitor-lost', `the monitor closed before ${command} was answered`);
  }
}

function named(command: string, error: VmRuntimeError): VmRuntimeError {
  return new VmRuntimeError(error.kind, `${command}: ${error.message}`);
}

function openSocket(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    const fail = (error: Error): void => {
      reject(new VmRuntimeError('monitor-lost', error.message, { cause: error }));
    };
    socket.once('error', fail);
    socket.once('connect', () => {
      socket.removeListener('error', fail);
      resolve(socket);
    });
  });
}
