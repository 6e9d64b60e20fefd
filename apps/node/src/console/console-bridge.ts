// WebSocket to unix socket: the screen (RFB) and the serial line of guests, in binary frames.
// Backpressure goes both ways: a browser that does not read stops the reading from QEMU, a guest
// that does not take input stops the reading from the browser. A serial viewer that is too slow is
// dropped instead, because it must not hold up the others.
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { CONSOLE_PATH, consoleQuerySchema } from '@cairn/contracts';
import type { Logger } from '@cairn/telemetry';
import type { VmRuntime } from '@cairn/vm-runtime';
import type { IncomingMessage, Server } from 'node:http';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { createWebSocketStream, WebSocketServer, type RawData, type WebSocket } from 'ws';
import { LOGGER, VM_RUNTIME } from '../platform/tokens';
import { ConsoleTickets, type TicketGrant } from './console-tickets';
import { SerialLine } from './serial-line';

const CONNECTIONS_MAX = 200;
const FRAME_BYTES_MAX = 1024 * 1024;
const PENDING_BYTES_MAX = 4 * 1024 * 1024;
const PING_MS = 20_000;

const CLOSE_GOING_AWAY = 1001;
const CLOSE_NO_GUEST = 4404;
const CLOSE_TOO_SLOW = 4408;

type Verdict =
  | { readonly kind: 'granted'; readonly grant: TicketGrant }
  | { readonly kind: 'refused'; readonly status: number; readonly reason: string };

function refused(status: number, reason: string): Verdict {
  return { kind: 'refused', status, reason };
}

@Injectable()
export class ConsoleBridge implements OnApplicationShutdown {
  readonly #server = new WebSocketServer({
    noServer: true,
    maxPayload: FRAME_BYTES_MAX,
    perMessageDeflate: false,
    handleProtocols: (protocols) => (protocols.has('binary') ? 'binary' : false),
  });
  readonly #lines = new Map<string, SerialLine>();
  readonly #ping: NodeJS.Timeout;

  constructor(
    private readonly tickets: ConsoleTickets,
    @Inject(VM_RUNTIME) private readonly runtime: VmRuntime,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.#ping = setInterval(() => this.#pingAll(), PING_MS);
    this.#ping.unref();
  }

  get connectionCount(): number {
    return this.#server.clients.size;
  }

  /** Takes over WebSocket upgrades of the HTTP server. */
  listenOn(server: Server): void {
    server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
  }

  onApplicationShutdown(): void {
    clearInterval(this.#ping);
    for (const client of this.#server.clients) client.close(CLOSE_GOING_AWAY, 'restarting');
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.once('error', () => socket.destroy());
    const verdict = this.#verdictOn(request);
    if (verdict.kind === 'refused') {
      refuse(socket, verdict.status, verdict.reason);
      return;
    }
    this.#server.handleUpgrade(request, socket, head, (client) => {
      this.#serve(client, verdict.grant);
    });
  }

  #verdictOn(request: IncomingMessage): Verdict {
    const [path = '', search = ''] = (request.url ?? '').split('?');
    if (path !== CONSOLE_PATH) return refused(404, 'Not Found');
    if (!isSameOrigin(request)) return refused(403, 'Forbidden');
    if (this.connectionCount >= CONNECTIONS_MAX) return refused(503, 'Service Unavailable');
    const query = consoleQuerySchema.safeParse(Object.fromEntries(new URLSearchParams(search)));
    const grant = query.success ? this.tickets.redeem(query.data.ticket) : null;
    return grant === null ? refused(403, 'Forbidden') : { kind: 'granted', grant };
  }

  #serve(client: WebSocket, grant: TicketGrant): void {
    this.logger.info({ vm: grant.vmId, kind: grant.kind, user: grant.userName }, 'console opened');
    client.on('error', () => client.terminate());
    try {
      if (grant.kind === 'vnc') this.#serveScreen(client, grant.vmId);
      else this.#serveSerial(client, grant.vmId);
    } catch {
      client.close(CLOSE_NO_GUEST, 'the VM does not run');
    }
  }

  #serveScreen(client: WebSocket, vmId: string): void {
    const guest = connect(this.runtime.consoles(vmId).vncSocketPath);
    const browser = createWebSocketStream(client, { allowHalfOpen: false });
    const end = (): void => {
      guest.destroy();
      browser.destroy();
    };
    guest.once('error', () => client.close(CLOSE_NO_GUEST, 'the screen is not there'));
    guest.once('close', () => client.close(CLOSE_NO_GUEST, 'the VM has stopped'));
    browser.once('error', end);
    browser.once('close', end);
    guest.pipe(browser);
    browser.pipe(guest);
  }

  #serveSerial(client: WebSocket, vmId: string): void {
    const line = this.#lines.get(vmId) ?? this.#openLine(vmId);
    const leave = line.join({
      onData: (bytes) => {
        if (client.bufferedAmount > PENDING_BYTES_MAX) client.close(CLOSE_TOO_SLOW, 'too slow');
        else if (client.readyState === client.OPEN) client.send(bytes, { binary: true });
      },
      onEnd: () => client.close(CLOSE_NO_GUEST, 'the VM has stopped'),
    });
    client.on('message', (data) => {
      if (line.write(bytesOf(data))) return;
      client.pause();
      line.onceDrained(() => client.resume());
    });
    client.once('close', () => {
      leave.then((goAway) => goAway()).catch(() => undefined);
    });
  }

  #openLine(vmId: string): SerialLine {
    const line = new SerialLine(this.runtime.consoles(vmId), () => {
      if (this.#lines.get(vmId) === line) this.#lines.delete(vmId);
    });
    this.#lines.set(vmId, line);
    return line;
  }

  /** Finds dead connections behind proxies; a browser answers pings by itself. */
  #pingAll(): void {
    for (const client of this.#server.clients) if (client.readyState === client.OPEN) client.ping();
  }
}

/** A browser sends Origin; a page of another site must not use a stolen ticket. */
export function isSameOrigin(request: IncomingMessage): boolean {
  const { origin, host } = request.headers;
  if (origin === undefined) return true;
  try {
    return new URL(origin).host === host;
  } catch {
    return false;
  }
}

function refuse(socket: Duplex, status: number, reason: string): void {
  socket.end(`HTTP/1.1 ${status} ${reason}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function bytesOf(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}
