import type { Image } from '@cairn/contracts';
import {
  Button,
  Card,
  CardBody,
  CardTitle,
  FormSelect,
  FormSelectOption,
  ToggleGroup,
  ToggleGroupItem,
} from '@patternfly/react-core';
import type { ReactElement } from 'react';
import { Controller, useWatch, type UseFormReturn } from 'react-hook-form';
import { Link } from 'react-router';

import { useImages, useIsos } from '../../../api/collections';
import { Field, TextField } from '../../../components/fields';
import { formatBytes } from '../../../components/format';
import { useBuildDemo } from '../../images/actions/useBuildDemo';
import { suggestedDiskSize, type CreateForm } from './createForm';

const sources = [
  ['image', 'Image'],
  ['iso', 'Installation ISO'],
  ['blank', 'Nothing'],
] as const;

/** What the VM boots from, and how large its disk is. */
export function BootSection({
  form,
  sizeFault,
}: {
  readonly form: UseFormReturn<CreateForm>;
  readonly sizeFault: string | null;
}): ReactElement {
  const source = useWatch({ control: form.control, name: 'source' });
  const choose = (next: CreateForm['source']): void => {
    form.setValue('source', next);
    form.setValue('diskSize', suggestedDiskSize(next));
    form.setValue('imageId', '');
    form.clearErrors();
  };
  return (
    <Card>
      <CardTitle component="h2">Boot from</CardTitle>
      <CardBody className="form-grid">
        <div className="form-grid-wide">
          <ToggleGroup aria-label="Boot from">
            {sources.map(([key, label]) => (
              <ToggleGroupItem
                key={key}
                text={label}
                buttonId={`source-${key}`}
                isSelected={source === key}
                onChange={() => choose(key)}
              />
            ))}
          </ToggleGroup>
        </div>
        {source === 'image' && <ImageSelect form={form} />}
        {source === 'iso' && <IsoSelect form={form} />}
        <TextField
          form={form}
          name="diskSize"
          label="Disk size"
          isRequired={source !== 'image'}
          hint={
            sizeFault === null ? (
              source === 'image' ? (
                'At least the size of the image'
              ) : (
                'Space is used as the guest writes'
              )
            ) : (
              <span className="tone-danger">{sizeFault}</span>
            )
          }
        />
      </CardBody>
    </Card>
  );
}

function ImageSelect({ form }: { readonly form: UseFormReturn<CreateForm> }): ReactElement {
  const images = (useImages().data ?? []).filter((image) => image.status.state === 'ready');
  const choose = (id: string): void => {
    const image = images.find((each) => each.id === id);
    form.setValue('imageId', id, { shouldValidate: true });
    form.setValue('diskSize', suggestedDiskSize('image', image));
    if (image?.source.kind === 'demo') form.setValue('memory', '512 MiB');
  };
  return (
    <Field
      form={form}
      name="imageId"
      label="Image"
      isRequired
      hint={images.length === 0 ? <NoImage /> : undefined}
    >
      <Controller
        control={form.control}
        name="imageId"
        render={({ field, fieldState }) => (
          <FormSelect
            id="imageId"
            ref={field.ref}
            value={field.value}
            onBlur={field.onBlur}
            validated={fieldState.error ? 'error' : 'default'}
            onChange={(_event, value) => choose(value)}
          >
            <FormSelectOption
              value=""
              label={images.length === 0 ? 'No image is ready' : 'Choose an image'}
            />
            {images.map((image) => (
              <FormSelectOption key={image.id} value={image.id} label={imageLabel(image)} />
            ))}
          </FormSelect>
        )}
      />
    </Field>
  );
}

function NoImage(): ReactElement {
  const { build, isBuilding } = useBuildDemo();
  return (
    <>
      <Link to="/images">Upload or download one</Link>, or{' '}
      <Button variant="link" isInline isDisabled={isBuilding} onClick={() => void build('tiny')}>
        build the demo image
      </Button>
      {isBuilding && ' (it is being built)'}.
    </>
  );
}

function IsoSelect({ form }: { readonly form: UseFormReturn<CreateForm> }): ReactElement {
  const isos = (useIsos().data ?? []).filter((iso) => iso.status.state === 'ready');
  return (
    <Field
      form={form}
      name="isoId"
      label="ISO"
      isRequired
      hint={
        isos.length === 0 ? <Link to="/images?kind=isos">Upload or download one</Link> : undefined
      }
    >
      <Controller
        control={form.control}
        name="isoId"
        render={({ field, fieldState }) => (
          <FormSelect
            id="isoId"
            ref={field.ref}
            value={field.value}
            onBlur={field.onBlur}
            validated={fieldState.error ? 'error' : 'default'}
            onChange={(_event, value) => field.onChange(value)}
          >
            <FormSelectOption
              value=""
              label={isos.length === 0 ? 'No ISO is ready' : 'Choose an ISO'}
            />
            {isos.map((iso) => (
              <FormSelectOption key={iso.id} value={iso.id} label={iso.name} />
            ))}
          </FormSelect>
        )}
      />
    </Field>
  );
}

function imageLabel(image: Image): string {
  const bytes = image.status.virtualSizeBytes;
  return bytes === null ? image.name : `${image.name} (${formatBytes(bytes)})`;
}
