import {
  Card,
  CardBody,
  CardTitle,
  Content,
  ToggleGroup,
  ToggleGroupItem,
} from '@patternfly/react-core';
import type { ReactElement } from 'react';
import { useWatch, type UseFormReturn } from 'react-hook-form';

import { TextAreaField, TextField } from '../../../components/fields';
import type { CreateForm } from './createForm';

const kinds = [
  ['none', 'None'],
  ['form', 'Form'],
  ['text', 'Text'],
] as const;

/** What the guest is told at its first boot, if its image listens to cloud-init. */
export function CloudInitSection({
  form,
}: {
  readonly form: UseFormReturn<CreateForm>;
}): ReactElement {
  const kind = useWatch({ control: form.control, name: 'cloudInit' });
  return (
    <Card>
      <CardTitle component="h2">First boot (cloud-init)</CardTitle>
      <CardBody className="form-grid">
        <div className="form-grid-wide">
          <ToggleGroup aria-label="cloud-init">
            {kinds.map(([key, label]) => (
              <ToggleGroupItem
                key={key}
                text={label}
                buttonId={`cloud-init-${key}`}
                isSelected={kind === key}
                onChange={() => form.setValue('cloudInit', key, { shouldValidate: true })}
              />
            ))}
          </ToggleGroup>
          {kind === 'none' && (
            <Content component="small" className="subtle">
              For images that listen to cloud-init: give the guest a user, a password and SSH keys.
            </Content>
          )}
        </div>
        {kind === 'form' && (
          <>
            <TextField form={form} name="hostname" label="Host name" placeholder="web-1" />
            <TextField form={form} name="userName" label="User" placeholder="debian" />
            <TextField form={form} name="password" label="Password" type="password" />
            <TextAreaField
              form={form}
              name="sshKeys"
              label="SSH public keys"
              hint="One to a line, as in authorized_keys"
              rows={3}
              isCode
              placeholder="ssh-ed25519 AAAA… you@laptop"
            />
          </>
        )}
        {kind === 'text' && (
          <div className="form-grid-wide">
            <TextAreaField
              form={form}
              name="userData"
              label="User data"
              hint="Begins with #cloud-config or #!"
              rows={10}
              isCode
            />
          </div>
        )}
      </CardBody>
    </Card>
  );
}
