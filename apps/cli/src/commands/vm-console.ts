/**
 * `cairn vm console`: the serial line of a VM in this terminal.
 *
 * On a terminal every key goes to the guest, Ctrl-C included; Ctrl-] leaves. Without a terminal, standard input is sent
 * and the line is printed until either side ends, so that scripts can talk to a guest.
 */
import type { Command } from 'commander';
import type WebSocket from 'ws';
import { vmIdOf } from '../resolve';
import { openSerialLine } from '../serial';
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
        await attach(session, await vmIdOf(session.client, name), name);
      }),
    );
}

async function attach(session: Session, vmId: string, name: string): Promise<void> {
  const { world } = session;
  const { socket, closed } = await openSerialLine(session, vmId, (bytes) =>
    world.stdout.write(bytes),
  );
  const onAbort = () => socket.close();
  world.signal.addEventListener('abort', onAbort, { once: true });
  if (world.stdin.isTTY === true)
    printLine(world.stderr, `Connected to ${name}. Leave with Ctrl-].`);
  const unplug = plugIn(world, socket);
  try {
    const reason = await closed;
    if (reason !== '') session.out.remark(`The server closed the console: ${reason}.`);
  } finally {
    unplug();
    world.signal.removeEventListener('abort', onAbort);
    socket.terminate();
  }
}

/** Connects the keys of the terminal to the socket. Returns what undoes it. */
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
