/**
 * `fetch` over node:https that trusts exactly one certificate: the node's own, self-signed one. The
 * global fetch has no way to be told which certificate to trust.
 */
import { Agent, request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { Fetch } from '@cairn/api-client';

const BODILESS = new Set([204, 304]);

/** A fetch for one node; `certificate` is PEM. Close `agent` when done. */
export function pinnedFetch(certificate: string): { readonly fetch: Fetch; readonly agent: Agent } {
  const agent = new Agent({ ca: certificate, keepAlive: true, maxSockets: 32 });
  const fetch: Fetch = async (input, init) => {
    const body = Buffer.from(await input.arrayBuffer());
    const answer = await send({ input, body, agent, signal: init?.signal ?? input.signal });
    return responseOf(answer);
  };
  return { fetch, agent };
}

interface Sending {
  readonly input: Request;
  readonly body: Buffer;
  readonly agent: Agent;
  readonly signal: AbortSignal;
}

async function send({ input, body, agent, signal }: Sending): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers: Record<string, string> = Object.fromEntries(input.headers.entries());
    if (body.length > 0) headers['content-length'] = String(body.length);
    const outgoing = request(input.url, { method: input.method, headers, agent, signal });
    outgoing.once('response', resolve);
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}

function responseOf(answer: IncomingMessage): Response {
  const headers = new Headers();
  for (let index = 0; index < answer.rawHeaders.length; index += 2) {
    headers.append(answer.rawHeaders[index] ?? '', answer.rawHeaders[index + 1] ?? '');
  }
  const status = answer.statusCode ?? 500;
  if (BODILESS.has(status)) {
    answer.resume();
    return new Response(null, { status, headers });
  }
  // Both are the web's ReadableStream; Node.js and the DOM library declare it twice.
  const stream = Readable.toWeb(answer) as ReadableStream;
  return new Response(stream, { status, headers });
}
