/** The typed client of the REST API: used by the console, the CLI and the end-to-end tests. */
export {
  createCairnClient,
  unwrap,
  type CairnClient,
  type CairnClientOptions,
  type CallResult,
  type Fetch,
  type RawInit,
} from './client';
export { ApiError, isAbort, TaskFailedError, UnreachableError } from './errors';
export { isPlan, isTask, outcomeOf, taskOf, type Outcome } from './outcome';
export { mayPass, succeed, waitForTask, type WaitOptions } from './tasks';
export { allItems, eachItem, type PageQuery } from './pages';
export { watchEvents, type WatchOptions } from './events';
export {
  blobSource,
  uploadMedia,
  type UploadOptions,
  type UploadProgress,
  type UploadSource,
} from './upload';
export { backoffMs, sleep, type Sleep } from './wait';
export type { components, operations, paths } from './generated/api-types';
