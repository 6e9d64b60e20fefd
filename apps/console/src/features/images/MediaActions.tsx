import { Button } from '@patternfly/react-core';
import { useRef, useState, type ReactElement } from 'react';

import { useMay } from '../../api/session';
import { GuardedButton } from '../../components/GuardedButton';
import { TrashIcon } from '../../components/icons';
import { useNotify } from '../../components/notices';
import { refusalReason } from '../../components/tone';
import { DeleteMediaModal } from './actions/DeleteMedia';
import { mayDeleteMedia, type Media } from './mediaView';
import { useUploads } from './uploads';

/** The verbs of one image or ISO. */
export function MediaActions({ media }: { readonly media: Media }): ReactElement | null {
  const [isDeleting, setDeleting] = useState(false);
  const may = useMay();
  const { uploads } = useUploads();
  const { item, kind } = media;
  const isHere = uploads.some((upload) => upload.id === item.id);
  return (
    <span className="row-buttons">
      {item.status.state === 'awaitingUpload' && !isHere && <ResumeUpload media={media} />}
      {may(kind === 'image' ? 'images:delete' : 'isos:delete') && (
        <GuardedButton
          variant="plain"
          size="sm"
          icon={<TrashIcon />}
          aria-label={`Delete ${item.name}`}
          disabledReason={refusalReason(mayDeleteMedia(media))}
          onClick={() => setDeleting(true)}
        />
      )}
      {isDeleting && <DeleteMediaModal media={media} onClose={() => setDeleting(false)} />}
    </span>
  );
}

/** Goes on with an upload that another page or day began; asks for the same file. */
function ResumeUpload({ media }: { readonly media: Media }): ReactElement {
  const input = useRef<HTMLInputElement>(null);
  const { queue } = useUploads();
  const notify = useNotify();
  const { item, kind } = media;
  const adopt = (file: File | undefined): void => {
    const { upload } = item.status;
    if (!file || !upload) return;
    if (file.size !== upload.sizeBytes) {
      notify({
        tone: 'danger',
        title: `${file.name} is another file`,
        detail: `The upload of ${item.name} began with a file of another size.`,
      });
      return;
    }
    queue.adopt({ id: item.id, kind, name: item.name, file, receivedBytes: upload.receivedBytes });
  };
  return (
    <>
      <Button variant="link" size="sm" onClick={() => input.current?.click()}>
        Go on with the upload
      </Button>
      <input
        ref={input}
        type="file"
        className="file-input"
        tabIndex={-1}
        aria-label={`File of ${item.name}`}
        onChange={(event) => adopt(event.target.files?.[0])}
      />
    </>
  );
}
