import type { Session } from '@cairn/contracts';
import { Button, Label, PageSection } from '@patternfly/react-core';
import type { ReactElement } from 'react';

import { useSessions } from '../../api/collections';
import { keys } from '../../api/keys';
import { useSessionActions } from '../../api/session';
import { useRefresh } from '../../api/useRefresh';
import { useRun } from '../../api/useRun';
import { DataView } from '../../components/DataView';
import { formatDateTime } from '../../components/format';
import { PageHeader } from '../../components/PageHeader';
import { RelativeTime } from '../../components/RelativeTime';
import { ResourceTable, type Column } from '../../components/ResourceTable';
import { useListState } from '../../components/useListState';
import { browserName } from './browserName';

/** Where the person is logged in. */
export function SessionsPage(): ReactElement {
  const sessions = useSessions();
  const list = useListState('-last-seen');
  return (
    <>
      <PageHeader
        title="Sessions"
        description="Where you are logged in. End what you do not recognise, then change your password."
      />
      <PageSection hasBodyWrapper={false} isFilled>
        <DataView query={sessions} what="sessions">
          {(items) => (
            <ResourceTable
              label="Sessions"
              items={items}
              idOf={(session) => session.id}
              nameOf={(session) => browserName(session.client)}
              columns={columns}
              list={list}
              rowActions={(session) => <EndButton session={session} />}
            />
          )}
        </DataView>
      </PageSection>
    </>
  );
}

function EndButton({ session }: { readonly session: Session }): ReactElement {
  const run = useRun();
  const refresh = useRefresh();
  const { logOut } = useSessionActions();
  const end = async (): Promise<void> => {
    if (session.current) {
      await run('log out', () => logOut());
      return;
    }
    await run('end the session', (gateway) =>
      gateway.call('deleteSession', { params: { sessionId: session.id } }),
    );
    refresh(keys.sessions);
  };
  return (
    <Button variant="link" size="sm" isDanger onClick={() => void end()}>
      {session.current ? 'Log out' : 'End'}
    </Button>
  );
}

const columns: readonly Column<Session>[] = [
  {
    key: 'client',
    title: 'Browser',
    sortValue: (session) => browserName(session.client),
    render: (session) => (
      <>
        {browserName(session.client)}{' '}
        {session.current && (
          <Label isCompact color="blue">
            This one
          </Label>
        )}
      </>
    ),
  },
  {
    key: 'address',
    title: 'Address',
    sortValue: (session) => session.address,
    render: (session) => <code>{session.address}</code>,
  },
  {
    key: 'last-seen',
    title: 'Last seen',
    sortValue: (session) => session.lastSeenAt,
    render: (session) => <RelativeTime iso={session.lastSeenAt} />,
  },
  {
    key: 'created',
    title: 'Logged in',
    sortValue: (session) => session.createdAt,
    render: (session) => formatDateTime(session.createdAt),
  },
  {
    key: 'expires',
    title: 'Ends',
    sortValue: (session) => session.expiresAt,
    render: (session) => formatDateTime(session.expiresAt),
  },
];
