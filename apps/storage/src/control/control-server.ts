/**
 * The HTTP server of the control API, on a unix socket that only its owner (and one group) may use.
 *
 * The socket is handed in as a listening descriptor: it is made with its permissions before anybody can connect, and the
 * supervisor may keep it over restarts, so that a call made during one waits instead of failing.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { StorageError } from '@cairn/block-store';
import type { Logger } from '@cairn/telemetry';
import { answerOf, isBug } from './problems';
import { handle, type Reply, type Services } from './routes';

const BODY_BYTES_MAX = 64 * 1024;
const HEADERS_TIMEOUT_MS = 10_000;
const CONNECTIONS_MAX = 256;

export class ControlServer {
  private readonly server: Server;

  constructor(
    private readonly services: Services,
    private readonly log: Logger,
  ) {
    this.server = createServer((request, response) => {
      // Answers every error itself and never rejects.
      void this.answer(request, response);
    });
    this.server.headersTimeout = HEADERS_TIMEOUT_MS;
    this.server.maxConnections = CONNECTIONS_MAX;
  }

  /** Serves on a listening descriptor, which the server owns from now on, or makes its own socket. */
  async listen(at: { readonly fd: number } | { readonly path: string }): Promise<void> {
    this.server.listen(at);
    await once(this.server, 'listening');
  }

  /** Takes no further requests; resolves when those under way are answered, or cut off after `graceMs`. */
  async close(graceMs: number): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.server.close(() => {
        resolve();
      });
    });
    this.server.closeIdleConnections();
    const timer = setTimeout(() => {
      this.server.closeAllConnections();
    }, graceMs);
    await closed;
    clearTimeout(timer);
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const method = request.method ?? 'GET';
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
    try {
      const body = await readBody(request);
      send(response, await handle(this.services, { method, path, body }));
    } catch (error) {
      const { status, body } = answerOf(error);
      if (isBug(error)) this.log.error({ err: error, method, path }, 'a request met a bug');
      else this.log.debug({ method, path, problem: body.error }, 'refused a request');
      send(response, { kind: 'json', body, status });
    }
  }
}

/** The parsed JSON body; an empty one counts as an empty object. */
async function readBody(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request) {
    if (!Buffer.isBuffer(part)) continue;
    length += part.length;
    if (length > BODY_BYTES_MAX) {
      throw new StorageError('invalid_argument', `a body has at most ${BODY_BYTES_MAX} bytes`);
    }
    parts.push(part);
  }
  if (length === 0) return {};
  try {
    return JSON.parse(Buffer.concat(parts).toString('utf8'));
  } catch (cause) {
    throw new StorageError('invalid_argument', 'the body is not JSON', {}, { cause });
  }
}

function send(response: ServerResponse, reply: Reply): void {
  if (response.destroyed) return;
  switch (reply.kind) {
    case 'nothing':
      response.writeHead(204).end();
      return;
    case 'text':
      response.writeHead(200, { 'content-type': reply.contentType }).end(reply.body);
      return;
    case 'json':
      response
        .writeHead(reply.status ?? 200, { 'content-type': 'application/json' })
        .end(JSON.stringify(reply.body));
  }
}
