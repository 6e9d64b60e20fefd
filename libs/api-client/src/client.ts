/**
 * The typed client of the REST API. Works in browsers and in Node.js alike.
 *
 * `client.GET('/api/v1/vms', …)` and its sisters are typed by the OpenAPI document and answer `{data, error, response}`;
 * `unwrap` turns that into the data or a thrown `ApiError`.
 */
import { headers as headerNames } from '@cairn/contracts';
import createClient, { type Client, type Middleware } from 'openapi-fetch';
import { apiErrorOf, isAbort, UnreachableError, type ApiError } from './errors';
import type { paths } from './generated/api-types';

export type Fetch = (input: Request, init?: RequestInit) => Promise<Response>;

export interface CairnClientOptions {
  /** `https://node:8443`; empty in a browser that was served by the node itself. */
  readonly baseUrl: string;
  /** The secret of an API token. A browser has none: its session cookie travels by itself. */
  readonly token?: string;
  /** The CSRF token of the session, asked for at each write. */
  readonly csrfToken?: () => string | undefined;
  readonly fetch?: Fetch;
  /** Told of every error answer before the caller sees it, for example to show the log-in page. */
  readonly onProblem?: (error: ApiError) => void;
  /** Deadline of one call; default 60 s. Streams and uploads are exempt. */
  readonly timeoutMs?: number;
}

/** Init of a call that is not described by types: `timeoutMs: null` is without deadline. */
export interface RawInit extends RequestInit {
  readonly timeoutMs?: number | null;
}

export interface CairnClient extends Client<paths> {
  readonly baseUrl: string;
  /** One request with the client's credentials; rejects with `ApiError` unless the status is 2xx. */
  readonly raw: (path: string, init?: RawInit) => Promise<Response>;
}

const TIMEOUT_MS_DEFAULT = 60_000;

export function createCairnClient(options: CairnClientOptions): CairnClient {
  const baseUrl = options.baseUrl.replace(/\/+$/, '');
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS_DEFAULT;
  const send = senderOf(options);
  const client = createClient<paths>({
    baseUrl,
    credentials: 'same-origin',
    fetch: (request) => send(request, timeoutMs),
  });
  client.use(problemReporter(options));
  return {
    ...client,
    baseUrl,
    raw: async (path, { timeoutMs: ownTimeoutMs, ...init } = {}) => {
      const request = new Request(`${baseUrl}${path}`, { credentials: 'same-origin', ...init });
      const response = await send(request, ownTimeoutMs === undefined ? timeoutMs : ownTimeoutMs);
      if (response.ok) return response;
      const error = apiErrorOf(response.status, await jsonOf(response));
      options.onProblem?.(error);
      throw error;
    },
  };
}

/** The answer of a call, as openapi-fetch gives it. */
export interface CallResult<Data> {
  readonly data?: Data;
  readonly error?: unknown;
  readonly response: Response;
}

/** The data of an answer. Throws `ApiError` if the server refused or failed. */
export function unwrap<Data>(result: CallResult<Data>): Data {
  if (!result.response.ok) throw apiErrorOf(result.response.status, result.error);
  // A 2xx answer has the data that its type promises; a 204 has none and its type is undefined.
  return result.data as Data;
}

function senderOf(options: CairnClientOptions) {
  const baseFetch: Fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init));
  return async (request: Request, timeoutMs: number | null): Promise<Response> => {
    addCredentials(request, options);
    const deadline = timeoutMs === null ? [] : [AbortSignal.timeout(timeoutMs)];
    try {
      return await baseFetch(request, { signal: AbortSignal.any([request.signal, ...deadline]) });
    } catch (error) {
      if (request.signal.aborted || isAbort(error)) throw error;
      throw new UnreachableError(`${originOf(request.url)} cannot be reached: ${reason(error)}`, {
        cause: error,
      });
    }
  };
}

function addCredentials(request: Request, options: CairnClientOptions): void {
  if (options.token !== undefined) request.headers.set('Authorization', `Bearer ${options.token}`);
  if (request.method === 'GET' || request.method === 'HEAD') return;
  const csrfToken = options.csrfToken?.();
  if (csrfToken !== undefined) request.headers.set(headerNames.csrfToken, csrfToken);
}

function problemReporter({ onProblem }: CairnClientOptions): Middleware {
  return {
    onResponse: async ({ response }) => {
      if (response.ok || onProblem === undefined) return undefined;
      onProblem(apiErrorOf(response.status, await jsonOf(response.clone())));
      return undefined;
    },
  };
}

async function jsonOf(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    return undefined;
  }
}

function originOf(url: string): string {
  return new URL(url).origin;
}

/** The innermost message: fetch hides the cause of a network error behind "fetch failed". */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'no answer in time';
  return error.cause instanceof Error ? error.cause.message : error.message;
}
