import { builtInRoles, type User } from '@cairn/contracts';
import { Button, PageSection } from '@patternfly/react-core';
import { useState, type ReactElement } from 'react';

import { useUsers } from '../../api/collections';
import { useCurrentSession, useMay } from '../../api/session';
import { DataView } from '../../components/DataView';
import { PlusIcon } from '../../components/icons';
import { PageHeader } from '../../components/PageHeader';
import { RelativeTime } from '../../components/RelativeTime';
import { ResourceTable, type Column } from '../../components/ResourceTable';
import { SecretOnce } from '../../components/SecretOnce';
import { StatusText } from '../../components/StatusLabel';
import { NothingHere } from '../../components/States';
import { useListState } from '../../components/useListState';
import { AddUserModal } from './actions/AddUser';
import { UserActions } from './UserActions';
import { userStatusView } from './userView';

/** A one-time password that was just made. */
export interface MadePassword {
  readonly userName: string;
  readonly password: string;
}

/** Who may log in, and what they may do. */
export function UsersPage(): ReactElement {
  const may = useMay();
  const [isAdding, setAdding] = useState(false);
  const [made, setMade] = useState<MadePassword | null>(null);
  return (
    <>
      <PageHeader
        title="Users"
        description="Who may log in, and what they may do."
        actions={
          may('users:create') && (
            <Button icon={<PlusIcon />} onClick={() => setAdding(true)}>
              Add user
            </Button>
          )
        }
      />
      <PageSection hasBodyWrapper={false} isFilled>
        {may('users:read') ? (
          <UserTable onPassword={setMade} />
        ) : (
          <NothingHere title="Your role does not show users" />
        )}
      </PageSection>
      {isAdding && <AddUserModal onMade={setMade} onClose={() => setAdding(false)} />}
      {made && (
        <SecretOnce
          title={`One-time password of ${made.userName}`}
          what="password"
          secret={made.password}
          onClose={() => setMade(null)}
        />
      )}
    </>
  );
}

function UserTable({
  onPassword,
}: {
  readonly onPassword: (made: MadePassword) => void;
}): ReactElement {
  const users = useUsers();
  const list = useListState('name');
  const self = useCurrentSession().data?.user.id;
  return (
    <DataView query={users} what="users">
      {(items) => (
        <ResourceTable
          label="Users"
          items={items}
          idOf={(user) => user.id}
          nameOf={(user) => user.name}
          columns={columns}
          list={list}
          rowActions={(user) => (
            <UserActions user={user} isSelf={user.id === self} onPassword={onPassword} />
          )}
        />
      )}
    </DataView>
  );
}

const columns: readonly Column<User>[] = [
  {
    key: 'name',
    title: 'User name',
    sortValue: (user) => user.name,
    render: (user) => <strong>{user.name}</strong>,
  },
  {
    key: 'display-name',
    title: 'Name',
    sortValue: (user) => user.displayName,
    render: (user) => user.displayName || '–',
  },
  {
    key: 'role',
    title: 'Role',
    sortValue: (user) => builtInRoles[user.role].title,
    render: (user) => builtInRoles[user.role].title,
  },
  {
    key: 'state',
    title: 'State',
    sortValue: (user) => userStatusView(user).label,
    render: (user) => <StatusText view={userStatusView(user)} />,
  },
  {
    key: 'last-login',
    title: 'Last log-in',
    sortValue: (user) => user.lastLoginAt,
    render: (user) =>
      user.lastLoginAt === null ? (
        <span className="subtle">Never</span>
      ) : (
        <RelativeTime iso={user.lastLoginAt} />
      ),
  },
];
