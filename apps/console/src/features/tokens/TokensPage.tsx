import type { ApiToken } from '@cairn/contracts';
import { Button, PageSection } from '@patternfly/react-core';
import { useState, type ReactElement } from 'react';

import { useApiTokens } from '../../api/collections';
import { keys } from '../../api/keys';
import { useRefresh } from '../../api/useRefresh';
import { useRun } from '../../api/useRun';
import { ConfirmModal } from '../../components/ConfirmModal';
import { DataView } from '../../components/DataView';
import { formatDateTime } from '../../components/format';
import { KeyIcon, PlusIcon } from '../../components/icons';
import { PageHeader } from '../../components/PageHeader';
import { RelativeTime } from '../../components/RelativeTime';
import { ResourceTable, type Column } from '../../components/ResourceTable';
import { SecretOnce } from '../../components/SecretOnce';
import { NothingHere } from '../../components/States';
import { useListState } from '../../components/useListState';
import { CreateTokenModal } from './actions/CreateToken';

/** Credentials for programs of the person who is logged in. */
export function TokensPage(): ReactElement {
  const tokens = useApiTokens();
  const list = useListState('name');
  const [isCreating, setCreating] = useState(false);
  const [secret, setSecret] = useState<string | null>(null);
  const create = (
    <Button icon={<PlusIcon />} onClick={() => setCreating(true)}>
      Create token
    </Button>
  );
  return (
    <>
      <PageHeader
        title="API tokens"
        description="Your credentials for programs: the cairn command, scripts, Prometheus."
        actions={create}
      />
      <PageSection hasBodyWrapper={false} isFilled>
        <DataView query={tokens} what="API tokens">
          {(items) =>
            items.length === 0 ? (
              <NothingHere title="You have no API token" icon={KeyIcon} actions={create}>
                A token lets a program act in your name, for a time, and with no more rights than
                you give it.
              </NothingHere>
            ) : (
              <ResourceTable
                label="API tokens"
                items={items}
                idOf={(token) => token.id}
                nameOf={(token) => token.name}
                columns={columns}
                list={list}
                rowActions={(token) => <RevokeButton token={token} />}
              />
            )
          }
        </DataView>
      </PageSection>
      {isCreating && <CreateTokenModal onMade={setSecret} onClose={() => setCreating(false)} />}
      {secret !== null && (
        <SecretOnce
          title="The new API token"
          what="token"
          secret={secret}
          onClose={() => setSecret(null)}
        />
      )}
    </>
  );
}

function RevokeButton({ token }: { readonly token: ApiToken }): ReactElement {
  const [isAsking, setAsking] = useState(false);
  const run = useRun();
  const refresh = useRefresh();
  const revoke = async (): Promise<void> => {
    setAsking(false);
    await run(`revoke ${token.name}`, (gateway) =>
      gateway.call('deleteApiToken', { params: { tokenId: token.id } }),
    );
    refresh(keys.apiTokens);
  };
  return (
    <>
      <Button
        variant="link"
        size="sm"
        isDanger
        aria-label={`Revoke ${token.name}`}
        onClick={() => setAsking(true)}
      >
        Revoke
      </Button>
      {isAsking && (
        <ConfirmModal
          title={`Revoke ${token.name}?`}
          confirmLabel="Revoke"
          onConfirm={() => void revoke()}
          onClose={() => setAsking(false)}
        >
          Programs that use it are refused from now on.
        </ConfirmModal>
      )}
    </>
  );
}

const columns: readonly Column<ApiToken>[] = [
  {
    key: 'name',
    title: 'Name',
    sortValue: (token) => token.name,
    render: (token) => <strong>{token.name}</strong>,
  },
  {
    key: 'scopes',
    title: 'May',
    render: (token) =>
      token.scopes === null ? 'Everything that you may' : token.scopes.join(', '),
  },
  {
    key: 'last-used',
    title: 'Last used',
    sortValue: (token) => token.lastUsedAt,
    render: (token) =>
      token.lastUsedAt === null ? (
        <span className="subtle">Never</span>
      ) : (
        <RelativeTime iso={token.lastUsedAt} />
      ),
  },
  {
    key: 'expires',
    title: 'Expires',
    sortValue: (token) => token.expiresAt,
    render: (token) => formatDateTime(token.expiresAt),
  },
];
