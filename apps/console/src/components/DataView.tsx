import type { ReactElement, ReactNode } from 'react';

import { FailedState, LoadingState, StaleNotice } from './States';

/** What a view needs to know of a query; TanStack Query's result has this shape. */
export interface ViewQuery<Data> {
  readonly data: Data | undefined;
  readonly error: unknown;
  readonly isError: boolean;
  readonly refetch: () => unknown;
}

export interface DataViewProps<Data> {
  readonly query: ViewQuery<Data>;
  /** What is shown, as in "Could not load …". */
  readonly what: string;
  readonly loading?: ReactNode;
  readonly children: (data: Data) => ReactNode;
}

/** Draws data once it is here, and says plainly while it is not, or no longer fresh. */
export function DataView<Data>(props: DataViewProps<Data>): ReactElement {
  const { query, what } = props;
  const retry = (): void => void query.refetch();
  if (query.data === undefined) {
    if (query.isError) return <FailedState what={what} error={query.error} onRetry={retry} />;
    return <>{props.loading ?? <LoadingState label={what} />}</>;
  }
  return (
    <>
      {query.isError && <StaleNotice what={what} error={query.error} onRetry={retry} />}
      {props.children(query.data)}
    </>
  );
}
