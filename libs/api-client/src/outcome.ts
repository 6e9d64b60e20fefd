/** What a write came to: a plan (dry run), a task (long work) or the resource itself. */
import type { CallResult } from './client';
import { unwrap } from './client';
import type { components } from './generated/api-types';

type Schemas = components['schemas'];

export type Outcome<Data> =
  | { readonly kind: 'plan'; readonly plan: Schemas['Plan'] }
  | { readonly kind: 'task'; readonly task: Schemas['Task'] }
  | {
      readonly kind: 'resource';
      readonly resource: Exclude<Data, Schemas['Plan'] | Schemas['Task']>;
    };

/** Sorts the answer of a write. Throws `ApiError` if the server refused or failed. */
export function outcomeOf<Data>(result: CallResult<Data>): Outcome<Data> {
  const data: unknown = unwrap(result);
  if (isPlan(data)) return { kind: 'plan', plan: data };
  if (isTask(data)) return { kind: 'task', task: data };
  // What is neither a plan nor a task is, by the route's type, the resource.
  return {
    kind: 'resource',
    resource: data as Exclude<Data, Schemas['Plan'] | Schemas['Task']>,
  };
}

/** The task of a write that always works in one. Throws if the answer is something else. */
export function taskOf(result: CallResult<unknown>): Schemas['Task'] {
  const outcome = outcomeOf(result);
  if (outcome.kind !== 'task') throw new Error('The server did not answer with a task.');
  return outcome.task;
}

export function isPlan(data: unknown): data is Schemas['Plan'] {
  return isObject(data) && 'dryRun' in data && data.dryRun === true && 'effects' in data;
}

export function isTask(data: unknown): data is Schemas['Task'] {
  return isObject(data) && 'cancellable' in data && 'steps' in data && 'progress' in data;
}

function isObject(data: unknown): data is object {
  return typeof data === 'object' && data !== null;
}
