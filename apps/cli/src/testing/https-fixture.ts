/** A real HTTPS server with a self-signed certificate, and a world that records, for tests of commands. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { X509Certificate } from 'node:crypto';
import { problemOf, type ProblemCode } from '@cairn/contracts';
import { WebSocketServer, type WebSocket } from 'ws';
import { runCommand } from '../program';
import { saveConfig, type Config } from '../config';
import type { World } from '../world';
import { listOf, TASK_ID, VM_ID, vmOf } from './resources';

export interface Call {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  readonly json: unknown;
}

export type Route = (call: Call, response: ServerResponse) => void;

export interface HttpsFixture {
  readonly server: string;
  readonly fingerprint: string;
  /** Keyed by `METHOD /path`, below /api/v1. Unknown ones answer 404. */
  readonly routes: Map<string, Route>;
  readonly calls: Call[];
  /** Answers WebSocket connections. */
  onSocket: (socket: WebSocket, url: string) => void;
  readonly directory: string;
  readonly close: () => Promise<void>;
}

export async function startHttpsFixture(): Promise<HttpsFixture> {
  const directory = mkdtempSync(join(tmpdir(), 'cairn-cli-'));
  const key = join(directory, 'key.pem');
  const cert = join(directory, 'cert.pem');
  const subject = ['-subj', '/CN=cairn-test', '-days', '2', '-nodes', '-x509'];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
  execFileSync('openssl', ['req', ...subject, ...curve, '-keyout', key, '-out', cert], {
    stdio: 'pipe',
  });
  const routes = new Map<string, Route>();
  const calls: Call[] = [];
  const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) });
  server.on('request', (request, response) => {
    void callOf(request).then((call) => {
      calls.push(call);
      const route = routes.get(`${call.method} ${call.path}`);
      if (route === undefined) problem(response, 'request.notFound', 'There is no such path.');
      else route(call, response);
    });
  });
  const sockets = new WebSocketServer({ server });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const fixture: HttpsFixture = {
    server: `https://127.0.0.1:${port}`,
    fingerprint: new X509Certificate(readFileSync(cert)).fingerprint256.toLowerCase(),
    routes,
    calls,
    onSocket: (socket) => socket.close(),
    directory,
    close: async () => {
      for (const client of sockets.clients) client.terminate();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(directory, { recursive: true });
    },
  };
  sockets.on('connection', (socket, request) => fixture.onSocket(socket, request.url ?? ''));
  return fixture;
}

async function callOf(request: IncomingMessage): Promise<Call> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  const body = Buffer.concat(pieces);
  const url = new URL(request.url ?? '/', 'https://fixture');
  const isJson = request.headers['content-type']?.includes('json') === true;
  return {
    method: request.method ?? '',
    path: url.pathname.replace(/^\/api\/v1/, ''),
    query: url.searchParams,
    headers: request.headers,
    body,
    json: isJson ? JSON.parse(body.toString()) : undefined,
  };
}

export function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(body));
}

export function problem(response: ServerResponse, code: ProblemCode, detail: string): void {
  const body = problemOf({ code, detail, requestId: 'r' });
  response.writeHead(body.status, { 'Content-Type': 'application/problem+json' });
  response.end(JSON.stringify(body));
}

export function configPathIn(fixture: HttpsFixture): string {
  return join(fixture.directory, 'config.json');
}

/** Writes the configuration that a log-in would leave. */
export function logIn(fixture: HttpsFixture, change: Partial<Config> = {}): void {
  saveConfig(configPathIn(fixture), {
    schema: 1,
    server: fixture.server,
    fingerprint: fixture.fingerprint,
    user: 'admin',
    token: 'cairn_secret',
    tokenId: TASK_ID,
    ...change,
  });
}

export function serveVm({ routes }: HttpsFixture): void {
  routes.set('GET /vms', (_, response) => json(response, 200, listOf(vmOf())));
  routes.set(`GET /vms/${VM_ID}`, (_, response) => json(response, 200, vmOf()));
}

/** Gives tickets for the serial line of the VM. */
export function serveTicket({ routes }: HttpsFixture): void {
  routes.set(`POST /vms/${VM_ID}/actions/console-ticket`, (call, response) => {
    if (JSON.stringify(call.json) !== '{"kind":"serial"}') {
      problem(response, 'request.invalid', 'Not a serial line.');
      return;
    }
    json(response, 201, {
      kind: 'serial',
      ticket: 't',
      path: '/api/v1/console?ticket=t',
      expiresAt: '2026-01-01T00:00:30.000Z',
    });
  });
}

export interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly stdin?: string | PassThrough;
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Runs a command line against the fixture, with its configuration in the fixture's directory. */
export async function run(
  fixture: HttpsFixture,
  words: readonly string[],
  options: RunOptions = {},
): Promise<Run> {
  const stdout = recorder();
  const stderr = recorder();
  const world: World = {
    env: { CAIRN_CONFIG: configPathIn(fixture), ...options.env },
    stdin: inputOf(options.stdin),
    stdout: stdout.stream,
    stderr: stderr.stream,
    homeDir: fixture.directory,
    hostName: 'test host',
    now: () => new Date('2026-01-01T00:01:00.000Z'),
    signal: options.signal ?? new AbortController().signal,
  };
  const code = await runCommand(words, world);
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

function inputOf(input: string | PassThrough | undefined): PassThrough {
  if (input instanceof PassThrough) return input;
  const stream = new PassThrough();
  stream.end(input ?? '');
  return stream;
}

function recorder() {
  const pieces: Buffer[] = [];
  const stream = new Writable({
    write: (piece: Buffer, _encoding, done) => {
      pieces.push(piece);
      done();
    },
  });
  return { stream, text: () => Buffer.concat(pieces).toString() };
}
