import { zodResolver } from '@hookform/resolvers/zod';
import {
  ActionGroup,
  Button,
  Card,
  CardBody,
  CardTitle,
  Form,
  List,
  ListItem,
  PageSection,
} from '@patternfly/react-core';
import { useState, type ReactElement } from 'react';
import { useForm, useWatch, type UseFormReturn } from 'react-hook-form';
import { useNavigate } from 'react-router';
import type { Image, Iso } from '@cairn/contracts';

import { useImages, useIsos } from '../../../api/collections';
import { useMay } from '../../../api/session';
import { useSubmit } from '../../../api/useRun';
import { CheckField, TextField } from '../../../components/fields';
import { SubmitProblem } from '../../../components/FormModal';
import { GuardedButton } from '../../../components/GuardedButton';
import { PageHeader } from '../../../components/PageHeader';
import { BootSection } from './BootSection';
import { CloudInitSection } from './CloudInitSection';
import {
  createFormSchema,
  emptyForm,
  imageSizeFault,
  requestOf,
  summaryLines,
  type CreateForm,
} from './createForm';
import { HardwareSection } from './HardwareSection';

const crumbs = [{ label: 'Virtual machines', to: '/vms' }];

/** Creates a VM on one page; the summary at the side says what will happen. */
export function CreateVmPage(): ReactElement {
  const form = useForm<CreateForm>({
    resolver: zodResolver(createFormSchema),
    defaultValues: emptyForm,
    mode: 'onTouched',
  });
  const values = useWatch({ control: form.control, compute: (all: CreateForm) => all });
  const image = useImages().data?.find((each) => each.id === values.imageId);
  const iso = useIsos().data?.find((each) => each.id === values.isoId);
  const { error, save } = useCreate(form, image);
  return (
    <>
      <PageHeader title="Create a virtual machine" crumbs={crumbs} />
      <PageSection hasBodyWrapper={false} isFilled>
        <Form
          className="create-vm"
          onSubmit={(event) => void form.handleSubmit(save)(event)}
          noValidate
        >
          <div className="create-vm-main">
            {error !== null && <SubmitProblem error={error} />}
            <Card>
              <CardTitle component="h2">General</CardTitle>
              <CardBody className="form-grid">
                <TextField form={form} name="name" label="Name" isRequired autoFocus />
                <TextField
                  form={form}
                  name="tags"
                  label="Tags"
                  hint="Separated by spaces: web production"
                />
              </CardBody>
            </Card>
            <BootSection form={form} sizeFault={imageSizeFault(values, image)} />
            <HardwareSection form={form} />
            <CloudInitSection form={form} />
          </div>
          <SummaryCard form={form} values={values} {...chosenOf(image, iso)} />
        </Form>
      </PageSection>
    </>
  );
}

function chosenOf(image?: Image, iso?: Iso): { image?: Image; iso?: Iso } {
  return { ...(image ? { image } : {}), ...(iso ? { iso } : {}) };
}

function useCreate(
  form: UseFormReturn<CreateForm>,
  image: Image | undefined,
): { readonly error: unknown; readonly save: (values: CreateForm) => Promise<void> } {
  const submit = useSubmit();
  const navigate = useNavigate();
  const [error, setError] = useState<unknown>(null);
  const save = async (values: CreateForm): Promise<void> => {
    const fault = imageSizeFault(values, image);
    if (fault !== null) {
      form.setError('diskSize', { message: fault });
      return;
    }
    setError(null);
    try {
      const body = requestOf(values, image);
      const task = await submit((gateway) => gateway.call('createVm', { body }));
      void navigate(task.resource ? `/vms/${task.resource.id}` : '/vms');
    } catch (reason) {
      setError(reason);
    }
  };
  return { error, save };
}

function SummaryCard(props: {
  readonly form: UseFormReturn<CreateForm>;
  readonly values: CreateForm;
  readonly image?: Image;
  readonly iso?: Iso;
}): ReactElement {
  const { form, values } = props;
  const navigate = useNavigate();
  const may = useMay();
  const lines = summaryLines(values, chosenOf(props.image, props.iso));
  return (
    <Card className="create-vm-summary">
      <CardTitle component="h2">{values.name === '' ? 'New VM' : values.name}</CardTitle>
      <CardBody>
        <List isPlain isBordered className="summary-lines">
          {lines.map((line) => (
            <ListItem key={line}>{line}</ListItem>
          ))}
        </List>
        <CheckField form={form} name="start" label="Start after creation" />
        <ActionGroup>
          <GuardedButton
            type="submit"
            variant="primary"
            isBlock
            isLoading={form.formState.isSubmitting}
            disabledReason={
              may('vms:create') ? undefined : 'Your role does not allow to create VMs'
            }
          >
            {values.start ? 'Create and start' : 'Create'}
          </GuardedButton>
          <Button variant="link" isBlock onClick={() => void navigate('/vms')}>
            Cancel
          </Button>
        </ActionGroup>
      </CardBody>
    </Card>
  );
}
