/** A real HTTP server on a free port for tests of the client. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { problemOf, type ProblemCode, type Task } from '@cairn/contracts';

export type Handler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

export interface HttpFixture {
  readonly baseUrl: string;
  /** `METHOD /path?query` of every request so far. */
  readonly requests: string[];
  readonly close: () => Promise<void>;
}

export async function startHttpFixture(handler: Handler): Promise<HttpFixture> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method ?? ''} ${request.url ?? ''}`);
    void Promise.resolve(handler(request, response)).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(body));
}

export function sendProblem(response: ServerResponse, code: ProblemCode, detail: string): void {
  const problem = problemOf({ code, detail, requestId: 'test' });
  response.writeHead(problem.status, { 'Content-Type': 'application/problem+json' });
  response.end(JSON.stringify(problem));
}

export async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

export const TASK_ID = '01890a5d-ac96-774b-bcce-b302099a8057';
export const RESOURCE_ID = '01890a5d-ac96-774b-bcce-b302099a8058';

export function taskWith(change: Partial<Task>): Task {
  return {
    id: TASK_ID,
    kind: 'vm.start',
    state: 'running',
    progress: { percent: null, bytesDone: null, bytesTotal: null, etaSeconds: null },
    steps: [],
    resource: null,
    parentId: null,
    actor: { kind: 'user', id: null, name: 'admin' },
    nodeId: null,
    error: null,
    cancellable: false,
    createdAt: '2026-01-01T00:00:00.000Z',
    updatedAt: '2026-01-01T00:00:00.000Z',
    startedAt: null,
    finishedAt: null,
    revision: 1,
    ...change,
  };
}
