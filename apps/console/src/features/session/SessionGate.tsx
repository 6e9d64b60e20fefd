import { Bullseye, Spinner } from '@patternfly/react-core';
import { useMemo, type ReactElement, type ReactNode } from 'react';

import { useCurrentSession } from '../../api/session';
import { LiveContext, useFollowEvents } from '../../api/useLive';
import { StartedTasks, StartedTasksContext } from '../../api/useRun';
import { FailedState } from '../../components/States';
import { EntryFrame } from './EntryFrame';
import { FirstPasswordPage } from './FirstPasswordPage';
import { LoginPage } from './LoginPage';

/** Lets nobody past without a session and a password of their own. */
export function SessionGate({ children }: { readonly children: ReactNode }): ReactElement {
  const session = useCurrentSession();
  if (session.data === undefined) {
    return session.isError ? (
      <EntryFrame>
        <FailedState what="Cairn" error={session.error} onRetry={() => void session.refetch()} />
      </EntryFrame>
    ) : (
      <Bullseye className="entry-page">
        <Spinner aria-label="Loading Cairn" />
      </Bullseye>
    );
  }
  if (session.data === null) return <LoginPage />;
  if (session.data.mustChangePassword) return <FirstPasswordPage />;
  return <LiveFrame key={session.data.user.id}>{children}</LiveFrame>;
}

/** Follows the cluster for as long as somebody is logged in. */
function LiveFrame({ children }: { readonly children: ReactNode }): ReactElement {
  const { feed, samples } = useFollowEvents();
  const live = useMemo(() => ({ feed, samples }), [feed, samples]);
  const started = useMemo(() => new StartedTasks(), []);
  return (
    <LiveContext value={live}>
      <StartedTasksContext value={started}>{children}</StartedTasksContext>
    </LiveContext>
  );
}
