import { checksumSchema, mediaNameSchema } from '@cairn/contracts';
import {
  Button,
  FormGroup,
  FormHelperText,
  HelperText,
  HelperTextItem,
  Radio,
  TextInput,
} from '@patternfly/react-core';
import { useRef, useState, type ReactElement } from 'react';

import { formatBytes } from '../../../components/format';
import { FormModal } from '../../../components/FormModal';
import { UploadIcon } from '../../../components/icons';
import { guessKind, nameFromFile, type MediaKind } from '../mediaView';
import { useUploads } from '../uploads';

interface Draft {
  readonly file: File;
  readonly name: string;
  readonly kind: MediaKind;
}

const draftOf = (file: File): Draft => ({
  file,
  name: nameFromFile(file.name),
  kind: guessKind(file.name),
});

/** Chooses files, names them, and starts their upload. */
export function UploadModal({
  files,
  initialKind,
  onClose,
}: {
  /** Files that were dropped already. */
  readonly files: readonly File[];
  readonly initialKind: MediaKind;
  readonly onClose: () => void;
}): ReactElement {
  const { queue } = useUploads();
  const [drafts, setDrafts] = useState<readonly Draft[]>(() => files.map(draftOf));
  const [checksum, setChecksum] = useState('');
  const change = (at: number, changes: Partial<Draft>): void =>
    setDrafts(drafts.map((each, index) => (index === at ? { ...each, ...changes } : each)));
  return (
    <FormModal
      title={initialKind === 'iso' ? 'Upload an ISO' : 'Upload an image'}
      description="The upload goes on while you use the console, and can be paused and resumed."
      submitLabel={drafts.length > 1 ? `Upload ${drafts.length} files` : 'Upload'}
      fault={faultOf(drafts, checksum)}
      onClose={onClose}
      onSubmit={async () => {
        for (const { file, name, kind } of drafts) {
          await queue.start({
            file,
            name,
            kind,
            ...(checksum === '' ? {} : { checksum: withAlgorithm(checksum) }),
          });
        }
      }}
    >
      <FilePicker onFiles={(picked) => setDrafts(picked.map(draftOf))} />
      {drafts.map((draft, at) => (
        <DraftFields
          key={draft.file.name}
          draft={draft}
          id={`upload-${at}`}
          onChange={(changes) => change(at, changes)}
        />
      ))}
      {drafts.length <= 1 && <ChecksumField value={checksum} onChange={setChecksum} />}
    </FormModal>
  );
}

function FilePicker({
  onFiles,
}: {
  readonly onFiles: (files: readonly File[]) => void;
}): ReactElement {
  const input = useRef<HTMLInputElement>(null);
  return (
    <FormGroup label="File" fieldId="upload-file">
      <Button variant="secondary" icon={<UploadIcon />} onClick={() => input.current?.click()}>
        Choose a file
      </Button>
      <input
        ref={input}
        id="upload-file"
        type="file"
        multiple
        className="file-input"
        tabIndex={-1}
        accept=".qcow2,.img,.raw,.vmdk,.vhdx,.iso"
        onChange={(event) => onFiles([...(event.target.files ?? [])])}
      />
    </FormGroup>
  );
}

function DraftFields({
  draft,
  id,
  onChange,
}: {
  readonly draft: Draft;
  readonly id: string;
  readonly onChange: (changes: Partial<Draft>) => void;
}): ReactElement {
  const isNameGood = mediaNameSchema.safeParse(draft.name).success;
  return (
    <>
      <FormGroup label="Name" fieldId={`${id}-name`} isRequired>
        <TextInput
          id={`${id}-name`}
          value={draft.name}
          validated={isNameGood ? 'default' : 'error'}
          onChange={(_event, name) => onChange({ name })}
        />
        <FormHelperText>
          <HelperText>
            <HelperTextItem variant={isNameGood ? 'default' : 'error'}>
              {isNameGood
                ? `${draft.file.name}, ${formatBytes(draft.file.size)}`
                : 'Letters, digits, spaces and . _ + ( ) @ - only'}
            </HelperTextItem>
          </HelperText>
        </FormHelperText>
      </FormGroup>
      <FormGroup role="radiogroup" label="Kind" isInline>
        {(['image', 'iso'] as const).map((kind) => (
          <Radio
            key={kind}
            id={`${id}-kind-${kind}`}
            name={`${id}-kind`}
            label={kind === 'image' ? 'Image of a disk' : 'ISO'}
            isChecked={draft.kind === kind}
            onChange={() => onChange({ kind })}
          />
        ))}
      </FormGroup>
    </>
  );
}

/** An optional SHA-256 that the file must have. */
export function ChecksumField({
  value,
  onChange,
}: {
  readonly value: string;
  readonly onChange: (value: string) => void;
}): ReactElement {
  const isGood = value === '' || checksumSchema.safeParse(withAlgorithm(value)).success;
  return (
    <FormGroup label="SHA-256 (optional)" fieldId="checksum">
      <TextInput
        id="checksum"
        value={value}
        validated={isGood ? 'default' : 'error'}
        onChange={(_event, next) => onChange(next.trim())}
      />
      <FormHelperText>
        <HelperText>
          <HelperTextItem variant={isGood ? 'default' : 'error'}>
            {isGood ? 'The file is refused unless it has this checksum.' : '64 hexadecimal digits'}
          </HelperTextItem>
        </HelperText>
      </FormHelperText>
    </FormGroup>
  );
}

/** A checksum as the API writes it. */
export function withAlgorithm(checksum: string): string {
  const digits = checksum.trim().toLowerCase();
  return digits.startsWith('sha256:') ? digits : `sha256:${digits}`;
}

function faultOf(drafts: readonly Draft[], checksum: string): string | undefined {
  if (drafts.length === 0) return 'Choose a file first';
  if (drafts.some((draft) => draft.file.size === 0)) return 'The file is empty';
  if (drafts.some((draft) => !mediaNameSchema.safeParse(draft.name).success)) {
    return 'The name is not usable';
  }
  if (checksum !== '' && !checksumSchema.safeParse(withAlgorithm(checksum)).success) {
    return 'The checksum is not usable';
  }
  return undefined;
}
