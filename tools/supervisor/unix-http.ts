/** One JSON request over a unix socket, with a deadline. */
import { request } from 'node:http';

export interface UnixRequest {
  readonly socketPath: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: unknown;
  readonly timeoutMs: number;
}

export interface UnixAnswer {
  readonly status: number;
  readonly text: string;
}

export async function unixRequest(options: UnixRequest): Promise<UnixAnswer> {
  const { socketPath, method, path, timeoutMs } = options;
  const body = options.body === undefined ? '' : JSON.stringify(options.body);
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { socketPath, method, path, headers, signal: AbortSignal.timeout(timeoutMs) },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        answer.once('error', reject);
        answer.once('end', () => resolve({ status: answer.statusCode ?? 0, text }));
      },
    );
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}
