import type { User } from '@cairn/contracts';
import { Checkbox, FormGroup, TextInput } from '@patternfly/react-core';
import { useState, type ReactElement } from 'react';

import { keys } from '../../../api/keys';
import { useRefresh } from '../../../api/useRefresh';
import { useSubmit } from '../../../api/useRun';
import { FormModal } from '../../../components/FormModal';
import { RoleSelect } from './RoleSelect';

/** Changes the role, the name or the state of a user. */
export function ChangeUserModal({
  user,
  onClose,
}: {
  readonly user: User;
  readonly onClose: () => void;
}): ReactElement {
  const submit = useSubmit();
  const refresh = useRefresh();
  const [displayName, setDisplayName] = useState(user.displayName);
  const [role, setRole] = useState(user.role);
  const [disabled, setDisabled] = useState(user.disabled);
  return (
    <FormModal
      title={`Change ${user.name}`}
      submitLabel="Save"
      fault={undefined}
      onClose={onClose}
      onSubmit={async () => {
        await submit((gateway) =>
          gateway.call('updateUser', {
            params: { userId: user.id },
            body: { displayName, role, disabled },
            ifRevision: user.revision,
          }),
        );
        refresh(keys.users);
      }}
    >
      <FormGroup label="Name" fieldId="user-display-name">
        <TextInput
          id="user-display-name"
          value={displayName}
          onChange={(_event, value) => setDisplayName(value)}
        />
      </FormGroup>
      <RoleSelect value={role} onChange={setRole} />
      <Checkbox
        id="user-disabled"
        label="Disabled"
        description="Ends all sessions and stops all API tokens of the user."
        isChecked={disabled}
        onChange={(_event, isChecked) => setDisabled(isChecked)}
      />
    </FormModal>
  );
}
