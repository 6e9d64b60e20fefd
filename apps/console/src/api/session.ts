/** Who is logged in, and what they may do. */
import type { CurrentSession, PasswordChange, Permission, SessionCreate } from '@cairn/contracts';
import { useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query';
import { useCallback } from 'react';

import { problemIn } from '../components/problem';
import { useGateway, type Gateway } from './gateway';
import { keys } from './keys';

/** The session of this browser; null when nobody is logged in. */
export function useCurrentSession(): UseQueryResult<CurrentSession | null> {
  const gateway = useGateway();
  return useQuery({ queryKey: keys.session, queryFn: () => fetchSession(gateway), retry: false });
}

async function fetchSession(gateway: Gateway): Promise<CurrentSession | null> {
  try {
    const session = await gateway.call('getCurrentSession');
    gateway.setCsrfToken(session.csrfToken);
    return session;
  } catch (error) {
    if (problemIn(error)?.code === 'auth.required') return null;
    throw error;
  }
}

/** Log-in, log-out and the change of the own password. */
export interface SessionActions {
  readonly logIn: (credentials: SessionCreate) => Promise<void>;
  readonly logOut: () => Promise<void>;
  readonly changePassword: (change: PasswordChange) => Promise<void>;
}

export function useSessionActions(): SessionActions {
  const gateway = useGateway();
  const cache = useQueryClient();
  const enter = useCallback(
    (session: CurrentSession | null) => {
      gateway.setCsrfToken(session?.csrfToken ?? null);
      cache.removeQueries({ predicate: (query) => query.queryKey[0] !== keys.session[0] });
      cache.setQueryData(keys.session, session);
    },
    [gateway, cache],
  );
  return {
    logIn: async (body) => enter(await gateway.call('createSession', { body })),
    logOut: async () => {
      await gateway.call('deleteCurrentSession');
      enter(null);
    },
    changePassword: async (body) => enter(await gateway.call('changePassword', { body })),
  };
}

/** Whether the person may do something; what they may not is hidden. */
export function useMay(): (permission: Permission) => boolean {
  const session = useCurrentSession().data;
  return useCallback((permission) => session?.permissions.includes(permission) ?? false, [session]);
}
