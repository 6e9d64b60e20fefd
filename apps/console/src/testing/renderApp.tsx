import type { CurrentSession } from '@cairn/contracts';
import { permissions } from '@cairn/contracts';
import { QueryClient } from '@tanstack/react-query';
import { render, type RenderResult } from '@testing-library/react';

import { App } from '../App';
import { ThemeStore } from '../styles/theme';
import { FakeGateway } from './FakeGateway';
import { clusterFixture, nodeFixture } from './fixtures';

const at = '2026-11-21T12:00:00.000Z';
const userId = '01934f2e-0000-7000-8000-0000000000aa';

/** The session of an administrator. */
export function sessionFixture(changes: Partial<CurrentSession>): CurrentSession {
  return {
    session: null,
    user: {
      id: userId,
      createdAt: at,
      updatedAt: at,
      revision: 1,
      name: 'admin',
      displayName: '',
      role: 'administrator',
      disabled: false,
      mustChangePassword: false,
      lastLoginAt: at,
    },
    permissions: [...permissions],
    csrfToken: 'proof',
    mustChangePassword: false,
    ...changes,
  };
}

const emptyPage = { items: [], nextCursor: null, totalEstimate: 0, revision: 1 };

/** A gateway of an empty cluster with an administrator logged in. */
export function emptyCluster(): FakeGateway {
  return new FakeGateway()
    .on('getCurrentSession', sessionFixture({}))
    .on('getCluster', clusterFixture({ vmsRunning: 0, vmsTotal: 0 }))
    .on('listNodes', { ...emptyPage, items: [nodeFixture({})] })
    .on('listVms', emptyPage)
    .on('listDrives', emptyPage)
    .on('listVolumes', emptyPage)
    .on('listImages', emptyPage)
    .on('listIsos', emptyPage)
    .on('listTasks', emptyPage);
}

/** Draws the whole console at a path. */
export function renderApp(gateway: FakeGateway, path: string): RenderResult {
  window.history.pushState(null, '', path);
  const queryClient = new QueryClient({
    defaultOptions: { queries: { retry: false, staleTime: Infinity } },
  });
  return render(<App gateway={gateway} queryClient={queryClient} theme={new ThemeStore(window)} />);
}
