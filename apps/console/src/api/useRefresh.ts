import { useQueryClient } from '@tanstack/react-query';
import { useCallback } from 'react';

/** Fetches again what the event stream does not carry: users, tokens, sessions. */
export function useRefresh(): (key: readonly string[]) => void {
  const cache = useQueryClient();
  return useCallback(
    (key) => {
      void cache.invalidateQueries({ queryKey: key });
    },
    [cache],
  );
}
