import { useCallback } from 'react';
import { useSearchParams } from 'react-router';

/** The state of a list that lives in the address: it survives a reload and can be sent to a colleague. */
export interface ListState {
  readonly query: string;
  /** A column's key, with a minus before it for descending order; empty for the list's own order. */
  readonly sort: string;
  /** Counts from 1. */
  readonly page: number;
  readonly setQuery: (query: string) => void;
  readonly setSort: (sort: string) => void;
  readonly setPage: (page: number) => void;
}

/** Binds query, sort order and page to `?q=`, `?sort=` and `?page=`. */
export function useListState(defaultSort = ''): ListState {
  const [params, setParams] = useSearchParams();
  const change = useCallback(
    (changes: Readonly<Record<string, string>>) => {
      setParams(
        (before) => {
          const after = new URLSearchParams(before);
          for (const [key, value] of Object.entries(changes)) {
            if (value === '') after.delete(key);
            else after.set(key, value);
          }
          return after;
        },
        { replace: true },
      );
    },
    [setParams],
  );
  return {
    query: params.get('q') ?? '',
    sort: params.get('sort') ?? defaultSort,
    page: Math.max(1, Number.parseInt(params.get('page') ?? '1', 10) || 1),
    setQuery: (query) => change({ q: query, page: '' }),
    setSort: (sort) => change({ sort: sort === defaultSort ? '' : sort, page: '' }),
    setPage: (page) => change({ page: page <= 1 ? '' : String(page) }),
  };
}
