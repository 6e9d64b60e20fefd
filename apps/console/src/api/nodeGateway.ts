import {
  ApiError,
  blobSource,
  createCairnClient,
  isAbort,
  uploadMedia,
  watchEvents,
  type CairnClient,
  type Fetch,
} from '@cairn/api-client';
import {
  fullPathOf,
  headers,
  mediaTypes,
  routes,
  type OperationId,
  type Plan,
  type Route,
  type Task,
} from '@cairn/contracts';

import type {
  AnswerOf,
  CallInput,
  FeedState,
  Gateway,
  UploadOptions,
  WatchOptions,
} from './gateway';

export interface NodeGatewayOptions {
  /** Origin of the node; the console uses the one it was served from. */
  readonly baseUrl: string;
  /** Told when the server no longer knows this browser. */
  readonly onLoggedOut: () => void;
  readonly fetch?: Fetch;
}

interface LooseInput {
  readonly params?: unknown;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly ifRevision?: number;
  readonly signal?: AbortSignal;
}

/** The gateway over HTTP to the node that served the console. */
export class NodeGateway implements Gateway {
  private csrfToken: string | null = null;
  private readonly client: CairnClient;

  constructor(private readonly options: NodeGatewayOptions) {
    this.client = createCairnClient({
      baseUrl: options.baseUrl,
      csrfToken: () => this.csrfToken ?? undefined,
      onProblem: (error) => {
        if (error.code === 'auth.required') options.onLoggedOut();
      },
      ...(options.fetch ? { fetch: options.fetch } : {}),
    });
  }

  setCsrfToken(token: string | null): void {
    this.csrfToken = token;
  }

  async call<Id extends OperationId>(id: Id, input: CallInput<Id> = {}): Promise<AnswerOf<Id>> {
    return readAnswer<AnswerOf<Id>>(await this.send(routes[id], input));
  }

  async plan<Id extends OperationId>(id: Id, input: CallInput<Id> = {}): Promise<Plan> {
    const query = { ...input.query, dryRun: 'true' };
    return readAnswer<Plan>(await this.send(routes[id], { ...input, query }));
  }

  watch(options: WatchOptions): void {
    void this.follow(options).catch((error: unknown) => {
      if (isAbort(error) || options.signal.aborted) return;
      options.onState({ kind: 'lost', sinceMs: Date.now() });
      if (error instanceof ApiError && error.status === 401) this.options.onLoggedOut();
    });
  }

  upload(options: UploadOptions): Promise<Task> {
    return uploadMedia(this.client, {
      kind: options.kind === 'image' ? 'images' : 'isos',
      id: options.id,
      source: blobSource(options.file),
      signal: options.signal,
      onProgress: ({ sentBytes, sizeBytes }) =>
        options.onProgress({ receivedBytes: sentBytes, sizeBytes }),
    });
  }

  private async follow(options: WatchOptions): Promise<void> {
    let state: FeedState = { kind: 'connecting' };
    const events = watchEvents(this.client, {
      topics: options.topics,
      signal: options.signal,
      onConnection: (isOpen) => {
        if (isOpen) state = { kind: 'live' };
        else if (state.kind !== 'lost') state = { kind: 'lost', sinceMs: Date.now() };
        options.onState(state);
      },
    });
    for await (const event of events) options.onEvent(event);
  }

  private send(route: Route, input: LooseInput): Promise<Response> {
    const hasBody = input.body !== undefined;
    return this.client.raw(addressOf(route, input), {
      method: route.method.toUpperCase(),
      headers: {
        Accept: mediaTypes.json,
        ...(hasBody ? { 'Content-Type': mediaTypes.json } : {}),
        ...(input.ifRevision === undefined ? {} : { [headers.ifMatch]: `"${input.ifRevision}"` }),
      },
      ...(hasBody ? { body: JSON.stringify(input.body) } : {}),
      ...(input.signal ? { signal: input.signal } : {}),
    });
  }
}

/** The path and query of a call. */
export function addressOf(route: Route, input: LooseInput): string {
  const params = new Map<string, unknown>(Object.entries(input.params ?? {}));
  const path = fullPathOf(route).replace(/\{(\w+)\}/g, (_whole, name: string) =>
    encodeURIComponent(String(params.get(name))),
  );
  const query = new URLSearchParams(input.query).toString();
  return query === '' ? path : `${path}?${query}`;
}

/** The body of an answer. The server writes it by the schema that `Answer` was inferred from. */
async function readAnswer<Answer>(response: Response): Promise<Answer> {
  const text = await response.text();
  return (text === '' ? undefined : JSON.parse(text)) as Answer;
}
