/**
 * The console's way to the API: one call by operation id, typed by the route table. Hooks and
 * actions of this folder are the only users; everything else asks them.
 */
import type {
  CairnEvent,
  EventTopic,
  OperationId,
  ParamsOf,
  Plan,
  Routes,
  Task,
  UploadState,
} from '@cairn/contracts';
import { createContext, useContext } from 'react';
import type { z } from 'zod';

type BodyOf<Response> = Response extends { readonly body: infer Schema extends z.ZodType }
  ? z.output<Schema>
  : undefined;

type ResponsesOf<Id extends OperationId> = Routes[Id]['responses'];

/** What an operation answers when nobody asks it to wait: the task, or the resource. */
export type AnswerOf<Id extends OperationId> =
  ResponsesOf<Id> extends { readonly 202: infer Response }
    ? BodyOf<Response>
    : ResponsesOf<Id> extends { readonly 201: infer Response }
      ? BodyOf<Response>
      : ResponsesOf<Id> extends { readonly 200: infer Response }
        ? BodyOf<Response>
        : undefined;

/** The JSON body of an operation as a client sends it, before defaults. */
export type BodyInputOf<Id extends OperationId> = Routes[Id] extends {
  readonly request: infer Schema extends z.ZodType;
}
  ? z.input<Schema>
  : undefined;

export interface CallInput<Id extends OperationId> {
  readonly params?: ParamsOf<Id>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: BodyInputOf<Id>;
  /** Refuse the write unless the resource is still at this revision. */
  readonly ifRevision?: number;
  readonly signal?: AbortSignal;
}

/** The state of the event stream. */
export type FeedState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  | { readonly kind: 'lost'; readonly sinceMs: number };

export interface WatchOptions {
  readonly topics: readonly EventTopic[];
  readonly signal: AbortSignal;
  readonly onEvent: (event: CairnEvent) => void;
  readonly onState: (state: FeedState) => void;
}

export interface UploadOptions {
  readonly kind: 'image' | 'iso';
  readonly id: string;
  readonly file: Blob;
  /** Where the server says the upload is; 0 for a new one. */
  readonly startAt: number;
  /** Pauses: what was received stays, and the upload can go on later. */
  readonly signal: AbortSignal;
  readonly onProgress: (state: UploadState) => void;
}

/** Everything the console asks of a Cairn node. */
export interface Gateway {
  call<Id extends OperationId>(id: Id, input?: CallInput<Id>): Promise<AnswerOf<Id>>;
  /** What a call would do, without doing it. */
  plan<Id extends OperationId>(id: Id, input?: CallInput<Id>): Promise<Plan>;
  /** Follows the event stream until the signal fires; reconnects by itself. */
  watch(options: WatchOptions): void;
  /** Sends a file; resolves with the task that imports it. */
  upload(options: UploadOptions): Promise<Task>;
  /** The proof that accompanies writes of this session; null after log-out. */
  setCsrfToken(token: string | null): void;
}

export const GatewayContext = createContext<Gateway | null>(null);

/** The gateway of this page. */
export function useGateway(): Gateway {
  const gateway = useContext(GatewayContext);
  if (!gateway) throw new Error('GatewayContext is missing above this component');
  return gateway;
}
