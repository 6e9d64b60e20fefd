/** The serial line of a VM as a WebSocket, opened with a one-time ticket. */
import { unwrap } from '@cairn/api-client';
import WebSocket from 'ws';
import { TimeoutError } from './exit';
import type { Session } from './session';

const HANDSHAKE_TIMEOUT_MS = 10_000;
const TEXT_CHARS_MAX = 256 * 1024;
const NUDGE_MS = 5000;

export interface SerialLine {
  readonly socket: WebSocket;
  /** Resolves with the server's reason, often empty, when the line is closed in order; rejects when it breaks. */
  readonly closed: Promise<string>;
}

/** Connects to the line. `onBytes` gets everything that the guest says, from the first byte. */
export async function openSerialLine(
  session: Session,
  vmId: string,
  onBytes: (bytes: Buffer) => void,
): Promise<SerialLine> {
  const ticket = unwrap(
    await session.client.POST('/api/v1/vms/{vmId}/actions/console-ticket', {
      params: { path: { vmId } },
      body: { kind: 'serial' },
    }),
  );
  const socket = new WebSocket(`${session.server.replace(/^https/, 'wss')}${ticket.path}`, {
    agent: session.agent,
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
  });
  socket.on('message', (data) => onBytes(bytesOf(data)));
  const closed = closedOf(socket);
  const opened = new Promise<void>((resolve) => socket.once('open', () => resolve()));
  await Promise.race([opened, closed]);
  return { socket, closed };
}

export interface ExpectedText {
  readonly pattern: RegExp;
  readonly timeoutMs: number;
}

/** The first line of the guest that matches; an empty line is sent now and then to make an idle shell speak. */
export async function expectSerialText(
  session: Session,
  vmId: string,
  { pattern, timeoutMs }: ExpectedText,
): Promise<string> {
  let text = '';
  let found: (line: string) => void = () => undefined;
  const match = new Promise<string>((resolve) => {
    found = resolve;
  });
  const { socket, closed } = await openSerialLine(session, vmId, (bytes) => {
    text = (text + bytes.toString('latin1')).slice(-TEXT_CHARS_MAX);
    const line = pattern.exec(text)?.[0];
    if (line !== undefined) found(line.trim());
  });
  const nudge = setInterval(() => socket.send('\n'), NUDGE_MS);
  const deadline = deadlineOf(session, timeoutMs);
  const broken = closed.then(() => Promise.reject(new Error('The guest closed its serial line.')));
  try {
    return await Promise.race([match, broken, deadline.passed]);
  } finally {
    clearInterval(nudge);
    deadline.clear();
    broken.catch(() => undefined);
    socket.terminate();
  }
}

function deadlineOf(session: Session, timeoutMs: number) {
  let clear = (): void => undefined;
  const passed = new Promise<never>((_, reject) => {
    const onAbort = () => reject(new Error('Interrupted.'));
    const timer = setTimeout(
      () => reject(new TimeoutError(`The guest said nothing expected in ${timeoutMs / 1000} s.`)),
      timeoutMs,
    );
    session.world.signal.addEventListener('abort', onAbort, { once: true });
    clear = () => {
      clearTimeout(timer);
      session.world.signal.removeEventListener('abort', onAbort);
    };
  });
  return { passed, clear };
}

function closedOf(socket: WebSocket): Promise<string> {
  return new Promise((resolve, reject) => {
    socket.once('error', (error) => reject(new Error(`The console broke: ${error.message}`)));
    socket.once('close', (code, reason) => {
      const inOrder = code === 1000 || code === 1001 || code === 1005;
      if (inOrder) resolve(reason.toString());
      else reject(new Error(`The console was closed: ${reason.toString() || `code ${code}`}`));
    });
  });
}

function bytesOf(data: WebSocket.RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return Buffer.isBuffer(data) ? data : Buffer.from(data);
}
