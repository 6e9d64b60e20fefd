import { checksumSchema, downloadUrlSchema, mediaNameSchema } from '@cairn/contracts';
import { FormGroup, TextInput } from '@patternfly/react-core';
import { useState, type ReactElement } from 'react';

import { useSubmit } from '../../../api/useRun';
import { FormModal } from '../../../components/FormModal';
import { nameFromFile, type MediaKind } from '../mediaView';
import { ChecksumField, withAlgorithm } from './UploadFile';

/** Has the node download an image or an ISO. */
export function ImportUrlModal({
  kind,
  onClose,
}: {
  readonly kind: MediaKind;
  readonly onClose: () => void;
}): ReactElement {
  const submit = useSubmit();
  const [url, setUrl] = useState('');
  const [typedName, setTypedName] = useState<string | null>(null);
  const [checksum, setChecksum] = useState('');
  const name = typedName ?? nameOfUrl(url);
  const body = {
    url,
    name,
    ...(checksum === '' ? {} : { checksum: withAlgorithm(checksum) }),
  };
  return (
    <FormModal
      title={kind === 'image' ? 'Download an image' : 'Download an ISO'}
      description="The node downloads it; your browser may be closed meanwhile."
      submitLabel="Download"
      fault={faultOf({ url, name, checksum })}
      onClose={onClose}
      onSubmit={() =>
        submit((gateway) =>
          kind === 'image'
            ? gateway.call('importImageUrl', { body })
            : gateway.call('importIsoUrl', { body }),
        )
      }
    >
      <FormGroup label="URL" fieldId="import-url" isRequired>
        <TextInput
          id="import-url"
          type="url"
          placeholder="https://"
          value={url}
          onChange={(_event, value) => setUrl(value.trim())}
          autoFocus
        />
      </FormGroup>
      <FormGroup label="Name" fieldId="import-name" isRequired>
        <TextInput
          id="import-name"
          value={name}
          onChange={(_event, value) => setTypedName(value)}
        />
      </FormGroup>
      <ChecksumField value={checksum} onChange={setChecksum} />
    </FormModal>
  );
}

function nameOfUrl(url: string): string {
  if (!URL.canParse(url)) return '';
  return nameFromFile(new URL(url).pathname);
}

/** What is wrong with the form; undefined when it may be sent. */
export function faultOf(form: {
  readonly url: string;
  readonly name: string;
  readonly checksum: string;
}): string | undefined {
  const url = downloadUrlSchema.safeParse(form.url);
  if (!url.success) return 'Enter an http or https URL without a user name';
  if (!mediaNameSchema.safeParse(form.name).success) return 'The name is not usable';
  if (form.checksum !== '' && !checksumSchema.safeParse(withAlgorithm(form.checksum)).success) {
    return 'The checksum is not usable';
  }
  return undefined;
}
