/**
 * `cairn vm console`: the serial line of a VM in this terminal.
 *
 * On a terminal every key goes to the guest, Ctrl-C included; Ctrl-] leaves. Without a terminal, standard input is sent
 * and the line is printed until either side ends, so that scripts can talk to a guest.
 */
import { unwrap } from '@cairn/api-client';
import type { Command } from 'commander';
import WebSocket from 'ws';
import { vmIdOf } from '../resolve';
import { withSession, type Session } from '../session';
import { printLine, type World } from '../world';

/** Ctrl-], as telnet and virsh have it. */
const LEAVE = 0x1d;
const BUFFERED_BYTES_MAX = 1024 * 1024;
/** After the end of standard input, the guest may still answer for so long. */
const LINGER_MS = 1000;

export function vmConsoleCommand(vm: Command, world: World): void {
  vm.command('console <vm>')
    .description('attach the serial console; leave with Ctrl-]')
    .action((name: string, _options: unknown, command: Command) =>
      withSession(world, command, async (session) => {
        const vmId = await vmIdOf(session.client, name);
        const ticket = unwrap(
          await session.client.POST('/api/v1/vms/{vmId}/actions/console-ticket', {
            params: { path: { vmId } },
            body: { kind: 'serial' },
          }),
        );
        await attach(session, `${session.server.replace(/^https/, 'wss')}${ticket.path}`, name);
      }),
    );
}

async function attach(session: Session, url: string, name: string): Promise<void> {
  const { world } = session;
  const socket = new WebSocket(url, { agent: session.agent, handshakeTimeout: 10_000 });
  const closed = closedOf(socket);
  const onAbort = () => socket.close();
  world.signal.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.race([opened(socket), closed]);
    if (world.stdin.isTTY === true)
      printLine(world.stderr, `Connected to ${name}. Leave with Ctrl-].`);
    const restore = plugIn(world, socket);
    try {
      await closed;
    } finally {
      restore();
    }
  } finally {
    world.signal.removeEventListener('abort', onAbort);
    socket.terminate();
  }
}

function opened(socket: WebSocket): Promise<void> {
  return new Promise((resolve) => socket.once('open', () => resolve()));
}

/** Resolves when the line is closed in order; rejects when it breaks. */
function closedOf(socket: WebSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', (error) => reject(new Error(`The console broke: ${error.message}`)));
    socket.once('close', (code, reason) => {
      const inOrder = code === 1000 || code === 1001 || code === 1005;
      if (inOrder) resolve();
      else reject(new Error(`The console was closed: ${reason.toString() || `code ${code}`}`));
    });
  });
}

/** Connects the terminal and the socket. Returns what undoes it. */
function plugIn(world: World, socket: WebSocket): () => void {
  const raw = world.stdin.isTTY === true;
  const onKeys = (keys: Buffer) => {
    const leave = raw ? keys.indexOf(LEAVE) : -1;
    const sent = leave < 0 ? keys : keys.subarray(0, leave);
    if (sent.length > 0) socket.send(sent);
    if (leave >= 0) socket.close(1000);
    if (socket.bufferedAmount > BUFFERED_BYTES_MAX) {
      world.stdin.pause();
      setTimeout(() => world.stdin.resume(), 50);
    }
  };
  const onEnd = () => setTimeout(() => socket.close(1000), LINGER_MS);
  socket.on('message', (data) => world.stdout.write(bytesOf(data)));
  if (raw) world.stdin.setRawMode?.(true);
  world.stdin.on('data', onKeys);
  world.stdin.once('end', onEnd);
  return () => {
    world.stdin.off('data', onKeys);
    world.stdin.off('end', onEnd);
    world.stdin.pause();
    if (raw) {
      world.stdin.setRawMode?.(false);
      printLine(world.stderr, '');
    }
  };
}

function bytesOf(data: WebSocket.RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return Buffer.isBuffer(data) ? data : Buffer.from(data);
}
