/** The serial line of a VM, as a browser gets it: a one-time ticket and a WebSocket. */
import { unwrap } from '@cairn/api-client';
import { WebSocket } from 'ws';
import type { System } from './system';

const PROMPT = /[\w-]+:\S*# $/;
const PROMPT_WITHIN_MS = 90_000;
const COMMAND_WITHIN_MS = 60_000;
const NUDGE_MS = 1000;

export class SerialConsole {
  private text = '';
  private readonly waiters = new Set<() => void>();

  private constructor(private readonly socket: WebSocket) {
    socket.on('message', (data: Buffer) => {
      this.text += data.toString('latin1');
      for (const wake of this.waiters) wake();
    });
    // A closed line shows itself as a pattern that never comes.
    socket.on('error', () => undefined);
  }

  /** Connects and waits for the guest's prompt. */
  static async open(system: System, vmId: string): Promise<SerialConsole> {
    const console = await SerialConsole.connect(system, vmId);
    await console.untilPrompt();
    return console;
  }

  /** Connects without waiting for anything. */
  static async connect({ client, address }: System, vmId: string): Promise<SerialConsole> {
    const path = '/api/v1/vms/{vmId}/actions/console-ticket';
    const options = { params: { path: { vmId } }, body: { kind: 'serial' as const } };
    const ticket = unwrap(await client.POST(path, options));
    const url = new URL(ticket.path, address.url);
    url.protocol = 'wss:';
    const socket = new WebSocket(url, { ca: address.certificate });
    const console = new SerialConsole(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', () => {
        resolve();
      });
      socket.once('error', reject);
    });
    return console;
  }

  /** Everything the line said since it was opened. */
  get output(): string {
    return this.text;
  }

  /** Sends a command and resolves with what it printed once that matches. */
  async run(command: string, expected: RegExp, withinMs = COMMAND_WITHIN_MS): Promise<string> {
    const start = this.text.length + command.length;
    this.send(`${command}\n`);
    return this.until((text) => expected.test(text.slice(start)), withinMs, expected.source);
  }

  send(text: string): void {
    this.socket.send(Buffer.from(text, 'latin1'));
  }

  /** Resolves with all output as soon as the condition holds for it. */
  async until(
    condition: (text: string) => boolean,
    withinMs: number,
    what: string,
  ): Promise<string> {
    if (condition(this.text)) return this.text;
    return new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer);
        this.waiters.delete(check);
      };
      const check = (): void => {
        if (!condition(this.text)) return;
        end();
        resolve(this.text);
      };
      const timer = setTimeout(() => {
        end();
        reject(new Error(`No ${what} on the serial line:\n${this.text.slice(-1500)}`));
      }, withinMs);
      this.waiters.add(check);
    });
  }

  close(): void {
    this.socket.terminate();
  }

  /** A shell that waits shows its prompt again when Return is pressed. */
  private async untilPrompt(): Promise<void> {
    const nudge = setInterval(() => {
      this.send('\n');
    }, NUDGE_MS);
    try {
      await this.until((text) => PROMPT.test(text), PROMPT_WITHIN_MS, 'prompt');
    } finally {
      clearInterval(nudge);
    }
  }
}
