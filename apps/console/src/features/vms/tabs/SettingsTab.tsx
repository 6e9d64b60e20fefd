import { zodResolver } from '@hookform/resolvers/zod';
import type { Vm } from '@cairn/contracts';
import {
  ActionGroup,
  Alert,
  Button,
  Card,
  CardBody,
  CardTitle,
  Form,
  FormSelect,
  FormSelectOption,
} from '@patternfly/react-core';
import { useState, type ReactElement } from 'react';
import { Controller, useForm } from 'react-hook-form';

import { useMay } from '../../../api/session';
import { useSubmit } from '../../../api/useRun';
import { SubmitProblem } from '../../../components/FormModal';
import { CheckField, Field, TextField } from '../../../components/fields';
import { GuardedButton } from '../../../components/GuardedButton';
import { useNotify } from '../../../components/notices';
import { isPoweredOn } from '../vmView';
import { patchOf, settingsFormSchema, settingsOf, type SettingsForm } from './settingsForm';

/** Name, hardware and protection of a VM. */
export function SettingsTab({ vm }: { readonly vm: Vm }): ReactElement {
  const submit = useSubmit();
  const notify = useNotify();
  const canChange = useMay()('vms:update');
  const [error, setError] = useState<unknown>(null);
  const form = useForm<SettingsForm>({
    resolver: zodResolver(settingsFormSchema),
    values: settingsOf(vm),
    resetOptions: { keepDirtyValues: true },
    mode: 'onChange',
  });
  const { formState } = form;
  const save = async (values: SettingsForm): Promise<void> => {
    setError(null);
    try {
      const body = patchOf(vm, values);
      await submit((gateway) =>
        gateway.call('updateVm', { params: { vmId: vm.id }, body, ifRevision: vm.revision }),
      );
      form.reset(values);
      notify({ tone: 'success', title: `The settings of ${values.name} were saved` });
    } catch (reason) {
      setError(reason);
    }
  };
  return (
    <Card className="settings-card">
      <CardTitle component="h2">Settings</CardTitle>
      <CardBody>
        <Form isHorizontal onSubmit={(event) => void form.handleSubmit(save)(event)}>
          {error !== null && <SubmitProblem error={error} />}
          {isPoweredOn(vm.status.state) && (
            <Alert
              isInline
              isPlain
              variant="info"
              title="Changes of hardware take effect when the VM is next started."
            />
          )}
          <TextField form={form} name="name" label="Name" />
          <TextField form={form} name="description" label="Description" />
          <TextField
            form={form}
            name="tags"
            label="Tags"
            hint="Separated by spaces, in lower case: web production"
          />
          <TextField form={form} name="vcpus" label="vCPUs" inputMode="numeric" />
          <TextField form={form} name="memory" label="Memory" hint="For example 4 GiB" />
          <Field form={form} name="firmware" label="Firmware">
            <Controller
              control={form.control}
              name="firmware"
              render={({ field }) => (
                <FormSelect
                  id="firmware"
                  {...field}
                  onChange={(_event, value) => field.onChange(value)}
                >
                  <FormSelectOption value="bios" label="BIOS" />
                  <FormSelectOption value="uefi" label="UEFI" />
                </FormSelect>
              )}
            />
          </Field>
          <Field form={form} name="boot" label="Boots first from">
            <Controller
              control={form.control}
              name="boot"
              render={({ field }) => (
                <FormSelect
                  id="boot"
                  {...field}
                  onChange={(_event, value) => field.onChange(value)}
                >
                  <FormSelectOption value="disk" label="Disk" />
                  <FormSelectOption value="cdrom" label="Optical drive" />
                  <FormSelectOption value="network" label="Network" />
                </FormSelect>
              )}
            />
          </Field>
          <CheckField
            form={form}
            name="deletionProtection"
            label="Protect from deletion"
            description="Nobody can delete the VM before this is taken off."
          />
          <ActionGroup>
            <GuardedButton
              type="submit"
              variant="primary"
              isLoading={formState.isSubmitting}
              disabledReason={saveFault({ canChange, isDirty: formState.isDirty })}
            >
              Save
            </GuardedButton>
            <Button
              variant="link"
              isDisabled={!formState.isDirty}
              onClick={() => form.reset(settingsOf(vm))}
            >
              Discard changes
            </Button>
          </ActionGroup>
        </Form>
      </CardBody>
    </Card>
  );
}

function saveFault(state: {
  readonly canChange: boolean;
  readonly isDirty: boolean;
}): string | undefined {
  if (!state.canChange) return 'Your role does not allow to change VMs';
  return state.isDirty ? undefined : 'Nothing has been changed';
}
