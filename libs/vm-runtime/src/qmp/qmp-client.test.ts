import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { errorKind } from '../testing/contract';
import { QmpClient } from './qmp-client';
import { statusSchema, type QmpEvent } from './qmp-messages';

const GREETING = `${JSON.stringify({
  QMP: { version: { qemu: { major: 7, minor: 2, micro: 22 } }, capabilities: ['oob'] },
})}\r\n`;

interface Command {
  readonly execute?: string;
  readonly 'exec-oob'?: string;
  readonly id: number;
  readonly arguments?: unknown;
}

/** A monitor that answers as a test tells it to. */
class FakeMonitor {
  readonly dir = mkdtempSync(join(tmpdir(), 'cairn-qmp-'));
  readonly path = join(this.dir, 'qmp.sock');
  readonly commands: Command[] = [];
  greeting = GREETING;
  socket: Socket | null = null;
  answer: (command: Command) => string | null = ({ id }) => JSON.stringify({ return: {}, id });
  private readonly server: Server;

  constructor() {
    this.server = createServer((socket) => {
      this.socket = socket;
      socket.on('error', () => undefined);
      socket.write(this.greeting);
      socket.setEncoding('utf8').on('data', (text: string) => {
        for (const line of text.split('\n').filter((part) => part !== '')) {
          const command = JSON.parse(line) as Command;
          this.commands.push(command);
          const reply = this.answer(command);
          if (reply !== null) socket.write(`${reply}\r\n`);
        }
      });
    });
  }
  listen(): Promise<void> {
    return new Promise((resolve) => {
      this.server.listen(this.path, resolve);
    });
  }
  close(): void {
    this.socket?.destroy();
    this.server.close();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

describe('the monitor client', () => {
  let monitor: FakeMonitor;
  let events: QmpEvent[];

  beforeEach(async () => {
    monitor = new FakeMonitor();
    events = [];
    await monitor.listen();
  });
  afterEach(() => {
    monitor.close();
  });
  const open = (): Promise<QmpClient> =>
    QmpClient.connect(monitor.path, (event) => events.push(event));

  it('negotiates out-of-band commands and uses them when asked to', async () => {
    const client = await open();
    expect(monitor.commands[0]).toMatchObject({
      execute: 'qmp_capabilities',
      arguments: { enable: ['oob'] },
    });
    await client.run('yank', { instances: [] }, { outOfBand: true });
    expect(monitor.commands[1]).toMatchObject({ 'exec-oob': 'yank' });
    client.close();
  });

  it('gives each command its own answer, in whatever order they come', async () => {
    const client = await open();
    const waiting: Command[] = [];
    monitor.answer = (command) => {
      waiting.push(command);
      if (waiting.length < 2) return null;
      const replies = waiting
        .reverse()
        .map(({ id, execute }) =>
          JSON.stringify({ id, return: { status: execute, running: true } }),
        );
      return replies.join('\r\n');
    };
    const [first, second] = await Promise.all([
      client.ask(statusSchema, 'one'),
      client.ask(statusSchema, 'two'),
    ]);
    expect([first.status, second.status]).toEqual(['one', 'two']);
    client.close();
  });

  it('survives garbage and passes on the events between', async () => {
    const client = await open();
    const timestamp = { seconds: 1, microseconds: 2 };
    monitor.answer = ({ id }) =>
      [
        'not json',
        '{"event": 5}',
        '[]',
        '{"id": 999, "return": {}}',
        JSON.stringify({ event: 'STOP', timestamp }),
        JSON.stringify({ id, return: {} }),
      ].join('\r\n');
    await client.run('anything');
    expect(events).toEqual([{ event: 'STOP', data: {}, timestamp }]);
    expect(client.garbageLines).toBe(3);
    client.close();
  });

  it('keeps the connection when a command passes its deadline', async () => {
    const client = await open();
    monitor.answer = () => null;
    expect(await errorKind(client.run('slow', undefined, { deadlineMs: 20 }))).toBe('timed-out');
    monitor.answer = ({ id }) => JSON.stringify({ id, return: {} });
    await client.run('fast');
    client.close();
  });

  it('tells an error of QEMU with the command', async () => {
    const client = await open();
    monitor.answer = ({ id }) =>
      JSON.stringify({ id, error: { class: 'GenericError', desc: 'no such device' } });
    await expect(client.run('device_del')).rejects.toThrow('device_del: no such device');
    client.close();
  });

  it('refuses an answer of another shape', async () => {
    const client = await open();
    monitor.answer = ({ id }) => JSON.stringify({ id, return: { status: 5 } });
    expect(await errorKind(client.ask(statusSchema, 'query-status'))).toBe('command-failed');
    client.close();
  });

  it('fails what waits when the monitor closes', async () => {
    const client = await open();
    monitor.answer = () => {
      monitor.socket?.destroy();
      return null;
    };
    expect(await errorKind(client.run('anything'))).toBe('monitor-lost');
    await client.closed;
    expect(await errorKind(client.run('anything'))).toBe('monitor-lost');
  });

  it('refuses a peer that does not greet as a monitor', async () => {
    monitor.greeting = '{"hello": "world"}\n';
    const connecting = open();
    setTimeout(() => monitor.socket?.end(), 50);
    expect(await errorKind(connecting)).toBe('monitor-lost');
  });

  it('says that nobody listens', async () => {
    expect(await errorKind(QmpClient.connect('/nonexistent.sock', () => undefined))).toBe(
      'monitor-lost',
    );
  });
});
