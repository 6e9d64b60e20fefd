import { Card, CardBody, CardTitle, FormSelect, FormSelectOption } from '@patternfly/react-core';
import type { ReactElement } from 'react';
import { Controller, type UseFormReturn } from 'react-hook-form';

import { useNodes } from '../../../api/collections';
import { Field, TextField } from '../../../components/fields';
import { NetworkSelect } from '../actions/NetworkSelect';
import type { CreateForm } from './createForm';

/** CPU, memory, firmware and network. */
export function HardwareSection({
  form,
}: {
  readonly form: UseFormReturn<CreateForm>;
}): ReactElement {
  const nodes = useNodes().data ?? [];
  const hasUefi = nodes.length === 0 || nodes.some((node) => node.status.uefi);
  return (
    <Card>
      <CardTitle component="h2">Hardware</CardTitle>
      <CardBody className="form-grid">
        <TextField form={form} name="vcpus" label="vCPUs" inputMode="numeric" isRequired />
        <TextField form={form} name="memory" label="Memory" isRequired hint="For example 4 GiB" />
        <Field
          form={form}
          name="firmware"
          label="Firmware"
          hint={hasUefi ? undefined : 'No node has UEFI firmware installed'}
        >
          <Controller
            control={form.control}
            name="firmware"
            render={({ field }) => (
              <FormSelect
                id="firmware"
                ref={field.ref}
                value={field.value}
                onBlur={field.onBlur}
                onChange={(_event, value) => field.onChange(value)}
              >
                <FormSelectOption value="bios" label="BIOS" />
                <FormSelectOption value="uefi" label="UEFI" isDisabled={!hasUefi} />
              </FormSelect>
            )}
          />
        </Field>
        <Controller
          control={form.control}
          name="network"
          render={({ field }) => (
            <NetworkSelect id="vm-network" value={field.value} onChange={field.onChange} />
          )}
        />
      </CardBody>
    </Card>
  );
}
