/** Header names, fixed paths and limits of the protocol that server and clients share. */
import { z } from 'zod';
import { KIB, MIB } from './primitives';

/** Where the API lives on a node. Paths in the route table are relative to it unless they are marked `root`. */
export const API_PREFIX = '/api/v1';

export const headers = {
  /** Sent by the creator of a resource; the same key answers the same for 24 hours. */
  idempotencyKey: 'Idempotency-Key',
  /** Must accompany every write that is authenticated by the session cookie. */
  csrfToken: 'X-CSRF-Token',
  requestId: 'X-Request-Id',
  etag: 'ETag',
  ifMatch: 'If-Match',
  location: 'Location',
  /** `wait=30` asks the server to hold the answer until the task is finished, for so many seconds. */
  prefer: 'Prefer',
  preferenceApplied: 'Preference-Applied',
  contentRange: 'Content-Range',
  lastEventId: 'Last-Event-ID',
  retryAfter: 'Retry-After',
} as const;

export const SESSION_COOKIE = 'cairn_session';

/** Limits that the server enforces and a client must respect. */
export const limits = {
  jsonBodyBytesMax: 512 * KIB,
  uploadChunkBytesMax: 64 * MIB,
  preferWaitSecondsMax: 60,
  consoleTicketSeconds: 30,
  eventPingSeconds: 15,
  listPageMax: 1000,
} as const;

/** The WebSocket endpoint; a console ticket's `path` is this path with the ticket in its query. */
export const CONSOLE_PATH = `${API_PREFIX}/console`;

/** Key of an idempotent creation. */
export const idempotencyKeySchema = z
  .string()
  .regex(/^[A-Za-z0-9._~-]{1,128}$/, 'must be 1 to 128 of A-Z a-z 0-9 . _ ~ -');

export const mediaTypes = {
  json: 'application/json',
  mergePatch: 'application/merge-patch+json',
  problem: 'application/problem+json',
  bytes: 'application/octet-stream',
  events: 'text/event-stream',
  text: 'text/plain',
} as const;
export type MediaType = (typeof mediaTypes)[keyof typeof mediaTypes];
