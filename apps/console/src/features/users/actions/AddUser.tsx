import { userNameSchema, type RoleName } from '@cairn/contracts';
import { FormGroup, TextInput } from '@patternfly/react-core';
import { useState, type ReactElement } from 'react';

import { keys } from '../../../api/keys';
import { useRefresh } from '../../../api/useRefresh';
import { useSubmit } from '../../../api/useRun';
import { FormModal } from '../../../components/FormModal';
import type { MadePassword } from '../UsersPage';
import { RoleSelect } from './RoleSelect';

/** Adds a user; the service makes a one-time password. */
export function AddUserModal({
  onMade,
  onClose,
}: {
  readonly onMade: (made: MadePassword) => void;
  readonly onClose: () => void;
}): ReactElement {
  const submit = useSubmit();
  const refresh = useRefresh();
  const [name, setName] = useState('');
  const [displayName, setDisplayName] = useState('');
  const [role, setRole] = useState<RoleName>('vmAdministrator');
  const isNameGood = userNameSchema.safeParse(name).success;
  return (
    <FormModal
      title="Add a user"
      description="You get a one-time password to hand over; it must be changed at the first log-in."
      submitLabel="Add"
      fault={isNameGood ? undefined : 'A user name of a-z 0-9 . _ -, a letter first'}
      onClose={onClose}
      onSubmit={async () => {
        const made = await submit((gateway) =>
          gateway.call('createUser', { body: { name, displayName, role } }),
        );
        refresh(keys.users);
        if (made.oneTimePassword !== null) {
          onMade({ userName: made.user.name, password: made.oneTimePassword });
        }
      }}
    >
      <FormGroup label="User name" fieldId="user-name" isRequired>
        <TextInput
          id="user-name"
          value={name}
          autoCapitalize="none"
          autoComplete="off"
          onChange={(_event, value) => setName(value)}
          autoFocus
        />
      </FormGroup>
      <FormGroup label="Name" fieldId="user-display-name">
        <TextInput
          id="user-display-name"
          value={displayName}
          onChange={(_event, value) => setDisplayName(value)}
        />
      </FormGroup>
      <RoleSelect value={role} onChange={setRole} />
    </FormModal>
  );
}
